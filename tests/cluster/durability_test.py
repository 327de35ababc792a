"""What is on disk after crashes, and what a damaged, full or failing disk does."""

import hashlib
import pathlib
import select
import shutil
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, run_tool, wait_until
from faults import Faults
from load import Load
from resp import Connection


def segments(node):
    return sorted(node.directory.glob("*.aof"))


def used_bytes(segment):
    return len(segment.read_bytes().rstrip(b"\0"))


def overwrite(file, offset, data):
    with open(file, "r+b") as opened:
        opened.seek(offset)
        opened.write(data)


def fingerprint(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in directory.iterdir() if path.is_file() and path.name != "LOCK"}


def epoch_of(node):
    return node.client().info("meridian")["epoch"]


def wait_end(node):
    """The exit code of a server that ends by itself."""
    wait_until(lambda: node.process.poll() is not None, "the server ends")
    return node.process.returncode


def start_lone(node):
    node.start().wait_ready()
    wait_until(node.is_primary, "it leads")
    return node.client()


class KillTest(unittest.TestCase):
    def test_kill_9_of_each_process_under_load_loses_nothing_that_was_acknowledged(self):
        settings = {(region, i): f'appendfsync = "{policy}"' for i in range(2)
                    for region, policy in ((1, "always"), (2, "everysec"), (3, "no"))}
        with Cluster(regions=3, replicas=1, node_settings=settings) as cluster:
            with Load(cluster, writers=2) as load:
                for node in cluster.nodes.values():
                    reached = load.rounds()
                    wait_until(lambda: load.rounds() > reached + 10, "everybody writes")
                    node.kill()
                    node.start()
                    cluster.wait_linked()
            cluster.wait_equal()
            for region in cluster.region_ids():
                load.check(cluster.client(region))
            for node in cluster.nodes.values():
                wait_until(lambda: node.client().execute_command("CRDT.DIGEST")
                           == cluster.digests()[node.region], "replicas have it too")
                # Linux may end a write between two pages when the signal comes: the last one, of
                # which nobody has been told.
                self.assertLessEqual(len(list(node.directory.glob("torn*"))), 1)

    def test_a_restart_of_everything_at_once_reads_everything_back(self):
        with Cluster(regions=2, replicas=1) as cluster:
            with Load(cluster) as load:
                wait_until(lambda: load.rounds() > 50, "everybody writes")
                for node in cluster.nodes.values():
                    node.kill()
            for node in cluster.nodes.values():
                node.start()
            cluster.wait_linked()
            cluster.wait_equal()
            load.check(cluster.client(1))


class TornTailTest(unittest.TestCase):
    TEARS = {
        "the last bytes are missing": lambda file, end: file.write_bytes(file.read_bytes()[:end - 3]),
        "the last bytes are zero": lambda file, end: overwrite(file, end - 3, b"\0\0\0"),
        "the last bytes are others": lambda file, end: overwrite(file, end - 3, b"\xaa\xbb\xcc"),
    }

    def test_a_torn_record_goes_as_a_whole_is_kept_aside_and_a_new_epoch_begins(self):
        for name, tear in self.TEARS.items():
            with self.subTest(name), Cluster(regions=1, replicas=0) as cluster:
                node = cluster.nodes[1, 0]
                client = node.client()
                client.set("before", "1")
                whole = used_bytes(segments(node)[-1])
                client.pipeline(transaction=True).set("a", "1").incr("b").sadd("c", "m").execute()
                epoch = epoch_of(node)
                node.kill()
                end = used_bytes(segments(node)[-1])
                self.assertGreater(end, whole)
                tear(segments(node)[-1], end)
                client = start_lone(node)
                self.assertEqual(client.get("before"), "1")
                self.assertEqual(client.exists("a", "b", "c"), 0, "an EXEC is torn as a whole")
                self.assertGreater(epoch_of(node), epoch)
                self.assertIn("torn tail", node.log_text())
                kept = list(node.directory.glob("torn-*"))
                self.assertEqual(len(kept), 1)
                self.assertLess(kept[0].stat().st_size, end - whole + 1)
                client.set("after", "1")
                epoch = epoch_of(node)
                node.kill()
                client = start_lone(node)
                self.assertEqual(client.mget("before", "after"), ["1", "1"])
                self.assertEqual(epoch_of(node), epoch, "this time nothing was lost")

    def test_garbage_behind_the_end_is_a_torn_tail_too(self):
        with Cluster(regions=1, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            node.client().set("k", "v")
            epoch = epoch_of(node)
            node.kill()
            overwrite(segments(node)[-1], used_bytes(segments(node)[-1]) + 2, b"garbage" * 100)
            client = start_lone(node)
            self.assertEqual(client.get("k"), "v")
            self.assertGreater(epoch_of(node), epoch)
            self.assertEqual([path.stat().st_size for path in node.directory.glob("torn-*")],
                             [702])

    def test_what_the_torn_tail_held_comes_home_from_another_region(self):
        with Cluster(regions=2, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            client = node.client()
            client.incrby("count", 5)
            client.sadd("members", "last")
            cluster.wait_equal()
            node.kill()
            overwrite(segments(node)[-1], used_bytes(segments(node)[-1]) - 3, b"\xaa\xbb\xcc")
            client = start_lone(node)
            client.incrby("count", 1)
            cluster.wait_linked()
            wait_until(lambda: client.sismember("members", "last"), "the lost write is back")
            cluster.wait_equal()
            self.assertEqual(client.get("count"), "6")
            self.assertEqual(cluster.client(2).get("count"), "6")


class DamageTest(unittest.TestCase):
    def test_damage_in_the_middle_is_refused_and_nothing_is_changed(self):
        with Cluster(regions=2, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            client = node.client()
            for i in range(100):
                client.set(f"key:{i}", "x" * 1000)
            cluster.wait_equal()
            epoch = epoch_of(node)
            node.kill()
            overwrite(segments(node)[0], 50_000, b"\xff")
            before = fingerprint(node.directory)
            self.assertEqual(wait_end(node.start()), 1)
            self.assertRegex(node.log_text(), "the log is damaged and was left as it is: .*position")
            code, text = run_tool("check-aof", node.directory, "--repair")
            self.assertEqual(code, 1)
            self.assertIn("damaged", text)
            self.assertEqual(fingerprint(node.directory), before)
            # As the message says.
            node.directory.rename(cluster.directory / "aside")
            node.start("--bootstrap", "no").wait_ready()
            wait_until(lambda: node.client().get("key:99") == "x" * 1000,
                       "the data comes back from the other region")
            wait_until(node.is_primary, "it leads again")
            wait_until(lambda: node.client().set("after", "1"), "it takes writes")
            self.assertGreater(epoch_of(node), epoch)
            cluster.wait_linked()
            cluster.wait_equal()

    def test_a_missing_segment_is_damage(self):
        with Cluster(regions=1, replicas=0, settings='heartbeat = "100ms"') as cluster:
            node = cluster.nodes[1, 0]
            for i in range(12):
                node.client().set(f"key:{i}", "x" * 1_000_000)
            self.assertGreater(len(segments(node)), 2)
            node.stop()
            for victim in (segments(node)[1], segments(node)[0]):
                aside = victim.rename(cluster.directory / "aside")
                before = fingerprint(node.directory)
                self.assertEqual(wait_end(node.start()), 1)
                self.assertIn("damaged", node.log_text())
                self.assertEqual(fingerprint(node.directory), before)
                aside.rename(victim)
            self.assertEqual(start_lone(node).strlen("key:11"), 1_000_000)


class CheckTest(unittest.TestCase):
    def test_check_aof_tells_whole_from_torn_and_repairs_a_tail_when_asked(self):
        with Cluster(regions=1, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            for i in range(10):
                node.client().set("k", str(i))
            code, text = run_tool("check-aof", node.directory, "--repair")
            self.assertNotEqual(code, 0, "a server writes there")
            self.assertIn("held by", text)
            node.kill()
            code, text = run_tool("check-aof", node.directory)
            self.assertEqual(code, 0, text)
            self.assertIn("10 records", text)
            self.assertIn("the log is whole", text)

            end = used_bytes(segments(node)[-1])
            overwrite(segments(node)[-1], end - 2, b"\xaa\xbb")
            before = fingerprint(node.directory)
            code, text = run_tool("check-aof", node.directory)
            self.assertEqual(code, 1)
            self.assertIn("torn tail", text)
            self.assertIn("9 records", text)
            self.assertEqual(fingerprint(node.directory), before, "looking changes nothing")

            code, text = run_tool("check-aof", node.directory, "--repair")
            self.assertEqual(code, 0, text)
            self.assertEqual(len(list(node.directory.glob("torn-*"))), 1)
            code, text = run_tool("check-aof", node.directory)
            self.assertEqual(code, 0, text)
            self.assertEqual(start_lone(node).get("k"), "8")

    def test_check_aof_says_what_is_no_data_directory(self):
        code, text = run_tool("check-aof", "/nonexistent")
        self.assertEqual(code, 2)
        self.assertIn("/nonexistent", text)


class IdentityTest(unittest.TestCase):
    def test_a_copied_directory_takes_a_new_epoch_and_a_clean_restart_keeps_its_own(self):
        with Cluster(regions=1, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            node.client().set("k", "v")
            epoch = epoch_of(node)
            self.assertEqual(node.stop(), 0)
            start_lone(node)
            self.assertEqual(epoch_of(node), epoch)
            self.assertEqual(node.stop(), 0)
            copy = cluster.directory / "copy"
            shutil.copytree(node.directory, copy)
            node.start("--dir", str(copy)).wait_ready()
            wait_until(node.is_primary, "the copy leads")
            self.assertGreater(epoch_of(node), epoch)
            self.assertEqual(node.client().get("k"), "v")
            self.assertIn("is a copy or was restored", node.log_text())

    def test_a_newer_format_is_refused_by_name_and_left_untouched(self):
        with Cluster(regions=1, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            node.client().set("k", "v")
            node.stop()
            segment, original = segments(node)[0], segments(node)[0].read_bytes()
            version_at = original.index(b"\x01\x00\x00\x00")
            for file, change, said in (
                    (node.directory / "FORMAT", lambda old: b"7\n", "format version 7"),
                    (node.directory / "node", lambda old: b"\x07" + old[1:], "version 7"),
                    (segment, lambda old: old[:version_at] + b"\x07" + old[version_at + 1:],
                     "version 7")):
                with self.subTest(file.name):
                    old = file.read_bytes()
                    file.write_bytes(change(old))
                    before = fingerprint(node.directory)
                    lines = len(node.log_text())
                    self.assertEqual(wait_end(node.start()), 1)
                    self.assertIn(said, node.log_text()[lines:])
                    self.assertEqual(fingerprint(node.directory), before)
                    file.write_bytes(old)
            self.assertEqual(start_lone(node).get("k"), "v")


class FullDiskTest(unittest.TestCase):
    def test_on_a_full_disk_writes_are_refused_reads_go_on_and_it_resumes_by_itself(self):
        with Cluster(regions=2, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            node.kill()
            faults = Faults(node)
            node.start()
            cluster.wait_linked()
            client = node.client()
            faults.set("free_bytes", 3_000_000)
            written = 0
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "^MISCONF the disk is full"):
                for written in range(10_000):
                    client.set(f"key:{written}", "x" * 10_000)
            self.assertGreater(written, 100)
            self.assertFalse((node.directory / "reserve").exists(), "it gave way")
            self.assertEqual(client.strlen(f"key:{written - 1}"), 10_000)
            self.assertEqual(client.info("persistence")["aof_last_write_status"], "err")
            for words in (("INCR", "count"), ("FLUSHALL",), ("EXPIRE", "key:1", 1), ("DEL", "key:1")):
                with self.assertRaisesRegex(redis.exceptions.ResponseError, "MISCONF"):
                    client.execute_command(*words)
            cluster.client(2).set("from region 2", "1")
            wait_until(lambda: client.get("from region 2") == "1", "merging goes on")

            faults.set("free_bytes", 1 << 40)
            wait_until(lambda: self.takes_writes(client), "it takes writes by itself")
            self.assertEqual(client.info("persistence")["aof_last_write_status"], "ok")
            self.assertEqual((node.directory / "reserve").stat().st_size, 1 << 20)
            cluster.wait_equal()
            node.kill()
            start_lone(node)
            client = node.client()
            self.assertEqual([client.strlen(f"key:{i}") for i in range(written)],
                             [10_000] * written, "what was acknowledged is there")
            self.assertEqual(client.get("from region 2"), "1")
            self.assertEqual(client.get("resumed"), "1")
            self.assertEqual(client.exists("count"), 0, "what was refused is not there")

    @staticmethod
    def takes_writes(client):
        return client.set("resumed", "1")

    def test_a_crash_on_a_full_disk_loses_nothing_that_was_acknowledged(self):
        with Cluster(regions=1, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            node.kill()
            faults = Faults(node)
            client = start_lone(node)
            faults.set("free_bytes", 1_000_000)
            written = 0
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "MISCONF"):
                for written in range(10_000):
                    client.set(f"key:{written}", "x" * 10_000)
            node.kill()
            node.start().wait_ready()
            client = node.client()
            self.assertEqual([client.strlen(f"key:{i}") for i in range(written)],
                             [10_000] * written)
            faults.set("free_bytes", -1)
            wait_until(lambda: self.takes_writes(client), "it takes writes by itself")


class FailingSyncTest(unittest.TestCase):
    def test_a_failing_fsync_ends_the_process_and_no_acknowledged_write_is_lost(self):
        for policy in ("always", "everysec"):
            with self.subTest(policy), Cluster(regions=1, replicas=0,
                                               settings=f'appendfsync = "{policy}"') as cluster:
                node = cluster.nodes[1, 0]
                node.kill()
                faults = Faults(node)
                client = start_lone(node)
                for i in range(100):
                    client.set(f"key:{i}", str(i))
                faults.fail("f*sync")
                acknowledged = 100
                # The one who was first to hear of it may be told, the others are hung up on.
                with self.assertRaisesRegex(redis.exceptions.RedisError, "closed|reset|MISCONF|refused"):
                    while True:
                        client.set(f"key:{acknowledged}", str(acknowledged))
                        acknowledged += 1
                self.assertNotEqual(wait_end(node), 0)
                self.assertIn("fsync failed", node.log_text())
                if policy == "always":
                    self.assertEqual(acknowledged, 100, "no reply without its fsync")
                faults.clear()
                client = start_lone(node)
                self.assertEqual([client.get(f"key:{i}") for i in range(acknowledged)],
                                 [str(i) for i in range(acknowledged)])

    def test_with_always_a_reply_waits_for_its_fsync(self):
        with Cluster(regions=1, replicas=0, settings='appendfsync = "always"') as cluster:
            node = cluster.nodes[1, 0]
            node.kill()
            faults = Faults(node)
            start_lone(node).set("k", "v")
            faults.set("syncs_wait", 1)
            syncs = faults.get("syncs")
            with Connection(node.port) as writer:
                writer.send("SET", "k", "w")
                wait_until(lambda: faults.get("syncs") > syncs, "the fsync is under way")
                self.assertEqual(select.select([writer.socket], [], [], 0.2)[0], [])
                faults.set("syncs_wait", 0)
                self.assertEqual(writer.read(), "OK")
            self.assertEqual(node.client().get("k"), "w")


if __name__ == "__main__":
    unittest.main()

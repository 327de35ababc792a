#!/usr/bin/python3
"""Snapshots of real processes: made while others write, verified, and restored."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, run_tool, server_binary, wait_until  # noqa: E402
from lone_server import LoneServer  # noqa: E402

SMALL = {"checkpoint-log-bytes": "20kb", "segment-bytes": "100kb"}


def create(port):
    code, text = run_tool("-p", port, "--json", "snapshot", "create")
    assert code == 0, text
    return json.loads(text)


def epoch(client):
    return int(client.info("meridian")["epoch"])


def content(client):
    """Everything that is shown, whatever its type."""
    shown = {}
    for key in client.keys():
        kind = client.type(key)
        shown[key] = (client.get(key) if kind == "string" else
                      client.hgetall(key) if kind == "hash" else
                      client.smembers(key) if kind == "set" else client.lrange(key, 0, -1))
    return shown


class Writer(threading.Thread):
    """Writes transactions one after the other; each leaves its number behind."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.acknowledged = 0
        self.stopped = False

    @staticmethod
    def step(number, shown):
        """What transaction number `number` leaves of what was there."""
        shown["number"] = str(number)
        shown[f"text:{number % 300}"] = f"{number}" * 20
        shown.setdefault("list", []).append(str(number))
        shown["list"] = shown["list"][-50:]
        shown["sum"] = str(int(shown.get("sum", "0")) + number)
        if number % 7 == 0:
            shown.pop(f"text:{(number * 31) % 300}", None)

    def write(self, number):
        pipe = self.client.pipeline(transaction=True)
        pipe.set("number", number)
        pipe.set(f"text:{number % 300}", f"{number}" * 20)
        pipe.rpush("list", number)
        pipe.ltrim("list", -50, -1)
        pipe.incrby("sum", number)
        if number % 7 == 0:
            pipe.delete(f"text:{(number * 31) % 300}")
        pipe.execute()
        self.acknowledged = number

    def run(self):
        while not self.stopped:
            self.write(self.acknowledged + 1)

    def stop(self):
        self.stopped = True
        self.join()


class Consistent(unittest.TestCase):
    def test_a_snapshot_is_of_one_moment_while_writes_go_on(self):
        with LoneServer(**SMALL) as server:
            writer = Writer(server.client())
            writer.start()
            made = []
            for _ in range(4):
                wait_until(lambda: writer.acknowledged > 400 * (len(made) + 1), "writes")
                before = writer.acknowledged
                snapshot = create(server.port)
                made.append((before, writer.acknowledged + 1, snapshot))
            writer.stop()
            server.client().save()
            for before, after, snapshot in made:
                self.check(server, before, after, snapshot)
            # What restored nodes wrote has reached neither the snapshots nor the node itself.
            for _, _, snapshot in made:
                self.assertEqual(run_tool("snapshot", "verify", snapshot["path"])[0], 0)
            shown = content(server.client())
            server.stop()
            self.assertEqual(run_tool("check-aof", server.data)[0], 0)
            server.start()
            self.assertEqual(content(server.client()), shown)

    def check(self, server, before, after, snapshot):
        other = LoneServer(**SMALL)
        code, text = run_tool("snapshot", "restore", snapshot["path"], "--to", other.data)
        self.assertEqual(code, 0, text)
        with other:
            client = other.client()
            number = int(client.get("number"))
            self.assertGreaterEqual(number, before)
            self.assertLessEqual(number, after)
            expected = {}
            for step in range(1, number + 1):
                Writer.step(step, expected)
            self.assertEqual(content(client), expected)
            self.assertEqual(client.dbsize(), snapshot["keys"])
            self.assertGreater(epoch(client), epoch(server.client()))
            # It goes on as any other node does.
            writer = Writer(client)
            writer.acknowledged = number
            for step in range(number + 1, number + 200):
                writer.write(step)
                Writer.step(step, expected)
            client.save()
            other.stop()
            other.start()
            self.assertEqual(content(other.client()), expected)

    def test_it_takes_little_disk_and_is_listed(self):
        with LoneServer(**{"segment-bytes": "1mb"}) as server:
            client = server.client()
            for number in range(200):
                client.set(f"key:{number}", os.urandom(10000).hex())
            client.save()
            snapshot = create(server.port)
            path = pathlib.Path(snapshot["path"])
            files = [file for file in path.rglob("*") if file.is_file()]
            own = sum(file.stat().st_size for file in files if file.stat().st_nlink == 1)
            self.assertGreater(snapshot["bytes"], 4_000_000)
            self.assertLess(own, 1_200_000)
            code, text = run_tool("-p", server.port, "snapshot", "list")
            self.assertEqual(code, 0)
            self.assertIn(snapshot["name"], text)
            self.assertIn(" 200 ", text)
            self.assertIn(snapshot["name"], run_tool("-p", server.port, "status")[1])
            self.assertEqual(client.info("persistence")["snapshot_last_status"], "ok")
            client.config_set("snapshot-keep", 2)
            newest = [create(server.port)["name"] for _ in range(2)]
            listed = client.execute_command("SNAPSHOT LIST")
            self.assertEqual([row[1] for row in listed], newest)
            self.assertFalse(path.exists())


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = LoneServer(**SMALL).start()
        client = cls.server.client()
        for number in range(600):
            client.set(f"key:{number}", f"{number}" * 100)
        client.save()
        client.rpush("list", *range(100))
        cls.snapshot = pathlib.Path(create(cls.server.port)["path"])
        cls.copy = cls.server.directory / "copy"

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        shutil.copytree(self.snapshot, self.copy)

    def tearDown(self):
        shutil.rmtree(self.copy)

    def refused(self, what):
        code, text = run_tool("snapshot", "verify", self.copy)
        self.assertEqual(code, 1, f"{what}: {text}")
        target = self.server.directory / "refused"
        code, text = run_tool("snapshot", "restore", self.copy, "--to", target)
        self.assertEqual(code, 1, f"{what}: {text}")
        self.assertFalse(target.exists())
        return text

    def test_a_whole_one_is_told_as_whole(self):
        code, text = run_tool("snapshot", "verify", self.copy)
        self.assertEqual(code, 0, text)
        self.assertIn("601 keys", text)
        self.assertIn("the snapshot is whole", text)
        # And nothing was changed by looking.
        self.assertEqual({file.relative_to(self.copy) for file in self.copy.rglob("*")},
                         {file.relative_to(self.snapshot) for file in self.snapshot.rglob("*")})

    def test_a_flipped_bit_is_found_in_every_file(self):
        dice = random.Random(1)
        files = [file for file in sorted(self.copy.rglob("*")) if file.is_file()]
        self.assertIn("SNAPSHOT", [file.name for file in files])
        self.assertGreater(len([file for file in files if file.suffix == ".aof"]), 1)
        self.assertTrue([file for file in files if file.suffix == ".sst"])
        for file in files:
            whole = file.read_bytes()
            # Of a segment what stands behind its last frame does not count.
            used = len(whole.rstrip(b"\0")) - (8 if file.suffix == ".aof" else 0)
            for at in {0, used - 1, *(dice.randrange(used) for _ in range(4))}:
                damaged = bytearray(whole)
                damaged[at] ^= 1 << dice.randrange(8)
                file.write_bytes(damaged)
                code, text = run_tool("snapshot", "verify", self.copy)
                self.assertEqual(code, 1, f"{file.name} at {at}: {text}")
            file.write_bytes(whole)
        self.assertEqual(run_tool("snapshot", "verify", self.copy)[0], 0)

    def test_what_is_missing_short_or_unfinished_is_refused(self):
        for name in ("node", "checkpoint/CURRENT", "SNAPSHOT"):
            whole = (self.copy / name).read_bytes()
            (self.copy / name).unlink()
            self.assertIn("unfinished" if name == "SNAPSHOT" else f"{name} is missing",
                          self.refused(name))
            (self.copy / name).write_bytes(whole)
        last = sorted(self.copy.glob("*.aof"))[-1]
        whole = last.read_bytes()
        last.write_bytes(whole[:-1])
        self.assertIn(last.name, self.refused("short"))
        last.write_bytes(whole)
        self.assertEqual(run_tool("snapshot", "verify", self.copy / "nothing")[0], 1)

    def test_a_directory_with_something_in_it_is_left_alone(self):
        target = self.server.directory / "target"
        target.mkdir()
        (target / "file").write_text("of somebody")
        code, text = run_tool("snapshot", "restore", self.copy, "--to", target)
        self.assertEqual(code, 1)
        self.assertIn("is not empty", text)
        self.assertEqual([file.name for file in target.iterdir()], ["file"])

    def test_no_server_starts_on_a_snapshot_itself(self):
        done = subprocess.run([server_binary(), "--dir", str(self.copy)], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is a snapshot", done.stdout)
        self.assertFalse((self.copy / "LOCK").exists())


class Regions(unittest.TestCase):
    def test_a_lost_region_comes_back_and_the_others_newer_writes_flow_in(self):
        with Cluster(regions=3, replicas=1) as cluster:
            eu, us, ap = (cluster.nodes[region, 0].client() for region in (1, 2, 3))
            before = epoch(eu)
            eu.set("old", "value")
            eu.set("gone", "value")
            eu.incrby("sum", 5)
            us.sadd("set", "a", "b")
            cluster.wait_equal()
            # What only eu has.
            eu.execute_command("REGION PAUSE *")
            eu.set("only here", "value")
            eu.incrby("sum", 100)
            snapshot = pathlib.Path(create(cluster.nodes[1, 0].port)["path"])
            kept = cluster.directory / "kept"
            shutil.copytree(snapshot, kept)
            eu.execute_command("REGION RESUME *")
            cluster.wait_equal()
            # What eu writes after its snapshot, and the others keep.
            eu.set("later", "value")
            eu.delete("gone")
            eu.incrby("sum", 20)
            cluster.wait_equal()
            for node in (cluster.nodes[1, 0], cluster.nodes[1, 1]):
                node.kill()
                shutil.rmtree(node.directory)
            us.set("meanwhile", "value")
            ap.incrby("sum", 3000)
            ap.srem("set", "a")
            us.set("old", "newer value")
            node = cluster.nodes[1, 0]
            code, text = run_tool("snapshot", "restore", kept, "--to", node.directory)
            self.assertEqual(code, 0, text)
            node.start("--bootstrap", "no").wait_ready()
            cluster.nodes[1, 1].start("--bootstrap", "no").wait_ready()
            wait_until(lambda: eu.incrby("sum", 1), "writes are taken again")
            self.assertGreater(epoch(eu), before)
            cluster.wait_linked()
            cluster.wait_equal()
            self.assertEqual(content(eu), {
                "old": "newer value", "only here": "value", "later": "value",
                "meanwhile": "value", "sum": "3126", "set": {"b"}})
            self.assertEqual(content(eu), content(ap))
            us.set("new", "value")
            eu.set("new", "another")
            cluster.wait_equal()
            replica = cluster.nodes[1, 1].client()
            wait_until(lambda: replica.execute_command("CRDT.DIGEST") ==
                       eu.execute_command("CRDT.DIGEST"), "the replica has it too")

    def test_a_write_that_only_the_snapshot_has_comes_to_the_others(self):
        with Cluster(regions=2, replicas=0) as cluster:
            eu, us = cluster.nodes[1, 0].client(), cluster.nodes[2, 0].client()
            eu.incrby("sum", 1)
            cluster.wait_equal()
            eu.execute_command("REGION PAUSE *")
            eu.incrby("sum", 10)
            us.delete("sum")
            us.incrby("sum", 100)
            node = cluster.nodes[1, 0]
            kept = cluster.directory / "kept"
            shutil.copytree(create(node.port)["path"], kept)
            eu.incrby("sum", 1000)
            node.kill()
            shutil.rmtree(node.directory)
            self.assertEqual(run_tool("snapshot", "restore", kept, "--to", node.directory)[0], 0)
            node.start("--bootstrap", "no").wait_ready()
            wait_until(lambda: eu.set("later", "1"), "writes are taken again")
            cluster.wait_equal()
            self.assertEqual(us.get("sum"), "110")

    def test_a_new_deployment_gets_all_of_it_from_one_snapshot(self):
        with Cluster(regions=3, replicas=0) as cluster:
            for region in (1, 2, 3):
                cluster.client(region).set(f"of {region}", "value")
            cluster.wait_equal()
            shown = content(cluster.client(2))
            snapshot = create(cluster.nodes[1, 0].port)["path"]
            with Cluster(regions=3, replicas=0, absent=[(1, 0), (2, 0), (3, 0)]) as new:
                for node in new.nodes.values():
                    text = node.config.read_text().replace('"test"', '"staging"')
                    node.config.write_text(text.replace("bootstrap = true\n", ""))
                code, text = run_tool("snapshot", "restore", snapshot, "--to",
                                      new.nodes[1, 0].directory, "--deployment", "staging")
                self.assertEqual(code, 0, text)
                for node in new.nodes.values():
                    node.start()
                new.wait_linked()
                new.wait_equal()
                for region in (1, 2, 3):
                    self.assertEqual(content(new.client(region)), shown)
                for region in (1, 2, 3):
                    wait_until(lambda: new.client(region).set("own", str(region)), "it writes")
                new.wait_equal()
            self.assertNotIn("own", content(cluster.client(1)))

    def test_a_node_of_a_region_whose_log_was_cut_follows_the_new_primary(self):
        settings = 'checkpoint-log-bytes = "20kb"\n'
        with Cluster(regions=1, replicas=1, settings=settings, segment_bytes="64kb") as cluster:
            first, second = cluster.nodes[1, 0], cluster.nodes[1, 1]

            def write(client, name):
                for number in range(300):
                    client.set(f"{name}:{number}", f"{number}" * 100)
                    client.delete(f"old:{number}")

            client = first.client()
            for number in range(300):
                client.set(f"old:{number}", "value")
            write(client, "before")
            client.set("kept", "value")
            snapshot = pathlib.Path(create(first.port)["path"])
            kept = cluster.directory / "kept"
            shutil.copytree(snapshot, kept)
            write(client, "after")

            def is_cut(node):
                segments = sorted(node.directory.glob("*.aof"))
                return int(segments[0].stem) > 0
            wait_until(lambda: is_cut(first) and is_cut(second), "the logs let go")
            first.kill()
            shutil.rmtree(first.directory)
            code, text = run_tool("-p", second.port, "failover")
            self.assertEqual(code, 0, text)
            write(second.client(), "at the second")
            wait_until(lambda: second.client().set("last", "1"), "it leads")
            self.assertEqual(run_tool("snapshot", "restore", kept, "--to", first.directory)[0], 0)
            first.start("--bootstrap", "no").wait_ready()
            wait_until(lambda: first.client().execute_command("ROLE")[0] == "slave", "it follows")
            wait_until(lambda: first.client().execute_command("CRDT.DIGEST") ==
                       second.client().execute_command("CRDT.DIGEST"), "both have the same")
            self.assertEqual(first.client().get("last"), "1")


if __name__ == "__main__":
    unittest.main()

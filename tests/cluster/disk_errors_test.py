#!/usr/bin/python3
"""A disk that fails under a primary with a replica, and a disk that cannot be read."""

import pathlib
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, run_tool, wait_until  # noqa: E402
from faults import Faults  # noqa: E402
from lone_server import LoneServer  # noqa: E402

# No checkpoint by itself.
NEVER = {"checkpoint-interval": "24h", "checkpoint-log-bytes": "0"}
NEVER_TEXT = 'checkpoint-interval = "24h"\ncheckpoint-log-bytes = "0"\n'


def segments(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.glob("*.aof"))}


def write(client, first, count, size=1000):
    pipeline = client.pipeline(transaction=False)
    for number in range(first, first + count):
        pipeline.set(f"key:{number}", f"{number}".zfill(size))
    pipeline.execute()


def has_all(client, count, size=1000):
    return client.mget(f"key:{i}" for i in range(count)) == [f"{i}".zfill(size)
                                                             for i in range(count)]


def start_with_faults(cluster, node):
    node.stop()
    faults = Faults(node)
    node.start()
    cluster.wait_linked()
    return faults


class FailingSync(unittest.TestCase):
    def test_the_primary_ends_and_its_replica_takes_over(self):
        settings = NEVER_TEXT + 'appendfsync = "always"\n'
        with Cluster(regions=1, replicas=1, settings=settings) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            faults = start_with_faults(cluster, primary)
            client = primary.client()
            client.set("acknowledged", "1")
            self.assertEqual(client.wait(1, 0), 1)
            syncs = faults.get("syncs")
            faults.fail("f*sync")
            with self.assertRaises(redis.exceptions.RedisError):
                client.set("not acknowledged", "1")
            self.assertNotEqual(primary.process.wait(timeout=60), 0)
            self.assertIn("fsync failed and is not tried again", primary.log_text())
            self.assertEqual(faults.get("syncs"), syncs + 1, "it was not tried again")

            code, text = run_tool("failover", "-p", replica.port)
            self.assertEqual(code, 0, text)
            self.assertTrue(replica.is_primary())
            replica.client().set("later", "1")
            faults.clear()
            primary.start()
            cluster.wait_linked()
            self.assertTrue(replica.is_primary())
            wait_until(lambda: primary.client().get("later") == "1", "the old primary follows")
            for node in (primary, replica):
                self.assertEqual(node.client().get("acknowledged"), "1")
            self.assertEqual(primary.client().execute_command("CRDT.DIGEST"),
                             replica.client().execute_command("CRDT.DIGEST"))


class ReadErrors(unittest.TestCase):
    def test_a_log_that_cannot_be_read_is_no_torn_tail(self):
        with LoneServer(**NEVER) as server:
            write(server.client(), 0, 200)
            server.stop()
            before = segments(server.data)
            faults = Faults(server)
            faults.fail("pread", "*.aof")
            code, text = server.refused()
            self.assertEqual(code, 1)
            self.assertRegex(text, r"cannot read .*\.aof: Input/output error")
            self.assertEqual(segments(server.data), before)
            faults.clear()
            server.start()
            self.assertTrue(has_all(server.client(), 200))

    def test_a_checkpoint_that_cannot_be_read_is_no_damaged_one(self):
        with LoneServer(**NEVER) as server:
            write(server.client(), 0, 200)
            server.client().save()
            server.stop()
            faults = Faults(server)
            faults.fail("pread", "*.sst")
            code, text = server.refused()
            self.assertEqual(code, 1)
            self.assertIn("Input/output error", text)
            self.assertFalse((server.data / "checkpoint-damaged").exists())
            faults.clear()
            server.start()
            self.assertTrue(has_all(server.client(), 200))
            self.assertIn("from the checkpoint", server.log_text())

    def test_what_a_primary_cannot_read_of_its_log_a_replica_gets_from_its_state(self):
        def cannot_be_read(faults, _):
            faults.fail("pread", "*.aof")

        def is_damaged(_, primary):
            with open(min(primary.directory.glob("*.aof")), "r+b") as file:
                file.seek(1_000_000)
                file.write(b"\xff\xff\xff")

        settings = NEVER_TEXT + 'log-memory-bytes = "64kb"\n'
        for goes_wrong, said in ((cannot_be_read, "cannot read"),
                                 (is_damaged, "the log is damaged at position")):
            with self.subTest(said), Cluster(regions=1, replicas=1, settings=settings) as cluster:
                primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
                faults = start_with_faults(cluster, primary)
                write(primary.client(), 0, 100)
                self.assertEqual(primary.client().wait(1, 0), 1)
                replica.stop()
                write(primary.client(), 100, 1900)
                before = segments(primary.directory)
                goes_wrong(faults, primary)
                replica.start()
                cluster.wait_linked()
                wait_until(lambda: has_all(replica.client(), 2000), "the replica has everything")
                self.assertIn(said, primary.log_text())
                self.assertIn("full synchronisation is complete", replica.log_text())
                primary.client().set("later", "1")
                self.assertEqual(primary.client().wait(1, 0), 1)
                self.assertEqual(segments(primary.directory).keys(), before.keys())


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""The log lets go of its beginning, and nobody lacks it: replicas and regions join."""

import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, run_tool, wait_until  # noqa: E402

SETTINGS = 'checkpoint-interval = "200ms"\n'
SEGMENT = 64 << 10


def write(client, first, count):
    """256 bytes each, over a thousand keys, and one sum."""
    for begin in range(first, first + count, 500):
        pipeline = client.pipeline(transaction=False)
        for number in range(begin, begin + 500):
            pipeline.set(f"key:{number % 1000}", f"{number:0256}")
            pipeline.incr("sum")
        pipeline.execute()


def log_bytes(node):
    return node.client().info("persistence")["aof_current_size"]


def wait_short(node, most=4 * SEGMENT):
    wait_until(lambda: log_bytes(node) <= most, f"the log is no longer than {most} bytes")


def check(test, node, written):
    client = node.client()
    wait_until(lambda: client.get("sum") == str(written), "it has the last write")
    test.assertEqual(client.dbsize(), 1001)
    for number in range(written - 1000, written):
        test.assertEqual(client.get(f"key:{number % 1000}"), f"{number:0256}")


class LogRetention(unittest.TestCase):
    def test_the_log_stays_short_and_nothing_is_lost(self):
        with Cluster(regions=1, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            write(primary.client(), 0, 4000)
            for node in (primary, replica):
                wait_short(node)
            write(primary.client(), 4000, 500)
            primary.client().wait(1, 0)
            for node in (primary, replica):
                node.kill()
            code, said = run_tool("check-aof", primary.directory)
            self.assertEqual(code, 0, said)
            self.assertIn("is in the checkpoint alone", said)
            primary.start()
            replica.start()
            cluster.wait_linked()
            for node in (primary, replica):
                wait_until(lambda node=node: node.client().dbsize() == 1001, "all is loaded")
                check(self, node, 4500)

    def test_it_is_kept_for_a_replica_that_is_away(self):
        with Cluster(regions=1, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            write(primary.client(), 0, 1000)
            primary.client().wait(1, 0)
            replica.kill()
            write(primary.client(), 1000, 4000)
            primary.client().save()
            self.assertGreater(log_bytes(primary), 4000 * 256)
            replica.start()
            cluster.wait_linked()
            self.assertNotIn("full synchronisation", replica.log_text())
            check(self, replica, 5000)
            wait_short(primary)

    def test_beyond_retention_a_replica_gets_whole_partitions(self):
        with Cluster(regions=1, replicas=1, segment_bytes="64kb",
                     settings=SETTINGS + 'geo-retention-bytes = "256kb"\n') as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            write(primary.client(), 0, 1000)
            primary.client().wait(1, 0)
            replica.kill()
            write(primary.client(), 1000, 4000)
            wait_short(primary, 8 * SEGMENT)
            replica.start()
            cluster.wait_linked()
            # It counts as in step once all is sent.
            wait_until(lambda: "full synchronisation is complete" in replica.log_text(),
                       "the replica has all")
            check(self, replica, 5000)
            # It has a log of its own now, which begins with that; and may lead.
            replica.client().execute_command("FAILOVER TAKEOVER")
            wait_until(replica.is_primary, "the replica leads")
            write(replica.client(), 5000, 500)
            cluster.wait_linked()
            check(self, primary, 5500)

    def test_a_node_that_lost_its_directory_gets_all_from_the_other(self):
        with Cluster(regions=1, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            write(primary.client(), 0, 4000)
            primary.client().wait(1, 0)
            for node in (primary, replica):
                wait_short(node)
            primary.kill()
            shutil.rmtree(primary.directory)
            primary.start("--bootstrap", "no")
            cluster.wait_linked()
            wait_until(lambda: primary.client().incr("sum") == 4001, "writes are taken again")
            wait_until(lambda: replica.client().get("sum") == "4001", "the replica follows")
            for node in (primary, replica):
                self.assertEqual(node.client().dbsize(), 1001)
                self.assertEqual(node.client().get("key:999"), f"{3999:0256}")

    def test_without_its_checkpoint_a_cut_log_is_no_whole_one(self):
        with Cluster(regions=1, replicas=0, settings=SETTINGS, segment_bytes="64kb") as cluster:
            node = cluster.nodes[1, 0]
            write(node.client(), 0, 4000)
            wait_short(node)
            node.stop()
            checkpoint = node.directory / "checkpoint"
            checkpoint.rename(node.directory / "elsewhere")
            before = sorted(path.name for path in node.directory.glob("*.aof"))
            node.start()
            self.assertNotEqual(node.process.wait(timeout=60), 0)
            self.assertIn("the log begins at position", node.log_text())
            self.assertEqual(sorted(path.name for path in node.directory.glob("*.aof")), before)
            shutil.rmtree(checkpoint, ignore_errors=True)
            (node.directory / "elsewhere").rename(checkpoint)
            node.start().wait_ready()
            wait_until(lambda: node.client().dbsize() == 1001, "all is loaded")
            check(self, node, 4000)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Streams over a restart and on a promoted replica: entries, groups and what is pending."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, wait_until  # noqa: E402  (found by the line above)


class StreamTest(unittest.TestCase):
    def read_one(self, client, consumer="ann"):
        return client.xreadgroup("g", consumer, {"s": ">"}, count=1)

    def test_what_is_pending_survives_a_restart(self):
        with Cluster(regions=1, replicas=0) as cluster:
            node = cluster.primary(1)
            client = node.client()
            for number in range(1, 4):
                client.xadd("s", {"n": number}, id=f"{number}-1")
            client.xgroup_create("s", "g", 0)
            self.read_one(client)
            self.read_one(client, "bob")
            client.xack("s", "g", "1-1")
            node.kill()
            node.start()
            node.wait_ready()
            client = node.client()
            pending = client.xpending_range("s", "g", "-", "+", 10)
            self.assertEqual([(row["message_id"], row["consumer"], row["times_delivered"])
                              for row in pending], [("2-1", "bob", 1)])
            self.assertEqual(self.read_one(client), [["s", [("3-1", {"n": "3"})]]])
            self.assertEqual(client.xinfo_stream("s")["last-generated-id"], "3-1")

    def test_a_promoted_replica_goes_on_where_its_group_was(self):
        with Cluster(regions=1, replicas=1) as cluster:
            client = cluster.client(1)
            for number in range(1, 4):
                client.xadd("s", {"n": number}, id=f"{number}-1")
            client.xgroup_create("s", "g", 0)
            self.read_one(client)
            self.assertEqual(client.wait(1, 60000), 1)
            cluster.primary(1).kill()
            replica = cluster.nodes[1, 1]
            promoted = replica.client()
            wait_until(lambda: promoted.execute_command("FAILOVER", "TAKEOVER"), "it is promoted")
            self.assertEqual(promoted.xpending("s", "g")["pending"], 1)
            self.assertEqual(self.read_one(promoted), [["s", [("2-1", {"n": "2"})]]])
            self.assertEqual(promoted.xadd("s", {"n": 4}, id="4-1"), "4-1")


if __name__ == "__main__":
    unittest.main()

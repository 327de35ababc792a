#!/usr/bin/python3
"""REGION DIFF tells what differs from what is under way, and REGION REPAIR takes it from there."""

import pathlib
import sys
import threading
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, as_map, wait_until  # noqa: E402
from log_frames import change_bytes  # noqa: E402

SETTINGS = ('checkpoint-interval = "0s"\ncheckpoint-log-bytes = "0"\n'
            'region-check-interval = "0s"\n')


class Writer(threading.Thread):
    """Changes keys of one region in every partition until it is told to stop."""

    def __init__(self, client, name):
        super().__init__()
        self.client, self.name, self.error = client, name, None
        self.ended = threading.Event()

    def run(self):
        try:
            number = 0
            while not self.ended.is_set():
                number += 1
                with self.client.pipeline(transaction=False) as pipeline:
                    for _ in range(50):
                        number += 1
                        pipeline.incr(f"hot:{number % 300}")
                        pipeline.sadd(f"set:{number % 300}", f"{self.name}:{number % 7}")
                        pipeline.delete(f"set:{(number * 7) % 300}")
                    pipeline.execute()
        except redis.RedisError as error:
            self.error = error

    def stop(self):
        self.ended.set()
        self.join(60)
        return self.error


class RegionDiff(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(regions=2, replicas=1, settings=SETTINGS)
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.__enter__()
        client = self.cluster.client(2)
        for number in range(1000):
            client.set(f"key:{number}", f"right:{number:04}")
        client.set("alone", "not elsewhere")
        self.cluster.wait_equal()

    def diff(self, region, other, *words, command="DIFF"):
        client = self.cluster.client(region)
        return as_map(client.execute_command("REGION", command, other, *words))

    def spoil(self, *numbers):
        """Region 1 gets other values of these keys, at both nodes, and nobody hears of it."""
        nodes = [self.cluster.nodes[1, ordinal] for ordinal in (0, 1)]
        for node in reversed(nodes):
            self.assertEqual(node.stop(), 0)
            for number in numbers:
                changed = change_bytes(node.directory, b"right:%04d" % number,
                                       b"WRONG:%04d" % number)
                self.assertGreaterEqual(changed, 1)
        for node in nodes:
            node.start().wait_ready()
        self.cluster.wait_linked()
        self.assertEqual(self.cluster.client(1).get(f"key:{numbers[0]}"),
                         f"WRONG:{numbers[0]:04}")

    def test_what_is_under_way_is_no_difference(self):
        writers = [Writer(self.cluster.client(region), name) for region, name in ((1, "eu"),
                                                                                  (2, "us"))]
        for writer in writers:
            writer.start()
        try:
            for region, other in ((1, 2), (2, 1), (1, 2)):
                report = self.diff(region, other)
                self.assertEqual(report["complete"], 1, report)
                self.assertEqual(report["differing"], 0, report)
                self.assertEqual(report["partitions"], 256)
        finally:
            errors = [writer.stop() for writer in writers]
        self.assertEqual(errors, [None, None])
        self.cluster.wait_equal()
        report = self.diff(1, 2)
        self.assertEqual((report["in_flight"], report["differing"]), (0, 0))

    def test_a_difference_is_named_and_repaired_at_every_node_and_for_good(self):
        self.spoil(7, 70, 700)
        writer = Writer(self.cluster.client(2), "us")
        writer.start()
        try:
            report = self.diff(1, 2)
            self.assertEqual(report["differing"], 3, report)
            self.assertEqual({as_map(key)["key"] for key in report["keys"]},
                             {"key:7", "key:70", "key:700"})
            self.assertEqual(self.diff(2, 1)["differing"], 3)
            self.assertEqual(self.diff(1, 2, "KEY", "key:7")["differing"], 1)
            self.assertEqual(self.diff(1, 2, "KEY", "key:8")["differing"], 0)
            repaired = self.diff(1, 2, "KEY", "key:7", command="REPAIR")
            self.assertEqual((repaired["repaired"], repaired["partitions"]), (1, 1))
            self.assertEqual(self.cluster.client(1).get("key:7"), "right:0007")
            self.assertEqual(self.diff(1, 2, command="REPAIR")["repaired"], 2)
        finally:
            self.assertIsNone(writer.stop())
        self.assertEqual(self.diff(1, 2)["differing"], 0)
        status = as_map(self.cluster.client(1).execute_command("REGION", "STATUS", 2))
        self.assertEqual(status["differing_keys"], 0)
        self.cluster.wait_equal()
        replica = self.cluster.nodes[1, 1]
        wait_until(lambda: replica.client().get("key:700") == "right:0700", "the replica has it")
        # Region 2 has what it had.
        self.assertEqual(self.cluster.client(2).get("key:7"), "right:0007")
        for ordinal in (0, 1):
            self.cluster.nodes[1, ordinal].kill()
        for ordinal in (0, 1):
            self.cluster.nodes[1, ordinal].start().wait_ready()
        self.cluster.wait_equal()
        for ordinal in (0, 1):
            client = self.cluster.nodes[1, ordinal].client()
            self.assertEqual(client.mget("key:7", "key:70", "key:700"),
                             ["right:0007", "right:0070", "right:0700"])

    def test_the_check_raises_an_alarm_by_itself(self):
        self.spoil(7)
        client = self.cluster.client(1)
        client.config_set("region-check-interval", "100ms")
        node = self.cluster.nodes[1, 0]
        alarm = "1 keys are not as in region 2, and nothing that is under way explains it"
        wait_until(lambda: alarm in node.log_text(), "the alarm")
        status = as_map(client.execute_command("REGION", "STATUS", 2))
        self.assertEqual(status["differing_keys"], 1)
        self.diff(1, 2, command="REPAIR")
        wait_until(lambda: as_map(client.execute_command("REGION", "STATUS", 2))
                   ["differing_keys"] == 0, "it is over")

    def test_a_region_that_does_not_answer_is_waited_for_and_no_longer_than_asked(self):
        self.cluster.nodes[2, 0].freeze()
        try:
            report = self.diff(1, 2, "TIMEOUT", 500)
        finally:
            self.cluster.nodes[2, 0].thaw()
        self.assertEqual(report["complete"], 0)
        self.assertIn("the time is over; partition", report["detail"])
        self.assertIn("does not answer yet", report["detail"])
        # And the next one is complete.
        self.assertEqual(self.diff(1, 2)["complete"], 1)

    def test_replicas_and_regions_without_a_link_are_refused(self):
        for words, node, error in (
                (("DIFF", 2), (1, 1), "this node is a replica"),
                (("REPAIR", 2), (1, 1), "read only replica"),
                (("DIFF", 9), (1, 0), "no such region")):
            client = self.cluster.nodes[node].client()
            with self.assertRaisesRegex(redis.ResponseError, error):
                client.execute_command("REGION", *words)
        self.cluster.pause()
        with self.assertRaisesRegex(redis.ResponseError, "no link to this region"):
            self.cluster.client(1).execute_command("REGION", "DIFF", 2)
        self.cluster.resume()


if __name__ == "__main__":
    unittest.main()

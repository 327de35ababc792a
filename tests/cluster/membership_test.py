#!/usr/bin/python3
"""Regions that are added to a running deployment, that leave it, and that are given up."""

import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import redis  # noqa: E402

from cluster import NAMES, Cluster, as_map, wait_until  # noqa: E402


class Writer(threading.Thread):
    """Increments a counter of its own region until it is told to stop or refused."""

    def __init__(self, cluster, region):
        super().__init__()
        self.client, self.key = cluster.client(region), f"count:{region}"
        self.count, self.refusal, self.error = 0, None, None
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.is_set():
                assert self.client.incr(self.key) == self.count + 1
                self.count += 1
        except redis.exceptions.ResponseError as refusal:
            self.refusal = str(refusal)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def stop(self):
        self.ended.set()
        self.join(60)
        assert self.error is None, self.error


def refusal_of(write):
    try:
        write()
    except redis.exceptions.ResponseError as refusal:
        return str(refusal)
    return ""


def refusal_of_write(client):
    return refusal_of(lambda: client.set("probe", "x"))


def states(client):
    return {row["name"]: row["state"]
            for row in map(as_map, client.execute_command("REGION LIST"))}


def address_words(cluster, region):
    return [f"127.0.0.1:{node.port}@{node.peer_port}" for node in cluster.nodes.values()
            if node.region == region]


def add(cluster, at, region):
    return cluster.client(at).execute_command("REGION ADD", region, NAMES[region - 1],
                                              *address_words(cluster, region))


class Membership(unittest.TestCase):
    def check_counts(self, cluster, counts):
        cluster.wait_equal()
        for region in cluster.running_regions():
            for key, count in counts.items():
                self.assertEqual(int(cluster.client(region).get(key)), count, f"region {region}")

    def test_a_region_is_added_under_load_and_leaves_again(self):
        with Cluster(regions=3, replicas=1, unlisted=(3,), absent=[(3, 0), (3, 1)]) as cluster:
            pipeline = cluster.client(1).pipeline(transaction=False)
            for number in range(20000):
                pipeline.set(f"key:{number}", f"{number:064}")
            pipeline.execute()
            writers = [Writer(cluster, region) for region in (1, 2)]
            for writer in writers:
                writer.start()
            # Early: nobody knows it yet.
            for ordinal in (0, 1):
                cluster.nodes[3, ordinal].start().wait_ready()
            early = cluster.nodes[3, 0].client()
            wait_until(lambda: "REGION ADD there adds its region" in refusal_of_write(early),
                       "the new region says what it waits for")
            self.assertTrue(add(cluster, 2, 3))
            wait_until(lambda: cluster.nodes[3, 0].client().set("from:3", "here"),
                       "the new region takes writes")
            writers.append(Writer(cluster, 3))
            writers[-1].start()
            wait_until(lambda: states(cluster.client(1)).get(NAMES[2]) == "connected",
                       "the region that was not asked knows it, too")
            wait_until(lambda: writers[-1].count > 100, "it is written to")
            for writer in writers:
                writer.stop()
            counts = {writer.key: writer.count for writer in writers}
            self.check_counts(cluster, counts)
            self.assertEqual(cluster.client(3).get("key:19999"), f"{19999:064}")

            # Everybody remembers it, replicas included.
            cluster.nodes[1, 0].kill()
            cluster.nodes[1, 0].start().wait_ready()
            cluster.wait_linked()
            self.assertEqual(states(cluster.nodes[1, 1].client())[NAMES[2]], "replica")

            writers = [Writer(cluster, region) for region in (1, 2, 3)]
            for writer, count in zip(writers, counts.values()):
                writer.count = count
                writer.start()
            wait_until(lambda: all(writer.count > counts[writer.key] + 100 for writer in writers),
                       "all are written to")
            told = []
            blocked = threading.Thread(target=lambda: told.append(
                refusal_of(lambda: cluster.client(3).blpop("queue", 60))))
            blocked.start()
            wait_until(lambda: cluster.client(3).info("clients")["blocked_clients"] == 1,
                       "somebody waits for a key")
            cluster.client(1).execute_command("REGION REMOVE", 3)
            leaver = writers.pop()
            leaver.join(60)
            self.assertIn("leaving the deployment", leaver.refusal)
            blocked.join(60)
            self.assertTrue(told[0].startswith("UNBLOCKED"), told)
            wait_until(lambda: states(cluster.nodes[3, 0].client())[NAMES[2]] == "removed",
                       "the region has left")
            wait_until(lambda: states(cluster.nodes[3, 1].client())[NAMES[2]] == "removed",
                       "its replica knows")
            for writer in writers:
                writer.stop()
            for region in (1, 2):
                wait_until(lambda region=region: NAMES[2] not in states(cluster.client(region)),
                           f"region {region} has forgotten it")
            left = cluster.nodes[3, 0].client()
            self.assertIn("was removed from the deployment", refusal_of_write(left))
            self.assertEqual(int(left.get("count:3")), leaver.count)
            for ordinal in (0, 1):
                cluster.nodes[3, ordinal].kill()
            self.check_counts(cluster, {writer.key: writer.count for writer in [*writers, leaver]})
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "was removed"):
                add(cluster, 1, 3)
            # Also after a restart of all.
            for node in [*cluster.running(), cluster.nodes[3, 0]]:
                if node.process.poll() is None:
                    node.kill()
                node.start().wait_ready()
            wait_until(lambda: "was removed" in refusal_of_write(left), "it remembers")
            wait_until(lambda: NAMES[2] not in states(cluster.client(1)), "so do the others")

    def test_a_region_that_is_gone_is_removed_and_refused_when_it_returns(self):
        with Cluster(regions=3, replicas=0) as cluster:
            cluster.client(3).set("sent", "3")
            cluster.wait_equal()
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "can be reached"):
                cluster.client(1).execute_command("REGION REMOVE", 3, "FORCE")
            for region in (3, 2):
                cluster.nodes[region, 0].kill()
            wait_until(lambda: states(cluster.client(1))[NAMES[2]] != "connected", "it is away")
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "cannot be reached"):
                cluster.client(1).execute_command("REGION REMOVE", 3)
            cluster.client(1).execute_command("REGION REMOVE", 3, "FORCE")
            cluster.client(1).set("meanwhile", "1")
            self.assertEqual(set(states(cluster.client(1))), set(NAMES[:2]))
            # Who was away hears of it.
            cluster.nodes[2, 0].start().wait_ready()
            wait_until(lambda: set(states(cluster.client(2))) == set(NAMES[:2]),
                       "region 2 hears of it")
            # REGION WAIT reaches all without it.
            with cluster.client(1).client() as one:
                one.set("both", "x")
                self.assertEqual(one.execute_command("REGION WAIT", 1, 30000), 1)
            cluster.nodes[3, 0].start("--bootstrap", "no").wait_ready()
            returned = cluster.nodes[3, 0].client()
            wait_until(lambda: "was removed from the deployment" in refusal_of_write(returned),
                       "it hears why it is refused")
            self.assertIsNone(returned.get("meanwhile"))
            self.assertEqual(returned.get("sent"), "3")
            self.assertIsNone(cluster.client(1).get("probe"))


if __name__ == "__main__":
    unittest.main()

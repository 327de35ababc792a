#!/usr/bin/python3
"""A region that the others' logs do not serve any more joins, and loses nothing that it wrote."""

import pathlib
import re
import shutil
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, as_map, wait_until  # noqa: E402

SETTINGS = ('checkpoint-interval = "200ms"\ngeo-retention-bytes = "256kb"\n'
            'log-memory-bytes = "64kb"\n')
COMPLETE = "full synchronisation is complete"


def write(client, name, count):
    """Sums, sets and strings in every partition; 256 bytes each, so that the log gets long."""
    for begin in range(0, count, 500):
        pipeline = client.pipeline(transaction=False)
        for number in range(begin, begin + 500):
            pipeline.set(f"{name}:{number % 1000}", f"{number:0256}")
            pipeline.incr(f"sum:{number % 500}")
            pipeline.sadd(f"set:{number % 500}", f"{name}:{number}")
        pipeline.execute()


def log_end(node):
    return node.client().info("replication")["master_repl_offset"]


def log_begin(node):
    return min(int(path.stem) for path in node.directory.glob("*.aof"))


def wait_cut(cluster):
    for node in cluster.running():
        node.client().save()
    for node in cluster.running():
        if node.is_primary():
            wait_until(lambda node=node: log_begin(node) > 0,
                       f"region {node.region} lets go of the beginning of its log")


class Writer(threading.Thread):
    """Increments and reads one counter until it is told to stop; a refusal ends it, too."""

    def __init__(self, client):
        super().__init__()
        self.client, self.count, self.error = client, 0, None
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.is_set():
                self.count += 1
                assert self.client.incr("meanwhile") == self.count
                # A change of what the join brings, too.
                self.client.srem(f"set:{self.count % 500}", f"eu:{self.count % 500}")
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def stop(self):
        self.ended.set()
        self.join(60)


class RegionJoins(unittest.TestCase):
    def check_sums(self, cluster, writes_each):
        """`writes_each` of whole rounds over 500 sums, in all regions together."""
        for region in cluster.region_ids():
            sums = cluster.client(region).mget([f"sum:{number}" for number in range(500)])
            self.assertEqual(set(sums), {str(writes_each)}, f"region {region}")

    def check_replicas(self, cluster):
        digests = set(cluster.digests().values())
        self.assertEqual(len(digests), 1)
        for node in cluster.running():
            wait_until(lambda node=node: {node.client().execute_command("CRDT.DIGEST")} == digests,
                       f"node {node.region}.{node.ordinal} is equal to the others")

    def test_a_region_away_beyond_retention_returns_with_its_own_writes(self):
        with Cluster(regions=3, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            write(cluster.client(1), "eu", 1000)
            cluster.wait_equal()
            away = cluster.primary(3)
            away.client().execute_command("REGION PAUSE *")
            write(cluster.client(1), "eu", 4000)
            write(cluster.client(2), "us", 1000)
            write(away.client(), "ap", 500)
            away.client().delete("eu:1")
            wait_cut(cluster)
            writer = Writer(away.client())
            writer.start()
            away.client().execute_command("REGION RESUME *")
            wait_until(lambda: COMPLETE in away.log_text(), "the join is complete")
            writer.stop()
            self.assertIsNone(writer.error, "writes are taken while it joins")
            self.assertGreater(writer.count, 0)
            cluster.wait_equal()
            self.check_sums(cluster, (1000 + 4000 + 1000 + 500) // 500)
            for region in cluster.region_ids():
                client = cluster.client(region)
                self.assertEqual(client.get("meanwhile"), str(writer.count))
                self.assertEqual(client.get("ap:499"), f"{499:0256}")
                self.assertEqual(client.get("eu:1"), f"{3001:0256}", "written after what DEL saw")
            self.check_replicas(cluster)
            replica = cluster.nodes[3, 1 - away.ordinal]
            self.assertNotIn("full synchronisation", replica.log_text(), "it followed the log")
            wait_until(lambda: all(as_map(row)["state"] == "connected"
                                   for row in away.client().execute_command("REGION STATUS")),
                       "the links are as they were")

    def test_what_both_sides_wrote_beyond_retention_is_merged(self):
        with Cluster(regions=2, replicas=0, settings=SETTINGS, segment_bytes="64kb") as cluster:
            write(cluster.client(1), "eu", 1000)
            cluster.wait_equal()
            cluster.pause()
            write(cluster.client(1), "later", 3000)
            write(cluster.client(2), "us", 3000)
            cluster.client(1).set("both", "eu")
            cluster.client(2).set("both", "us")
            cluster.client(2).delete("set:7")
            wait_cut(cluster)
            cluster.resume()
            cluster.wait_equal()
            self.check_sums(cluster, 7000 // 500)
            for node in cluster.running():
                self.assertIn(COMPLETE, node.log_text())
                members = node.client().smembers("set:7")
                self.assertEqual(members, {f"later:{number}" for number in range(7, 3000, 500)},
                                 "what the DEL had not seen")

    def test_a_join_is_slowed_down_and_shown_and_goes_on_where_it_broke_off(self):
        slowly = SETTINGS + 'join-bytes-per-second = "40kb"\n'
        with Cluster(regions=2, replicas=0, settings=slowly, segment_bytes="64kb") as cluster:
            sender, away = cluster.nodes[1, 0], cluster.nodes[2, 0]
            write(sender.client(), "before", 500)
            cluster.wait_equal()
            away.kill()
            write(sender.client(), "eu", 6000)
            wait_cut(cluster)

            def shown(node, other):
                return as_map(node.client().execute_command("REGION", "STATUS", other))

            def percent():
                return shown(away, 1).get("join_received_percent", 0)

            away.start().wait_ready()
            wait_until(lambda: percent() >= 30, "a part of it has come")
            there, here = shown(away, 1), shown(sender, 2)
            self.assertEqual((there["state"], here["state"]), ("catching-up", "catching-up"))
            self.assertGreater(there["join_received_bytes"], 10000)
            self.assertGreater(there["join_received_seconds_left"], 0)
            self.assertRegex(there["detail"], r"\d+ % came, \d+ MiB, \d+ s left")
            self.assertGreaterEqual(here["join_sent_percent"], there["join_received_percent"] - 1)
            for broken in (sender, away):
                before = percent()
                broken.kill()
                if broken is sender:
                    away.client().incr("written meanwhile")
                broken.start().wait_ready()
                seen = []
                try:
                    wait_until(lambda seen=seen: seen.append(percent()) or seen[-1] > 0, "it goes on")
                except AssertionError as stuck:
                    raise AssertionError("\n".join(
                        f"{shown(node, other)}\n{node.log_text()[-2000:]}"
                        for node, other in ((sender, 2), (away, 1)))) from stuck
                self.assertGreaterEqual(seen[-1], before - 1, "what had come did not come again")
            sender.client().config_set("join-bytes-per-second", 0)
            cluster.wait_equal()
            self.check_sums(cluster, (500 + 6000) // 500)
            for node in cluster.running():
                self.assertEqual(node.client().get("written meanwhile"), "1")

    def test_what_both_have_does_not_come(self):
        with Cluster(regions=2, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            write(cluster.client(1), "eu", 1000)
            pipeline = cluster.client(1).pipeline(transaction=False)
            for number in range(10000):
                pipeline.set(f"rests:{number}", f"{number:0100}")
            pipeline.execute()
            cluster.wait_equal()
            cluster.pause()
            had = log_end(cluster.primary(1))
            for number in range(10000):
                pipeline.append(f"rests:{number % 50}", "-" * 100)
            pipeline.execute()
            cluster.client(1).delete("rests:100", "set:7")
            cluster.client(2).sadd("set:7", "here")
            cluster.client(2).set("rests:200", "here")
            wait_until(lambda: log_begin(cluster.primary(1)) > had,
                       "the log does not serve the other region")
            cluster.resume()
            away = cluster.primary(2)
            wait_until(lambda: "% was here already" in away.log_text(), "the join is complete")
            percent = re.search(COMPLETE + r": (\d+) % was here already", away.log_text())
            self.assertGreater(int(percent[1]), 90)
            cluster.wait_equal()
            for region in cluster.region_ids():
                client = cluster.client(region)
                self.assertEqual(client.strlen("rests:7"), 100 + 200 * 100)
                self.assertIsNone(client.get("rests:100"))
                self.assertEqual(client.get("rests:200"), "here")
                self.assertEqual(client.smembers("set:7"), {"here"})
                self.assertEqual(client.dbsize(), 1000 + 500 + 500 + 10000 - 1)
            self.check_replicas(cluster)
            away.kill()
            away.start().wait_ready()
            cluster.wait_equal()
            self.check_replicas(cluster)

    def test_a_region_that_lost_its_directories_gets_all_from_the_others(self):
        with Cluster(regions=2, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            write(cluster.client(1), "eu", 2000)
            write(cluster.client(2), "us", 2000)
            cluster.wait_equal()
            wait_cut(cluster)
            lost = [cluster.nodes[2, ordinal] for ordinal in (0, 1)]
            for node in lost:
                node.kill()
            for node in lost:
                shutil.rmtree(node.directory)
                node.start("--bootstrap", "no")
            cluster.wait_linked()
            cluster.wait_equal()
            self.check_sums(cluster, 4000 // 500)
            wait_until(lambda: cluster.client(2).incr("sum:0") == 4000 // 500 + 1,
                       "writes are taken again")
            cluster.wait_equal()
            self.check_replicas(cluster)

    def test_a_new_region_gets_all_from_the_others(self):
        with Cluster(regions=3, replicas=1, settings=SETTINGS, segment_bytes="64kb",
                     absent=((3, 0), (3, 1))) as cluster:
            write(cluster.client(1), "eu", 3000)
            write(cluster.client(2), "us", 1000)
            cluster.wait_equal()
            wait_cut(cluster)
            for ordinal in (0, 1):
                cluster.nodes[3, ordinal].start()
            cluster.wait_linked()
            cluster.wait_equal()
            self.assertIn(COMPLETE, cluster.primary(3).log_text())
            self.check_sums(cluster, 4000 // 500)
            self.check_replicas(cluster)

    def test_a_replica_promoted_amid_the_join_of_its_region_goes_on_with_it(self):
        with Cluster(regions=2, replicas=1, settings=SETTINGS, segment_bytes="64kb") as cluster:
            write(cluster.client(1), "eu", 1000)
            cluster.wait_equal()
            away = cluster.primary(2)
            away.client().execute_command("REGION PAUSE *")
            write(cluster.client(1), "eu", 4000)
            write(away.client(), "us", 500)
            wait_cut(cluster)
            wait_until(lambda: away.client().wait(1, 100) == 1, "the replica has all")
            away.client().execute_command("REGION RESUME *")
            wait_until(lambda: "full synchronisation from" in away.log_text(), "the join begins")
            away.kill()
            replica = cluster.nodes[2, 1 - away.ordinal]
            replica.client().execute_command("FAILOVER TAKEOVER")
            wait_until(replica.is_primary, "the replica leads")
            away.start()
            cluster.wait_linked()
            cluster.wait_equal()
            self.check_sums(cluster, 5500 // 500)
            self.check_replicas(cluster)


if __name__ == "__main__":
    unittest.main()

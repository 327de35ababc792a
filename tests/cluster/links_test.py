"""The links between regions: cut, stalled and healed under load, and what REGION says of them."""

import pathlib
import sys
import time
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, as_map, wait_until
from faults import Faults
from load import Load

CUT_SECONDS = 30


def status(node, region):
    return as_map(node.client().execute_command("REGION STATUS", region))


class CutUnderLoadTest(unittest.TestCase):
    def go_through_a_cut(self, cluster, cut, heal):
        with Load(cluster) as load:
            wait_until(lambda: load.rounds() > 10, "everybody writes")
            usual = load.slowest()
            cut()
            began, reached = time.monotonic(), load.rounds()
            wait_until(lambda: time.monotonic() - began > CUT_SECONDS
                       and load.rounds() > reached + 50, "every region writes while it is cut off",
                       seconds=120)
            slowest = load.slowest()
            self.assertGreater(len(set(cluster.digests().values())), 1, "the regions differ")
            heal()
            reached = load.rounds()
            wait_until(lambda: load.rounds() > reached + 10, "writes go on while they catch up")
        print(f"\n{load.rounds()} rounds of each writer; slowest round of 45 writes before the cut "
              f"{usual * 1000:.0f} ms, during it {slowest * 1000:.0f} ms, "
              f"behind it {load.slowest() * 1000:.0f} ms")
        cluster.wait_equal()
        for region in cluster.region_ids():
            load.check(cluster.client(region))

    def test_nothing_is_lost_when_links_are_paused_at_either_end(self):
        with Cluster(regions=3, replicas=1) as cluster:
            def cut():
                cluster.client(1).execute_command("REGION PAUSE *")
                cluster.client(3).execute_command("REGION PAUSE", 2)

            def heal():
                cluster.client(3).execute_command("REGION RESUME", 2)
                cluster.client(1).execute_command("REGION RESUME *")
            self.go_through_a_cut(cluster, cut, heal)

    def test_nothing_is_lost_when_the_network_cuts_and_stalls_one_way(self):
        pairs = [((low, i), (high, j)) for low, high in ((1, 2), (1, 3), (2, 3))
                 for i in range(2) for j in range(2)]
        with Cluster(regions=3, replicas=1, proxied=pairs,
                     settings='repl-timeout = "5s"') as cluster:
            def cut():
                for (dialler, target), proxy in cluster.proxies.items():
                    if (dialler[0], target[0]) == (1, 2):
                        proxy.stall("there")
                    elif (dialler[0], target[0]) == (2, 3):
                        proxy.stall("back")
                    else:
                        proxy.cut()

            def heal():
                for proxy in cluster.proxies.values():
                    proxy.heal()
            self.go_through_a_cut(cluster, cut, heal)


class AbsentRegionTest(unittest.TestCase):
    def test_regions_start_in_any_order_and_a_region_that_was_away_catches_up(self):
        later = [(region, i) for region in (1, 3) for i in range(2)]
        with Cluster(regions=3, replicas=1, absent=later) as cluster:
            with Load(cluster, regions=[2]) as alone:
                wait_until(lambda: alone.rounds() > 20, "the only region takes writes")
            for i in (1, 0):
                cluster.nodes[1, i].start()
            cluster.wait_linked()
            with Load(cluster, regions=[1, 2]) as pair:
                wait_until(lambda: pair.rounds() > 20, "two regions go on without the third")
            cluster.wait_equal()
            for i in (0, 1):
                cluster.nodes[3, i].start()
            cluster.wait_linked()
            cluster.wait_equal()
            # Now the first one that ran is away.
            for i in range(2):
                cluster.nodes[2, i].kill()
            with Load(cluster, regions=[1, 3]) as others:
                wait_until(lambda: others.rounds() > 20, "the others go on")
            cluster.wait_equal()
            for i in (1, 0):
                cluster.nodes[2, i].start()
            cluster.wait_linked()
            cluster.wait_equal()
            counted = sum(writer.counted[0] for load in (alone, pair, others)
                          for writer in load.writers)
            for region in cluster.region_ids():
                self.assertEqual(cluster.client(region).get("load:count"), str(counted))

    def test_what_only_a_region_that_is_gone_had_told_one_other_reaches_the_third(self):
        with Cluster(regions=3, replicas=0) as cluster:
            cluster.client(1).execute_command("REGION PAUSE", 3)
            cluster.client(1).set("last words", "1")
            wait_until(lambda: cluster.client(2).get("last words") == "1", "region 2 has it")
            cluster.nodes[1, 0].kill()
            wait_until(lambda: cluster.client(3).get("last words") == "1",
                       "region 3 gets it from region 2")


class RegionCommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=2, replicas=1)
        cls.cluster.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def setUp(self):
        self.first, self.second = (self.cluster.primary(region) for region in (1, 2))
        self.addCleanup(self.cluster.wait_linked)
        self.addCleanup(self.cluster.resume)

    def wait_paused(self):
        for node, other in ((self.first, 2), (self.second, 1)):
            wait_until(lambda: status(node, other)["state"] == "paused", "both ends say paused")

    def test_pause_at_either_end_stops_both_directions_until_it_is_resumed_there(self):
        for end, other, far in ((self.first, 2, self.second), (self.second, 1, self.first)):
            client = end.client()
            self.assertTrue(client.execute_command("REGION PAUSE", other) in ("OK", b"OK", True))
            self.wait_paused()
            self.assertEqual((status(end, other)["paused_here"], status(end, other)["paused_there"]),
                             (1, 0))
            self.assertEqual(status(far, end.region)["paused_there"], 1)
            name = f"paused at {end.region}"
            self.first.client().set(f"{name}, written at 1", "1")
            self.second.client().set(f"{name}, written at 2", "1")
            for node, peer in ((self.first, 2), (self.second, 1)):
                wait_until(lambda: int(status(node, peer)["lag_ms"]) > 500, "both are behind")
            self.assertIsNone(self.second.client().get(f"{name}, written at 1"))
            self.assertIsNone(self.first.client().get(f"{name}, written at 2"))
            client.execute_command("REGION RESUME", other)
            self.cluster.wait_equal()
            self.assertEqual(self.second.client().get(f"{name}, written at 1"), "1")
            self.assertEqual(self.first.client().get(f"{name}, written at 2"), "1")

    def test_a_link_that_was_paused_at_both_ends_is_resumed_at_both(self):
        self.first.client().execute_command("REGION PAUSE *")
        self.second.client().execute_command("REGION PAUSE", 1)
        wait_until(lambda: status(self.first, 2)["paused_there"] == 1, "each hears of the other")
        self.first.client().execute_command("REGION RESUME *")
        wait_until(lambda: status(self.second, 1)["paused_there"] == 0, "one end is resumed")
        self.assertEqual(status(self.first, 2)["state"], "paused")
        self.second.client().execute_command("REGION RESUME *")
        wait_until(lambda: status(self.first, 2)["state"] == "connected", "the link is healed")

    def test_a_pause_ends_with_the_process_that_was_told_and_outlives_the_other(self):
        self.first.client().execute_command("REGION PAUSE", 2)
        self.wait_paused()
        self.second.kill()
        self.second.start().wait_ready()
        wait_until(self.second.is_primary, "region 2 is back")
        self.wait_paused()
        self.second.client().set("written behind a pause", "1")
        self.first.kill()
        self.first.start().wait_ready()
        wait_until(self.first.is_primary, "region 1 is back")
        self.cluster.wait_linked()
        wait_until(lambda: self.first.client().get("written behind a pause") == "1",
                   "the pause did not survive the restart")

    def test_status_tells_how_much_is_behind(self):
        self.cluster.wait_equal()
        self.first.client().execute_command("REGION PAUSE", 2)
        self.wait_paused()
        for i in range(100):
            self.first.client().set(f"behind:{i}", "x" * 100)
        behind = status(self.first, 2)
        self.assertEqual(behind["records_behind"], 100)
        self.assertGreater(behind["bytes_behind"], 100 * 100)
        self.assertLess(behind["bytes_behind"], 100 * 200)
        self.assertEqual(status(self.second, 1)["records_behind"], 0)
        self.first.client().execute_command("REGION RESUME", 2)
        wait_until(lambda: (status(self.first, 2)["records_behind"],
                            status(self.first, 2)["bytes_behind"],
                            status(self.first, 2)["lag_ms"]) == (0, 0, 0), "nothing is behind")

    def test_list_and_status_name_the_regions_the_link_and_both_versions(self):
        rows = [as_map(row) for row in self.first.client().execute_command("REGION LIST")]
        self.assertEqual([(row["id"], row["name"], row["state"]) for row in rows],
                         [(1, "eu", "self"), (2, "us", "connected")])
        link = status(self.first, 2)
        self.assertEqual((link["id"], link["name"], link["address"]),
                         (2, "us", f"127.0.0.1:{self.second.port}"))
        self.assertGreaterEqual(link["protocol_version"], 1)
        self.assertRegex(link["server_version"], r"^\d+\.\d+")
        self.assertEqual(as_map(self.first.client().execute_command("REGION STATUS")[0]).keys(),
                         link.keys())

    def test_what_is_wrong_is_said(self):
        client = self.first.client()
        for words in (("PAUSE", 3), ("PAUSE", 0), ("PAUSE", "us"), ("RESUME", 99), ("STATUS", 3),
                      ("PAUSE",), ("NONSENSE",), ("WAIT", "x", 0), ("WAIT", 1, -1)):
            with self.assertRaises(redis.exceptions.ResponseError, msg=words):
                client.execute_command("REGION", *words)

    def test_region_wait_counts_regions_that_durably_have_what_this_connection_wrote(self):
        client = self.first.client(single_connection_client=True)
        client.set("k", "v")
        self.assertEqual(client.execute_command("REGION", "WAIT", 1, 0), 1)
        self.assertEqual(self.second.client().get("k"), "v")
        self.assertEqual(client.execute_command("REGION", "WAIT", 5, 100), 1, "there is one other")
        self.first.client().execute_command("REGION PAUSE", 2)
        self.wait_paused()
        client.set("k", "w")
        self.assertEqual(client.execute_command("REGION", "WAIT", 1, 200), 0)
        client.execute_command("MULTI")
        client.execute_command("REGION", "WAIT", 1, 0)
        self.assertEqual(client.execute_command("EXEC"), [0], "inside MULTI at once")
        client.execute_command("REGION RESUME", 2)
        self.assertEqual(client.execute_command("REGION", "WAIT", 1, 0), 1)
        replica = self.cluster.nodes[1, 1 - self.first.ordinal].client()
        with self.assertRaisesRegex(redis.exceptions.ResponseError, "replica"):
            replica.execute_command("REGION", "WAIT", 1, 0)


class DurableElsewhereTest(unittest.TestCase):
    def test_region_wait_does_not_count_a_region_that_has_it_only_in_memory(self):
        with Cluster(regions=2, replicas=0) as cluster:
            faults = Faults(cluster.nodes[2, 0])
            cluster.nodes[2, 0].kill()
            cluster.nodes[2, 0].start("--appendfsync", "everysec").wait_ready()
            cluster.wait_linked()
            client = cluster.client(1, single_connection_client=True)
            client.set("k", "v")
            self.assertEqual(client.execute_command("REGION WAIT", 1, 0), 1)
            syncs = faults.get("syncs")
            self.assertGreater(syncs, 0)
            faults.set("syncs_wait", 1)
            client.set("k", "w")
            wait_until(lambda: cluster.client(2).get("k") == "w", "region 2 shows it")
            self.assertEqual(client.execute_command("REGION WAIT", 1, 300), 0)
            faults.set("syncs_wait", 0)
            self.assertEqual(client.execute_command("REGION WAIT", 1, 0), 1)


class ClockTest(unittest.TestCase):
    def test_what_a_fast_clock_stamped_is_held_and_arrives_when_its_time_has_come(self):
        with Cluster(regions=2, replicas=0, absent=[(2, 0)]) as cluster:
            fast = cluster.nodes[2, 0]
            Faults(fast).set("clock_offset_ms", 6000)
            fast.start().wait_ready()
            cluster.wait_linked()
            first, second = cluster.client(1), cluster.client(2, single_connection_client=True)
            second.set("from the future", "1")
            second.set("and its successor", "1")
            wait_until(lambda: "held" in status(cluster.nodes[1, 0], 2), "the link says it")
            link = status(cluster.nodes[1, 0], 2)
            self.assertRegex(link["held"], r"^its clock is ahead by [1-6] s$")
            self.assertIn("held: its clock is ahead", link["detail"])
            self.assertIsNone(first.get("from the future"))
            self.assertEqual(second.execute_command("REGION WAIT", 1, 100), 0,
                             "what is held is not acknowledged")
            # The other direction goes on, and our clock is not dragged along.
            first.set("from the present", "1")
            wait_until(lambda: second.get("from the present") == "1", "it is there at once")
            wait_until(lambda: first.get("and its successor") == "1", "its time has come")
            self.assertEqual(first.get("from the future"), "1")
            self.assertNotIn("held", status(cluster.nodes[1, 0], 2))
            cluster.wait_equal()

    def test_a_region_whose_clock_was_ahead_has_not_confirmed_deadlines_to_come(self):
        with Cluster(regions=2, replicas=0, absent=[(2, 0)]) as cluster:
            was_fast = cluster.nodes[2, 0]
            faults = Faults(was_fast)
            faults.set("clock_offset_ms", 3600_000)
            was_fast.start().wait_ready()
            cluster.wait_linked()
            for _ in range(4):
                received = status(cluster.nodes[1, 0], 2)["bytes_received"]
                wait_until(lambda: status(cluster.nodes[1, 0], 2)["bytes_received"] > received,
                           "a heartbeat has come")
            faults.set("clock_offset_ms", 0)
            first, second = cluster.client(1), cluster.client(2)
            first.set("k", "v", px=2000)
            wait_until(lambda: second.pttl("k") > 0, "region 2 has the key")
            first.execute_command("REGION PAUSE", 2)
            second.pexpire("k", 1_000_000)
            wait_until(lambda: first.exists("k") == 0, "the key is hidden at region 1")
            first.set("behind", "the deadline")
            wait_until(lambda: int(status(cluster.nodes[1, 0], 2)["lag_ms"]) > 500,
                       "region 1 had time to delete it")
            first.execute_command("REGION RESUME", 2)
            cluster.wait_equal()
            self.assertEqual(first.get("k"), "v")

    def test_a_clock_that_runs_ahead_of_the_majority_is_not_taken_and_holds_up_nobody(self):
        with Cluster(regions=3, replicas=0) as cluster:
            node = cluster.nodes[2, 0]
            node.kill()
            faults = Faults(node)
            node.start().wait_ready()
            cluster.wait_linked()
            cluster.client(2).set("before", "1")
            cluster.wait_equal()
            faults.set("clock_offset_ms", 24 * 3600 * 1000)
            wait_until(lambda: cluster.client(2).info("meridian")["clock"] != "ok",
                       "the node finds its clock wrong")
            wait_until(lambda: "clock is ahead of most" in node.log_text(), "the log says so")
            cluster.client(2).set("after", "1")
            for region in (1, 3):
                wait_until(lambda: cluster.client(region).get("after") == "1", "nothing is held")
                self.assertEqual(cluster.client(region).info("meridian")["clock"], "ok")
            faults.set("clock_offset_ms", 0)
            wait_until(lambda: cluster.client(2).info("meridian")["clock"] == "ok",
                       "the clock is trusted again")
            cluster.client(2).set("repaired", "1")
            wait_until(lambda: cluster.client(1).get("repaired") == "1", "nothing is held")
            cluster.wait_equal()


if __name__ == "__main__":
    unittest.main()

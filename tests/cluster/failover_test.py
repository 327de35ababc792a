"""Failover by hand: what is kept, what comes home, and who leads after restarts."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, run_tool, wait_until
from load import Load


def epoch_of(node):
    return node.client().info("meridian")["epoch"]


def is_replica_of(node, primary):
    role = node.client().execute_command("ROLE")
    return role[0] == "slave" and role[2] == primary.port and role[3] == "connected"


def fail_over(asked):
    code, text = run_tool("failover", "-h", "127.0.0.1", "-p", asked.port)
    if code != 0:
        raise AssertionError(f"meridian failover: {code}: {text}")
    return text


class FailoverTest(unittest.TestCase):
    def test_the_most_advanced_replica_leads_and_nothing_that_wait_has_seen_is_lost(self):
        pair = ((1, 1), (1, 0))
        with Cluster(regions=3, replicas=2, proxied=[pair]) as cluster:
            primary, behind, ahead = (cluster.nodes[1, i] for i in range(3))
            with Load(cluster, writers=2, replicas=1) as load:
                wait_until(lambda: load.rounds() > 5, "everybody writes")
                cluster.proxies[pair].cut()
                reached = load.rounds()
                wait_until(lambda: load.rounds() > reached + 20, "one replica falls behind")
                primary.kill()
                text = fail_over(behind)
                self.assertIn(f"node 2 (127.0.0.1:{ahead.port}) is the primary now", text)
                self.assertRegex(text, r"node 1 \S+ lacked [1-9]\d* bytes of the log")
                self.assertTrue(ahead.is_primary())
                self.assertGreater(epoch_of(ahead), 1)
                self.assertEqual(epoch_of(ahead) % 3, 2, "each node has epochs of its own")
                wait_until(lambda: is_replica_of(behind, ahead), "the other replica follows it")
                reached = load.rounds()
                wait_until(lambda: load.rounds() > reached + 20, "writes go on everywhere")
            load.check(ahead.client(), only=lambda writer: writer.name.startswith("r1"))
            cluster.wait_equal()
            for region in cluster.region_ids():
                load.check(cluster.client(region))
            cluster.proxies[pair].heal()
            primary.start().wait_ready()
            wait_until(lambda: is_replica_of(primary, ahead), "the old primary follows by itself")
            cluster.wait_linked()
            cluster.wait_equal()
            for node in (behind, primary):
                wait_until(lambda: node.client().execute_command("CRDT.DIGEST")
                           == ahead.client().execute_command("CRDT.DIGEST"), "all nodes are equal")
            load.check(primary.client())

    def test_writes_that_other_regions_have_come_home_from_them(self):
        pair = ((1, 1), (1, 0))
        with Cluster(regions=2, replicas=1, proxied=[pair]) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            client.set("known", "1")
            client.incrby("count", 10)
            self.assertEqual(client.wait(1, 0), 1)
            cluster.proxies[pair].cut()
            client.set("only the other region has it", "1")
            client.incrby("count", 5)
            self.assertEqual(client.execute_command("REGION WAIT", 1, 0), 1)
            primary.kill()
            self.assertFalse(replica.client().exists("only the other region has it"))
            fail_over(replica)
            promoted = cluster.client(1)
            wait_until(lambda: promoted.get("only the other region has it") == "1",
                       "the lost tail is back")
            self.assertEqual(promoted.get("count"), "15")
            self.assertEqual(promoted.incr("count"), 16)
            wait_until(lambda: cluster.client(2).get("count") == "16", "new writes go on")
            cluster.wait_equal()

    def test_the_old_primary_returns_as_a_replica_and_what_only_it_had_comes_back(self):
        pair = ((1, 1), (1, 0))
        with Cluster(regions=2, replicas=1, proxied=[pair]) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            client.set("shared", "old")
            client.incrby("count", 10)
            client.sadd("members", "old")
            self.assertEqual(client.wait(1, 0), 1)
            client.execute_command("REGION PAUSE *")
            cluster.proxies[pair].cut()
            client.set("only here", "1")
            client.set("shared", "from the old primary")
            client.incrby("count", 5)
            client.srem("members", "old")
            client.sadd("members", "from the old primary")
            primary.kill()
            fail_over(replica)
            promoted = replica.client()
            self.assertEqual(promoted.get("only here"), None)
            self.assertEqual(promoted.incrby("count", 100), 110)
            promoted.set("shared", "from the new primary")
            promoted.sadd("members", "from the new primary")

            cluster.proxies[pair].heal()
            primary.start().wait_ready()
            wait_until(lambda: promoted.get("only here") == "1", "its log is offered and taken")
            wait_until(lambda: is_replica_of(primary, replica), "it follows")
            self.assertEqual(promoted.get("count"), "115")
            self.assertEqual(promoted.get("shared"), "from the new primary")
            self.assertEqual(promoted.smembers("members"),
                             {"from the old primary", "from the new primary"})
            promoted.set("after", "1")
            self.assertEqual(promoted.wait(1, 0), 1)
            cluster.wait_equal()
            self.assertEqual(cluster.client(2).get("only here"), "1")
            self.assertEqual(primary.client().execute_command("CRDT.DIGEST"),
                             promoted.execute_command("CRDT.DIGEST"))

    def test_roles_survive_restarts_whatever_the_file_says(self):
        with Cluster(regions=2, replicas=1) as cluster:
            first, second = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = first.client()
            client.set("k", "1")
            self.assertEqual(client.wait(1, 0), 1)
            fail_over(first)
            wait_until(lambda: is_replica_of(first, second), "a primary that lives steps down")
            epoch = epoch_of(second)
            for node in (first, second):
                node.kill()
            first.start().wait_ready()
            self.assertFalse(first.is_primary(), "it was a replica, though the file names it first")
            with self.assertRaisesRegex(Exception, "read only replica|READONLY"):
                first.client().set("k", "2")
            second.start().wait_ready()
            wait_until(second.is_primary, "the primary leads again")
            wait_until(lambda: is_replica_of(first, second), "the replica follows it again")
            self.assertEqual(epoch_of(second), epoch, "no write was lost, the epoch goes on")
            # In the other order, and after clean stops.
            self.assertEqual([first.stop(), second.stop()], [0, 0])
            second.start().wait_ready()
            wait_until(second.is_primary, "the primary leads again")
            first.start().wait_ready()
            wait_until(lambda: is_replica_of(first, second), "the replica follows it again")
            cluster.wait_linked()
            second.client().set("k", "3")
            cluster.wait_equal()
            self.assertEqual(cluster.client(2).get("k"), "3")

    def test_both_nodes_started_at_once_and_cut_off_from_each_other(self):
        pair = ((1, 1), (1, 0))
        with Cluster(regions=2, replicas=1, proxied=[pair]) as cluster:
            first, second = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = first.client()
            client.incrby("count", 1)
            self.assertEqual(client.wait(1, 0), 1)
            for node in (first, second):
                node.kill()
            cluster.proxies[pair].cut()
            for node in (first, second):
                node.start()
            for node in (first, second):
                node.wait_ready()
            wait_until(first.is_primary, "who led leads")
            self.assertFalse(second.is_primary())
            # Somebody makes the other one the primary too.
            second.client().execute_command("FAILOVER TAKEOVER")
            self.assertTrue(first.is_primary() and second.is_primary())
            self.assertNotEqual(epoch_of(first), epoch_of(second))
            first.client().incrby("count", 10)
            first.client().sadd("members", "first")
            second.client().incrby("count", 100)
            second.client().sadd("members", "second")
            older, newer = sorted((first, second), key=epoch_of)
            # Each hears of the other's epoch from region 2, before the two meet.
            for node in (first, second):
                wait_until(lambda: node.client().get("count") == "111", "writes go over region 2")
            cluster.proxies[pair].heal()
            wait_until(lambda: is_replica_of(older, newer), "the older epoch follows the newer one")
            cluster.wait_linked()
            wait_until(lambda: newer.client().get("count") == "111", "both sides' writes are there")
            self.assertEqual(newer.client().smembers("members"), {"first", "second"})
            cluster.wait_equal()
            self.assertEqual(cluster.client(2).get("count"), "111")
            client = newer.client()
            client.set("after", "1")
            self.assertEqual(client.wait(1, 0), 1)
            self.assertEqual(older.client().execute_command("CRDT.DIGEST"),
                             newer.client().execute_command("CRDT.DIGEST"))

    def test_new_nodes_that_are_cut_off_from_each_other_do_not_both_lead(self):
        pair = ((1, 1), (1, 0))
        with Cluster(regions=1, replicas=1, proxied=[pair], absent=[(1, 0), (1, 1)]) as cluster:
            cluster.proxies[pair].cut()
            first, second = (node.start() for node in cluster.nodes.values())
            for node in (first, second):
                node.wait_ready()
            wait_until(first.is_primary, "the first node leads")
            self.assertFalse(second.is_primary())
            client = first.client()
            client.set("k", "v")
            cluster.proxies[pair].heal()
            wait_until(lambda: is_replica_of(second, first), "the second one follows")
            self.assertEqual(client.wait(1, 0), 1)

    def test_many_failovers_under_load_lose_nothing_that_wait_has_seen(self):
        with Cluster(regions=2, replicas=1) as cluster:
            epochs = []
            with Load(cluster, replicas=1) as load:
                for _ in range(4):
                    primary = cluster.primary(1)
                    other = next(node for node in cluster.nodes.values()
                                 if node.region == 1 and node is not primary)
                    reached = load.rounds()
                    wait_until(lambda: load.rounds() > reached + 10, "everybody writes")
                    primary.kill()
                    fail_over(other)
                    epochs.append(epoch_of(other))
                    primary.start().wait_ready()
                    wait_until(lambda: is_replica_of(primary, other), "the old primary follows")
            self.assertEqual(epochs, sorted(set(epochs)), "every promotion has a newer epoch")
            cluster.wait_linked()
            cluster.wait_equal()
            for region in cluster.region_ids():
                load.check(cluster.client(region))

    def test_the_tool_says_clearly_when_it_cannot(self):
        with Cluster(regions=1, replicas=1, absent=[(1, 1)]) as cluster:
            primary = cluster.nodes[1, 0]
            code, text = run_tool("failover", "-p", primary.port)
            self.assertEqual(code, 1)
            self.assertIn("no replica of this region answers", text)
            self.assertIn("node 1", text)
            replica = cluster.nodes[1, 1].start().wait_ready()
            wait_until(lambda: is_replica_of(replica, primary), "the replica is there")
            code, text = run_tool("--json", "failover", "-p", primary.port)
            self.assertEqual(code, 0, text)
            self.assertEqual(json.loads(text)["ordinal"], 1)
            primary.kill()
            code, text = run_tool("failover", "-p", primary.port)
            self.assertEqual(code, 2)
            self.assertIn(str(primary.port), text)


if __name__ == "__main__":
    unittest.main()

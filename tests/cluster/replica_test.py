"""Local replicas: what they have, what they refuse, and what WAIT and WAITAOF count."""

import pathlib
import re
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, wait_until
from resp import Connection, ErrorReply


def shown_replicas(node):
    """The replicas of INFO replication, by port."""
    info = node.client().info("replication")
    return {row["port"]: row for name, row in info.items() if re.fullmatch(r"slave\d+", name)}


class WaitTest(unittest.TestCase):
    """Region 1 with two replicas; region 2, which never counts. repl-timeout is long."""

    @classmethod
    def setUpClass(cls):
        # The first replica syncs after every write, the second never.
        cls.cluster = Cluster(regions=2, replicas=2, node_settings={
            (1, 1): 'appendfsync = "always"', (1, 2): 'appendfsync = "no"'})
        cls.cluster.__enter__()
        cls.primary, cls.syncing, cls.lazy = (cls.cluster.nodes[1, i] for i in range(3))

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def setUp(self):
        for node in (self.syncing, self.lazy):
            self.addCleanup(node.thaw)

    def connect(self, node=None):
        connection = Connection((node or self.primary).port, protocol=2)
        self.addCleanup(connection.close)
        return connection

    def wait_blocked(self, count):
        wait_until(lambda: self.primary.client().info("clients")["blocked_clients"] == count,
                   f"{count} clients are blocked")

    def freeze(self, *nodes):
        """Frozen once all that was written before has come to every replica."""
        settled = self.connect()
        settled.ask("SET", "settled", "1")
        self.assertEqual(settled.ask("WAIT", 2, 0), 2)
        for node in nodes:
            node.freeze()

    def test_wait_counts_the_replicas_that_have_the_last_write_of_this_connection(self):
        connection = self.connect()
        connection.ask("SET", "k", "v")
        self.assertEqual(connection.ask("WAIT", 2, 0), 2)
        self.assertEqual(self.syncing.client().get("k"), "v")
        self.assertEqual(self.lazy.client().get("k"), "v")

    def test_before_any_write_all_connected_replicas_count_at_once(self):
        self.freeze(self.syncing, self.lazy)
        self.connect().ask("SET", "written", "by another connection")
        self.assertEqual(self.connect().ask("WAIT", 1, 0), 2)
        self.assertEqual(self.connect().ask("WAIT", 0, 0), 2)

    def test_on_a_timeout_the_number_reached_is_answered(self):
        self.freeze(self.lazy)
        connection = self.connect()
        connection.ask("SET", "k", "v")
        self.assertEqual(connection.ask("WAIT", 2, 200), 1)
        self.assertEqual(connection.ask("WAIT", 1, 0), 1)

    def test_the_position_is_that_of_the_calling_connection(self):
        earlier = self.connect()
        earlier.ask("SET", "k", "v")
        self.freeze(self.lazy)
        later = self.connect()
        later.ask("SET", "k", "w")
        self.assertEqual(later.ask("WAIT", 2, 100), 1)
        self.assertEqual(earlier.ask("WAIT", 2, 0), 2)
        earlier.ask("GET", "k")
        self.assertEqual(earlier.ask("WAIT", 2, 0), 2, "a read does not move the position")

    def test_timeout_zero_waits_until_it_is_so(self):
        self.freeze(self.lazy)
        connection = self.connect()
        connection.ask("SET", "k", "v")
        connection.send("WAIT", 2, 0)
        self.wait_blocked(1)
        self.lazy.thaw()
        self.assertEqual(connection.read(), 2)

    def test_what_is_pipelined_behind_a_wait_is_answered_behind_it(self):
        self.freeze(self.lazy)
        connection = self.connect()
        connection.ask("SET", "k", "v")
        connection.send("WAIT", 2, 0)
        connection.send("GET", "k")
        connection.send("PING")
        self.wait_blocked(1)
        self.assertEqual(self.connect().ask("PING"), "PONG", "others are served meanwhile")
        self.lazy.thaw()
        self.assertEqual([connection.read() for _ in range(3)], [2, "v", "PONG"])

    def test_a_client_that_leaves_while_it_waits_is_forgotten(self):
        self.freeze(self.lazy)
        connection = self.connect()
        connection.ask("SET", "k", "v")
        connection.send("WAIT", 2, 0)
        self.wait_blocked(1)
        connection.close()
        self.wait_blocked(0)
        self.assertTrue(self.primary.client().ping())

    def test_inside_multi_both_answer_at_once(self):
        self.freeze(self.syncing, self.lazy)
        connection = self.connect()
        connection.ask("SET", "k", "v")
        connection.ask("MULTI")
        for words in (("SET", "k", "w"), ("WAIT", 2, 0), ("WAITAOF", 1, 2, 0)):
            self.assertEqual(connection.ask(*words), "QUEUED")
        done, replicas, on_disk = connection.ask("EXEC")
        self.assertEqual((done, replicas), ("OK", 0))
        self.assertEqual(on_disk[1], 0)

    def test_a_replica_refuses_both_and_every_write(self):
        connection = self.connect(self.syncing)
        for words in (("WAIT", 0, 0), ("WAITAOF", 0, 0, 0)):
            reply = connection.ask(*words)
            self.assertIsInstance(reply, ErrorReply)
            self.assertIn("cannot be used with replica instances", reply)
        for words in (("SET", "k", "v"), ("DEL", "k"), ("FLUSHALL",), ("SADD", "s", "m")):
            self.assertEqual(connection.ask(*words),
                             "READONLY You can't write against a read only replica.")
        connection.ask("MULTI")
        self.assertTrue(connection.ask("SET", "k", "v").startswith("READONLY"))
        self.assertTrue(connection.ask("EXEC").startswith("EXECABORT"))

    def test_waitaof_counts_this_node_and_the_replicas_that_have_it_on_disk(self):
        connection = self.connect()
        connection.ask("SET", "k", "v")
        self.assertEqual(connection.ask("WAITAOF", 1, 1, 0), [1, 1])
        self.assertEqual(connection.ask("WAITAOF", 1, 2, 200), [1, 1], "one replica never syncs")
        self.assertEqual(connection.ask("WAIT", 2, 0), 2, "though it has it")

    def test_a_replica_that_syncs_always_reports_by_itself(self):
        self.primary.client().config_set("appendfsync", "no")
        self.addCleanup(self.primary.client().config_set, "appendfsync", "everysec")
        connection = self.connect()
        connection.ask("SET", "k", "v")
        self.assertEqual(connection.ask("WAITAOF", 0, 1, 0), [0, 1])

    def test_waitaof_says_what_is_wrong_with_its_words(self):
        connection = self.connect()
        self.assertEqual(connection.ask("WAITAOF", 2, 0, 0),
                         "ERR value is out of range, value must between 0 and 1")
        self.assertEqual(connection.ask("WAITAOF", -1, 0, 0),
                         "ERR value is out of range, value must between 0 and 1")
        self.assertEqual(connection.ask("WAITAOF", 0, -1, 0),
                         "ERR value is out of range, must be positive")
        self.assertEqual(connection.ask("WAIT", 1, -1), "ERR timeout is negative")
        self.assertEqual(connection.ask("WAIT", "x", 0),
                         "ERR value is not an integer or out of range")

    def test_neither_counts_a_region(self):
        self.freeze(self.syncing, self.lazy)
        connection = self.connect()
        connection.ask("SET", "k", "far")
        self.assertEqual(connection.ask("REGION", "WAIT", 1, 0), 1)
        self.assertEqual(self.cluster.client(2).get("k"), "far")
        self.assertEqual(connection.ask("WAIT", 1, 200), 0)
        self.assertEqual(connection.ask("WAITAOF", 0, 1, 200)[1], 0)

    def test_role_and_info_replication_have_redis_form(self):
        role, offset, replicas = self.connect().ask("ROLE")
        self.assertEqual((role, type(offset)), ("master", int))
        self.assertEqual({(host, port) for host, port, _ in replicas},
                         {("127.0.0.1", str(node.port)) for node in (self.syncing, self.lazy)})
        self.assertTrue(all(position.isdigit() for _, _, position in replicas))

        role, host, port, state, offset = self.connect(self.lazy).ask("ROLE")
        self.assertEqual((role, host, port, state, type(offset)),
                         ("slave", "127.0.0.1", self.primary.port, "connected", int))

        info = self.primary.client().info("replication")
        self.assertEqual((info["role"], info["connected_slaves"]), ("master", 2))
        self.assertRegex(str(info["master_replid"]), r"^[0-9a-f]{40}$")
        self.assertEqual({row["state"] for row in shown_replicas(self.primary).values()},
                         {"online"})
        info = self.lazy.client().info("replication")
        self.assertEqual((info["role"], info["master_host"], info["master_port"],
                          info["master_link_status"], info["slave_read_only"]),
                         ("slave", "127.0.0.1", self.primary.port, "up", 1))

    def test_the_offsets_meet_when_everything_has_arrived(self):
        connection = self.connect()
        connection.ask("SET", "k", "x" * 1000)
        self.assertEqual(connection.ask("WAIT", 2, 0), 2)

        def met():
            offset = self.primary.client().info("replication")["master_repl_offset"]
            return all(row["offset"] == offset for row in shown_replicas(self.primary).values()) \
                and self.lazy.client().info("replication")["slave_repl_offset"] == offset
        wait_until(met, "the offsets are equal")


class SilentReplicaTest(unittest.TestCase):
    def test_a_silent_replica_is_dropped_after_repl_timeout_and_comes_back_by_the_log(self):
        with Cluster(regions=1, replicas=1, settings='repl-timeout = "2s"') as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            client.set("before", "1")
            self.assertEqual(client.wait(1, 0), 1)
            replica.freeze()
            wait_until(lambda: client.info("replication")["connected_slaves"] == 0,
                       "the silent replica is dropped")
            self.assertEqual(client.execute_command("ROLE")[2], [])
            client.set("meanwhile", "1")
            self.assertEqual(client.wait(1, 100), 0)
            self.assertEqual(primary.client().wait(0, 0), 0, "it does not count before a write")
            replica.thaw()
            self.assertEqual(client.wait(1, 0), 1)
            self.assertEqual(replica.client().get("meanwhile"), "1")
            self.assertNotIn("full synchronisation", replica.log_text())


class SynchronisationTest(unittest.TestCase):
    def assert_equal(self, primary, replica):
        self.assertEqual(primary.client().execute_command("CRDT.DIGEST"),
                         replica.client().execute_command("CRDT.DIGEST"))

    def test_a_replica_that_was_away_or_lost_its_disk_catches_up_by_the_log(self):
        with Cluster(regions=1, replicas=1) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            client.set("first", "1")
            self.assertEqual(client.wait(1, 0), 1)
            for is_lost in (False, True):
                replica.kill()
                if is_lost:
                    shutil.rmtree(replica.directory)
                pipeline = client.pipeline(transaction=False)
                for i in range(20000):
                    pipeline.set(f"key:{is_lost}:{i}", "x" * 500)
                    pipeline.incr("count")
                pipeline.execute()
                self.assertEqual(client.wait(1, 100), 0)
                replica.start().wait_ready()
                self.assertEqual(client.wait(1, 0), 1)
                self.assert_equal(primary, replica)
                self.assertNotIn("full synchronisation", replica.log_text())
            self.assertEqual(replica.client().get("count"), "40000")

    def test_where_the_log_does_not_reach_back_the_whole_state_is_sent_while_writes_go_on(self):
        with Cluster(regions=1, replicas=1, absent=[(1, 1)],
                     settings='appendonly = false\nlog-memory-bytes = "1mb"') as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            fill = client.pipeline(transaction=False)
            for i in range(20000):
                fill.set(f"key:{i}", "x" * 500)
                fill.sadd("members", f"member {i}")
                fill.hincrby("counts", f"field {i % 100}", 1)
            fill.set("big", "b" * 5_000_000)
            fill.set("mortal", "1", ex=5000)
            fill.delete("key:7")
            fill.execute()
            replica.start().wait_ready()
            written = 0
            while "full synchronisation is complete" not in replica.log_text():
                client.incr("written")
                written += 1
            self.assertEqual(client.wait(1, 0), 1)
            self.assert_equal(primary, replica)
            other = replica.client()
            self.assertEqual(other.get("written"), str(written))
            self.assertEqual(other.scard("members"), 20000)
            self.assertEqual(other.hget("counts", "field 3"), "200")
            self.assertEqual(other.strlen("big"), 5_000_000)
            self.assertGreater(other.ttl("mortal"), 4000)
            self.assertEqual(other.exists("key:7"), 0)
            self.assertEqual(client.execute_command("WAITAOF", 0, 0, 0), [0, 0])
            with self.assertRaisesRegex(Exception, "appendonly is disabled"):
                client.execute_command("WAITAOF", 1, 0, 0)

    def test_a_primary_without_a_disk_that_restarts_gets_its_data_back(self):
        with Cluster(regions=1, replicas=1, settings="appendonly = false") as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            client.set("k", "v")
            client.incrby("count", 5)
            self.assertEqual(client.wait(1, 0), 1)
            primary.kill()
            primary.start().wait_ready()
            wait_until(lambda: cluster.client(1).get("k") == "v", "what the replica had is back")
            # Partition by partition: writes are taken when all of them are there.
            wait_until(lambda: cluster.client(1).incr("count") == 6, "writes are taken again")
            cluster.wait_linked()
            self.assert_equal(primary, replica)


if __name__ == "__main__":
    unittest.main()

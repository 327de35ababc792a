"""Clients that really wait for keys: woken by their own region and by another one, in order, and
what else ends a wait."""

import pathlib
import sys
import threading
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, wait_until  # noqa: E402  (found by the line above)


class Waiter:
    """A client of its own that runs one command in a thread."""

    def __init__(self, node, *words):
        self.connection = node.client()
        self.id = self.connection.client_id()
        self.reply = None
        self.thread = threading.Thread(target=self.run, args=words)
        before = node.client().info("clients")["blocked_clients"]
        self.thread.start()
        wait_until(lambda: not self.thread.is_alive()
                   or node.client().info("clients")["blocked_clients"] > before,
                   f"{words} waits")

    def run(self, *words):
        try:
            self.reply = self.connection.execute_command(*words)
        except redis.RedisError as error:
            self.reply = str(error)

    def waits(self):
        return self.thread.is_alive()

    def answer(self):
        self.thread.join(timeout=120)
        assert not self.waits(), "no answer"
        return self.reply


class Blocking(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=2, replicas=1)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)

    def setUp(self):
        self.node = self.cluster.primary(1)
        self.here, self.there = self.cluster.client(1), self.cluster.client(2)
        self.here.flushall()
        self.cluster.wait_equal()

    def wait(self, *words):
        waiter = Waiter(self.node, *words)
        self.addCleanup(waiter.thread.join, 120)
        self.addCleanup(self.here.client_unblock, waiter.id)
        return waiter

    def test_pushes_here_serve_those_first_who_came_first(self):
        first, second = self.wait("BLPOP", "l", "0"), self.wait("BRPOP", "m", "l", "0")
        self.here.rpush("l", "a")
        self.assertEqual(first.answer(), ("l", "a"))
        self.assertTrue(second.waits())
        self.here.rpush("l", "b")
        self.assertEqual(second.answer(), ("l", "b"))

    def test_a_push_of_another_region_wakes_and_the_pop_goes_back_there(self):
        waiter = self.wait("BLMOVE", "l", "taken", "LEFT", "RIGHT", "0")
        self.there.rpush("l", "far")
        self.assertEqual(waiter.answer(), "far")
        self.cluster.wait_equal()
        self.assertEqual(self.there.exists("l"), 0)
        self.assertEqual(self.there.lrange("taken", 0, -1), ["far"])

    def test_sorted_sets_and_streams_of_another_region_wake_too(self):
        least = self.wait("BZPOPMIN", "z", "0")
        entries = self.wait("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
        self.there.zadd("z", {"m": 2})
        entry = self.there.xadd("s", {"f": "v"})
        self.assertEqual(least.answer()[:2], ("z", "m"))
        self.assertEqual(entries.answer(), [["s", [(entry, {"f": "v"})]]])

    def test_a_wait_ends_at_its_timeout(self):
        self.assertIsNone(self.wait("BLPOP", "l", "0.05").answer())
        self.assertIsNone(self.wait("BZPOPMAX", "z", "0.05").answer())
        self.assertFalse(self.wait("XREAD", "BLOCK", "50", "STREAMS", "s", "$").answer())

    def test_a_client_can_be_unblocked(self):
        waiter = self.wait("BLPOP", "l", "0")
        self.assertEqual(self.here.client_unblock(waiter.id, error=True), 1)
        self.assertIn("UNBLOCKED client unblocked via CLIENT UNBLOCK", waiter.answer())
        self.assertEqual(self.here.client_unblock(waiter.id), 0)
        waiter = self.wait("BLPOP", "l", "0")
        self.assertEqual(self.here.client_unblock(waiter.id), 1)
        self.assertIsNone(waiter.answer())

    def test_who_hangs_up_takes_nothing(self):
        gone = self.wait("BLPOP", "l", "0")
        self.assertTrue(self.here.client_kill_filter(_id=gone.id))
        gone.answer()
        wait_until(lambda: self.here.info("clients")["blocked_clients"] == 0, "it is gone")
        self.here.rpush("l", "a")
        self.assertEqual(self.here.lrange("l", 0, -1), ["a"])

    def test_what_is_pipelined_behind_a_wait_is_answered_after_it(self):
        waiter = self.node.client()
        pipeline = waiter.pipeline(transaction=False)
        pipeline.blpop("l", 0)
        pipeline.set("after", "1")
        replies = []
        thread = threading.Thread(target=lambda: replies.extend(pipeline.execute()))
        thread.start()
        wait_until(lambda: self.here.info("clients")["blocked_clients"] == 1, "it waits")
        self.assertIsNone(self.here.get("after"))
        self.here.rpush("l", "a")
        thread.join(timeout=120)
        self.assertEqual(replies, [("l", "a"), True])

    def test_a_primary_that_becomes_a_replica_sends_its_waiters_away(self):
        waiter = self.wait("BLPOP", "l", "0")
        replica = next(node for node in self.cluster.nodes.values()
                       if node.region == 1 and not node.is_primary())
        replica.client().execute_command("FAILOVER TAKEOVER")
        self.assertIn("UNBLOCKED force unblock", waiter.answer())


if __name__ == "__main__":
    unittest.main()

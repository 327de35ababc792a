"""What applications do with redis-py, Debian's, unmodified."""

import pathlib
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster  # noqa: E402  (found by the line above)


class RedisPy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=1, replicas=0)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.port = cls.cluster.primary(1).port

    def setUp(self):
        self.client = redis.Redis(port=self.port, decode_responses=True)
        self.addCleanup(self.client.close)
        self.client.flushall()

    def binary_client(self):
        client = redis.Redis(port=self.port)
        self.addCleanup(client.close)
        return client

    def test_strings(self):
        self.assertTrue(self.client.set("k", "v", ex=100))
        self.assertEqual(self.client.get("k"), "v")
        self.assertIsNone(self.client.set("k", "w", nx=True))
        self.assertEqual(self.client.set("k", "w", xx=True, get=True, keepttl=True), "v")
        self.assertIn(self.client.ttl("k"), range(1, 101))
        self.assertEqual(self.client.getex("k", persist=True), "w")
        self.assertEqual(self.client.ttl("k"), -1)
        self.assertEqual(self.client.getdel("k"), "w")
        self.client.mset({"a": 1, "b": "two"})
        self.assertEqual(self.client.mget("a", "nothing", "b"), ["1", None, "two"])
        self.assertEqual(self.client.append("b", "!"), 4)
        self.assertEqual(self.client.getrange("b", 0, 1), "tw")

    def test_counters(self):
        self.assertEqual(self.client.incr("c", 5), 5)
        self.assertEqual(self.client.decr("c"), 4)
        self.assertEqual(self.client.incrbyfloat("c", 0.5), 4.5)
        self.assertEqual(self.client.hincrby("h", "f", -3), -3)
        self.assertEqual(self.client.hincrbyfloat("h", "g", 1.25), 1.25)
        with self.assertRaisesRegex(redis.ResponseError, "value is not an integer"):
            self.client.incr("c")

    def test_hashes_and_sets(self):
        self.assertEqual(self.client.hset("h", mapping={"a": 1, "b": 2}), 2)
        self.assertEqual(self.client.hgetall("h"), {"a": "1", "b": "2"})
        self.assertEqual(self.client.hmget("h", "a", "nothing"), ["1", None])
        self.assertIs(self.client.hexists("h", "a"), True)
        self.assertCountEqual(self.client.hrandfield("h", 5, withvalues=True),
                              ["a", "1", "b", "2"])
        self.assertEqual(self.client.sadd("s", "x", "y", "z"), 3)
        self.assertEqual(self.client.smembers("s"), {"x", "y", "z"})
        self.assertEqual(self.client.smismember("s", ["x", "nothing"]), [True, False])
        self.assertEqual(self.client.sinter("s", "s"), {"x", "y", "z"})
        self.assertCountEqual(self.client.spop("s", 3), ["x", "y", "z"])
        with self.assertRaisesRegex(redis.ResponseError, "WRONGTYPE"):
            self.client.sadd("h", "x")

    def test_binary_keys_and_values(self):
        client = self.binary_client()
        every_byte = bytes(range(256))
        client.set(every_byte, every_byte)
        self.assertEqual(client.get(every_byte), every_byte)
        self.assertEqual(client.keys(), [every_byte])
        client.hset("h", every_byte, b"\r\n")
        self.assertEqual(client.hgetall("h"), {every_byte: b"\r\n"})
        client.sadd("s", b"", every_byte)
        self.assertEqual(client.smembers("s"), {b"", every_byte})

    def test_a_big_value_and_many_fields(self):
        client = self.binary_client()
        big = b"0123456789abcdef" * (2 << 20)
        client.set("big", big)
        self.assertEqual(client.get("big"), big)
        self.assertEqual(client.strlen("big"), len(big))
        fields = {f"field {i}": str(i) for i in range(50000)}
        self.client.hset("h", mapping=fields)
        self.assertEqual(self.client.hgetall("h"), fields)

    def test_a_pipeline_answers_in_order(self):
        pipeline = self.client.pipeline(transaction=False)
        for i in range(10000):
            pipeline.set(f"k{i}", i)
            pipeline.get(f"k{i}")
        replies = pipeline.execute()
        self.assertEqual(replies[1::2], [str(i) for i in range(10000)])

    def test_an_error_in_a_pipeline_leaves_the_others(self):
        pipeline = self.client.pipeline(transaction=False)
        pipeline.set("k", "text").incr("k").get("k")
        replies = pipeline.execute(raise_on_error=False)
        self.assertEqual((replies[0], replies[2]), (True, "text"))
        self.assertIsInstance(replies[1], redis.ResponseError)

    def test_a_transaction_is_tried_again_until_nobody_disturbs(self):
        other = redis.Redis(port=self.port)
        self.addCleanup(other.close)
        disturbances = iter([1, 2, 3])

        def add_one(pipeline):
            value = int(pipeline.get("account") or 0)
            if next(disturbances, None):
                other.incr("account", 100)
            pipeline.multi()
            pipeline.set("account", value + 1)
        self.client.transaction(add_one, "account")
        self.assertEqual(self.client.get("account"), "301")

    def test_a_watched_key_that_changes_ends_the_transaction(self):
        with self.client.pipeline() as pipeline:
            pipeline.watch("k")
            self.client.set("k", "other")
            pipeline.multi()
            pipeline.set("k", "mine")
            self.assertRaises(redis.WatchError, pipeline.execute)
        self.assertEqual(self.client.get("k"), "other")

    def test_scans_find_everything(self):
        names = {f"key:{i}" for i in range(3000)}
        self.client.mset(dict.fromkeys(names, "v"))
        self.client.sadd("a set", *names)
        self.client.hset("a hash", mapping=dict.fromkeys(names, "v"))
        self.assertEqual(set(self.client.scan_iter("key:*", count=50)), names)
        self.assertEqual(set(self.client.scan_iter(_type="hash")), {"a hash"})
        self.assertEqual(set(self.client.sscan_iter("a set")), names)
        self.assertEqual(dict(self.client.hscan_iter("a hash")), dict.fromkeys(names, "v"))

    def test_a_connection_that_was_cut_is_made_again(self):
        first = self.client.client_id()
        other = redis.Redis(port=self.port)
        self.addCleanup(other.close)
        self.assertEqual(other.client_kill_filter(_id=first), 1)
        self.assertEqual(self.client.set("k", "v"), True)
        self.assertNotEqual(self.client.client_id(), first)

    def test_clients_know_each_other(self):
        self.client.client_setname("me")
        self.assertEqual(self.client.client_getname(), "me")
        self.assertIn("me", [client["name"] for client in self.client.client_list()])
        self.assertEqual(self.client.client_info()["name"], "me")

    def test_what_tools_ask_for(self):
        self.assertEqual(self.client.info("server")["redis_version"], "7.2.4")
        self.assertEqual(self.client.info()["role"], "master")
        self.client.set("k", "v", ex=1000)
        self.assertEqual(self.client.info("keyspace")["db0"]["keys"], 1)
        self.assertEqual(self.client.config_get("maxmemory-policy"),
                         {"maxmemory-policy": "noeviction"})
        self.assertTrue(self.client.config_set("save", ""))
        self.assertEqual(self.client.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
        self.assertIn("get", self.client.command())
        self.assertEqual(self.client.object("encoding", "k"), "embstr")
        self.assertEqual(len(self.client.time()), 2)
        self.assertEqual(self.client.dbsize(), 1)
        self.assertEqual(self.client.role()[0], "master")
        self.assertEqual(self.client.slowlog_get(), [])
        self.assertGreater(self.client.memory_usage("k"), 0)


if __name__ == "__main__":
    unittest.main()

"""CONFLICT and CRDT.EXPLAIN, against two real regions that write without having seen each other."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "compatibility"))
from cluster import Cluster, as_map  # noqa: E402  (found by the lines above)
from raw_connection import RawConnection  # noqa: E402

KEPT = 20  # conflict-ring-entries of the node below


def plain(reply):
    """A reply, of RESP2 or RESP3, as Python's own values; maps only where RESP3 tells them."""
    if reply.kind == "%":
        parts = [plain(part) for part in reply.parts]
        return dict(zip(parts[::2], parts[1::2]))
    if reply.parts is not None:
        return [plain(part) for part in reply.parts]
    if reply.kind == ":":
        return reply.integer()
    word = reply.word()
    return word.decode() if word is not None else None


class Conflicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=2, replicas=1,
                              settings=f"conflict-ring-entries = {KEPT}")
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)

    def setUp(self):
        self.one, self.two = self.cluster.client(1), self.cluster.client(2)
        self.one.flushall()
        self.cluster.wait_equal()
        self.before = {region: self.count(region) for region in (1, 2)}

    def ask(self, region, *words, protocol=3):
        connection = RawConnection(self.cluster.primary(region).port)
        try:
            connection.ask("HELLO", protocol)
            return plain(connection.ask(*words))
        finally:
            connection.close()

    def count(self, region):
        return self.ask(region, "CONFLICT", "COUNT")

    def apart(self, first, second):
        """Both regions write while they do not hear each other, the second one later."""
        self.cluster.pause()
        first()
        second()
        self.cluster.resume()
        self.cluster.wait_equal()

    def conflicts(self, region, *words):
        return self.ask(region, "CONFLICT", "LIST", *words)

    def test_both_regions_tell_of_two_assignments(self):
        self.apart(lambda: self.one.set("k", "first"), lambda: self.two.set("k", "second"))
        for region in (1, 2):
            newest = self.conflicts(region, "COUNT", 1)[0]
            self.assertEqual((newest["key"], newest["type"], newest["rule"]),
                             ("k", "string", "last-writer-wins"))
            sides = {newest["winner"]["region"]: newest["winner"],
                     newest["loser"]["region"]: newest["loser"]}
            self.assertEqual({side: told["value"] for side, told in sides.items()},
                             {1: "first", 2: "second"})
            self.assertGreater(int(newest["winner"]["stamp"]), int(newest["loser"]["stamp"]))
            self.assertEqual(self.ask(region, "GET", "k"), newest["winner"]["value"])
            self.assertEqual(self.ask(region, "CONFLICT", "GET", newest["id"]), newest)
            self.assertEqual(self.count(region)["recorded"],
                             self.before[region]["recorded"] + 1)

    def test_the_hidden_sibling_is_explained_until_a_write_covers_it(self):
        self.apart(lambda: self.one.set("k", "first"), lambda: self.two.set("k", "second"))
        told = self.ask(1, "CRDT.EXPLAIN", "k")
        self.assertEqual(told["shown"], self.one.get("k"))
        self.assertRegex(" ".join(told["rules"]), "Concurrent assignments: the greatest stamp")
        self.assertEqual({sibling["value"]: sibling["shown"] for sibling in told["siblings"]},
                         {self.one.get("k"): 1, ({"first", "second"} - {self.one.get("k")}).pop(): 0})
        self.assertEqual(told, self.ask(2, "CRDT.EXPLAIN", "k"))
        self.one.set("k", "third")
        self.assertEqual([sibling["value"] for sibling in
                          self.ask(1, "CRDT.EXPLAIN", "k")["siblings"]], ["third"])

    def test_contributions_of_a_counter_are_told_by_region(self):
        self.one.incr("c", 10)
        self.cluster.wait_equal()
        self.apart(lambda: self.one.incr("c", 5), lambda: self.two.incr("c", 7))
        for region in (1, 2):
            told = self.ask(region, "CRDT.EXPLAIN", "c")
            self.assertEqual(told["shown"], "22")
            self.assertEqual({part["region"]: part["net"] for part in told["contributions"]},
                             {1: "15", 2: "7"})

    def test_each_rule_is_told_with_its_type(self):
        self.one.set("deleted", "v")
        self.one.sadd("members", "m")
        self.one.hset("fields", "f", "v")
        self.one.set("life", "v")
        self.cluster.wait_equal()

        def first():
            self.one.delete("deleted")
            self.one.srem("members", "m")
            self.one.hset("fields", "f", "one")
            self.one.expire("life", 1000)
            self.one.set("once", "one", nx=True)
            self.one.set("clash", "text")

        def second():
            self.two.set("deleted", "lives")
            self.two.sadd("members", "m")
            self.two.hset("fields", "f", "two")
            self.two.expire("life", 2000)
            self.two.set("once", "two", nx=True)
            self.two.sadd("clash", "m")
        self.apart(first, second)
        for region in (1, 2):
            told = {(entry["key"], entry["rule"]) for entry in self.conflicts(region)}
            expected = {("fields", "last-writer-wins"), ("life", "longest-expiry"),
                        ("once", "condition-both-held"), ("clash", "type-clash")}
            if region == 2:  # Of a delete nothing stays: it is seen where the write still is.
                expected |= {("deleted", "write-survives-delete"),
                             ("members", "write-survives-delete")}
            self.assertEqual(expected - told, set(), f"region {region}")
            fields, = self.conflicts(region, "KEY", "fields", "COUNT", 1)
            self.assertEqual((fields["type"], fields["element"]), ("hash", "f"))
        self.assertEqual(self.ask(1, "CRDT.EXPLAIN", "members", "m")["element"], "m")
        self.assertEqual(len(self.ask(1, "CRDT.EXPLAIN", "clash")["containers"]), 2)

    def test_filters(self):
        self.apart(lambda: self.one.set("f:old", "1"), lambda: self.two.set("f:old", "2"))
        # What comes later is recorded in a later millisecond: waited for at both.
        then = max(self.conflicts(region, "COUNT", 1)[0]["time_ms"] for region in (1, 2))
        while time.time() * 1000 <= then + 1:
            pass
        self.apart(lambda: self.one.sadd("f:set", "m"), lambda: self.two.set("f:set", "v"))
        self.apart(lambda: self.one.hset("f:hash", "f", "1"),
                   lambda: self.two.hset("f:hash", "f", "2"))
        ids = [entry["id"] for entry in self.conflicts(1, "KEY", "f:*")]
        self.assertEqual(ids, sorted(ids, reverse=True))
        self.assertEqual({entry["key"] for entry in self.conflicts(1, "KEY", "f:*")},
                         {"f:old", "f:set", "f:hash"})
        self.assertEqual({entry["key"] for entry in self.conflicts(1, "KEY", "f:*", "SINCE",
                                                                   then + 1)},
                         {"f:set", "f:hash"})
        self.assertEqual({entry["key"] for entry in self.conflicts(1, "KEY", "f:*", "TYPE",
                                                                   "hash")}, {"f:hash"})
        self.assertEqual({entry["key"] for entry in self.conflicts(1, "key", "f:*", "rule",
                                                                   "type-clash")}, {"f:set"})
        self.assertEqual(len(self.conflicts(1, "KEY", "f:*", "COUNT", 2)), 2)
        self.assertEqual(self.conflicts(1, "REGION", 3), [])
        self.assertEqual(self.conflicts(1, "KEY", "f:*", "REGION", 2),
                         self.conflicts(1, "KEY", "f:*"))

    def test_the_counters_are_exact_when_the_ring_is_full(self):
        def write(client, value):
            for i in range(3 * KEPT):
                client.set(f"many:{i}", value)
        self.apart(lambda: write(self.one, "1"), lambda: write(self.two, "2"))
        for region in (1, 2):
            counted, before = self.count(region), self.before[region]
            self.assertEqual(counted["recorded"] - before["recorded"], 3 * KEPT)
            self.assertEqual(counted["kept"], KEPT)
            self.assertEqual(counted["dropped"], counted["recorded"] - KEPT)
            self.assertEqual(sum(counted["by_rule"].values()), counted["recorded"])
            self.assertEqual(len(self.conflicts(region, "COUNT", 1000)), KEPT)
            oldest_kept = counted["recorded"] - KEPT + 1
            self.assertIsNone(self.ask(region, "CONFLICT", "GET", oldest_kept - 1))
            self.assertEqual(self.ask(region, "CONFLICT", "GET", oldest_kept)["id"], oldest_kept)

    def test_writes_that_saw_each_other_are_no_conflict(self):
        self.one.set("k", "first")
        self.cluster.wait_equal()
        self.two.set("k", "second")
        self.cluster.wait_equal()
        self.assertEqual(self.count(1), self.before[1])
        self.assertEqual(self.count(2), self.before[2])

    def test_resp2_tells_maps_as_arrays(self):
        self.apart(lambda: self.one.set("k", "first"), lambda: self.two.set("k", "second"))
        entry, = self.ask(1, "CONFLICT", "LIST", "COUNT", 1, protocol=2)
        told = as_map(entry)
        told["winner"], told["loser"] = as_map(told["winner"]), as_map(told["loser"])
        self.assertEqual([told], self.conflicts(1, "COUNT", 1))
        explained = as_map(self.ask(1, "CRDT.EXPLAIN", "k", protocol=2))
        explained["siblings"] = [as_map(sibling) for sibling in explained["siblings"]]
        self.assertEqual(explained["siblings"],
                         self.ask(1, "CRDT.EXPLAIN", "k")["siblings"])
        self.assertIsNone(self.ask(1, "CRDT.EXPLAIN", "nothing", protocol=2))

    def test_digests_are_equal_exactly_where_the_data_is(self):
        self.one.set("k", "v")
        self.cluster.wait_equal()
        equal = self.ask(1, "CRDT.DIGEST")
        self.cluster.pause()
        self.one.sadd("s", "only here")
        self.assertNotEqual(self.ask(1, "CRDT.DIGEST"), equal)
        self.assertEqual(self.ask(2, "CRDT.DIGEST"), equal)
        self.one.srem("s", "only here")
        self.assertEqual(self.ask(1, "CRDT.DIGEST"), equal)
        self.cluster.resume()
        self.cluster.wait_equal()

    def test_replicas_tell_the_same(self):
        self.apart(lambda: self.one.set("k", "first"), lambda: self.two.set("k", "second"))
        replica = next(node for node in self.cluster.nodes.values()
                       if node.region == 1 and not node.is_primary())
        self.one.wait(1, 60000)
        client = replica.client()
        self.assertEqual(client.execute_command("CRDT.DIGEST"),
                         self.one.execute_command("CRDT.DIGEST"))
        self.assertEqual(client.execute_command("CRDT.EXPLAIN", "k"),
                         self.one.execute_command("CRDT.EXPLAIN", "k"))


if __name__ == "__main__":
    unittest.main()

"""Big things cross replica, link and restart while other clients are served.

The longest pause of a client that pings each server all the time is printed, not judged: the
machine that runs the tests may have other things to do.
"""

import pathlib
import sys
import threading
import time
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, wait_until
from resp import Connection, request


class Pinger(threading.Thread):
    """Pings one server and notes the longest pause between two answers."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.longest = 0.0
        self.answers = 0
        self.stopping = threading.Event()

    def run(self):
        client = self.node.client()
        while not self.stopping.wait(0.001):
            began = time.monotonic()
            client.ping()
            self.longest = max(self.longest, time.monotonic() - began)
            self.answers += 1


class Watched:
    """The pings of all servers of a cluster during a `with`."""

    def __init__(self, cluster, what):
        self.what = what
        self.pingers = [Pinger(node) for node in cluster.running()]

    def __enter__(self):
        self.began = time.monotonic()
        for pinger in self.pingers:
            pinger.start()

    def __exit__(self, *_):
        for pinger in self.pingers:
            pinger.stopping.set()
        for pinger in self.pingers:
            pinger.join(timeout=120)
        pauses = ", ".join(f"node {pinger.node.region}.{pinger.node.ordinal} "
                           f"{pinger.longest * 1000:.0f} ms" for pinger in self.pingers)
        print(f"\n{self.what}: {time.monotonic() - self.began:.1f} s in all; longest ping: {pauses}")
        if not all(pinger.answers for pinger in self.pingers):
            raise AssertionError("a server answered no ping at all")


class BigTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=2, replicas=1)
        cls.cluster.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def crosses(self, what, write, check):
        """Writes at region 1, and checks at each node, before and after all have restarted."""
        cluster = self.cluster
        with Watched(cluster, what):
            connection = Connection(cluster.primary(1).port)
            write(connection)
            self.assertEqual(connection.ask("WAIT", 1, 0), 1)
            self.assertEqual(connection.ask("REGION", "WAIT", 1, 0), 1)
            connection.close()
            cluster.wait_equal()
        for node in cluster.nodes.values():
            wait_until(lambda: check(node.client()), f"{what} is at every node")
        for node in cluster.nodes.values():
            node.kill()
        for node in cluster.nodes.values():
            node.start()
        cluster.wait_linked()
        cluster.wait_equal()
        for node in cluster.nodes.values():
            self.assertTrue(check(node.client()), f"{what} after a restart")

    def test_a_value_of_100_megabytes(self):
        value = bytes(range(256)) * (100_000_000 // 256)

        def write(connection):
            self.assertEqual(connection.ask("SET", "big", value), "OK")

        def check(client):
            return client.strlen("big") == len(value) and \
                client.getrange("big", len(value) - 66, -1) == value[-66:].decode("latin-1")

        self.crosses("a value of 100 MB", write, lambda client: check(redis.Redis(
            port=client.connection_pool.connection_kwargs["port"], encoding="latin-1",
            decode_responses=True, socket_timeout=120)))

    def test_a_multi_of_100_000_commands(self):
        def write(connection):
            commands = [request("MULTI")]
            for i in range(50_000):
                commands += [request("SET", f"multi:{i}", f"value {i}"), request("INCR", "multi")]
            connection.socket.sendall(b"".join([*commands, request("EXEC")]))
            self.assertEqual(connection.read(), "OK")
            for _ in range(100_000):
                self.assertEqual(connection.read(), "QUEUED")
            replies = connection.read()
            self.assertEqual(len(replies), 100_000)
            self.assertEqual(replies[-1], 50_000)

        def check(client):
            return client.get("multi") == "50000" and client.get("multi:49999") == "value 49999"
        self.crosses("a MULTI of 100,000 commands", write, check)

    def test_a_union_of_a_million_members(self):
        def write(connection):
            for source in range(2):
                for i in range(0, 500_000, 10_000):
                    connection.send("SADD", f"source:{source}",
                                    *(f"member {source} {i + j}" for j in range(10_000)))
                    self.assertEqual(connection.read(), 10_000)
            self.assertEqual(connection.ask("SUNIONSTORE", "union", "source:0", "source:1"),
                             1_000_000)
            self.assertEqual(connection.ask("DEL", "source:0", "source:1"), 2)

        def check(client):
            return client.scard("union") == 1_000_000 and client.dbsize() > 0 and \
                client.sismember("union", "member 1 499999") and not client.exists("source:0")
        self.crosses("a SUNIONSTORE of a million members", write, check)


if __name__ == "__main__":
    unittest.main()

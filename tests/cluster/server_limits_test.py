#!/usr/bin/python3
"""Bad input and slow readers: a clear error, bounded memory, and others are served on."""

import pathlib
import random
import select
import signal
import socket
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, wait_until  # noqa: E402
from lone_server import LoneServer, resident_mb  # noqa: E402
from resp import request  # noqa: E402

MB = 1 << 20


def is_closed(connection):
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


class BadInput(unittest.TestCase):
    def last_words(self, server, sent):
        """Everything that the server answers before it closes the connection."""
        with server.connect() as connection:
            connection.sendall(sent)
            return connection.makefile("rb").read().decode()

    def test_an_exec_whose_changes_pass_a_gibibyte_refuses_what_follows(self):
        with LoneServer(appendonly="no") as server:
            client = server.client()
            size = client.setrange("big", 400 * MB, "x")
            pipeline = client.pipeline()
            for at in range(5):
                pipeline.setrange("big", at, "y")
            pipeline.get("other")
            pipeline.incr("counter")
            replies = pipeline.execute(raise_on_error=False)
            self.assertEqual(replies[:3], [size] * 3)
            for refused in replies[3:5] + replies[6:]:
                self.assertIn("more than 1 GiB", str(refused))
            self.assertIsNone(replies[5])
            self.assertEqual(client.getrange("big", 0, 3), "yyy\0")
            self.assertIsNone(client.get("counter"))

    def test_what_is_no_request_gets_a_clear_error_and_ends_the_connection(self):
        with LoneServer(proto_max_bulk_len="1mb") as server:
            for sent, error in (
                    (b"*1\r\n+PING\r\n", "expected '$', got '+'"),
                    (b"*x\r\n", "invalid multibulk length"),
                    (b"*2147483648\r\n", "invalid multibulk length"),
                    (b"*1\r\n$-2\r\n", "invalid bulk length"),
                    (b"*1\r\n$1048577\r\n", "invalid bulk length"),
                    (b"*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
                    (b"*" + b"1" * 70000, "too big mbulk count string"),
                    (b"*1\r\n$" + b"1" * 70000, "too big bulk count string"),
                    (b"SET key " + b"v" * 70000, "too big inline request"),
                    (b"GET \"unbalanced\r\n", "unbalanced quotes in request"),
                    (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET key 1\r\n", "HTTP")):
                answer = self.last_words(server, sent)
                self.assertTrue(answer.startswith("-ERR Protocol error: "), answer)
                self.assertIn(error, answer)
            client = server.client()
            self.assertEqual(client.dbsize(), 0)
            # What came before is executed; the longest that is allowed is.
            self.assertEqual(self.last_words(server, b"SET key 1\r\n*1\r\nPING\r\n")[:5], "+OK\r\n")
            self.assertTrue(client.set("big", "v" * MB))
            with self.assertRaises(redis.exceptions.RedisError):
                client.set("bigger", "v" * (MB + 1))

    def test_before_the_password_little_is_taken(self):
        with LoneServer(requirepass="secret") as server:
            for sent, error in ((b"*11\r\n", "unauthenticated multibulk length"),
                                (b"*1\r\n$16385\r\n", "unauthenticated bulk length")):
                self.assertEqual(self.last_words(server, sent), f"-ERR Protocol error: {error}\r\n")
            # Ten of the longest that is allowed are fine.
            with server.connect() as connection:
                words = [b"v" * 16384] * 9
                connection.sendall(request(b"SADD", *words))
                self.assertEqual(connection.recv(100), b"-NOAUTH Authentication required.\r\n")
                connection.sendall(request("AUTH", "secret") + request("SADD", "s", *range(100)))
                stream = connection.makefile("rb")
                self.assertEqual([stream.readline() for _ in range(2)], [b"+OK\r\n", b":100\r\n"])
            # A line that never ends, and AUTH's own limit of words.
            self.assertIn("too big inline request", self.last_words(server, b"x" * 70000))
            self.assertIn("syntax error",
                          self.last_words(server, request("AUTH", "a", "b", "c") + b"QUIT\r\n"))

    def test_an_announced_length_takes_no_memory_until_its_bytes_arrive(self):
        with LoneServer() as server:
            before = server.resident_mb()
            held = []
            for _ in range(100):
                for announced in (b"*1\r\n$536870912\r\nfew", b"*2147483647\r\n$3\r\nGET\r\n"):
                    held.append(server.connect())
                    held[-1].sendall(announced)
            client = server.client()
            wait_until(lambda: client.info("clients")["connected_clients"] >= 200, "all are there")
            self.assertTrue(client.set("key", "value"))
            self.assertLess(server.resident_mb() - before, 100)
            for connection in held:
                connection.close()

    def test_a_request_beyond_the_query_buffer_closes_the_client_and_frees_its_memory(self):
        with LoneServer(client_query_buffer_limit="8mb") as server:
            with server.connect() as connection:
                connection.sendall(b"*1000000\r\n")
                try:
                    for _ in range(20):
                        connection.sendall(b"$1048576\r\n" + b"v" * MB + b"\r\n")
                except (ConnectionResetError, BrokenPipeError):
                    pass
                self.assertTrue(is_closed(connection))
            wait_until(lambda: "its query buffer is full" in server.log_text(), "the log says why")
            self.assertLess(server.resident_mb(), 100)

    def test_transactions_do_not_nest(self):
        with LoneServer() as server, server.connect() as connection:
            connection.sendall(b"MULTI\r\nMULTI\r\n")
            with connection.makefile("r") as stream:
                self.assertEqual(stream.readline(), "+OK\n")
                self.assertEqual(stream.readline(), "-ERR MULTI calls can not be nested\n")


class SlowClients(unittest.TestCase):
    def greedy(self, server, requests):
        """A client that asks for a lot and reads nothing of it."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.setblocking(False)
        payload = memoryview(request("GET", "big") * requests)
        while payload:
            _, writable, _ = select.select([], [connection], [], 1)
            if not writable:
                break  # The server reads no more of it.
            payload = payload[connection.send(payload):]
        return connection

    def test_a_client_that_reads_nothing_does_not_grow_memory_or_slow_others(self):
        with LoneServer() as server:
            client = server.client()
            client.set("big", "v" * MB)
            before = server.resident_mb()
            held = [self.greedy(server, 20000) for _ in range(3)]
            for i in range(1000):
                client.set(f"key:{i}", i)
            # 60 GB were asked for.
            self.assertLess(server.resident_mb() - before, 400)
            # What it reads at last is right.
            held[0].setblocking(True)
            stream = held[0].makefile("rb")
            for _ in range(200):
                self.assertEqual(stream.readline(), b"$1048576\r\n")
                self.assertEqual(len(stream.read(MB + 2)), MB + 2)
            stream.close()
            for connection in held:
                connection.close()
            wait_until(lambda: client.info("clients")["connected_clients"] == 1, "they are gone")

    def test_beyond_its_output_limit_a_client_is_closed(self):
        with LoneServer(output_limit_normal="4mb 0 0") as server:
            client = server.client()
            client.set("big", "v" * MB)
            with self.greedy(server, 100):
                wait_until(lambda: "it does not read its replies" in server.log_text(),
                           "the log says why")
                wait_until(lambda: client.info("clients")["connected_clients"] == 1, "it is closed")
            stats = client.info("stats")
            self.assertEqual(stats["client_output_buffer_limit_disconnections"], 1)

    def test_at_its_soft_limit_a_client_is_closed_after_the_seconds(self):
        with LoneServer(output_limit_normal="0 1mb 1") as server:
            client = server.client()
            client.set("big", "v" * MB)
            with self.greedy(server, 20):
                wait_until(lambda: client.info("clients")["connected_clients"] == 1, "it is closed")


class SlowNodes(unittest.TestCase):
    """A node that is there and does nothing: what it has not read stays in the log, not in memory."""

    VALUE = random.Random(1).randbytes(256 << 10)  # Links compress what can be.
    WRITES = 1000  # 250 MB.

    def write_a_lot(self, client):
        for _ in range(self.WRITES // 20):
            pipeline = client.pipeline(transaction=False)
            for i in range(20):
                pipeline.set(f"key:{i}", self.VALUE)
            pipeline.execute()

    def check(self, cluster, frozen):
        primary = cluster.primary(1)
        client = primary.client()
        self.write_a_lot_once(client)
        before = resident_mb(primary.process.pid)
        frozen.process.send_signal(signal.SIGSTOP)
        self.write_a_lot(client)
        grown = resident_mb(primary.process.pid) - before
        frozen.process.send_signal(signal.SIGCONT)
        self.assertLess(grown, 100)
        client.set("last", "words")
        wait_until(lambda: frozen.client().get("last") == "words", "it catches up", 120)

    def write_a_lot_once(self, client):
        for i in range(20):
            client.set(f"key:{i}", self.VALUE)

    def test_a_frozen_replica(self):
        with Cluster(regions=1, settings='log-memory-bytes = "16mb"') as cluster:
            self.check(cluster, cluster.nodes[1, 1])

    def test_a_frozen_region(self):
        with Cluster(regions=2, replicas=0, settings='log-memory-bytes = "16mb"') as cluster:
            self.check(cluster, cluster.nodes[2, 0])


if __name__ == "__main__":
    unittest.main(verbosity=2)

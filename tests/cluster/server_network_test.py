#!/usr/bin/python3
"""Where a server listens, whom it serves, and when it lets go of a connection."""

import pathlib
import re
import resource
import socket
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, wait_until  # noqa: E402
from lone_server import LoneServer, listening_addresses  # noqa: E402


def own_address():
    """An address of this machine that is not loopback; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing: only the route is looked up.
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def answer(connection, request=b"PING\r\n"):
    connection.sendall(request)
    return connection.recv(1000)


class Listening(unittest.TestCase):
    def test_nothing_listens_beyond_loopback_unless_told_to(self):
        with LoneServer() as server:
            addresses = listening_addresses(server.process.pid)
            self.assertEqual(addresses, {("0100007F", f"{server.port:04X}")})
        with Cluster(regions=2, replicas=0) as cluster:
            node = cluster.nodes[1, 0]
            addresses = listening_addresses(node.process.pid)
            self.assertEqual(addresses, {("0100007F", f"{node.port:04X}"),
                                         ("0100007F", f"{node.peer_port:04X}")})

    def test_several_addresses_of_both_kinds(self):
        words = ["127.0.0.1", "127.0.0.2"] + (["::1"] if has_ipv6() else [])
        with LoneServer(bind=" ".join(words)) as server:
            for address in words:
                with socket.create_connection((address, server.port), timeout=60) as connection:
                    self.assertEqual(answer(connection), b"+PONG\r\n")
                    line = answer(connection, b"CLIENT INFO\r\n").decode()
                    shown = f"[{address}]" if ":" in address else address
                    self.assertIn(f"laddr={shown}:{server.port} ", line)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.3", server.port), timeout=60)

    def test_a_taken_port_is_named(self):
        with LoneServer() as first:
            second = LoneServer(port=first.port)
            self.addCleanup(second.__exit__)
            code, text = second.refused()
            self.assertEqual(code, 1)
            self.assertIn(f"cannot listen for clients on 127.0.0.1 port {first.port}: Address "
                          "already in use", text)

    def test_a_unix_socket_with_its_mode_that_goes_with_the_server(self):
        with LoneServer(unixsocketperm=700) as server:
            server.stop()
            path = server.directory / "socket"
            server.settings["unixsocket"] = path
            server.start()
            self.assertEqual(path.stat().st_mode & 0o777, 0o700)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                self.assertEqual(answer(connection), b"+PONG\r\n")
            # One that answers is somebody's; one that a killed server left is in nobody's way.
            second = LoneServer(unixsocket=path)
            self.addCleanup(second.__exit__)
            self.assertIn(f"unixsocket: {path} is in use", second.refused()[1])
            server.process.kill()
            server.process.wait()
            self.assertTrue(path.exists())
            server.start()
            with redis.Redis(unix_socket_path=str(path)) as client:
                self.assertTrue(client.ping())
            self.assertEqual(server.stop(), 0)
            self.assertFalse(path.exists())

    def test_a_unix_socket_alone_is_enough(self):
        with LoneServer() as server:
            server.stop()
            server.settings |= {"bind": "", "unixsocket": server.directory / "socket"}
            server.launch()
            server.process.stdout.close()
            with redis.Redis(unix_socket_path=str(server.directory / "socket")) as client:
                wait_until(client.ping, "it answers on its socket")
            self.assertEqual(listening_addresses(server.process.pid), set())


class Admission(unittest.TestCase):
    def test_protected_mode_serves_other_machines_only_with_a_password(self):
        address = own_address()
        if address is None:
            self.skipTest("this machine has no address but loopback")
        with LoneServer(bind=f"127.0.0.1 {address}") as server:
            with socket.create_connection((address, server.port), timeout=60) as connection:
                self.assertRegex(connection.makefile("rb").read().decode(),
                                 "^-DENIED .*protected mode.*requirepass")
            client = server.client()
            client.config_set("requirepass", "open sesame")
            with socket.create_connection((address, server.port), timeout=60) as connection:
                self.assertEqual(answer(connection), b"-NOAUTH Authentication required.\r\n")
                self.assertEqual(answer(connection, b"AUTH 'open sesame'\r\n"), b"+OK\r\n")
                self.assertEqual(answer(connection), b"+PONG\r\n")

    def test_more_clients_than_allowed_are_told_so(self):
        with LoneServer(maxclients=2) as server:
            held = [server.connect()]
            wait_until(lambda: b"connected_clients:1\r" in answer(held[0], b"INFO clients\r\n"),
                       "the probe of the start is gone")
            held.append(server.connect())
            self.assertEqual([answer(connection) for connection in held], [b"+PONG\r\n"] * 2)
            with server.connect() as third:
                self.assertEqual(third.makefile("rb").read(),
                                 b"-ERR max number of clients reached\r\n")
            self.assertIn(b"rejected_connections:1", answer(held[1], b"INFO stats\r\n"))
            # A place that gets free is taken.
            held.pop(0).close()

            def is_let_in():
                with server.connect() as connection:
                    return answer(connection) == b"+PONG\r\n"
            wait_until(is_let_in, "the next one is let in")
            held.pop().close()

    def test_maxclients_gives_way_to_the_process_limit(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
        server = LoneServer()
        self.addCleanup(server.__exit__)
        server.start(preexec_fn=few_files)
        lowered = re.search(r"warning maxclients is lowered from 10000 to (\d+): the process may "
                            "open 200 files", server.log_text())
        allowed = int(lowered[1])
        client = server.client()
        self.assertEqual(client.info("clients")["maxclients"], allowed)
        held = [server.connect() for _ in range(200)]
        answers = []
        for connection in held:
            connection.sendall(b"PING\r\n")
            answers.append(connection.recv(100))
        self.assertLessEqual(answers.count(b"+PONG\r\n"), allowed)
        self.assertGreaterEqual(answers.count(b"+PONG\r\n"), allowed - 2)
        self.assertIn(b"-ERR max number of clients reached\r\n", answers)
        # There is a file left for the log.
        for i in range(300):
            client.set(f"key:{i}", "v" * 50000)
        for connection in held:
            connection.close()
        self.assertEqual(server.stop(), 0)


class LettingGo(unittest.TestCase):
    def test_a_client_that_is_idle_for_the_timeout_is_closed_and_one_that_waits_is_not(self):
        with LoneServer(timeout=1) as server:
            with server.connect() as idle, server.connect() as waiting, server.connect() as busy:
                waiting.sendall(b"SET key value\r\nWAIT 1 0\r\n")
                self.assertEqual(waiting.recv(100), b"+OK\r\n")
                idle.settimeout(0.1)

                def is_closed():
                    self.assertEqual(answer(busy), b"+PONG\r\n")
                    try:
                        return idle.recv(100) == b""
                    except TimeoutError:
                        return False
                wait_until(is_closed, "the idle client is closed")
                self.assertEqual(answer(busy), b"+PONG\r\n")
                self.assertIn(b"cmd=wait", answer(busy, b"CLIENT LIST\r\n"))

    def test_keepalive_probes_are_on_and_as_far_apart_as_set(self):
        with LoneServer(tcp_keepalive=60) as server, server.connect() as connection:
            self.assertEqual(answer(connection), b"+PONG\r\n")
            timer, ticks = self.timer_of(server.port, connection.getsockname()[1])
            self.assertEqual(timer, "02")  # Keepalive.
            self.assertLessEqual(ticks, 60 * 100)
            self.assertGreater(ticks, 0)
        with LoneServer(tcp_keepalive=0) as server, server.connect() as connection:
            self.assertEqual(answer(connection), b"+PONG\r\n")
            self.assertEqual(self.timer_of(server.port, connection.getsockname()[1])[0], "00")

    @staticmethod
    def timer_of(port, client_port):
        """The kernel's timer of the server's end of a connection, and when it fires."""
        for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            columns = line.split()
            if (columns[1].endswith(f":{port:04X}") and columns[2].endswith(f":{client_port:04X}")
                    and columns[3] == "01"):
                timer, ticks = columns[5].split(":")
                return timer, int(ticks, 16)
        raise AssertionError("no such connection")


if __name__ == "__main__":
    unittest.main(verbosity=2)

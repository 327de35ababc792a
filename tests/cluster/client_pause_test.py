"""CLIENT PAUSE with clients that really wait, and what CLIENT LIST tells of their connections."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import wait_until  # noqa: E402  (found by the line above)
from lone_server import LoneServer  # noqa: E402

FOR_LONG = "100000000"


class ClientPause(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = LoneServer()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def setUp(self):
        self.client = self.server.client()
        self.addCleanup(self.client.close)
        self.client.flushall()
        self.addCleanup(self.client.execute_command, "CLIENT", "UNPAUSE")

    def send(self, requests):
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.sendall(requests)
        return connection

    def wait_for_blocked(self, count):
        wait_until(lambda: self.client.info("clients")["blocked_clients"] == count,
                   f"{count} clients are held back")

    def test_what_was_held_back_is_carried_out_in_order_when_the_pause_ends(self):
        self.client.execute_command("CLIENT", "PAUSE", FOR_LONG, "WRITE")
        held = self.send(b"PING\r\nRPUSH l a\r\nRPUSH l b\r\nLRANGE l 0 -1\r\n")
        self.wait_for_blocked(1)
        self.assertEqual(self.client.exists("l"), 0)
        self.assertEqual(held.recv(7), b"+PONG\r\n")
        self.client.execute_command("CLIENT", "UNPAUSE")
        expected = b":1\r\n:2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"
        self.assertEqual(held.makefile("rb").read(len(expected)), expected)

    def test_a_pause_ends_by_itself(self):
        self.client.execute_command("CLIENT", "PAUSE", "50", "ALL")
        self.assertTrue(self.client.set("k", "v"))

    def test_keys_do_not_expire_by_themselves_during_a_pause(self):
        self.client.set("k", "v", px=20)
        self.client.execute_command("CLIENT", "PAUSE", FOR_LONG, "WRITE")
        wait_until(lambda: self.client.exists("k") == 0, "the key is past its time")
        self.assertEqual(self.client.dbsize(), 1)
        self.client.execute_command("CLIENT", "UNPAUSE")
        wait_until(lambda: self.client.dbsize() == 0, "the key is deleted")

    def test_who_goes_away_while_being_held_back_is_forgotten(self):
        self.client.execute_command("CLIENT", "PAUSE", FOR_LONG, "WRITE")
        self.send(b"SET gone 1\r\n").close()
        killed = self.send(b"CLIENT SETNAME victim\r\nSET killed 1\r\n")
        self.wait_for_blocked(1)
        victim = next(other for other in self.client.client_list() if other["name"] == "victim")
        self.client.execute_command("CLIENT", "KILL", "ID", victim["id"])
        self.wait_for_blocked(0)
        self.client.execute_command("CLIENT", "UNPAUSE")
        self.assertEqual(self.client.exists("gone", "killed"), 0)
        self.assertEqual(killed.makefile("rb").read(), b"+OK\r\n")

    def test_a_line_of_client_list_tells_what_the_buffers_hold(self):
        self.send(b"CLIENT SETNAME half\r\n*2\r\n$4\r\nECHO\r\n$100\r\nfirst part")

        def half():
            return next((other for other in self.client.client_list()
                         if other["name"] == "half" and other["qbuf"] != "0"), None)
        wait_until(half, "a part of a request has arrived")
        line = half()
        self.assertGreater(int(line["fd"]), 2)
        self.assertGreaterEqual(int(line["qbuf"]) + int(line["argv-mem"]), 10)
        self.assertGreater(int(line["qbuf-free"]), 0)
        self.assertGreater(int(line["tot-mem"]), int(line["qbuf"]) + int(line["qbuf-free"]))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""How a server starts, stops, keeps its log file and guards its directory."""

import pathlib
import re
import shutil
import signal
import socket
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, wait_until  # noqa: E402
from lone_server import LoneServer  # noqa: E402

LOG_LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) .*"


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False


class Stopping(unittest.TestCase):
    def test_sigterm_and_sigint_flush_mark_the_log_clean_and_exit_with_zero(self):
        with LoneServer(appendfsync="no") as server:
            epochs = set()
            for number in (signal.SIGTERM, signal.SIGINT):
                server.client().set("key", str(number))
                epochs.add(server.client().info("meridian")["epoch"])
                self.assertEqual(server.stop(number), 0)
                self.assertTrue(server.log_text().endswith("info stopped\n"))
                server.start()
                self.assertEqual(server.client().get("key"), str(number))
            epochs.add(server.client().info("meridian")["epoch"])
            self.assertEqual(len(epochs), 1)

    def test_a_stopping_primary_takes_no_clients_and_no_writes_and_gives_its_replica_time(self):
        with Cluster(regions=1) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client, other = primary.client(), primary.client()
            other.ping()
            replica.process.send_signal(signal.SIGSTOP)
            client.set("last", "words")
            primary.process.send_signal(signal.SIGTERM)
            wait_until(lambda: is_refused(primary.port), "nobody is let in any more")
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "this server is stopping"):
                other.set("too", "late")
            self.assertEqual(other.get("last"), "words")
            with self.assertRaisesRegex(redis.exceptions.ResponseError, "No shutdown in progress"):
                other.execute_command("SHUTDOWN ABORT")
            replica.process.send_signal(signal.SIGCONT)
            self.assertEqual(primary.process.wait(timeout=60), 0)
            self.assertEqual(replica.client().get("last"), "words")

    def test_a_second_signal_ends_it_at_once(self):
        with Cluster(regions=1) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            replica.process.send_signal(signal.SIGSTOP)
            primary.client().set("key", "value")
            primary.process.send_signal(signal.SIGTERM)
            wait_until(lambda: is_refused(primary.port), "the first signal is obeyed")
            self.assertIsNone(primary.process.poll())
            primary.process.send_signal(signal.SIGINT)
            self.assertEqual(primary.process.wait(timeout=60), 1)
            replica.process.send_signal(signal.SIGCONT)
            self.assertNotIn("stopped\n", primary.log.read_text())
            primary.start().wait_ready()
            self.assertEqual(primary.client().get("key"), "value")


class ShutdownCommand(unittest.TestCase):
    def test_each_way_of_asking_ends_the_process_without_a_reply(self):
        with LoneServer() as server:
            for words in ("SHUTDOWN", "SHUTDOWN NOSAVE", "shutdown save", "SHUTDOWN NOW FORCE",
                          "SHUTDOWN NOSAVE NOW FORCE"):
                with server.connect() as connection:
                    connection.sendall(f"SET key '{words}'\r\n{words}\r\n".encode())
                    self.assertEqual(connection.makefile("rb").read(), b"+OK\r\n")
                self.assertEqual(server.process.wait(timeout=60), 0)
                server.start()
                self.assertEqual(server.client().get("key"), words)

    def test_what_makes_no_sense_is_a_syntax_error(self):
        with LoneServer() as server:
            client = server.client()
            for words in ("SHUTDOWN SAVE NOSAVE", "SHUTDOWN ABORT NOW", "SHUTDOWN ABORT NOSAVE",
                          "SHUTDOWN PLEASE"):
                with self.assertRaisesRegex(redis.exceptions.ResponseError, "syntax error"):
                    client.execute_command(words)
            with self.assertRaisesRegex(redis.exceptions.ResponseError,
                                        r"^No shutdown in progress\.$"):
                client.execute_command("SHUTDOWN ABORT")

    def test_abort_takes_it_back_while_it_waits_for_a_replica_and_now_waits_for_none(self):
        with Cluster(regions=1) as cluster:
            primary, replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            client = primary.client()
            replica.process.send_signal(signal.SIGSTOP)
            client.set("key", 1)
            with socket.create_connection(("127.0.0.1", primary.port), timeout=60) as asking:
                asking.sendall(b"SHUTDOWN\r\n")

                def is_stopping():
                    try:
                        client.set("key", 2)
                    except redis.exceptions.ResponseError:
                        return True
                    return False
                wait_until(is_stopping, "writes are refused")
                self.assertEqual(client.execute_command("SHUTDOWN ABORT"), "OK")
                self.assertEqual(asking.recv(100), b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
                client.set("key", 3)
                asking.sendall(b"SHUTDOWN NOW\r\n")
                self.assertEqual(asking.recv(100), b"")
            self.assertEqual(primary.process.wait(timeout=60), 0)
            replica.process.send_signal(signal.SIGCONT)


class LogFile(unittest.TestCase):
    def test_times_are_utc_with_milliseconds(self):
        with LoneServer() as server:
            lines = server.log_text().splitlines()
            self.assertTrue(lines)
            for line in lines:
                self.assertRegex(line, f"^{LOG_LINE}$")

    def test_sighup_begins_a_new_file_where_the_old_one_was_moved_away(self):
        with LoneServer() as server:
            moved = server.log.with_suffix(".1")
            server.log.rename(moved)
            server.send(signal.SIGHUP)
            wait_until(server.log.exists, "the file is there again")
            self.assertEqual(server.stop(), 0)
            self.assertIn("stopped", server.log_text())
            self.assertIn("serving clients", moved.read_text())
            self.assertNotIn("stopped", moved.read_text())

    def test_a_file_that_cannot_be_opened_any_more_is_no_reason_to_stop(self):
        with LoneServer(logfile="") as server:
            server.stop()
            folder = server.directory / "logs"
            folder.mkdir()
            server.settings["logfile"] = folder / "server.log"
            server.start()
            shutil.move(folder, server.directory / "moved")
            folder.write_text("in the way")
            server.send(signal.SIGHUP)
            kept = server.directory / "moved" / "server.log"
            wait_until(lambda: "cannot open the log file" in kept.read_text(), "it says so")
            self.assertTrue(server.client().ping())

    def test_a_log_file_that_cannot_be_opened_at_the_start_is_told(self):
        server = LoneServer(logfile="/dev/null/file")
        self.addCleanup(server.__exit__)
        code, text = server.refused()
        self.assertEqual(code, 1)
        self.assertIn("cannot open the log file /dev/null/file", text)


class Directory(unittest.TestCase):
    def test_a_second_server_is_told_who_holds_the_directory(self):
        with LoneServer(deployment="shop") as first:
            second = LoneServer(dir=first.data)
            self.addCleanup(second.__exit__)
            code, text = second.refused()
            self.assertEqual(code, 1)
            self.assertRegex(text, rf"LOCK is held by process {first.process.pid} on .*"
                                   rf"\(shop region 1 node 0, port {first.port}\)")
            self.assertTrue(first.client().ping())

    def test_a_lock_of_a_killed_process_is_nobodys(self):
        with LoneServer() as server:
            server.process.kill()
            server.process.wait()
            server.start()
            self.assertTrue(server.client().ping())

    def test_a_directory_of_a_newer_format_is_refused_and_left_untouched(self):
        with LoneServer() as server:
            server.client().set("key", "value")
            server.stop()
            (server.data / "FORMAT").write_text("7\n")
            before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns)
                      for path in server.data.iterdir() if path.is_file()}
            code, text = server.refused()
            self.assertEqual(code, 1)
            self.assertRegex(text, r"has format version 7.*this one knows version 1")
            after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns)
                     for path in server.data.iterdir() if path.is_file()}
            self.assertEqual(before, after)
            (server.data / "FORMAT").write_text("1\n")
            server.start()
            self.assertEqual(server.client().get("key"), "value")

    def test_a_directory_of_another_node_is_refused_with_both_names(self):
        with LoneServer(deployment="shop", region=2) as server:
            server.stop()
            server.settings["deployment"] = "bank"
            code, text = server.refused()
            self.assertEqual(code, 1)
            self.assertRegex(text, "belongs to deployment 'shop' region 2 node 0, this is "
                                   "deployment 'bank' region 2 node 0")

    def test_it_is_for_its_owner_only(self):
        with LoneServer() as server:
            self.assertEqual(server.data.stat().st_mode & 0o777, 0o700)
            for path in server.data.rglob("*"):
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)


class WrongPeers(unittest.TestCase):
    def detail(self, cluster, region=1):
        return " ".join(link["detail"] for link in cluster.links(region))

    def start_two(self, change):
        """Two regions, of which the second one's file is changed before it starts."""
        cluster = Cluster(regions=2, replicas=0)
        self.addCleanup(cluster.__exit__, None, None, None)
        second = cluster.nodes[2, 0]
        text = second.config.read_text()
        changed = change(text)
        self.assertNotEqual(text, changed)
        second.config.write_text(changed)
        for node in cluster.nodes.values():
            node.start().wait_ready()
        return cluster

    def test_a_node_of_another_deployment_is_refused_with_both_names(self):
        cluster = self.start_two(lambda text: text.replace('deployment = "test"',
                                                           'deployment = "other"'))
        wait_until(lambda: re.search(r"deployment 'test' region 1 .*deployment 'other' region 2",
                                     self.detail(cluster)), "the link tells both names")
        self.assertNotEqual(cluster.links(1)[0]["state"], "connected")

    def test_a_node_of_another_region_is_refused_with_both_names(self):
        def change(text):
            return text.replace("region = 2", "region = 3").replace("id = 2", "id = 3").replace(
                'name = "us"', 'name = "ap"')
        cluster = self.start_two(change)
        wait_until(lambda: re.search(r"region 3 \('ap'\) node 0.* region 2 \('us'\) node 0 was "
                                     "expected", self.detail(cluster)), "the link tells both names")

    def test_a_node_without_the_shared_secret_is_refused(self):
        cluster = self.start_two(lambda text: text.replace('secret = "a test"',
                                                           'secret = "a guess"'))
        wait_until(lambda: "shared secret" in self.detail(cluster), "the link says why")
        cluster.nodes[1, 0].client().set("private", "data")
        self.assertIsNone(cluster.nodes[2, 0].client().get("private"))
        for node in cluster.nodes.values():
            self.assertNotIn("a guess", node.log.read_text())
            self.assertNotIn("a test", node.log.read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)

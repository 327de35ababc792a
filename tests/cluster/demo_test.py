#!/usr/bin/python3
"""The demo as a user meets it: ports, kept data, Ctrl-C, and what it says when it cannot start."""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster import server_binary, wait_until  # noqa: E402


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_base():
    """A base port of which no demo's port is taken. Below the ports that the kernel hands out."""
    while True:
        base = random.randrange(10100, 22000, 40)
        if all(is_free(base + port + above) for port in range(1, 30) for above in (0, 10000)):
            return base


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="meridian-demo-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.demo, "--stop")
        self.base = free_base()

    def demo(self, *words):
        """The demo of this test's directory, called as ./dev demo calls it."""
        return subprocess.run(
            [sys.executable, ROOT / "geo-config" / "demo.py", "--dir", "data", "--base-port",
             str(self.base), "--server", server_binary(), *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            timeout=300, check=False, cwd=self.folder)

    def detach(self, *words):
        done = self.demo("--detach", *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def client(self, above):
        return redis.Redis(port=self.base + above, decode_responses=True, socket_timeout=60)

    def test_three_regions_each_with_a_replica_listen_where_the_formula_says(self):
        text = self.detach()
        for region, name in ((1, "eu"), (2, "us"), (3, "ap")):
            primary, replica = self.base + region, self.base + region + 10
            self.assertRegex(text, rf"{region} {name} +127.0.0.1:{primary} +127.0.0.1:{replica}\n")
            self.assertEqual(self.client(region).info("replication")["connected_slaves"], 1)
            self.assertEqual(self.client(region + 10).info("replication")["role"], "slave")
            self.assertFalse(is_free(primary + 10000))
            self.assertFalse(is_free(replica + 10000))
            self.assertEqual(self.client(region).info()["aof_enabled"], 1)
        # Replicas are in sync and links up the moment it returns.
        writer = self.client(1)
        writer.set("greeting", "hello")
        self.assertEqual(writer.wait(1, 60000), 1)
        self.assertEqual(writer.execute_command("REGION WAIT 2 60000"), 2)
        self.assertEqual(self.client(13).get("greeting"), "hello")

    def test_every_line_of_the_printed_session_can_be_typed(self):
        text = self.detach()
        session = re.search(r"\nTry:\n((?:  .*\n)+)", text)[1]
        commands = [line.split("  # ")[0].strip() for line in session.splitlines()]
        self.assertGreaterEqual(len(commands), 10)
        answers = []
        for command in commands:
            # A write needs a moment to arrive elsewhere, as it does for who types.
            self.client(1).execute_command("REGION WAIT 2 60000")
            done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, cwd=self.folder,
                                  stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
            answers.append(done.stdout.strip())
        self.assertEqual(answers[:3], ["OK", "hello", "hello"])
        stop = re.search(r"\nStop it with (.*)\n", text)[1]
        done = subprocess.run(stop, shell=True, stdout=subprocess.PIPE, cwd=self.folder, text=True,
                              timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "Stopped 6 servers.\n"))

    def test_data_is_kept_between_runs_and_fresh_throws_it_away(self):
        self.detach("--regions", "2")
        self.client(1).set("kept", "yes")
        self.assertEqual(self.demo("--stop").stdout, "Stopped 4 servers.\n")
        self.assertTrue(all(is_free(self.base + above) for above in (1, 2, 11, 12)))
        self.detach("--regions", "2")
        self.assertEqual(self.client(1).get("kept"), "yes")
        self.assertEqual(self.client(12).get("kept"), "yes")
        self.demo("--stop")
        self.detach("--regions", "2", "--fresh")
        self.assertIsNone(self.client(1).get("kept"))

    def test_one_region_without_replicas_and_nine_with_two(self):
        text = self.detach("--regions", "1", "--replicas", "0")
        self.assertIn("Starting 1 server …", text)
        self.assertTrue(self.client(1).set("a", 1))
        self.demo("--stop")
        self.detach("--regions", "9", "--replicas", "2")
        self.client(29).ping()
        self.assertEqual(self.client(9).info("replication")["connected_slaves"], 2)
        self.assertEqual(len(self.client(9).execute_command("REGION STATUS")), 8)

    def test_a_taken_port_is_named_and_nothing_is_started(self):
        for above, use in ((2, "us-0, for clients"), (10011, "eu-1, for other nodes")):
            with socket.create_server(("127.0.0.1", self.base + above)):
                done = self.demo("--detach")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"port {self.base + above} ({use}) is taken", done.stdout)
        self.assertEqual(self.demo("--stop").stdout, f"No demo runs in {self.folder}/data.\n")

    def test_one_directory_has_one_demo(self):
        self.detach("--regions", "1")
        done = self.demo("--detach", "--regions", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a demo runs already", done.stdout)
        self.client(1).ping()

    def test_a_server_that_cannot_start_ends_the_demo_with_the_reason(self):
        self.detach("--regions", "2", "--replicas", "0")
        self.demo("--stop")
        (self.folder / "data" / "us-0" / "data" / "FORMAT").write_text("99\n")
        done = self.demo("--detach", "--regions", "2", "--replicas", "0")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("us-0 ended with exit code 1", done.stdout)
        self.assertIn("format version 99", done.stdout)
        self.assertEqual(self.demo("--stop").stdout, f"No demo runs in {self.folder}/data.\n")

    def test_wrong_options_are_explained(self):
        for words, hint in ((["--regions", "10"], "1 to 9"), (["--replicas", "3"], "0, 1 or 2"),
                            (["--base-port", "60000"], "1 to"), (["--fast"], "--fast")):
            done = self.demo(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(hint, done.stdout)

    def test_ctrl_c_stops_everything_also_when_called_from_another_folder(self):
        process = subprocess.Popen(
            [ROOT / "dev", "demo", "--dir", "data", "--base-port", str(self.base)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            cwd=self.folder, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        shown = []
        for line in process.stdout:
            shown.append(line)
            if "Ctrl-C stops all servers." in line:
                break
        else:
            self.fail("".join(shown))
        self.assertIn(f"127.0.0.1:{self.base + 13}", "".join(shown))
        self.client(13).ping()
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(timeout=120), 0)
        self.assertTrue(all(is_free(self.base + above) for above in (1, 2, 3, 11, 12, 13)))
        # Each ended in order, and not by the signal.
        for log in (self.folder / "data").glob("*/server.log"):
            self.assertTrue(log.read_text().endswith("info stopped\n"), log.read_text()[-500:])

    def test_a_server_that_dies_is_reported_with_how_to_start_it_again(self):
        process = subprocess.Popen(
            [sys.executable, "-u", ROOT / "geo-config" / "demo.py", "--dir", "data", "--base-port",
             str(self.base), "--server", server_binary(), "--regions", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            cwd=self.folder, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        lines = iter(process.stdout)
        next(line for line in lines if "Ctrl-C" in line)
        os.kill(self.client(11).info("server")["process_id"], signal.SIGKILL)
        self.assertIn("eu-1 ended with signal SIGKILL", next(lines))
        command = next(lines).strip().removesuffix(" &")
        again = subprocess.Popen(command, shell=True, cwd=self.folder, stdout=subprocess.DEVNULL)
        wait_until(lambda: self.client(1).info("replication")["connected_slaves"] == 1,
                   "the replica is back")
        # Also the one that was started by hand is stopped.
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(timeout=120), 0)
        again.wait(timeout=60)


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/python3
"""The configuration as who writes it meets it: the command line, the file, and what is wrong."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster import server_binary  # noqa: E402
from lone_server import LoneServer  # noqa: E402


class Configuration(unittest.TestCase):
    def run_server(self, *words):
        return subprocess.run([server_binary(), *map(str, words)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    def complaint(self, *words):
        done = self.run_server(*words)
        self.assertEqual(done.returncode, 2, done)
        return done.stderr

    def file(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".toml", prefix="meridian-config-")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def test_version_and_help(self):
        done = self.run_server("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^meridian-server \d+\.\d+\.\d+ \(Redis 7\.2\.4\)\n$")
        done = self.run_server("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--config", "--check-config", "--version", "docs/configuration.md"):
            self.assertIn(word, done.stdout)

    def test_the_examples_are_right(self):
        examples = sorted((ROOT / "geo-config" / "examples").rglob("*.toml"))
        self.assertGreaterEqual(len(examples), 10)
        for example in examples:
            done = self.run_server("--config", example, "--check-config")
            self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "OK"), done)

    def test_a_setting_on_the_command_line_wins_over_the_file(self):
        config = self.file("port = 1\nmaxclients = 5\ntimeout = 7\n")
        with LoneServer(config=config, maxclients=9) as server:
            client = server.client()
            self.assertEqual(client.config_get("maxclients"), {"maxclients": "9"})
            self.assertEqual(client.config_get("timeout"), {"timeout": "7"})

    def test_both_ways_of_writing_a_setting_on_the_command_line(self):
        self.assertEqual(self.run_server("--check-config", "--port=7001").stdout, "OK\n")
        self.assertEqual(self.run_server("--check-config", "--port", "7001").stdout, "OK\n")

    def test_only_the_first_syntax_error_is_told_with_its_line(self):
        complaint = self.complaint("--config", self.file("port = 7001\nbind = [\nrequirepass = 3 4\n"
                                                         "also wrong\n"))
        self.assertIn("line 3: ", complaint)
        self.assertEqual(len(complaint.splitlines()), 2, complaint)

    def test_all_mistakes_of_meaning_come_at_once_with_lines_and_what_would_be_right(self):
        name = self.file("port = 70000\nregoin = 2\nbind = [\"localhost\"]\n"
                         "appendfsync = \"sometimes\"\nmax-clock-skew = 5\n"
                         "[[regions]]\nid = 40\nname = \"eu\"\nnodes = [{host = \"10.0.0.1\"}]\n")
        complaint = self.complaint("--config", name, "--check-config")
        self.assertEqual(complaint.splitlines(), [
            f"meridian-server: {name} is not right:",
            "line 1: 'port': expected a number from 1 to 65535",
            "line 2: unknown setting 'regoin'; did you mean 'region'?",
            "line 3: 'bind': expected IPv4 and IPv6 addresses, such as [\"127.0.0.1\", \"::1\"]; "
            "0.0.0.0 and :: are all of a kind",
            "line 4: 'appendfsync': expected always, everysec or no",
            "line 5: 'max-clock-skew': expected a duration with its unit, such as 500ms, 5s or 5m",
            "line 6: 'secret' or 'secret-file' is needed, since node 10.0.0.1 is beyond loopback",
            "line 7: 'id' has to be a number from 1 to 31",
            "line 9: 'port' has to be a number from 1 to 65535"])

    def test_mistakes_on_the_command_line_are_told_like_those_of_the_file(self):
        complaint = self.complaint("--port", "abc", "--regoin", "3")
        self.assertIn("--port: expected a number from 1 to 65535", complaint)
        self.assertIn("unknown option '--regoin'; did you mean '--region'?", complaint)
        self.assertIn("--port needs a value", self.complaint("--port"))
        self.assertIn("is given with --config", self.complaint("node.toml"))

    def test_a_file_that_cannot_be_read_is_told(self):
        self.assertIn("cannot read /no/such/file", self.complaint("--config", "/no/such/file"))
        self.assertIn("cannot read /tmp", self.complaint("--config", "/tmp"))

    def test_a_secret_is_needed_where_other_machines_reach_the_node(self):
        tables = '[[regions]]\nid = 1\nname = "eu"\nnodes = [{host = "127.0.0.1", port = 7001}]\n'
        self.assertIn("'secret' or 'secret-file' is needed", self.complaint(
            "--config", self.file('bind = ["0.0.0.0"]\n' + tables), "--check-config"))
        empty = self.file("\n")
        self.assertIn(f"'secret-file': {empty} has an empty first line", self.complaint(
            "--config", self.file(f'secret-file = "{empty}"\n' + tables)))

    def test_what_is_allowed_but_unwise_is_warned_of(self):
        done = self.run_server("--check-config", "--bind", "0.0.0.0", "--appendfsync", "no")
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning: appendfsync is no", done.stdout)
        self.assertIn("warning: no requirepass is set", done.stdout)

    def test_the_documents_are_what_the_program_prints(self):
        settings = self.run_server("--document-settings").stdout
        self.assertEqual(settings, (ROOT / "docs" / "configuration.md").read_text())
        # What Redis' suite has shown stands behind it.
        commands = self.run_server("--document-commands").stdout
        self.assertTrue((ROOT / "docs" / "commands.md").read_text().startswith(commands))


if __name__ == "__main__":
    unittest.main(verbosity=2)

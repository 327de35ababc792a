"""redis-cli and redis-benchmark, as Debian gives them, work with the server."""

import csv
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster  # noqa: E402  (found by the line above)


class RedisTools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=1, replicas=0)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.port = str(cls.cluster.primary(1).port)

    def setUp(self):
        self.cli("FLUSHALL")

    def run_tool(self, *words, stdin=b"", code=0):
        done = subprocess.run(words, input=stdin, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode()

    def cli(self, *words, **options):
        return self.run_tool("redis-cli", "-p", self.port, *words, **options)

    def fill(self):
        self.cli("MSET", "a", "1", "big", "x" * 1000)
        self.cli("SADD", "set", *map(str, range(100)))
        self.cli("HSET", "hash", "f", "v", "g", "w")

    # ---- redis-cli ------------------------------------------------------------------------------

    def test_commands_and_their_replies(self):
        self.assertEqual(self.cli("SET", "k", "v"), "OK\n")
        self.assertEqual(self.cli("GET", "k"), "v\n")
        self.assertEqual(self.cli("GET", "nothing"), "\n")
        self.assertEqual(self.cli("--no-raw", "GET", "nothing"), "(nil)\n")
        self.assertEqual(self.cli("INCR", "n"), "1\n")
        self.assertEqual(self.cli("-x", "SET", "read", stdin=b"from a file"), "OK\n")
        self.assertEqual(self.cli("GET", "read"), "from a file\n")
        self.assertIn("WRONGTYPE", self.cli("SADD", "k", "m"))
        self.cli("-e", "SADD", "k", "m", code=1)
        self.assertEqual(self.cli("-r", "3", "INCR", "n"), "2\n3\n4\n")

    def test_commands_of_a_file(self):
        script = b"MULTI\nSET a 1\nINCR a\nEXEC\nGET a\n"
        self.assertEqual(self.cli(stdin=script), "OK\nQUEUED\nQUEUED\nOK\n2\n2\n")

    def test_resp3(self):
        self.fill()
        shown = self.cli("-3", "--no-raw", "HGETALL", "hash")
        self.assertEqual(sorted(line.partition("# ")[2] for line in shown.splitlines()),
                         ['"f" => "v"', '"g" => "w"'])
        self.assertTrue(self.cli("-3", "--no-raw", "SMEMBERS", "set").startswith("  1~ "))
        self.assertEqual(self.cli("-3", "--no-raw", "GET", "nothing"), "(nil)\n")
        self.assertEqual(json.loads(self.cli("-3", "--json", "HGETALL", "hash")),
                         {"f": "v", "g": "w"})
        self.assertEqual(self.cli("--json", "MGET", "a", "nothing"), '["1",null]\n')

    def test_going_through_the_keys(self):
        self.cli("MSET", *(word for i in range(500) for word in (f"key:{i}", "v")))
        found = self.cli("--scan", "--pattern", "key:*").split()
        self.assertEqual(sorted(found), sorted(f"key:{i}" for i in range(500)))

    def test_big_keys(self):
        self.fill()
        shown = self.cli("--bigkeys")
        self.assertRegex(shown, "Biggest string found .*big.* has 1000 bytes")
        self.assertRegex(shown, "Biggest    set found .*set.* has 100 members")
        self.assertRegex(shown, "Biggest   hash found .*hash.* has 2 fields")
        self.assertIn("Biggest string found", self.cli("--memkeys"))

    def test_figures_over_time(self):
        stat = subprocess.Popen(["redis-cli", "-p", self.port, "--stat", "-i", "0.01"],
                                stdout=subprocess.PIPE, text=True)
        try:
            title, head, first, second = (stat.stdout.readline() for _ in range(4))
        finally:
            stat.kill()
            stat.communicate()
        self.assertIn("data", title)
        self.assertIn("clients", head)
        self.assertGreater(len(first.split()), 4)
        self.assertGreater(len(second.split()), 4)

    def test_mass_insertion(self):
        request = b"".join(b"*3\r\n$3\r\nSET\r\n$6\r\nk%05d\r\n$1\r\nv\r\n" % i
                           for i in range(50000))
        shown = self.cli("--pipe", stdin=request)
        self.assertIn("errors: 0, replies: 50000", shown)
        self.assertEqual(self.cli("DBSIZE"), "50000\n")
        self.assertIn("errors: 1, replies: 1", self.cli("--pipe", stdin=b"INCR\r\n", code=1))

    def test_help_and_what_the_server_is(self):
        self.assertIn("redis_version:7.2.4", self.cli("INFO", "server"))
        self.assertIn("CLIENT", self.cli("CLIENT", "HELP"))
        self.assertIn("maxmemory", self.cli("CONFIG", "GET", "maxmemory*"))

    # ---- redis-benchmark ------------------------------------------------------------------------

    def benchmark(self, *words):
        """The tests that it ran, with their requests per second."""
        shown = self.run_tool("redis-benchmark", "-p", self.port, "--csv", *words)
        rows = list(csv.DictReader(shown.splitlines()))
        return {row["test"]: float(row["rps"]) for row in rows}

    def test_benchmark_of_every_command_that_is_here(self):
        figures = self.benchmark("-n", "2000", "-t", "ping,set,get,incr,sadd,hset,spop,mset")
        self.assertEqual(set(figures), {
            "PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "SADD", "HSET", "SPOP",
            "MSET (10 keys)"})
        self.assertTrue(all(figures.values()))

    def test_benchmark_with_pipelines_and_many_clients(self):
        figures = self.benchmark("-n", "100000", "-P", "50", "-c", "200", "-r", "1000", "-t",
                                 "set,incr")
        self.assertEqual(set(figures), {"SET", "INCR"})
        counters = [key for key in self.cli("--scan").split() if key.startswith("counter")]
        total = sum(int(value) for value in self.cli("MGET", *counters).split())
        self.assertEqual(total, 100000)

    def test_benchmark_with_resp3_and_threads(self):
        figures = self.benchmark("-3", "-n", "20000", "--threads", "2", "-P", "16", "HSET", "h",
                                 "field:__rand_int__", "value")
        self.assertEqual(len(figures), 1)
        self.assertEqual(self.cli("HLEN", "h"), "1\n")


if __name__ == "__main__":
    unittest.main()

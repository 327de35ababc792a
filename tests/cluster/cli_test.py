#!/usr/bin/python3
"""`meridian`, the tool for people, against running servers: what it shows and how it ends."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, free_ports, server_binary, wait_until  # noqa: E402
from lone_server import LoneServer  # noqa: E402

TOOL = os.environ.get("MERIDIAN_TOOL",
                      str(pathlib.Path(server_binary()).resolve().parent / "meridian"))
AT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC"
WRITER = rf"{AT} +\d+ +\d+"


def run_tool(*words, **environment):
    return subprocess.run([TOOL, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=120, check=False, env={**os.environ, **environment})


class Conflicts(unittest.TestCase):
    """Three regions that wrote the same keys without having seen each other."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=3, replicas=0)
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.__enter__()
        eu, us, ap = (cls.cluster.nodes[region, 0].client() for region in (1, 2, 3))
        eu.incrby("likes", 5)
        eu.hset("user", mapping={"name": "Ann", "city": "Rome"})
        cls.cluster.wait_equal()
        cls.cluster.pause()
        for client, word in ((eu, "good morning"), (us, "guten Tag, schöne Grüße"),
                             (ap, "bonjour")):
            client.set("greeting", word)
        eu.incr("likes")
        us.incrby("likes", 10)
        ap.delete("likes")
        ap.incrby("likes", 2)
        eu.sadd("cart", "milk")
        us.sadd("cart", "milk", "tea")
        eu.hset("user", "city", "Paris")
        us.hset("user", "city", "Berlin")
        ap.hdel("user", "city", "name")
        eu.expire("user", 5000)
        us.expire("user", 9000)
        eu.set("clash", "text")
        us.sadd("clash", "a")
        eu.incrby("stock", 3)
        us.set("stock", 100)
        cls.cluster.resume()
        cls.cluster.wait_equal()

    def tool(self, *words, code=0, region=1, **environment):
        port = self.cluster.nodes[region, 0].port
        done = run_tool("-p", port, *words, **environment)
        self.assertEqual(done.returncode, code, done)
        return done.stdout

    def tell_rows(self, text, *rows):
        for row in rows:
            self.assertRegex(text, rf"(?m)^ *{row}$")

    def test_explain_shows_the_winner_and_every_hidden_value_with_its_writer_by_name(self):
        text = self.tool("explain", "greeting")
        self.assertTrue(text.startswith('The string "greeting" shows "bonjour"\n'), text)
        self.tell_rows(text, rf'shown +"bonjour" +ap +{WRITER}',
                       rf'hidden +"guten Tag, schöne Grüße" +us +{WRITER}',
                       rf'hidden +"good morning" +eu +{WRITER}')
        self.assertIn("the greatest stamp is shown", text)
        # Columns stand under each other although some letters take two bytes.
        lines = [line for line in text.splitlines() if re.search(WRITER, line)]
        self.assertEqual(len({re.search(AT, line).start() for line in lines}), 1)
        # Nobody has set how long it lives, and there is one type.
        self.assertNotIn("live", text)
        self.assertNotIn("Types", text)

    def test_explain_is_the_same_in_every_region(self):
        for key in ("greeting", "likes", "user", "clash", "cart"):
            self.assertEqual(len({self.tool("explain", key, region=region)
                                  for region in (1, 2, 3)}), 1)

    def test_explain_shows_what_each_region_has_added(self):
        text = self.tool("explain", "likes")
        self.assertIn('"likes" shows "13"', text)
        self.tell_rows(text, rf"\+1 +6 +5 +eu +{WRITER}", rf"\+10 +10 +0 +us +{WRITER}",
                       rf"\+2 +2 +0 +ap +{WRITER}")
        self.assertIn("Increments of all writers add up", text)

    def test_explain_of_a_collection_tells_who_wrote_which_element(self):
        text = self.tool("explain", "user")
        self.assertIn('The hash "user" has 1 element\n', text)
        self.tell_rows(text, rf'"city" +"Berlin" +us +{WRITER} +2 writers, 1 hidden',
                       rf"wins +{AT} +us +{WRITER}", rf"hidden +{AT} +eu +{WRITER}")
        text = self.tool("explain", "cart")
        self.tell_rows(text, rf'"milk" +us +{WRITER} +2 writers', rf'"tea" +us +{WRITER}')
        self.assertIn("Adds win over removes", text)

    def test_explain_of_one_element(self):
        text = self.tool("explain", "user", "city")
        self.assertTrue(text.startswith('"city" of the hash "user" shows "Berlin"\n'), text)
        self.tell_rows(text, rf'shown +"Berlin" +us +{WRITER}', rf'hidden +"Paris" +eu +{WRITER}')
        text = self.tool("explain", "cart", "milk")
        self.assertTrue(text.startswith('"milk" of the set "cart" is a member\n'), text)
        self.assertNotIn("hidden", text)

    def test_explain_of_a_type_clash_shows_both_types(self):
        text = self.tool("explain", "clash")
        self.assertIn('The set "clash" has 1 element\n', text)
        self.tell_rows(text, rf"shown +set +us +{WRITER}", rf"hidden +string +eu +{WRITER}",
                       rf'hidden +"text" +eu +{WRITER}')
        self.assertIn("Regions wrote different types", text)
        self.assertNotIn("One assignment", text)

    def test_what_is_not_there_is_a_bad_answer(self):
        for words in (["explain", "nothing"], ["explain", "user", "name"], ["conflicts", "99999"]):
            done = run_tool("-p", self.cluster.nodes[1, 0].port, *words)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, "^meridian: .*(nothing is stored under|is not kept)")

    def test_conflicts_are_told_with_both_sides_and_why(self):
        text = self.tool("conflicts", "--key", "greeting", "--count", "1")
        self.assertRegex(text, rf'^#\d+  {AT}  string "greeting"  last-writer-wins\n'
                         rf'    shown +"[^"]+" +by \w\w +{AT} +epoch slot \d+ +stamp \d+\n'
                         rf'    hidden +"[^"]+" +by \w\w +{AT} +epoch slot \d+ +stamp \d+\n'
                         rf"    Both assigned a value .*\n$")
        self.tell_rows(self.tool("conflicts", "--rule", "increments-add-to-write"),
                       r'newer +"100" +by us .*', r'older +"\+3" +by eu .*')
        self.tell_rows(self.tool("conflicts", "--rule", "type-clash"), "shown +set +by us .*",
                       "hidden +string +by eu .*")
        self.tell_rows(self.tool("conflicts", "--rule", "longest-expiry"),
                       rf"wins +{AT} +by us .*", rf"loses +{AT} +by eu .*")
        self.tell_rows(self.tool("conflicts", "--rule", "write-survives-delete", "--type", "hash"),
                       r'kept +"(Paris|Berlin)" +by \w\w .*', "delete +by ap .*")

    def test_conflicts_can_be_chosen_and_counted(self):
        every = json.loads(self.tool("conflicts", "--json"))
        self.assertGreaterEqual(len(every), 6)
        self.assertEqual([entry["id"] for entry in every],
                         sorted((entry["id"] for entry in every), reverse=True))
        self.assertEqual(json.loads(self.tool("conflicts", every[0]["id"], "--json")), every[0])
        self.assertEqual(json.loads(self.tool("conflicts", "--json", "--since", "1h")), every)
        of_ap = json.loads(self.tool("conflicts", "--json", "--region", "3"))
        self.assertTrue(of_ap and len(of_ap) < len(every))
        totals = json.loads(self.tool("conflicts", "--totals", "--json"))
        self.assertEqual(totals["recorded"], len(every))
        self.assertEqual(sum(totals["by_rule"].values()), len(every))
        self.assertRegex(self.tool("conflicts", "--totals"), r"recorded +\d+\n(.*\n)*  type-clash +1")
        self.assertEqual(self.tool("conflicts", "--key", "no such"), "no conflicts\n")

    def test_regions_is_shown_again_while_it_is_watched(self):
        for words in (["--watch", "0.1"], ["2", "--watch", "0.1"]):
            port = str(self.cluster.nodes[1, 0].port)
            watching = subprocess.Popen([TOOL, "-p", port, "regions", *words],
                                        stdout=subprocess.PIPE, text=True)
            try:
                shown = [watching.stdout.readline() for _ in range(60)]
            finally:
                watching.kill()
                watching.communicate()
            self.assertGreater(sum("us" in line for line in shown), 2, shown)
        self.tool("regions", "--watch", "0", code=2)

    def test_regions_shows_every_link(self):
        text = self.tool("regions")
        ports = {region: self.cluster.nodes[region, 0].port for region in (2, 3)}
        self.tell_rows(text, "1 +eu +this region",
                       rf"2 +us +connected +127.0.0.1:{ports[2]} +\d+ ms +0 +0 B +\d.*",
                       rf"3 +ap +connected +127.0.0.1:{ports[3]} +\d+ ms +0 +0 B +\d.*")
        one = self.tool("regions", 2)
        self.tell_rows(one, "name +us", "paused_here +no",
                       rf"applied +.*eu \(epoch slot \d+\) up to {AT}.*")
        self.assertEqual([link["name"] for link in json.loads(self.tool("regions", "--json"))],
                         ["us", "ap"])

    def test_json_is_what_the_server_answered(self):
        explanation = json.loads(self.tool("explain", "likes", "--json"))
        self.assertEqual(explanation["shown"], "13")
        self.assertEqual([part["region"] for part in explanation["contributions"]], [1, 2, 3])

    def test_status_sums_the_node_up(self):
        text = self.tool("status")
        self.tell_rows(text, "region +eu", "role +master",
                       r"0 +127.0.0.1:\d+ +primary +\d+ +\d+ +yes")


class Calling(unittest.TestCase):
    def test_help_explains_the_verbs_and_a_wrong_call_says_so(self):
        done = run_tool("--help")
        self.assertEqual(done.returncode, 0)
        for verb in ("regions", "explain", "conflicts", "failover", "check-aof"):
            self.assertIn(verb, done.stdout)
        for words in ([], ["dance"], ["explain"], ["-p", "0", "regions"], ["--port"],
                      ["--url", "http://localhost", "regions"],
                      ["conflicts", "--since", "yesterday"]):
            done = run_tool(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stdout + done.stderr, words)

    def test_a_server_that_is_down_is_told_with_its_address(self):
        port = free_ports(1)[0]
        for verb in (["regions"], ["explain", "key"], ["conflicts"], ["failover"]):
            done = run_tool("-h", "127.0.0.1", "-p", port, *verb)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, rf"^meridian: no server answers at 127.0.0.1:{port}: "
                                          "Connection refused")

    def test_a_password_comes_from_an_option_the_variable_or_the_url(self):
        with LoneServer(requirepass="open sesame") as server:
            server.client(password="open sesame").set("key", "value")
            here = ["-p", server.port, "explain", "key"]
            url = f"redis://:open%20sesame@127.0.0.1:{server.port}/0"
            for done in (run_tool("--pass", "open sesame", *here),
                         run_tool("--user", "default", "--pass", "open sesame", *here),
                         run_tool(*here, REDISCLI_AUTH="open sesame"),
                         run_tool("--url", url, "explain", "key")):
                self.assertEqual(done.returncode, 0, done)
                self.assertIn('shows "value"', done.stdout)
            done = run_tool(*here)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, "asks for a password: give it with --pass or in "
                                          "REDISCLI_AUTH")
            done = run_tool("--pass", "wrong", *here)
            self.assertEqual(done.returncode, 1)
            self.assertIn("WRONGPASS", done.stderr)

    def test_what_a_terminal_would_obey_is_shown_harmless_and_long_values_are_cut(self):
        with LoneServer() as server:
            server.client().set("evil\n", "\x1b[2J" + "x" * 5000)
            text = run_tool("-p", server.port, "explain", "evil\n").stdout
            self.assertTrue(text.startswith(
                r'The string "evil\n" shows "\x1b[2J' + "x" * 56 + '"… (4.9 KB)\n'), text)
            self.assertNotIn("\x1b", text)


class Logs(unittest.TestCase):
    def test_check_aof_tells_a_whole_log_a_torn_tail_and_damage_and_repairs_the_tail(self):
        with LoneServer() as server:
            for i in range(1000):
                server.client().set(f"key:{i}", "v" * 100)
            server.process.kill()
            server.process.wait()
            done = run_tool("check-aof", server.data)
            self.assertEqual(done.returncode, 0, done)
            segment = max(server.data.iterdir(), key=lambda path: path.stat().st_size)
            # The last bytes that hold something.
            content = segment.read_bytes()
            end = len(content.rstrip(b"\0"))
            with open(segment, "r+b") as file:
                file.seek(end - 5)
                file.write(b"\xff" * 5)
            done = run_tool("check-aof", server.data)
            self.assertEqual(done.returncode, 1, done)
            done = run_tool("check-aof", "--repair", server.data)
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(run_tool("check-aof", server.data).returncode, 0)
            server.start()
            self.assertGreaterEqual(server.client().dbsize(), 998)

    def test_check_aof_of_no_directory_is_a_wrong_call(self):
        done = run_tool("check-aof", "/no/such/directory")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("/no/such/directory", done.stderr)


class Failover(unittest.TestCase):
    def test_the_most_advanced_replica_is_promoted_and_the_others_are_told_about(self):
        with Cluster(regions=1, replicas=2) as cluster:
            nodes = [cluster.nodes[1, ordinal] for ordinal in range(3)]
            client = nodes[0].client()
            client.set("key", "value")
            self.assertEqual(client.wait(2, 60000), 2)
            nodes[0].kill()
            done = run_tool("-p", nodes[2].port, "failover")
            self.assertEqual(done.returncode, 0, done)
            promoted = re.match(r"node (\d) \(127.0.0.1:(\d+)\) is the primary now, in epoch \d+\n",
                                done.stdout)
            self.assertTrue(promoted, done.stdout)
            node = cluster.nodes[1, int(promoted[1])]
            self.assertEqual(int(promoted[2]), node.port)
            self.assertIn("node 0: no server answers", done.stdout)
            wait_until(node.is_primary, "it leads")
            self.assertTrue(node.client().set("key", "new"))
            done = run_tool("-p", node.port, "--json", "status")
            self.assertEqual(json.loads(done.stdout)["role"], "master")

    def test_where_no_replica_answers_it_says_so(self):
        with LoneServer() as server:
            done = run_tool("-p", server.port, "failover")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn("no replica of this region answers", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""COMMAND tells of each command what Redis 7.2 tells of it, and no command of a family is missing."""

import pathlib
import sys
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, as_map  # noqa: E402  (found by the line above)

FACTS = pathlib.Path(__file__).resolve().parent / "redis_7_2_families.tsv"

# Commands of these families that are not here, and why.
ABSENT = {
    "access control lists, beyond requirepass": """
        acl, acl cat, acl deluser, acl dryrun, acl genpass, acl getuser, acl help, acl list,
        acl load, acl log, acl save, acl setuser, acl users, acl whoami""",
    "moving keys from server to server by itself": "migrate",
    "parts of clusters": "restore-asking",
    "modules": "module, module help, module list, module load, module loadex, module unload",
    "replication by Redis' own protocol": "psync, sync, replconf, replicaof, slaveof",
    "looking inside": """
        debug, monitor, lolwut, pfdebug, pfselftest""",
    "several databases": "swapdb",
}

# Flags that a command of ours has beside those of Redis, and why.
MORE_FLAGS = {
    "failover": {"no_multi"},  # What was queued before it would not know whose epoch it is in.
}

# A flag that no command of ours has: nothing is served from old data while new data is loaded.
NEVER = {"no_async_loading"}


class Facts:
    def __init__(self, line):
        self.name, arity, flags, categories, keys = line.split("\t")
        self.arity = int(arity)
        self.flags = set(flags.split(",")) - {"-"}
        self.categories = set(categories.split(","))
        self.keys = set(keys.split()) - {"-"}


def facts():
    rows = (Facts(line) for line in FACTS.read_text().splitlines() if not line.startswith("#"))
    return {row.name: row for row in rows}


def key_specification(spec):
    spec = as_map(spec)
    begin, find = as_map(spec["begin_search"]), as_map(spec["find_keys"])
    if begin["type"] == "unknown":
        return "?=" + "+".join(use.lower() for use in spec["flags"])
    place, found = as_map(begin["spec"]), as_map(find["spec"])
    numbers = (("lastkey", "keystep", "limit") if find["type"] == "range"
               else ("keynumidx", "firstkey", "keystep"))
    uses = "+".join(use.lower() for use in spec["flags"])
    where = (f"index:{place['index']}" if begin["type"] == "index"
             else f"keyword:{place['keyword']}:{place['startfrom']}")
    return (f"{where}/{find['type']}:"
            + ":".join(str(found[number]) for number in numbers) + f"={uses}")


class CommandInformation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(regions=1, replicas=0)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.client = redis.Redis(port=cls.cluster.primary(1).port, decode_responses=True)
        # Replies as they are: the client would make maps of its own of them.
        cls.client.response_callbacks.clear()
        cls.told = {}
        for command in cls.client.execute_command("COMMAND"):
            cls.told[command[0]] = command
            for subcommand in command[9]:
                cls.told[subcommand[0].replace("|", " ")] = subcommand

    def test_every_command_of_a_family_is_here_or_known_to_be_absent(self):
        absent = {name.strip() for names in ABSENT.values() for name in names.split(",")}
        self.assertEqual(absent, set(facts()) - set(self.told))

    def test_arity_flags_and_categories_are_those_of_redis(self):
        for name, expected in facts().items():
            if name not in self.told:
                continue
            _, arity, flags, _, _, _, categories = self.told[name][:7]
            with self.subTest(name):
                self.assertEqual(arity, expected.arity)
                self.assertEqual(set(flags), (expected.flags - NEVER) | MORE_FLAGS.get(name, set()))
                self.assertEqual({category[1:] for category in categories}, expected.categories)

    def test_keys_are_found_as_redis_finds_them(self):
        for name, expected in facts().items():
            if name not in self.told:
                continue
            with self.subTest(name):
                specifications = {key_specification(spec) for spec in self.told[name][8]}
                self.assertEqual(specifications, expected.keys)

    def test_the_same_is_told_when_asked_for_one_command(self):
        for name, told in self.told.items():
            with self.subTest(name):
                asked = self.client.execute_command("COMMAND", "INFO", name.replace(" ", "|"))
                self.assertEqual(asked, [told])
        self.assertEqual(self.client.execute_command("COMMAND", "COUNT"),
                         len([name for name in self.told if " " not in name]))
        self.assertEqual(sorted(self.client.execute_command("COMMAND", "LIST")),
                         sorted(name.replace(" ", "|") for name in self.told))

    def test_documentation_is_there_for_each(self):
        documents = as_map(self.client.execute_command("COMMAND", "DOCS"))
        for name in self.told:
            if " " not in name:
                self.assertIn("summary", as_map(documents[name]))


if __name__ == "__main__":
    unittest.main()

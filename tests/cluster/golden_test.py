#!/usr/bin/python3
"""Data directories of earlier versions, and of this one, are opened and show what they held."""

import json
import pathlib
import sys
import tarfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "golden"))

from cluster import Cluster, run_tool, wait_until  # noqa: E402
from make import plain  # noqa: E402

# Whose directory it is: how many regions the deployment has, and which one's node wrote it.
OWNERS = {"checkpoint-and-log": (1, 1), "log-of-three-regions": (3, 2)}


class Golden(unittest.TestCase):
    def check(self, archive):
        regions, region = OWNERS[archive.name.removesuffix(".tar.xz")]
        cluster = Cluster(regions=regions, replicas=0, segment_bytes="64kb")
        try:
            node = cluster.nodes[region, 0]
            with tarfile.open(archive) as files:
                files.extractall(node.directory)
            code, said = run_tool("check-aof", node.directory)
            self.assertEqual(code, 0, said)
            node.start().wait_ready()
            wait_until(lambda: node.client().info("persistence")["async_loading"] == 0,
                       "all is loaded")
            questions = json.loads((archive.parent / archive.name.replace(".tar.xz", ".json"))
                                   .read_text())
            self.assertGreater(len(questions), 30)
            for words, answer in questions:
                with self.subTest(words):
                    got = plain(node.client().execute_command(*words.split()))
                    self.assertEqual(json.loads(json.dumps(got)), answer)
        finally:
            cluster.__exit__(None, None, None)

    def test_every_directory_shows_what_it_held(self):
        archives = sorted((ROOT / "tests" / "golden").glob("*/*.tar.xz"))
        self.assertGreaterEqual(len(archives), len(OWNERS))
        for archive in archives:
            with self.subTest(str(archive.relative_to(ROOT))):
                self.check(archive)


if __name__ == "__main__":
    unittest.main()

"""ioredis and node-redis, as npm gives them, use the server unchanged."""

import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from cluster import Cluster  # noqa: E402  (found by the line above)


class JavascriptClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (HERE / "node_modules").is_dir():
            raise AssertionError(f"the clients are not installed: run npm install in {HERE}")
        cls.cluster = Cluster(regions=1, replicas=0)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)

    def run_stories(self, library):
        port = self.cluster.primary(1).port
        done = subprocess.run(["node", str(HERE / "javascript_clients.js"), str(port), library],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.endswith("done\n"), done.stdout + done.stderr)

    def test_ioredis(self):
        self.run_stories("ioredis")

    def test_node_redis_with_resp2(self):
        self.run_stories("node-redis-2")

    def test_node_redis_with_resp3(self):
        self.run_stories("node-redis-3")


if __name__ == "__main__":
    unittest.main()

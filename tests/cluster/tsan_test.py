#!/usr/bin/python3
"""A server under the thread sanitizer: a primary with its replica and another region, under load.

./dev test builds the preset tsan and runs this with MERIDIAN_SERVER. With another build there is
nothing to find, and the load is a test all the same.
"""

import pathlib
import random
import sys
import threading
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, wait_until  # noqa: E402

CLIENTS = 4
ROUNDS = 60


class UnderLoad(unittest.TestCase):
    def setUp(self):
        self.failures = []

    def write(self, node, seed):
        """One client's load: what it does differs from seed to seed."""
        try:
            dice = random.Random(seed)
            client = node.client()
            for _ in range(ROUNDS):
                key = f"{dice.randrange(50)}"
                pipeline = client.pipeline(transaction=dice.random() < 0.5)
                pipeline.incr(f"count:{key}")
                pipeline.set(f"text:{key}", "v" * dice.randrange(3000), px=dice.choice([None, 40]))
                pipeline.hset(f"hash:{key}", f"field:{dice.randrange(9)}", seed)
                pipeline.sadd(f"set:{key}", *range(dice.randrange(1, 9)))
                pipeline.get(f"text:{dice.randrange(50)}")
                pipeline.delete(f"set:{dice.randrange(50)}")
                pipeline.execute()
                client.wait(1, 20)
                client.execute_command("WAITAOF 1 0 20")
                client.info("everything")
            client.execute_command("REGION WAIT 1 60000")
        except Exception as error:  # Told by the test, which is not in this thread.
            self.failures.append(error)

    def under_load(self, nodes, meanwhile):
        threads = [threading.Thread(target=self.write, args=(node, 100 * i + j))
                   for i, node in enumerate(nodes) for j in range(CLIENTS)]
        for thread in threads:
            thread.start()
        meanwhile()
        for thread in threads:
            thread.join()
        self.assertEqual(self.failures, [])

    def check_reports(self, cluster):
        for node in cluster.nodes.values():
            text = node.log.read_text(errors="replace")
            self.assertNotIn("ThreadSanitizer", text, text[-20000:])

    def test_load_restarts_and_cut_links_race_nowhere(self):
        with Cluster(regions=2, settings='appendfsync = "always"') as cluster:
            eu, eu_replica = cluster.nodes[1, 0], cluster.nodes[1, 1]
            us = cluster.nodes[2, 0]

            def restart_the_replica():
                self.assertEqual(eu_replica.stop(), 0)
                eu_replica.start().wait_ready()
                us.client().execute_command("REGION PAUSE *")
                us.client().config_set("appendfsync", "everysec")
                us.client().execute_command("REGION RESUME *")

            def kill_the_replica():
                eu_replica.kill()
                eu_replica.start().wait_ready()
                eu.client().config_set("appendfsync", "everysec")

            self.under_load([eu, us], restart_the_replica)
            self.under_load([eu, us], kill_the_replica)
            # The log thread's last job, and the end of the process.
            self.assertEqual(us.stop(), 0)
            us.start().wait_ready()
            cluster.wait_linked()
            cluster.wait_equal()
            for node in cluster.nodes.values():
                self.assertEqual(node.stop(), 0, node.log.read_text(errors="replace")[-5000:])
            self.check_reports(cluster)

    def test_a_primary_that_is_replaced_and_returns_races_nowhere(self):
        with Cluster(regions=1) as cluster:
            first, second = cluster.nodes[1, 0], cluster.nodes[1, 1]
            first.client().set("key", "value")
            first.kill()
            second.client().execute_command("FAILOVER TAKEOVER")
            wait_until(second.is_primary, "the replica leads")
            first.start().wait_ready()
            wait_until(lambda: not first.is_primary(), "the old primary follows")
            with redis.Redis(port=second.port, socket_timeout=120) as client:
                client.set("key", "new")
                self.assertEqual(client.wait(1, 60000), 1)
            self.assertEqual([node.stop() for node in (first, second)], [0, 0])
            self.check_reports(cluster)


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/python3
"""Nodes that lost their directories take no used epoch, and get their data back from the others."""

import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, wait_until  # noqa: E402


def epoch(client):
    return int(client.info("meridian")["epoch"])


class LostDirectories(unittest.TestCase):
    def test_a_region_that_lost_all_of_them_gets_everything_back(self):
        with Cluster(regions=2, replicas=1) as cluster:
            nodes = [cluster.nodes[2, 0], cluster.nodes[2, 1]]
            before = epoch(nodes[0].client())
            nodes[0].client().set("key", "value")
            nodes[0].client().incrby("sum", 5)
            cluster.wait_equal()
            for node in nodes:
                node.kill()
                shutil.rmtree(node.directory)
            # Also a restart in between must not let it lead before it has heard from all others.
            for _ in range(2):
                for node in nodes:
                    if node.process.poll() is None:
                        node.kill()
                    node.start("--bootstrap", "no")
                cluster.nodes[2, 0].wait_ready()
            client = cluster.nodes[2, 0].client()
            wait_until(lambda: client.incrby("sum", 1), "writes are taken again")
            self.assertGreater(epoch(client), before)
            cluster.wait_equal()
            self.assertEqual(client.get("key"), "value")
            self.assertEqual(client.get("sum"), "6")
            self.assertEqual(cluster.client(1).get("sum"), "6")

    def test_bootstrap_that_was_left_in_a_file_gives_no_epoch_again(self):
        with Cluster(regions=2) as cluster:
            node = cluster.nodes[1, 0]
            before = epoch(node.client())
            node.client().set("key", "value")
            cluster.wait_equal()
            node.kill()
            shutil.rmtree(node.directory)
            node.start("--bootstrap", "yes")
            wait_until(lambda: node.client().set("later", "1"), "writes are taken again")
            self.assertGreater(epoch(node.client()), before)
            cluster.wait_equal()
            self.assertEqual(node.client().get("key"), "value")


if __name__ == "__main__":
    unittest.main()

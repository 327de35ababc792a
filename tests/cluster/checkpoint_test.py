"""Checkpoints of real processes: what a start finds again, after kills at any moment."""

import pathlib
import random
import shutil
import signal
import sys
import threading
import unittest

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import wait_until
from lone_server import LoneServer

NEVER = {"checkpoint-interval": "24h", "checkpoint-log-bytes": "0"}


def wait_saved(client):
    wait_until(lambda: client.info("persistence")["rdb_bgsave_in_progress"] == 0, "the checkpoint")


class Restart(unittest.TestCase):
    def test_it_replays_only_what_is_behind_the_checkpoint(self):
        with LoneServer(**NEVER) as server:
            client = server.client()
            for number in range(2000):
                client.set(f"key:{number}", number)
            before = client.lastsave()
            self.assertTrue(client.save())
            self.assertGreaterEqual(client.lastsave(), before)
            client.rpush("list", "a", "b")
            self.assertEqual(client.info("persistence")["rdb_changes_since_last_save"], 1)
            server.stop(signal.SIGKILL)
            server.start()
            client = server.client()
            self.assertIn("loaded 2000 keys from the checkpoint", server.log_text())
            self.assertIn("recovered 1 log frames, 2001 keys", server.log_text())
            self.assertEqual(client.lrange("list", 0, -1), ["a", "b"])
            self.assertEqual(client.get("key:1999"), "1999")

    def test_without_the_checkpoint_or_with_a_damaged_one_the_log_has_everything(self):
        with LoneServer(**NEVER) as server:
            client = server.client()
            client.set("key", "value")
            client.save()
            for damage in (lambda path: shutil.rmtree(path),
                           lambda path: (path / "CURRENT").write_text("nonsense\n")):
                server.stop()
                damage(server.data / "checkpoint")
                server.start()
                client = server.client()
                self.assertEqual(client.get("key"), "value")
                client.save()
            self.assertIn("set aside and made anew", server.log_text())

    def test_nothing_comes_back_that_was_flushed_or_deleted(self):
        with LoneServer(**NEVER) as server:
            client = server.client()
            client.mset({f"key:{number}": "value" for number in range(500)})
            client.save()
            client.delete("key:1")
            client.flushall()
            client.set("after", "1")
            client.bgsave()
            wait_saved(client)
            server.stop(signal.SIGKILL)
            server.start()
            self.assertEqual(server.client().keys(), ["after"])


class Kills(unittest.TestCase):
    """Small checkpoints all the time, a client that knows what it was told, kill -9 at random."""

    def test_at_random_moments_lose_nothing_that_always_promised(self):
        seed = random.randrange(10**6)
        dice = random.Random(seed)
        expected = {}
        pending = None
        with LoneServer(appendfsync="always", **{"checkpoint-log-bytes": "20kb"}) as server, \
                self.subTest(seed=seed):
            for _ in range(12):
                client = server.client()
                for key in self.compare(client, expected, pending):
                    expected[key] = client.get(key)
                killer = threading.Timer(dice.uniform(0.1, 0.6),
                                         lambda: server.send(signal.SIGKILL))
                killer.start()
                try:
                    while True:
                        key, value = f"key:{dice.randrange(300)}", str(dice.random())
                        action = dice.randrange(20)
                        pending = key
                        if action < 3:
                            client.delete(key)
                            expected.pop(key, None)
                        elif action < 12:
                            client.set(key, value * 5)
                            expected[key] = value * 5
                        else:
                            client.delete(key)
                            expected.pop(key, None)
                            expected[key] = str(client.incr(key))
                except redis.exceptions.ConnectionError:
                    pass
                killer.join()
                server.stop(signal.SIGKILL)
                server.start()
            self.assertEqual(self.compare(server.client(), expected, pending) - {pending}, set())
            self.assertIn("keys from the checkpoint", server.log_text())

    def compare(self, client, expected, pending):
        """Of the key that was being written one does not know; answers it, if it is another one."""
        keys = set(client.keys())
        wrong = {key for key in keys | set(expected) if client.get(key) != expected.get(key)}
        self.assertEqual(wrong - {pending}, set())
        for key in wrong - keys:
            del expected[key]
        return wrong & keys


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""kill -9 between any two steps of a write's way to the disk, and what is there afterwards.

A library that is preloaded kills the process before, halfway or after a call. At some points what
was not synced of the log goes with it, as when the machine goes down.
"""

import contextlib
import os
import pathlib
import random
import signal
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from faults import Faults  # noqa: E402
from history import History, draw_unit, shown_by  # noqa: E402
from lone_server import LoneServer  # noqa: E402
from resp import Connection, request  # noqa: E402

POLICIES = ("always", "everysec", "no")
SEGMENT = "*/data/*.aof"
UNITS_AT_ONCE = 5
MOST_BATCHES = 20_000
RANDOM_KILLS = 5  # For each policy.

kills = []  # Of all tests: under which policy.

# A step's name: call, file, moments, and of how many calls each the last one is meant.
WRITING = {
    "write of an append": ("pwrite", SEGMENT, ("before", "halfway", "after"), (1, 2, 7)),
    "fsync of an append": ("fdatasync", SEGMENT, ("before", "after"), (1, 3)),
    "making of a segment": ("create", SEGMENT, ("before", "after"), (1, 2)),
    "preallocation of a segment": ("posix_fallocate", SEGMENT, ("before", "after"), (1,)),
    "header of a segment": ("pwrite-header", SEGMENT, ("before", "halfway", "after"), (1,)),
    "seal of a segment": ("pwrite-seal", SEGMENT, ("before", "halfway", "after"), (1,)),
    "fsync of the names of segments": ("fsync", "*/data", ("before", "after"), (1, 2)),
    "removal of a segment": ("unlink", SEGMENT, ("before", "after"), (1, 2)),
    "rows of a checkpoint": ("write", "*/checkpoint/*.sst", ("before", "halfway", "after"), (1,)),
    "fsync of a checkpoint": ("f*sync", "*/checkpoint/*.sst", ("before", "after"), (1,)),
    "mark of a checkpoint": ("write", "*/checkpoint/MANIFEST*", ("before", "halfway", "after"), (1,)),
    "fsync of the mark": ("f*sync", "*/checkpoint/MANIFEST*", ("before", "after"), (1,)),
    "reply to a client": ("send", "socket:*", ("before", "halfway", "after"), (1, 4)),
}
STARTING = {
    "node's state": ("pwrite", "*/node.new", ("before", "halfway", "after"), (1, 2)),
    "fsync of the node's state": ("fdatasync", "*/node.new", ("before", "after"), (1, 2)),
    "renaming of the node's state": ("rename", "*/node", ("before", "after"), (1, 2)),
    "fsync of its name": ("fsync", "*/data", ("before", "after"), (1, 2)),
    "fsync of what the kernel had": ("fdatasync", SEGMENT, ("before", "after"), (1,)),
    "opening of the checkpoint": ("rename", "*/checkpoint/CURRENT", ("before", "after"), (1,)),
    "clearing of the checkpoint": ("unlink", "*/checkpoint/*", ("before", "after"), (1, 2)),
}
FIRST_START = {
    "format's version": ("pwrite", "*/FORMAT.new", ("before", "halfway", "after"), (1,)),
    "renaming of the format": ("rename", "*/FORMAT", ("before", "after"), (1,)),
    "node's state": ("pwrite", "*/node.new", ("before", "halfway", "after"), (1, 2)),
    "renaming of the node's state": ("rename", "*/node", ("before", "after"), (1, 2)),
    "making of the first segment": ("create", SEGMENT, ("before", "after"), (1,)),
    "its preallocation": ("posix_fallocate", SEGMENT, ("before", "after"), (1,)),
    "its header": ("pwrite-header", SEGMENT, ("before", "halfway", "after"), (1,)),
    "its fsync": ("fdatasync", SEGMENT, ("before", "after"), (1,)),
    "fsync of its name": ("fsync", "*/data", ("before", "after"), (1, 2, 3)),
}
STOPPING = {
    "clean mark": ("pwrite", "*/node.new", ("before", "halfway", "after"), (1,)),
    "renaming of the clean mark": ("rename", "*/node", ("before", "after"), (1,)),
}
CUTTING = {
    "keeping of the tail": ("pwrite", "*/torn-*", ("before", "halfway", "after"), (1,)),
    "renaming of what is kept": ("rename", "*/torn-*", ("before", "after"), (1,)),
    "cutting of the tail": ("ftruncate", SEGMENT, ("before", "after"), (1,)),
    "fsync behind the cut": ("fdatasync", SEGMENT, ("before", "after"), (1,)),
}
RESERVE_GOES = {
    "removal of the reserve": ("unlink", "*/reserve", ("before", "after"), (1,)),
}
RESERVE_COMES_BACK = {
    "making of the reserve": ("create", "*/reserve", ("before", "after"), (1,)),
    "its preallocation": ("posix_fallocate", "*/reserve", ("before", "after"), (1,)),
}


def points(steps):
    for name, (call, file, moments, counts) in steps.items():
        for moment in moments:
            for nth in counts:
                yield name, (moment, call, file, nth)


def request_of(unit):
    words = unit if len(unit) == 1 else [("MULTI",), *unit, ("EXEC",)]
    return b"".join(request(*command) for command in words)


def read_last(connection, unit):
    """The reply that tells whether the unit was taken."""
    for _ in range(0 if len(unit) == 1 else len(unit) + 1):
        connection.read()
    return connection.read()


class KilledServer:
    """A server without others, a client that writes to it, and what it may show."""

    def __init__(self, test, policy="everysec", **settings):
        self.test = test
        self.policy = policy
        self.seed = int(os.environ.get("MERIDIAN_SEED", random.randrange(10**6)))
        self.dice = random.Random(self.seed)
        self.server = LoneServer(**{"appendfsync": policy, "segment-bytes": "64kb",
                                    "checkpoint-interval": "100ms", **settings})
        self.faults = Faults(self.server)
        self.history = History(self.server.directory / "history")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.history.close()
        if os.environ.get("MERIDIAN_KEEP") is None:
            self.server.__exit__(*error)

    @contextlib.contextmanager
    def killed_at(self, *what):
        """Names what went wrong; nothing is known of a server whose state was not expected."""
        try:
            yield
        except Exception as error:
            raise AssertionError(f"{what}, appendfsync {self.policy}, MERIDIAN_SEED={self.seed}, "
                                 f"{self.server.directory}") from error

    # ---- Until it is dead -----------------------------------------------------------------------

    def write_batch(self, connection):
        """A batch in one packet, now and then with WAITAOF behind it."""
        units = [draw_unit(self.dice) for _ in range(UNITS_AT_ONCE)]
        waits = self.policy != "always" and self.dice.randrange(4) == 0
        self.history.send(units)
        connection.socket.sendall(b"".join(map(request_of, units))
                                  + (request("WAITAOF", 1, 0, 20) if waits else b""))
        replies = [read_last(connection, unit) for unit in units]
        self.history.answer([str(reply).startswith(("MISCONF", "EXECABORT")) for reply in replies])
        if self.policy == "always" or (waits and connection.read()[0] == 1):
            self.history.promise()
        return replies

    def write_until_dead(self):
        try:
            with Connection(self.server.port) as connection:
                for _ in range(MOST_BATCHES):
                    self.write_batch(connection)
        except OSError:
            pass
        self.see_dead()

    def write_a_little(self):
        with Connection(self.server.port) as connection:
            for _ in range(10):
                self.write_batch(connection)

    def write_until_full(self):
        with Connection(self.server.port) as connection:
            for _ in range(MOST_BATCHES):
                if any(str(reply).startswith("MISCONF") for reply in self.write_batch(connection)):
                    return
        self.test.fail("the disk was never full")

    def die_at_start(self, point):
        self.faults.kill(*point)
        self.server.launch()
        self.see_dead()

    def see_dead(self):
        self.test.assertEqual(self.server.process.wait(timeout=60), -signal.SIGKILL,
                              self.server.log_text()[-2000:])
        self.server.process.stdout.close()
        self.faults.clear()
        kills.append(self.policy)

    # ---- Afterwards -----------------------------------------------------------------------------

    def start_and_check(self):
        lines = len(self.server.log_text())
        self.server.start()
        self.test.assertNotIn(" error ", self.server.log_text()[lines:])
        with self.server.client() as client:
            self.history.check(shown_by(client), self.faults.get("loses_unsynced"))


class KillPoints(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        print(f"\n{len(kills)} kills", file=sys.stderr)

    def test_while_writing(self):
        for policy in POLICIES:
            with KilledServer(self, policy) as killed:
                killed.start_and_check()
                for number, (name, point) in enumerate(points(WRITING)):
                    # With the machine at every other point; half a write is on its disk.
                    machine = (number + POLICIES.index(policy)) % 2 and point[0] != "halfway"
                    with killed.killed_at(name, point, "and its machine" if machine else ""):
                        killed.faults.set("loses_unsynced", int(machine))
                        killed.faults.kill(*point)
                        killed.write_until_dead()
                        killed.start_and_check()

    def test_while_starting(self):
        with KilledServer(self) as killed:
            killed.start_and_check()
            for name, point in points(STARTING):
                with killed.killed_at(name, point):
                    killed.write_a_little()
                    killed.server.stop(signal.SIGKILL)
                    killed.die_at_start(point)
                    killed.start_and_check()

    def test_while_starting_for_the_first_time(self):
        for name, point in points(FIRST_START):
            with KilledServer(self) as killed, killed.killed_at(name, point):
                killed.die_at_start(point)
                killed.start_and_check()

    def test_while_stopping(self):
        with KilledServer(self) as killed:
            killed.start_and_check()
            for name, point in points(STOPPING):
                with killed.killed_at(name, point):
                    killed.write_a_little()
                    killed.faults.kill(*point)
                    killed.server.send(signal.SIGTERM)
                    killed.see_dead()
                    killed.start_and_check()

    def test_while_a_torn_tail_is_cut(self):
        with KilledServer(self, **{"checkpoint-interval": "24h"}) as killed:
            killed.start_and_check()
            for name, point in points(CUTTING):
                with killed.killed_at(name, point):
                    killed.write_a_little()
                    killed.server.stop(signal.SIGKILL)
                    segment = sorted(killed.server.data.glob("*.aof"))[-1]
                    end = len(segment.read_bytes().rstrip(b"\0"))
                    with open(segment, "r+b") as file:
                        file.seek(end + 16)
                        file.write(b"what was left of a frame")
                    killed.die_at_start(point)
                    killed.start_and_check()
                    self.assertIn("torn tail", killed.server.log_text())

    def test_while_the_reserve_goes_and_comes_back(self):
        settings = {"reserve-bytes": "64kb", "checkpoint-interval": "24h"}
        with KilledServer(self, **settings) as killed:
            killed.start_and_check()
            for name, point in points({**RESERVE_GOES, **RESERVE_COMES_BACK}):
                with killed.killed_at(name, point):
                    if name in RESERVE_COMES_BACK:
                        killed.faults.set("free_bytes", 100_000)
                        killed.write_until_full()
                    killed.faults.kill(*point)
                    killed.faults.set("free_bytes", -1 if name in RESERVE_COMES_BACK else 100_000)
                    killed.write_until_dead()
                    killed.faults.set("free_bytes", -1)
                    killed.start_and_check()

    def test_at_random_moments(self):
        for policy in POLICIES:
            with KilledServer(self, policy) as killed:
                killed.start_and_check()
                for _ in range(RANDOM_KILLS):
                    timer = threading.Timer(killed.dice.uniform(0, 0.3),
                                            lambda: killed.server.send(signal.SIGKILL))
                    timer.start()
                    with killed.killed_at("a random moment"):
                        killed.write_until_dead()
                        timer.join()
                        killed.start_and_check()


if __name__ == "__main__":
    unittest.main()

"""What checkpoints cost clients of other keys while large collections change all the time: each
cycle writes these collections whole."""

import dataclasses
import os
import random
import statistics
import threading
import time

from checkpoint_cost import ALWAYS, NEVER, PIPELINE, persistence
from local_path import SET, RawClient, fill, load
from measured_servers import OTHER_CORES, Meridian, request, threads

ELEMENTS = 100_000
CHANGES_PER_SECOND = 100
# Of changes(): an ID is answered in two.
REPLY_LINES = 6


def changes(element):
    """Of all five collections, by one element."""
    name = b"element:%d" % element
    return [request("HSET", "hash", name, b"%d" % element), request("SADD", "set", name),
            request("RPUSH", "list", name), request("ZADD", "zset", b"%d" % element, name),
            request("XADD", "stream", "*", "field", name)]


class Changing(threading.Thread):
    """Changes all collections until it is told to stop."""

    def __init__(self, port):
        super().__init__()
        self.client = RawClient(port)
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(1 / CHANGES_PER_SECOND):
            trims = [request("LTRIM", "list", "1", "-1"),
                     request("XTRIM", "stream", "MAXLEN", str(ELEMENTS))]
            self.client.send(b"".join(changes(random.randrange(ELEMENTS)) + trims))
            for _ in range(REPLY_LINES + len(trims)):
                self.client.line()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()
        self.client.close()


@dataclasses.dataclass
class Result:
    throughput: float
    pause_ms: float
    checkpoints: int


def leave_the_core_to_the_serving_thread(server):
    """RocksDB's threads on the same core would take their turns in the middle of slices."""
    for thread in threads(server.pid):
        if thread != server.pid:
            os.sched_setaffinity(thread, OTHER_CORES)


def measure(options):
    """SET/s without and with checkpoints, and the longest slice of one since the start."""
    operations = 4_000_000 // (4 if options.quick else 1)
    samples = {}
    with Meridian("everysec", settings=NEVER) as without, \
            Meridian("everysec", settings=ALWAYS) as writing:
        servers = {"without checkpoints": without, "a checkpoint each second": writing}
        for name, server in servers.items():
            leave_the_core_to_the_serving_thread(server)
            fill(server.port, ELEMENTS, lambda i: b"".join(changes(i)), REPLY_LINES)
            server.settle()
            samples[name] = []
        for _ in range(options.repetitions):
            for name, server in servers.items():
                with Changing(server.port):
                    began = persistence(server)["rdb_saves"]
                    counted = load(server, SET, PIPELINE, operations)
                    samples[name].append(
                        (counted["operations"] / counted["seconds"],
                         persistence(server)["rdb_saves"] - began))
                time.sleep(1)
        return {name: Result(statistics.median(rate for rate, _ in samples[name]),
                             persistence(server)["checkpoint_longest_pause_usec"] / 1e3,
                             sum(made for _, made in samples[name]))
                for name, server in servers.items()}

"""What checkpoints cost the node that writes them: throughput, CPU time, bytes, and pauses.

The load needs the other core of a small machine, so all threads of the node share one here. What is
left of the throughput where RocksDB's threads have another one follows from the CPU time of the
thread that serves clients.
"""

import dataclasses
import pathlib
import statistics

import redis

from local_path import KEYS, SET, load
from measured_servers import Meridian, scheduled_seconds

NEVER = 'checkpoint-interval = "0s"\ncheckpoint-log-bytes = "0"'
ALWAYS = 'checkpoint-interval = "1s"\ncheckpoint-log-bytes = "64mb"'
PIPELINE = 16
# Of a key and its value, as the load writes them.
CHANGED_BYTES = 16 + 64


def written_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    raise AssertionError("a process has written something")


def persistence(server):
    return redis.Redis(port=server.port).info("persistence")


def rows_written(server):
    return persistence(server)["checkpoint_rows_written"]


@dataclasses.dataclass
class Run:
    throughput: float
    serving_us: float  # Of the thread that serves clients, for each command.
    cpu_seconds: float
    bytes: int
    rows: int


def run(server, operations, writes):
    begin, begin_bytes = scheduled_seconds(server.pid), written_bytes(server.pid)
    begin_rows = rows_written(server)
    counted = load(server, SET, PIPELINE, operations)
    served = scheduled_seconds(server.pid)[server.pid][0] - begin[server.pid][0]
    if writes:
        # What is still to be written would be written while the other one is measured.
        server.settle()
    cpu = sum(ran - begin.get(thread, (0, 0))[0]
              for thread, (ran, _) in scheduled_seconds(server.pid).items())
    return Run(counted["operations"] / counted["seconds"], served / counted["operations"] * 1e6,
               cpu, written_bytes(server.pid) - begin_bytes, rows_written(server) - begin_rows)


def measure(options):
    """The shares of the throughput that are left, CPU µs and bytes for each row, and the longest that
    the node did nothing else, in ms, as it tells itself: a client would have to share a core."""
    operations = 10 * KEYS // (4 if options.quick else 1)
    runs = {}
    with Meridian("everysec", settings=NEVER) as without, \
            Meridian("everysec", settings=ALWAYS) as writing:
        for server in (without, writing):
            load(server, SET, PIPELINE, 3 * KEYS)
            server.settle()
            runs[server] = []
        for _ in range(options.repetitions):
            for server in (without, writing):
                runs[server].append(run(server, operations, server is writing))
        pause_ms = persistence(writing)["checkpoint_longest_pause_usec"] / 1e3

    def median(server, field):
        return statistics.median(getattr(one, field) for one in runs[server])
    rows = median(writing, "rows")
    return {"shared": median(writing, "throughput") / median(without, "throughput"),
            "throughput": median(without, "serving_us") / median(writing, "serving_us"),
            "cpu_us": (median(writing, "cpu_seconds") - median(without, "cpu_seconds"))
            / rows * 1e6,
            "bytes": (median(writing, "bytes") - median(without, "bytes")) / rows / CHANGED_BYTES,
            "rows": rows, "operations": operations, "pause_ms": pause_ms}

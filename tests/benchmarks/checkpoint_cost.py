"""What checkpoints cost the node that writes them: throughput, CPU time, bytes, and pauses.

All threads of the node share its core, RocksDB's too: what they take is missing elsewhere.
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


def cpu_seconds(pid):
    return sum(ran for ran, _ in scheduled_seconds(pid).values())


def persistence(server):
    return redis.Redis(port=server.port).info("persistence")


def rows_written(server):
    return persistence(server)["checkpoint_rows_written"]


@dataclasses.dataclass
class Run:
    throughput: float
    cpu_seconds: float
    bytes: int
    rows: int


def run(server, operations):
    before = cpu_seconds(server.pid), written_bytes(server.pid), rows_written(server)
    counted = load(server, SET, PIPELINE, operations)
    return Run(counted["operations"] / counted["seconds"], cpu_seconds(server.pid) - before[0],
               written_bytes(server.pid) - before[1], rows_written(server) - before[2])


def measure(options):
    """The share of the throughput that is left, CPU µs and bytes for each row, and the longest that
    the node did nothing else, in ms, as it tells itself: a client would have to share a core."""
    operations = 10 * KEYS // (4 if options.quick else 1)
    runs = {}
    with Meridian("everysec", settings=NEVER) as without, \
            Meridian("everysec", settings=ALWAYS) as writing:
        for server in (without, writing):
            load(server, SET, PIPELINE, 3 * KEYS)
            runs[server] = []
        for _ in range(options.repetitions):
            for server in (without, writing):
                runs[server].append(run(server, operations))
        pause_ms = persistence(writing)["checkpoint_longest_pause_usec"] / 1e3

    def median(server, field):
        return statistics.median(getattr(one, field) for one in runs[server])
    rows = median(writing, "rows")
    return {"throughput": median(writing, "throughput") / median(without, "throughput"),
            "cpu_us": (median(writing, "cpu_seconds") - median(without, "cpu_seconds"))
            / rows * 1e6,
            "bytes": (median(writing, "bytes") - median(without, "bytes")) / rows / CHANGED_BYTES,
            "rows": rows, "operations": operations, "pause_ms": pause_ms}

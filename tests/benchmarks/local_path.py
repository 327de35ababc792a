"""What a command costs where it is taken: the same load on both servers in turn."""

import dataclasses
import json
import pathlib
import statistics
import subprocess
import time

import redis

from measured_servers import (OTHER_CORES, Meridian, RawClient, Redis, request, resident_bytes,
                              scheduled_seconds)

CLIENTS = 50
KEYS = 1000000
VALUE_BYTES = 64
LOAD = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "meridian-load"
# A server that is busy for less of the time is not saturated: its sleeping is measured, too.
SATURATED = 0.9

# The words and the value are those of redis-benchmark's tests, so that figures stay comparable.
# With random keys it draws the scores of its ZADD, too.
VALUE = "VXKeHogKgJ=[5V9_X^b?48OKF2jGA<f:iR@50o7dS3JV4Q6L68lC[GTA]0DaMg?_"
SET = ("SET", "key:__rand_int__", VALUE)
GET = ("GET", "key:__rand_int__")

# Name of the row: the words of a command, and how many commands go in one packet.
ROWS = {
    "GET": (GET, 1),
    "SET": (SET, 1),
    "GET, pipeline 16": (GET, 16),
    "SET, pipeline 16": (SET, 16),
    "INCR, pipeline 16": (("INCR", "counter:__rand_int__"), 16),
    "HSET, pipeline 16": (("HSET", "myhash", "element:__rand_int__", VALUE), 16),
    "SADD, pipeline 16": (("SADD", "myset", "element:__rand_int__"), 16),
    "HGETALL of 50 fields, pipeline 16": (("HGETALL", "fields"), 16),
    "LPUSH, pipeline 16": (("LPUSH", "mylist", VALUE), 16),
    "RPOP, pipeline 16": (("RPOP", "mylist"), 16),
    "LRANGE 0 99, pipeline 16": (("LRANGE", "elements", "0", "99"), 16),
    "ZADD, pipeline 16": (("ZADD", "myzset", "__rand_int__", "element:__rand_int__"), 16),
    "ZADD at random scores, pipeline 16":
        (("ZADD", "random-scores", "__rand_int__", "element:__rand_int__"), 16),
    "XADD, pipeline 16": (("XADD", "stream", "*", "field", "value:__rand_int__"), 16),
    "PFADD, pipeline 16": (("PFADD", "visitors", "visitor:__rand_int__"), 16),
    "PFADD at random keys, pipeline 16":
        (("PFADD", "visitors:__rand_int__", "visitor:__rand_int__"), 16),
    "ZRANGE 0 99, pipeline 16": (("ZRANGE", "scores", "0", "99"), 16),
}
READS = {"GET", "GET, pipeline 16", "HGETALL of 50 fields, pipeline 16",
         "LRANGE 0 99, pipeline 16", "ZRANGE 0 99, pipeline 16"}

# What a row takes away, and what puts it there before each measurement: else it measures a list
# that is empty.
PUT_BACK = {"RPOP, pipeline 16": ROWS["LPUSH, pipeline 16"]}

# What the rows that read collections find.
COLLECTIONS = [("HSET", "fields", *(word for i in range(50)
                                  for word in (f"field:{i:06}", f"value:{i:06}"))),
               ("RPUSH", "elements", *(f"value:{i:06}" for i in range(200))),
               ("ZADD", "scores", *(word for i in range(200) for word in (i, f"member:{i:06}")))]


@dataclasses.dataclass(frozen=True)
class Setup:
    fsync: str
    replicas: int = 0
    more_regions: int = 0

    def __str__(self):
        return (self.fsync + (", replica" if self.replicas else "")
                + (", two more regions" if self.more_regions else ""))


# Without a log on disk a node takes no part in a mesh.
SETUPS = [Setup("no AOF"), Setup("no AOF", 1)] + [
    Setup(fsync, replicas, regions)
    for fsync in ("everysec", "always") for regions in (0, 2) for replicas in (0, 1)]


@dataclasses.dataclass
class Sample:
    cpu_us: float
    # Of the time that the load took, how much the busiest thread had something to do: it ran, or
    # waited for its core, which others on this machine may use.
    busy: float
    throughput: float
    p50_ms: float
    p99_ms: float


def load(server, words, pipeline, operations):
    """The same command over and over; returns what the generator counted."""
    cores = ",".join(map(str, sorted(OTHER_CORES)))
    done = subprocess.run(
        ["taskset", "-c", cores, LOAD, "-p", str(server.port), "-c", str(CLIENTS),
         "-P", str(pipeline), "-n", str(operations), "-r", str(KEYS), *words],
        capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} at {server.name}: {done.stderr}")
    return json.loads(done.stdout)


def measure(server, name, operations):
    if name in PUT_BACK:
        load(server, *PUT_BACK[name], operations)
    before = scheduled_seconds(server.pid)
    counted = load(server, *ROWS[name], operations)
    spent = {thread: (ran - before.get(thread, (0, 0))[0], waited - before.get(thread, (0, 0))[1])
             for thread, (ran, waited) in scheduled_seconds(server.pid).items()}
    cpu = sum(ran for ran, _ in spent.values())
    operations, seconds = counted["operations"], counted["seconds"]
    return Sample(cpu / operations * 1e6, max(map(sum, spent.values())) / seconds,
                  operations / seconds, counted["p50_ms"], counted["p99_ms"])


def operations_for(servers, name, seconds):
    """So many that the slower of the servers takes about this long."""
    probe = 2000 * ROWS[name][1]
    slowest = min(measure(server, name, probe).throughput for server in servers)
    return max(probe, int(slowest * seconds))


def median(samples):
    return Sample(*(statistics.median(getattr(sample, field.name) for sample in samples)
                    for field in dataclasses.fields(Sample)))


def measure_setup(setup, rows, options, progress):
    """{row: (ours, theirs)}; each the median of interleaved repetitions."""
    results = {}
    with Meridian(setup.fsync, setup.replicas, 1 + setup.more_regions) as ours, \
            Redis(setup.fsync, setup.replicas) as theirs:
        servers = [ours, theirs]
        for server in servers:
            # Of so many random draws one key in twenty is never drawn.
            load(server, SET, 16, 3 * KEYS)
            fill(server.port, len(COLLECTIONS), lambda i: request(*COLLECTIONS[i]))
        for name in rows:
            operations = operations_for(servers, name, options.seconds)
            samples = {server.name: [] for server in servers}
            for _ in range(options.repetitions):
                for server in servers:
                    samples[server.name].append(measure(server, name, operations))
            results[name] = tuple(median(samples[server.name]) for server in servers)
            progress(f"{setup}: {name}: {results[name][0].cpu_us:.2f} µs, "
                     f"Redis {results[name][1].cpu_us:.2f} µs")
    return results


def set_and_wait_p50_us(server, rounds):
    """One connection: SET and WAIT 1 in one packet, until both are answered."""
    client = RawClient(server.port)
    times = []
    value = b"x" * VALUE_BYTES
    for i in range(rounds):
        packet = request("SET", f"wait:{i % 1000}", value) + request("WAIT", 1, 0)
        begin = time.perf_counter()
        client.send(packet)
        client.line()
        client.line()
        times.append((time.perf_counter() - begin) * 1e6)
    client.close()
    return statistics.median(times)


def measure_wait(options):
    rounds = 500 if options.quick else 2000
    with Meridian("everysec", 1) as ours, Redis("everysec", 1) as theirs:
        samples = [(set_and_wait_p50_us(ours, rounds), set_and_wait_p50_us(theirs, rounds))
                   for _ in range(options.repetitions)]
    return tuple(statistics.median(column) for column in zip(*samples))


def fill(port, keys, make, reply_lines=1):
    """Sends make(i) for every i, many at a time; every reply has so many lines."""
    client = RawClient(port)
    for first in range(0, keys, 1000):
        count = min(1000, keys - first)
        client.send(b"".join(make(i) for i in range(first, first + count)))
        for _ in range(count * reply_lines):
            client.line()
    client.close()


def settled_bytes(server):
    """Resident bytes of a server that keeps as much of its newest records as it ever will, and that
    has written a checkpoint: else that would count as what is written next. Nor does its allocator
    keep pages, in which the first of what is written would not count."""
    fill(server.port, 640, lambda _: request("SET", "settle", b"x" * 100000))
    fill(server.port, 1, lambda _: request("DEL", "settle"))
    server.settle()
    redis.Redis(port=server.port).memory_purge()
    return resident_bytes(server.pid)


def bytes_per_key(server, keys):
    before = settled_bytes(server)
    value = b"v" * 62
    fill(server.port, keys, lambda i: request("SET", b"key:%012d" % i, value))
    server.settle()
    return (resident_bytes(server.pid) - before) / keys


def measure_memory(options):
    keys = KEYS // 5 if options.quick else KEYS
    with Meridian("no AOF") as ours, Redis("no AOF") as theirs:
        return bytes_per_key(ours, keys), bytes_per_key(theirs, keys)


def longest_pause_ms(port, command):
    """How long other clients wait while one command runs: the slowest PING meanwhile."""
    worker, other = RawClient(port), RawClient(port)
    worker.socket.settimeout(120)
    slowest = 0.0
    worker.send(request(*command))
    worker.socket.setblocking(False)
    done = False
    while not done:
        begin = time.perf_counter()
        other.send(request("PING"))
        other.line()
        slowest = max(slowest, time.perf_counter() - begin)
        try:
            done = bool(worker.socket.recv(64))
        except BlockingIOError:
            done = False
    worker.close()
    other.close()
    return slowest * 1e3


def pauses_of(server, elements):
    pauses = {}
    fill(server.port, elements, lambda i: request("SADD", "big", b"member:%d" % i))
    pauses["DEL of a set of a million members"] = longest_pause_ms(server.port, ("DEL", "big"))
    fill(server.port, elements, lambda i: request("HSET", "big", b"field:%d" % i, b"value"))
    pauses["SET over a hash of a million fields"] = longest_pause_ms(
        server.port, ("SET", "big", "small"))
    fill(server.port, elements, lambda i: request("SET", b"key:%d" % i, b"value"))
    pauses["FLUSHALL of a million keys"] = longest_pause_ms(server.port, ("FLUSHALL",))
    assert redis.Redis(port=server.port).dbsize() == 0
    return pauses


def measure_pauses(options):
    elements = KEYS // 10 if options.quick else KEYS
    with Meridian("everysec") as ours, Redis("everysec") as theirs:
        return pauses_of(ours, elements), pauses_of(theirs, elements)

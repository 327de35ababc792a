"""How long a server is away that is killed with much data: until the first GET is answered, and
until everything is in memory."""

import pathlib
import shutil
import subprocess
import tempfile
import time

import redis

from local_path import fill
from measured_servers import Meridian, request
from cluster import free_ports, wait_until

KEYS = 5_000_000
VALUE = b"v" * 64
TIMEOUT_SECONDS = 300


def fill_keys(port, keys):
    fill(port, keys, lambda i: request("SET", b"key:%012d" % i, VALUE))


def seconds_until(begin, answered):
    """From `begin` on, until `answered` is true; a server that is not there yet answers nothing."""
    while time.monotonic() - begin < TIMEOUT_SECONDS:
        try:
            if answered():
                return time.monotonic() - begin
        except redis.RedisError:
            pass
        time.sleep(0.002)
    raise AssertionError(f"nothing within {TIMEOUT_SECONDS} s")


def all_is_loaded(client):
    persistence = client.info("persistence")
    return persistence["loading"] == 0 and persistence["async_loading"] == 0


def times_of_return(port, keys, begin):
    """(first GET, fully loaded), in seconds."""
    client = redis.Redis(port=port, socket_timeout=TIMEOUT_SECONDS)
    first = seconds_until(begin, lambda: client.get(b"key:%012d" % (keys * 2 // 3)) == VALUE)
    loaded = seconds_until(begin, lambda: all_is_loaded(client))
    assert client.dbsize() == keys
    return first, loaded


def measure_meridian(keys):
    with Meridian("everysec") as server:
        fill_keys(server.port, keys)
        node = server.cluster.nodes[1, 0]
        node.client().save()
        node.kill()
        begin = time.monotonic()
        node.start()
        return times_of_return(server.port, keys, begin)


def measure_redis(keys, aof):
    """With a dump in Redis' format or, with `aof`, with a log as it was written."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="redis-bench-"))
    port = free_ports(1)[0]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
               "--dir", str(directory), "--appendonly", "yes" if aof else "no",
               "--auto-aof-rewrite-percentage", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until(redis.Redis(port=port).ping, "redis-server answers")
        fill_keys(port, keys)
        client = redis.Redis(port=port, socket_timeout=TIMEOUT_SECONDS)
        if aof:
            # It replies before it writes where an fsync takes long; what waits would be lost.
            wait_until(lambda: client.info("persistence")["aof_buffer_length"] == 0,
                       "redis-server has written its log")
        else:
            client.save()
        process.kill()
        process.wait()
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        return times_of_return(port, keys, begin)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def measure(options):
    """{server: (first GET, fully loaded)}, in seconds."""
    keys = KEYS // 10 if options.quick else KEYS
    return {"Meridian": measure_meridian(keys),
            "Redis, AOF": measure_redis(keys, aof=True),
            "Redis, RDB": measure_redis(keys, aof=False)}

"""How fast a node gets what it lacks: everything, or what was written while it was away."""

import contextlib
import dataclasses
import time

import redis

from measured_servers import MEASURED_CORE, OTHER_CORES, pin, scheduled_seconds
from cluster import Cluster, as_map, wait_until
from restart import TIMEOUT_SECONDS, VALUE, fill_keys, seconds_until

KEYS = 1_000_000
EVERYSEC = 'appendfsync = "everysec"\n'
# The log lets go of what the checkpoint has, though a replica is away.
SHORT_LOG = EVERYSEC + 'geo-retention-bytes = "1mb"\n'


@dataclasses.dataclass
class Result:
    per_second: float
    # The time left out for which the receiver's busiest thread waited for its core.
    undisturbed: float
    sender_us: float  # CPU time of all threads, for each key or record.
    receiver_us: float


def spent_since(node, before):
    """By all threads; and what the busiest one waited for its core."""
    threads = [(ran - before.get(thread, (0, 0))[0], waited - before.get(thread, (0, 0))[1])
               for thread, (ran, waited) in scheduled_seconds(node.process.pid).items()]
    return sum(ran for ran, _ in threads), max(threads)[1]


def pin_both(sender, receiver):
    pin(sender.process.pid, MEASURED_CORE)
    pin(receiver.process.pid, OTHER_CORES)


def measure_until(sender, receiver, keys, is_there):
    """From now on until that is so."""
    before = [scheduled_seconds(node.process.pid) for node in (sender, receiver)]
    seconds = seconds_until(time.monotonic(), is_there)
    sent, _ = spent_since(sender, before[0])
    received, waited = spent_since(receiver, before[1])
    return Result(keys / seconds, keys / (seconds - waited), sent / keys * 1e6,
                  received / keys * 1e6)


def measure_until_there(sender, receiver, keys):
    """Until the receiver shows the last one of the keys, and all of them."""
    client = redis.Redis(port=receiver.port, socket_timeout=TIMEOUT_SECONDS)
    return measure_until(sender, receiver, keys,
                         lambda: client.dbsize() == keys
                         and client.get(b"key:%012d" % (keys - 1)) == VALUE)


@contextlib.contextmanager
def pair(regions=1, replicas=0, settings=EVERYSEC):
    with Cluster(regions=regions, replicas=replicas, settings=settings,
                 segment_bytes="64mb" if settings is EVERYSEC else "4mb") as cluster:
        sender, receiver = cluster.nodes.values()
        pin_both(sender, receiver)
        yield cluster, sender, receiver


def start_again(sender, receiver):
    receiver.start()
    pin_both(sender, receiver)
    seconds_until(time.monotonic(), receiver.client().ping)


def fill_beyond_the_log(sender, keys):
    fill_keys(sender.port, keys)
    sender.client().save()
    wait_until(lambda: not (sender.directory / f"{0:020}.aof").exists(),
               "the log does not reach back to the beginning")


def full_synchronisation(keys):
    with pair(replicas=1, settings=SHORT_LOG) as (_, sender, receiver):
        receiver.stop()
        for path in receiver.directory.glob("*.aof"):
            path.unlink()
        fill_beyond_the_log(sender, keys)
        start_again(sender, receiver)
        result = measure_until_there(sender, receiver, keys)
        assert "full synchronisation is complete" in receiver.log_text()
        return result


def replica_catch_up(keys):
    with pair(replicas=1) as (_, sender, receiver):
        receiver.stop()
        fill_keys(sender.port, keys)
        start_again(sender, receiver)
        return measure_until_there(sender, receiver, keys)


def region_catch_up(keys):
    with pair(regions=2) as (cluster, sender, receiver):
        cluster.pause()
        fill_keys(sender.port, keys)
        cluster.resume()
        return measure_until_there(sender, receiver, keys)


def region_join(keys):
    with pair(regions=2, settings=SHORT_LOG + 'log-memory-bytes = "64kb"\n') as (
            cluster, sender, receiver):
        cluster.pause()
        fill_beyond_the_log(sender, keys)
        cluster.resume()
        result = measure_until_there(sender, receiver, keys)
        assert "full synchronisation is complete" in receiver.log_text()
        return result


def region_return(keys):
    """As the one before, of a region that has all keys, and 99 of 100 as they are now."""
    with pair(regions=2, settings=SHORT_LOG + 'log-memory-bytes = "64kb"\n') as (
            cluster, sender, receiver):
        fill_keys(sender.port, keys)
        cluster.wait_equal()
        cluster.pause()
        client = sender.client()
        had = client.info("replication")["master_repl_offset"]
        for number in range(20):
            pipeline = client.pipeline(transaction=False)
            for key in range(0, keys, 100):
                pipeline.set(b"key:%012d" % key, b"%064d" % number)
            pipeline.execute()
        client.save()
        wait_until(lambda: min(int(path.stem) for path in sender.directory.glob("*.aof")) > had,
                   "the log does not reach back to what the region has")
        cluster.resume()
        return measure_until(sender, receiver, keys,
                             lambda: "% was here already" in receiver.log_text())


def comparison(keys):
    """REGION DIFF of two regions that have the same."""
    with pair(regions=2) as (cluster, asking, other):
        fill_keys(asking.port, keys)
        cluster.wait_equal()
        before = [scheduled_seconds(node.process.pid) for node in (asking, other)]
        begin = time.monotonic()
        report = as_map(redis.Redis(port=asking.port, decode_responses=True,
                                    socket_timeout=TIMEOUT_SECONDS)
                        .execute_command("REGION", "DIFF", 2, "TIMEOUT", 0))
        seconds = time.monotonic() - begin
        assert report["complete"] == 1 and report["differing"] == 0, report
        asked, waited = spent_since(asking, before[0])
        answered, _ = spent_since(other, before[1])
        return Result(keys / seconds, keys / (seconds - waited), asked / keys * 1e6,
                      answered / keys * 1e6)


def measure(options):
    keys = KEYS // (5 if options.quick else 1)
    return {"full synchronisation of an empty replica": full_synchronisation(keys),
            "a replica that was down": replica_catch_up(keys),
            "a region whose link was cut": region_catch_up(keys),
            "a region that was away beyond retention": region_join(keys),
            "the same, 99 of 100 keys unchanged": region_return(keys),
            "comparing two regions": comparison(keys)}

"""What lies between regions: bytes on the link, and when a write is visible elsewhere."""

import multiprocessing
import os
import random
import statistics
import string
import time

from measured_servers import OTHER_CORES, Meridian, RawClient, request

ALPHABET = string.ascii_letters + string.digits + "+/"
RATE = 20000


def random_set():
    """16 bytes of key and 16 of value that no compressor knows beforehand."""
    value = "".join(random.choices(ALPHABET, k=16))
    return request("SET", f"key:{random.randrange(10 ** 12):012d}", value)


def write_steadily(port, seconds, rate, batch_ms=1):
    """`rate` SETs a second, a few every millisecond; returns how many there were."""
    per_batch = max(1, rate * batch_ms // 1000)
    packets = [b"".join(random_set() for _ in range(per_batch)) for _ in range(2000)]
    client = RawClient(port)
    written = 0
    begin = time.monotonic()
    end = begin + seconds
    while time.monotonic() < end:
        client.send(packets[(written // per_batch) % len(packets)])
        for _ in range(per_batch):
            client.line()
        written += per_batch
        ahead = written / rate - (time.monotonic() - begin)
        if ahead > 0:
            time.sleep(ahead)
    client.close()
    return written


def link_bytes(cluster):
    link = next(link for link in cluster.links(1) if int(link["id"]) == 2)
    return int(link["bytes_sent"]) + int(link["bytes_received"])


def bytes_per_set(compression, seconds, rate):
    with Meridian("everysec", regions=2,
                  settings=f"geo-compression = {compression}") as server:
        before = link_bytes(server.cluster)
        written = write_steadily(server.port, seconds, rate)
        server.cluster.wait_equal()
        return (link_bytes(server.cluster) - before) / written


def measure_link(options):
    seconds = 2 if options.quick else 4
    return {name: bytes_per_set(setting, seconds, RATE)
            for name, setting in (("uncompressed", "false"), ("compressed", "true"))}


def visibility_ms(writer_port, reader_port, rounds):
    """From before the SET is sent at one region to the GET that sees it at another."""
    writer, reader = RawClient(writer_port), RawClient(reader_port)
    ask = request("GET", "seen")
    times = []
    for i in range(rounds):
        value = b"%d" % i
        begin = time.perf_counter()
        writer.send(request("SET", "seen", value))
        while True:
            reader.send(ask)
            if reader.bulk() == value:
                break
        times.append((time.perf_counter() - begin) * 1e3)
        writer.line()
        time.sleep(0.0005)
    writer.close()
    reader.close()
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def _background_writer(port, seconds, rate):
    os.sched_setaffinity(0, OTHER_CORES)
    write_steadily(port, seconds, rate)


def measure_visibility(options):
    rounds = 300 if options.quick else 1500
    results = {}
    with Meridian("everysec", regions=2) as server:
        reader_port = server.cluster.nodes[2, 0].port
        results["idle"] = visibility_ms(server.port, reader_port, rounds)
        load = multiprocessing.Process(target=_background_writer, args=(server.port, 120, RATE))
        load.start()
        try:
            results[f"under {RATE // 1000} thousand SET/s"] = visibility_ms(
                server.port, reader_port, rounds)
        finally:
            load.terminate()
            load.join()
    return results

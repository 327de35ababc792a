"""What an element of a collection takes: resident bytes for small and large ones, in both servers."""

from local_path import fill
from measured_servers import Meridian, Redis, request, resident_bytes

# Elements of one collection, and how many collections.
SIZES = {100: 5000, 1000: 500, 1000000: 1}

# The words that add element number i to a collection.
TYPES = {
    "set": ("SADD", lambda i: (b"member:%06d" % i,)),
    "hash": ("HSET", lambda i: (b"field:%06d" % i, b"v%d" % i)),
    "sorted set": ("ZADD", lambda i: (b"%d" % (i * 7919 % 1000003), b"member:%06d" % i)),
}

# So many elements are added by one command.
AT_ONCE = 100


def bytes_per_element(server, type_name, size, collections):
    command, element = TYPES[type_name]
    before = resident_bytes(server.pid)
    parts = size // AT_ONCE

    def make(number):
        words = [word for i in range(number % parts * AT_ONCE, (number % parts + 1) * AT_ONCE)
                 for word in element(i)]
        return request(command, b"collection:%d" % (number // parts), *words)
    fill(server.port, parts * collections, make)
    return (resident_bytes(server.pid) - before) / (size * collections)


def measure(options, progress):
    """{"sorted set of 100": (ours, theirs)}; each with servers that have done nothing else.

    With a log on disk: without one, the newest records are kept in memory, which are not elements.
    """
    results = {}
    for type_name in TYPES:
        for size, collections in SIZES.items():
            if options.quick and size > 1000:
                size //= 10
            with Meridian("everysec") as ours, Redis("everysec") as theirs:
                results[f"{type_name} of {size:,}"] = tuple(
                    bytes_per_element(server, type_name, size, collections)
                    for server in (ours, theirs))
            progress(f"{type_name} of {size:,}: {results[f'{type_name} of {size:,}']}")
    return results

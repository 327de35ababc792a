"""What an element of a collection takes: resident bytes for small and large ones, in both servers."""

from local_path import fill, settled_bytes
from measured_servers import Meridian, Redis, request, resident_bytes

# Elements of one collection, and how many collections.
SIZES = {100: 5000, 1000: 500, 1000000: 1}

# The words that add element number i to a collection.
TYPES = {
    "set": ("SADD", lambda i: (b"member:%06d" % i,)),
    "hash": ("HSET", lambda i: (b"field:%06d" % i, b"v%d" % i)),
    "sorted set": ("ZADD", lambda i: (b"%d" % (i * 7919 % 1000003), b"member:%06d" % i)),
    "list": ("RPUSH", lambda i: (b"value:%06d" % i,)),
    "stream": ("XADD", lambda i: (b"*", b"field", b"value:%010d" % i)),
}

# So many elements are added by one command; of a stream one, whose ID is the second line of the reply.
AT_ONCE = {"stream": 1}


def bytes_per_element(server, type_name, size, collections):
    command, element = TYPES[type_name]
    before = settled_bytes(server)
    at_once = AT_ONCE.get(type_name, 100)
    parts = size // at_once

    def make(number):
        words = [word for i in range(number % parts * at_once, (number % parts + 1) * at_once)
                 for word in element(i)]
        return request(command, b"collection:%d" % (number // parts), *words)
    fill(server.port, parts * collections, make, reply_lines=2 if type_name == "stream" else 1)
    server.settle()
    return (resident_bytes(server.pid) - before) / (size * collections)


def measure(options, progress):
    """{"sorted set of 100": (ours, theirs)}; each with servers that have done nothing else."""
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

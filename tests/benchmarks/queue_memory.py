"""What is left in memory of a queue that much has passed through, while a region is cut off."""

from local_path import settled_bytes
from measured_servers import Meridian, RawClient, request

PAIRS = 10_000_000
AT_ONCE = 500
VALUE = b"v" * 64
# Warms up what the allocator and the log keep anyway.
WARM_UP_PAIRS = 500_000


def pass_through(port, pairs):
    """So many LPUSHes, each followed by an RPOP that takes its value, on a list of its own."""
    client = RawClient(port)
    batch = (request("LPUSH", "queue", VALUE) + request("RPOP", "queue")) * AT_ONCE
    reply = b":1\r\n" + b"$%d\r\n%s\r\n" % (len(VALUE), VALUE)
    for _ in range(pairs // AT_ONCE):
        client.send(batch)
        answer = client.reader.read(len(reply) * AT_ONCE)
        assert answer == reply * AT_ONCE, answer[:200]
    client.close()


def measure(options):
    """Resident bytes of the region that has the queue, before and after; one other region does not
    hear of it, one does."""
    with Meridian("everysec", regions=3) as server:
        server.cluster.client(1).execute_command("REGION", "PAUSE", "3")
        pass_through(server.port, WARM_UP_PAIRS)
        before = settled_bytes(server)
        pass_through(server.port, PAIRS // (10 if options.quick else 1))
        return before, settled_bytes(server)

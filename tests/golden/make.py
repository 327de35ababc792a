#!/usr/bin/python3
"""Makes data directories as this version writes them, which every later version must open.

    make.py VERSION        writes VERSION/*.tar.xz and, for each, what it answers: VERSION/*.json

Each version that changes a format makes its own, once, before it is released; those of older
versions are never made again.
"""

import json
import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cluster import Cluster, wait_until  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FAR = 4102444800000  # Year 2100.

# One of each kind of value and of each kind of thing that waits in one.
WRITES = """
SET text value
SET number 40
SET fraction 1
INCRBY number 2
INCRBYFLOAT fraction 0.5
APPEND appended one
APPEND appended two
SET with-deadline value PXAT {far}
SETRANGE ranged 3 abc
SETBIT bits 100 1
HSET small-hash a 1 b 2
HINCRBY small-hash c 3
HDEL small-hash b
SADD small-set a b c
SREM small-set b
SADD numbers 1 2 3
ZADD scores 1 one 2.5 two inf three
ZINCRBY scores 3 one
ZREM scores three
GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
RPUSH list a b c d
LINSERT list BEFORE c between
LSET list 0 first
LREM list 1 d
XADD stream 1-1 field value
XADD stream 2-1 field value other value
XADD stream 3-1 field value
XDEL stream 2-1
XGROUP CREATE stream group 0
XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >
XGROUP CREATE stream empty-group $ MKSTREAM
PFADD visitors a b c d e
PFADD visitors f
SET doomed value
DEL doomed
SADD moved x
RENAME moved moved-here
EXPIREAT small-set 4102444800
PERSIST small-set
"""

QUESTIONS = """
DBSIZE
CRDT.DIGEST
GET text
GET number
GET fraction
GET appended
GET with-deadline
PEXPIRETIME with-deadline
GET ranged
GETBIT bits 100
BITCOUNT bits
HGETALL small-hash
HLEN large-hash
HGET large-hash field:123
SMEMBERS small-set
PTTL small-set
SMEMBERS numbers
SCARD large-set
ZRANGE scores 0 -1 WITHSCORES
ZCARD large-scores
ZRANK large-scores member:500
GEOPOS places Palermo Catania
LRANGE list 0 -1
LLEN large-list
LINDEX large-list 500
XRANGE stream - +
XLEN stream
XPENDING stream group
XINFO GROUPS stream
XLEN large-stream
PFCOUNT visitors
EXISTS doomed
SMEMBERS moved-here
GET later
GET shared
GET both
SMEMBERS from-all
"""


def lines(text):
    return [line.split() for line in text.format(far=FAR).split("\n") if line]


def write_all(client):
    for words in lines(WRITES):
        client.execute_command(*words)
    pipeline = client.pipeline(transaction=True)
    for i in range(1000):
        pipeline.hset("large-hash", f"field:{i}", f"value:{i}")
        pipeline.sadd("large-set", f"member:{i}")
        pipeline.zadd("large-scores", {f"member:{i}": i / 2})
        pipeline.rpush("large-list", f"element:{i}")
        pipeline.xadd("large-stream", {"number": i}, id=f"{i + 1}-1")
    pipeline.execute()


def plain(reply):
    """As JSON gives it back; without the order that sets and hashes do not promise."""
    if isinstance(reply, set):
        return sorted(reply)
    if isinstance(reply, dict):
        return {str(key): plain(value) for key, value in sorted(reply.items())}
    if isinstance(reply, (list, tuple)):
        return [plain(one) for one in reply]
    return reply


def answers(client):
    return [[" ".join(words), plain(client.execute_command(*words))] for words in lines(QUESTIONS)]


def pack(name, node, folder):
    """The directory of a node that has ended, with what it answers when it is started again."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}.tar.xz", "w:xz") as archive:
        for path in sorted(node.directory.rglob("*")):
            # RocksDB's own log tells nothing, and the lock belongs to who holds it.
            if path.is_file() and path.name not in ("LOCK", "LOG", "lock", "reserve"):
                archive.add(path, path.relative_to(node.directory))
    node.start().wait_ready()
    wait_until(lambda: node.client().info("persistence")["async_loading"] == 0, "all is loaded")
    text = json.dumps(answers(node.client()), indent=1, sort_keys=True)
    (folder / f"{name}.json").write_text(text + "\n")


def make_checkpoint_and_log(folder):
    """Stopped in good order: a checkpoint, and a log that goes on behind it."""
    with Cluster(regions=1, replicas=0, settings='checkpoint-interval = "0s"\n',
                 segment_bytes="64kb") as cluster:
        node = cluster.nodes[1, 0]
        write_all(node.client())
        node.client().save()
        node.client().set("later", "behind the checkpoint")
        node.client().incr("number")
        assert node.stop() == 0
        pack("checkpoint-and-log", node, folder)


def make_log_of_three_regions(folder):
    """Killed, without a checkpoint; records of three regions that had not seen each other's."""
    with Cluster(regions=3, replicas=0, segment_bytes="64kb",
                 settings='checkpoint-interval = "0s"\ncheckpoint-log-bytes = "0"\n') as cluster:
        write_all(cluster.client(1))
        cluster.wait_equal()
        cluster.pause()
        for region in (1, 2, 3):
            client = cluster.client(region)
            client.set("shared", f"of region {region}")
            client.incr("both")
            client.sadd("from-all", region)
            client.hincrby("small-hash", "c", region)
            client.lpush("list", f"from region {region}")
            client.xadd("stream", {"region": region}, id=f"10-{region}")
        cluster.client(2).delete("shared")
        cluster.client(3).rename("list", "list-elsewhere")
        cluster.resume()
        cluster.wait_equal()
        node = cluster.nodes[2, 0]
        for other in cluster.nodes.values():
            other.kill()
        pack("log-of-three-regions", node, folder)


def main(arguments):
    if len(arguments) != 1 or (HERE / arguments[0]).exists():
        sys.exit("usage: make.py VERSION, of which there is no folder yet")
    make_checkpoint_and_log(HERE / arguments[0])
    make_log_of_three_regions(HERE / arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])

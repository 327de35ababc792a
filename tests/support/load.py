"""Ordinary clients that write all the time and remember what was acknowledged.

What a writer was told is kept apart from what it does not know (the connection broke, or too few
replicas had it): check() wants all of the first, allows any of the second, and nothing else.
"""

import collections

import re
import threading
import time

import redis

ROUND = 10  # Of each kind of write; a round is one pipeline, acknowledged as one.


class Writer(threading.Thread):
    """`connect` gives a client of the region's primary. With `replicas` a round counts as
    acknowledged when WAIT has seen it at so many of them."""

    def __init__(self, name, connect, replicas=0):
        super().__init__(daemon=True)
        self.name = name
        self.connect = connect
        self.replicas = replicas
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.rounds = 0
        self.acknowledged_rounds = 0
        self.failure = None
        self.counted = [0, 0]     # Increments: acknowledged, and unknown.
        self.members = {}         # Of the set: whether it must be there; None: unknown.
        self.fields = {}          # Of the hash: the values that may be shown.
        self.keys = {}            # As fields; None stands for a key that is not there.
        self.strays = {}          # Of the keys: values that were not acknowledged.
        self.slowest = 0.0        # Seconds that a round took.

    def run(self):
        client = None
        while not self.stopping.is_set():
            try:
                if client is None:
                    client = self.connect()
                self.round(client)
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError,
                    redis.exceptions.ReadOnlyError, OSError):
                client = None
            except redis.exceptions.ResponseError as error:
                # A node that has just started, or has lost the lead, refuses for a while.
                if not re.search(r"(^|caused error: )(MISCONF|LOADING)", str(error)):
                    self.failure = error
                    return
            except Exception as error:
                self.failure = error
                raise

    def round(self, client):
        number = self.rounds
        writes = []
        for i in range(ROUND):
            index = number * ROUND + i
            writes.append(("INCR", "load:count"))
            writes.append(("SADD", "load:members", f"{self.name}:{index}"))
            if number > 0 and i % 2 == 0:
                writes.append(("SREM", "load:members", f"{self.name}:{index - ROUND}"))
            writes.append(("HSET", "load:fields", f"{self.name}:{i}", str(index)))
            key = f"load:key:{self.name}:{index % 20}"
            writes.append(("DEL", key) if index % 3 == 0 else ("SET", key, str(index)))
        self.rounds += 1
        acknowledged = False
        started = time.monotonic()
        try:
            pipeline = client.pipeline(transaction=False)
            for words in writes:
                pipeline.execute_command(*words)
            if self.replicas:
                pipeline.execute_command("WAIT", self.replicas, 5000)
            replies = pipeline.execute()
            acknowledged = not self.replicas or replies[-1] >= self.replicas
        finally:
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - started)
                self.acknowledged_rounds += acknowledged
                for words in writes:
                    self.note(words, acknowledged)

    def note(self, words, acknowledged):
        verb = words[0]
        if verb == "INCR":
            self.counted[0 if acknowledged else 1] += 1
        elif verb == "SADD":
            self.members[words[2]] = True if acknowledged else None
        elif verb == "SREM":
            # An add that was not acknowledged may come home later, unseen by this remove: it wins.
            seen = self.members.get(words[2]) is not None
            self.members[words[2]] = False if acknowledged and seen else None
        else:
            book, name, value = (self.fields, words[2], words[3]) if verb == "HSET" else \
                (self.keys, words[1], words[2] if verb == "SET" else None)
            if not acknowledged:
                book.setdefault(name, {None}).add(value)
                self.strays.setdefault(name, set()).add(value)
            elif value is None:
                # As with members: it may come home, unseen by this delete.
                book[name] = {None} | self.strays.get(name, set())
            else:
                book[name] = {value}

    def take_slowest(self):
        with self.lock:
            slowest, self.slowest = self.slowest, 0.0
            return slowest


class Load:
    """A few writers for each region of a cluster."""

    def __init__(self, cluster, regions=None, writers=1, replicas=0):
        self.cluster = cluster
        self.writers = [Writer(f"r{region}w{i}", self.connector(region), replicas)
                        for region in regions or cluster.region_ids() for i in range(writers)]

    def connector(self, region):
        def connect():
            for node in self.cluster.nodes.values():
                if node.region != region:
                    continue
                try:
                    client = redis.Redis(port=node.port, decode_responses=True, socket_timeout=20)
                    if client.execute_command("ROLE")[0] == "master":
                        return client
                except (redis.exceptions.RedisError, OSError):
                    pass
            time.sleep(0.02)
            raise ConnectionError(f"region {region} has no primary just now")
        return connect

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join(timeout=60)
            if writer.is_alive() or writer.failure:
                raise AssertionError(f"writer {writer.name}: {writer.failure or 'does not end'}")

    def rounds(self):
        """What every writer has done and been told, the least of them."""
        return min(writer.acknowledged_rounds for writer in self.writers)

    def slowest(self):
        return max(writer.take_slowest() for writer in self.writers)

    # ---- What must be there ---------------------------------------------------------------------

    def check(self, client, only=None):
        """`only`: the writers that count, where others' writes need not be here yet."""
        writers = [writer for writer in self.writers if only is None or only(writer)]
        wrong = []
        counted = int(client.get("load:count") or 0)
        least = sum(writer.counted[0] for writer in writers)
        most = sum(sum(writer.counted) for writer in self.writers)
        if not least <= counted <= most:
            wrong.append(f"count: {counted}, not within {least} and {most}")
        members = client.smembers("load:members")
        fields = client.hgetall("load:fields")
        for writer in writers:
            for member, must in writer.members.items():
                if must is not None and must != (member in members):
                    wrong.append(f"member {member} is {'lost' if must else 'back'}")
            for field, values in writer.fields.items():
                if fields.get(field) not in values:
                    wrong.append(f"field {field}: {fields.get(field)}, not of {values}")
            names = list(writer.keys)
            for name, value in zip(names, client.mget(names) if names else []):
                if value not in writer.keys[name]:
                    wrong.append(f"key {name}: {value}, not of {writer.keys[name]}")
        unknown = members - {member for writer in self.writers for member in writer.members}
        wrong += [f"member {member} was never added" for member in unknown]
        if wrong:
            counts = collections.Counter(text.split()[0] for text in wrong)
            raise AssertionError(f"{dict(counts)}: " + "; ".join(wrong[:20]))

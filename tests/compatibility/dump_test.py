"""A value that redis-server has dumped is restored here, and the other way: commands answer alike.

Redis checks what we have dumped in depth (sanitize-dump-payload). Payloads in forms that Redis 7.0
reads and does not write any more are made here by hand, and given to both.
"""

import random
import struct
import unittest

from differential import Comparison
from raw_connection import RawConnection

BIG = 5000
TEXTS = ["", "v", "word", "x" * 70, "\x00\xff", "line\r\n"]
NUMBERS = ["0", "-1", "12", "127", "128", "-128", "-129", "4095", "4096", "-4096", "-4097", "32767",
           "32768", "-32769", "8388607", "8388608", "-8388609", "2147483647", "2147483648",
           "-2147483649", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
           "007", "+1", "1.5"]
WORDS = TEXTS + NUMBERS
# Such as 7.0 and 7.2 print alike.
SCORES = ["0", "1", "-1", "0.5", "3.25", "1e20", "-inf", "inf", "17179869184", "-0.125"]

# Name of the value, what makes it, and what shows it.
VALUES = {
    **{f"the string {text!r:.20}": ([("SET", "k", text)], [("GET", "k"), ("STRLEN", "k")])
       for text in WORDS},
    "a long string": ([("SET", "k", "".join(map(str, range(BIG))))], [("GET", "k")]),
    "a string that compresses": ([("SET", "k", "abcab" * BIG + "z" * BIG)], [("GET", "k")]),
    "a string that hardly compresses":
        ([("SET", "k", "".join(random.Random(1).choices("ab", k=300)))], [("GET", "k")]),
    "a counter": ([("SET", "k", "5"), ("INCRBY", "k", "7")], [("GET", "k"), ("INCR", "k")]),
    "a HyperLogLog": ([("PFADD", "k", *map(str, range(100)))], [("PFCOUNT", "k")]),
    "a big HyperLogLog": ([("PFADD", "k", *map(str, range(BIG)))],
                          [("PFCOUNT", "k"), ("PFADD", "k", "1"), ("PFADD", "k", "more")]),
    "a short list": ([("RPUSH", "k", *WORDS)], [("LRANGE", "k", "0", "-1")]),
    "a long list": ([("RPUSH", "k", *map(str, range(BIG)), *WORDS)],
                    [("LLEN", "k"), ("LRANGE", "k", "0", "-1")]),
    "a list with a long element": ([("RPUSH", "k", "a", "y" * 10000, "b")],
                                   [("LRANGE", "k", "0", "-1")]),
    "a set of integers": ([("SADD", "k", "1", "-2", "3")], [("SMEMBERS", "k")]),
    "a set of wide integers": ([("SADD", "k", "1", "-70000", str(2 ** 40))], [("SMEMBERS", "k")]),
    "a set of words": ([("SADD", "k", *WORDS)], [("SMEMBERS", "k")]),
    "a big set": ([("SADD", "k", *(f"m{i}" for i in range(BIG)))], [("SMEMBERS", "k")]),
    "a small hash": ([("HSET", "k", *(word for w in WORDS for word in (w, w + "!")))],
                     [("HGETALL", "k")]),
    "a hash with a long value": ([("HSET", "k", "f", "v" * 1000, "g", "1")], [("HGETALL", "k")]),
    "a big hash": ([("HSET", "k", *(word for i in range(BIG) for word in (f"f{i}", str(i))))],
                   [("HGETALL", "k")]),
    "a small sorted set": ([("ZADD", "k", *(word for score in SCORES
                                            for word in (score, f"m{score}")))],
                           [("ZRANGE", "k", "0", "-1", "WITHSCORES")]),
    "a big sorted set": ([("ZADD", "k", *(word for i in range(BIG)
                                          for word in (str(i / 4), f"m{i}")))],
                         [("ZRANGE", "k", "0", "-1", "WITHSCORES")]),
}

STREAM_SHOWN = [("XRANGE", "k", "-", "+"), ("XLEN", "k"), ("XINFO", "GROUPS", "k")]
STREAMS = {
    "a stream": [("XADD", "k", "1-1", "f", "v"), ("XADD", "k", "1-2", "f", "w", "g", "-5"),
                 ("XADD", "k", "7-0", "f", "x", "", "y" * 5000)],
    "a long stream": [("XADD", "k", f"{1000 + i}-{i % 3}", "name", f"v{i}", "n", str(i))
                      for i in range(350)],
    "a stream that shrank": [*(("XADD", "k", f"{i}-1", "f", "v") for i in range(1, 9)),
                             ("XDEL", "k", "3-1", "8-1"), ("XTRIM", "k", "MAXLEN", "3")],
    "a stream with groups": [
        *(("XADD", "k", f"{i}-1", "f", str(i)) for i in range(1, 9)),
        ("XGROUP", "CREATE", "k", "g", "0"), ("XGROUP", "CREATE", "k", "h", "$"),
        ("XGROUP", "CREATE", "k", "read", "0", "ENTRIESREAD", "2"),
        ("XGROUP", "CREATECONSUMER", "k", "g", "idle"),
        ("XREADGROUP", "GROUP", "g", "ann", "COUNT", "3", "STREAMS", "k", ">"),
        ("XREADGROUP", "GROUP", "g", "bob", "COUNT", "2", "STREAMS", "k", ">"),
        ("XACK", "k", "g", "2-1"), ("XDEL", "k", "5-1")],
    "a stream of a group alone": [("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM"),
                                  ("XGROUP", "CREATECONSUMER", "k", "g", "c")],
}
GROUP_SHOWN = [("XPENDING", "k", "g"), ("XPENDING", "k", "g", "-", "+", "10", "ann"),
               ("XREADGROUP", "GROUP", "g", "ann", "STREAMS", "k", ">"),
               ("XREADGROUP", "GROUP", "g", "ann", "STREAMS", "k", "0")]
for title, made in STREAMS.items():
    grouped = any(words[0] == "XGROUP" for words in made)
    VALUES[title] = (made, STREAM_SHOWN + (GROUP_SHOWN if grouped else []))


def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x95ac9329ac4bc9b5 if crc & 1 else crc >> 1
    return crc


def payload(value, version=9):
    body = value + struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def short(data):
    assert len(data) < 64
    return bytes([len(data)]) + data


def wide(data):
    return b"\x80" + struct.pack(">I", len(data)) + data


def ziplist(*entries):
    """`entries`: encoded already."""
    body, last, tail = b"", 0, 10
    for entry in entries:
        tail = 10 + len(body)
        before = bytes([last]) if last < 254 else b"\xfe" + struct.pack("<I", last)
        body += before + entry
        last = len(before + entry)
    return struct.pack("<IIH", 11 + len(body), tail, len(entries)) + body + b"\xff"


A, B, C, LONG = b"\x01a", b"\x01b", b"\x01c", b"\x41\x2c" + b"l" * 300
WIDEST = b"\x80" + struct.pack(">I", 20000) + b"w" * 20000
INTEGERS = [b"\xfe\x80", b"\xc0\x00\x80", b"\xf0\x00\x00\x80", b"\xd0" + struct.pack("<i", -70000),
            b"\xe0" + struct.pack("<q", 2 ** 40), b"\xf1", b"\xfd"]
OLD_FORMS = {
    "a list of a ziplist": (b"\x0a" + wide(ziplist(A, LONG, B, *INTEGERS, WIDEST, C)),
                            ("LRANGE", "k", "0", "-1")),
    "a list of ziplists": (b"\x0e\x02" + wide(ziplist(A, B)) + wide(ziplist(*INTEGERS)),
                           ("LRANGE", "k", "0", "-1")),
    "a hash of a ziplist": (b"\x0d" + wide(ziplist(A, B, B, INTEGERS[0])), ("HGETALL", "k")),
    "a sorted set of a ziplist": (b"\x0c" + wide(ziplist(A, b"\xf2", B, b"\x032.5")),
                                  ("ZRANGE", "k", "0", "-1", "WITHSCORES")),
    "a sorted set with scores as texts":
        (b"\x03\x04\x01a\xff\x01b\x011\x01c\x032.5\x01d\xfe",
         ("ZRANGE", "k", "0", "-1", "WITHSCORES")),
    "a plain list": (b"\x01\x03\x01a\x01b\xc0\x05", ("LRANGE", "k", "0", "-1")),
    "a plain set": (b"\x02\x02\x01a\xc1\x00\x80", ("SMEMBERS", "k")),
    "a string of 32 bits": (b"\x00\xc2\x00\x00\x00\x80", ("GET", "k")),
}

VALID = payload(b"\x00\x01v")
DAMAGED = {
    "nothing": b"",
    "too little": b"\x00\x01",
    "another checksum": VALID[:-1] + bytes([VALID[-1] ^ 1]),
    "another byte": b"\x00\x01w" + VALID[3:],
    "a version that there is not": payload(b"\x00\x01v", 99),
    "no value": payload(b""),
    "an unknown type": payload(b"\x63\x01v"),
    "a string that ends early": payload(b"\x00\x20v"),
    "a length that is no length": payload(b"\x02\xc4"),
    "an empty list": payload(b"\x01\x00"),
    "an empty set": payload(b"\x02\x00"),
    "an empty hash": payload(b"\x04\x00"),
    "an empty sorted set": payload(b"\x05\x00"),
    "a member twice": payload(b"\x02\x02\x01a\x01a"),
    "a field twice": payload(b"\x04\x02\x01a\x01b\x01a\x01c"),
    "a score that is none": payload(b"\x05\x01\x01a" + struct.pack("<d", float("nan"))),
    "a ziplist of another length": payload(b"\x0a" + short(ziplist(A)[:-1] + b"\x00\xff")),
    "a set of broken integers": payload(b"\x0b" + short(struct.pack("<II", 3, 1) + b"abc")),
    "a string that does not unpack": payload(b"\x00\xc3\x03\x05\x20\x00\x00"),
}

RESTORE = [
    ("RESTORE", "k", "0", VALID), ("RESTORE", "k", "0", VALID), ("RESTORE", "k", "-1", b"x"),
    ("RESTORE", "k", "0", VALID, "REPLACE"), ("GET", "k"), ("TTL", "k"),
    ("RESTORE", "k", "100000", VALID, "REPLACE"), ("TTL", "k"),
    ("RESTORE", "k", "33177117420000", VALID, "replace", "absttl"), ("PEXPIRETIME", "k"),
    ("RESTORE", "k", "1", VALID, "REPLACE", "ABSTTL"), ("EXISTS", "k"),
    ("RESTORE", "k", "-1", VALID), ("RESTORE", "k", "abc", VALID), ("RESTORE", "k", "1.5", VALID),
    ("RESTORE", "k", "9223372036854775807", VALID, "ABSTTL"), ("EXISTS", "k"),
    ("RESTORE", "k", "0", VALID, "NOSUCH"), ("RESTORE", "k", "0", VALID, "IDLETIME"),
    ("RESTORE", "k", "0", VALID, "IDLETIME", "abc"), ("RESTORE", "k", "0", VALID, "IDLETIME", "-1"),
    ("RESTORE", "l", "0", VALID, "IDLETIME", "1000"), ("RESTORE", "l", "0", VALID, "FREQ", "256"),
    ("RESTORE", "l", "0", VALID, "FREQ", "-1"), ("RESTORE", "m", "0", VALID, "FREQ", "255"),
    ("RESTORE", "n", "0", VALID, "FREQ", "1", "IDLETIME", "1"),
    ("RESTORE", "n", "0", VALID, "IDLETIME", "1", "FREQ", "1"),
    ("RESTORE", "n", "0", VALID, "IDLETIME", "1", "REPLACE", "ABSTTL"), ("EXISTS", "n"),
    ("RESTORE", "k", "0"), ("RESTORE",), ("DUMP", "nosuch"), ("DUMP",), ("DUMP", "k", "l"),
]


class Dump(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.comparison = Comparison()
        cls.addClassCleanup(cls.comparison.close)
        cls.redis, cls.meridian = (cls.client(server.port) for server in
                                   (cls.comparison.redis, cls.comparison.meridian))
        cls.redis.ask("CONFIG", "SET", "sanitize-dump-payload", "yes")

    @classmethod
    def client(cls, port):
        connection = RawConnection(port)
        cls.addClassCleanup(connection.close)
        return connection

    def both(self, *words):
        return [self.comparable(words, server.ask(*words))
                for server in (self.redis, self.meridian)]

    @staticmethod
    def comparable(words, reply):
        if words[0] == "XPENDING" and len(words) > 3:
            # But not for how many milliseconds each is pending.
            return [str(part) for entry in reply.parts
                    for number, part in enumerate(entry.parts) if number != 2]
        if words[0] not in ("SMEMBERS", "HGETALL") or reply.parts is None:
            return str(reply)
        parts = [str(part) for part in reply.parts]
        return sorted(parts if words[0] == "SMEMBERS" else zip(parts[::2], parts[1::2]))

    def make(self, server, commands):
        server.ask("FLUSHALL")
        for words in commands:
            reply = str(server.ask(*words))
            self.assertFalse(reply.startswith("-"), (words, reply))

    def move(self, title, source, target):
        made, shown = VALUES[title]
        self.make(source, made)
        dumped = source.ask("DUMP", "k")
        target.ask("FLUSHALL")
        self.assertEqual(str(target.ask("RESTORE", "k", "0", dumped.word())), "+OK")
        for words in shown:
            expected, answered = (self.comparable(words, server.ask(*words))
                                  for server in (source, target))
            self.assertEqual(answered, expected, words)

    def test_what_redis_has_dumped_is_restored_here(self):
        for title in VALUES:
            with self.subTest(title):
                self.move(title, self.redis, self.meridian)

    def test_what_is_dumped_here_is_restored_by_redis(self):
        for title in VALUES:
            with self.subTest(title):
                self.move(title, self.meridian, self.redis)

    def test_old_forms_are_read_as_redis_reads_them(self):
        for title, (value, words) in OLD_FORMS.items():
            with self.subTest(title):
                self.both("FLUSHALL")
                self.assertEqual(self.both("RESTORE", "k", "0", payload(value)), ["+OK"] * 2)
                expected, answered = self.both(*words)
                self.assertEqual(answered, expected)

    def test_damaged_payloads_are_refused_as_redis_refuses_them(self):
        self.both("FLUSHALL")
        for title, damaged in DAMAGED.items():
            with self.subTest(title):
                expected, answered = self.both("RESTORE", "k", "0", damaged)
                self.assertTrue(expected.startswith("-ERR"), expected)
                self.assertEqual(answered, expected)
        self.assertEqual(self.both("EXISTS", "k")[1], ":0")

    def test_the_words_of_restore_mean_what_they_mean_to_redis(self):
        self.both("FLUSHALL")
        for words in RESTORE:
            with self.subTest(words):
                expected, answered = self.both(*words)
                if words[0] == "TTL" and expected != ":-1":
                    expected, answered = expected[:2], answered[:2]
                self.assertEqual(answered, expected)

    def test_redis_itself_moves_keys_here(self):
        self.both("FLUSHALL")
        for words in [("SET", "s", "v", "PX", "100000000"), ("RPUSH", "l", "a", "b"),
                      ("HSET", "h", "f", "1"), ("XADD", "x", "1-1", "f", "v"),
                      ("SET", "there", "1")]:
            self.redis.ask(*words)
        self.meridian.ask("SET", "there", "0")
        port = self.comparison.meridian.port
        self.assertTrue(str(self.redis.ask("MIGRATE", "127.0.0.1", port, "there", 0, 60000, "COPY"))
                        .startswith("-ERR Target instance replied with error: BUSYKEY"))
        self.assertEqual(str(self.redis.ask("MIGRATE", "127.0.0.1", port, "", 0, 60000, "COPY",
                                            "REPLACE", "KEYS", "s", "l", "h", "x", "there")), "+OK")
        for words in [("GET", "s"), ("LRANGE", "l", 0, -1), ("HGETALL", "h"), ("GET", "there"),
                      ("XRANGE", "x", "-", "+"), ("DBSIZE",)]:
            expected, answered = self.both(*words)
            self.assertEqual(answered, expected, words)
        self.assertGreater(self.meridian.ask("PTTL", "s").integer(), 90000000)

    def test_a_value_whose_bytes_are_changed_is_refused_or_another_one(self):
        """Whatever a payload says, both servers go on."""
        dice = random.Random(7)
        for title, (made, _) in VALUES.items():
            self.make(self.redis, made)
            dumped = self.redis.ask("DUMP", "k").word()
            for _ in range(20):
                body = bytearray(dumped[:-10])
                for _ in range(dice.randint(1, 4)):
                    body[dice.randrange(len(body))] = dice.randrange(256)
                self.meridian.ask("RESTORE", "other", "0", payload(bytes(body)), "REPLACE")
                self.meridian.ask("DUMP", "other")
            with self.subTest(title):
                self.assertEqual(str(self.meridian.ask("PING")), "+PONG")


if __name__ == "__main__":
    unittest.main()

"""OBJECT IDLETIME: which commands count as a use of a key, compared with redis-server.

A key is made that has been idle for long (RESTORE … IDLETIME); after a command both servers say
that it still is, or both that it was used.
"""
import unittest

from differential import Comparison
from raw_connection import RawConnection

LONG_AGO = 100000

VALUES = {
    "string": ("SET", "k", "12"),
    "list": ("RPUSH", "k", "a", "b"),
    "hash": ("HSET", "k", "f", "1"),
    "set": ("SADD", "k", "a"),
    "sorted set": ("ZADD", "k", "1", "a"),
    "stream": ("XADD", "k", "1-1", "f", "v"),
    "hyperloglog": ("PFADD", "k", "a"),
}
OF_ANY = [
    ("EXISTS", "k"), ("TYPE", "k"), ("TTL", "k"), ("PTTL", "k"), ("EXPIRETIME", "k"),
    ("PEXPIRETIME", "k"), ("OBJECT", "ENCODING", "k"), ("OBJECT", "REFCOUNT", "k"),
    ("OBJECT", "IDLETIME", "k"), ("OBJECT", "FREQ", "k"), ("MEMORY", "USAGE", "k"), ("KEYS", "*"),
    ("SCAN", "0"), ("SCAN", "0", "TYPE", "hash"), ("RANDOMKEY",), ("DBSIZE",), ("DUMP", "k"),
    ("TOUCH", "k"), ("TOUCH", "other"), ("EXPIRE", "k", "100"), ("PERSIST", "k"), ("GET", "k"),
    ("EXPIRE", "k", "100", "XX"), ("GETDEL", "nosuch"), ("COPY", "k", "other"),
    ("COPY", "other", "k"), ("RENAMENX", "other", "k"), ("SORT", "k"), ("WATCH", "k"),
    ("RESTORE", "k", "0", "nothing"), ("MGET", "other", "k"), ("MSETNX", "k", "1", "other", "2"),
    ("SETNX", "k", "1"),
]
OF_TYPE = {
    "string": [("STRLEN", "k"), ("GETRANGE", "k", "0", "1"), ("APPEND", "k", "x"), ("INCR", "k"),
               ("SET", "k", "v"), ("SET", "k", "v", "NX"), ("GETEX", "k"), ("BITCOUNT", "k"),
               ("BITOP", "NOT", "other", "k"), ("LCS", "k", "other"), ("LPUSH", "k", "x")],
    "list": [("LLEN", "k"), ("LRANGE", "k", "0", "0"), ("LPUSH", "k", "x"), ("LPOS", "k", "a"),
             ("BLPOP", "k", "1"), ("LPUSHX", "k", "x"), ("LREM", "k", "0", "nosuch")],
    "hash": [("HLEN", "k"), ("HGET", "k", "f"), ("HSET", "k", "g", "2"), ("HSCAN", "k", "0"),
             ("HDEL", "k", "nosuch")],
    "set": [("SCARD", "k"), ("SMEMBERS", "k"), ("SADD", "k", "b"), ("SINTERCARD", "1", "k"),
            ("SUNIONSTORE", "other", "k"), ("SRANDMEMBER", "k")],
    "sorted set": [("ZCARD", "k"), ("ZSCORE", "k", "a"), ("ZADD", "k", "2", "b"),
                   ("ZRANGESTORE", "other", "k", "0", "-1"), ("ZREM", "k", "nosuch")],
    "stream": [("XLEN", "k"), ("XREAD", "STREAMS", "k", "0"), ("XREAD", "STREAMS", "k", "9"),
               ("XINFO", "STREAM", "k"), ("XADD", "k", "*", "f", "v"), ("XTRIM", "k", "MAXLEN", "9")],
    "hyperloglog": [("PFCOUNT", "k"), ("PFMERGE", "other", "k"), ("PFADD", "k", "a")],
}


class IdleTime(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.comparison = Comparison()
        cls.addClassCleanup(cls.comparison.close)
        cls.servers = [RawConnection(server.port) for server in
                       (cls.comparison.redis, cls.comparison.meridian)]
        for server in cls.servers:
            cls.addClassCleanup(server.close)

    def used(self, server, made, command):
        server.ask("FLUSHALL")
        server.ask(*made)
        dumped = server.ask("DUMP", "k").word()
        server.ask("RESTORE", "k", "0", dumped, "REPLACE", "IDLETIME", str(LONG_AGO))
        self.assertGreaterEqual(server.ask("OBJECT", "IDLETIME", "k").integer(), LONG_AGO)
        server.ask("SET", "other", "x")
        server.ask(*command)
        server.ask("UNWATCH")
        return server.ask("OBJECT", "IDLETIME", "k").integer() < LONG_AGO

    def test_the_same_commands_use_a_key(self):
        for title, made in VALUES.items():
            for command in OF_ANY + OF_TYPE[title]:
                with self.subTest(type=title, command=command):
                    redis, meridian = (self.used(server, made, command) for server in self.servers)
                    self.assertEqual(meridian, redis)


if __name__ == "__main__":
    unittest.main()

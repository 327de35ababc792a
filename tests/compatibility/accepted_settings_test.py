"""CONFIG SET takes and refuses the values that redis-server takes and refuses, also of settings that
change nothing here."""
import unittest

from differential import Comparison
from raw_connection import RawConnection

NUMBERS = ["-1", "0", "1", "-5", "2147483647", "2147483648", "-2147483648", "-2147483649",
           "9223372036854775807", "9223372036854775808", "abc", "", "1.5"]
BYTES = [*NUMBERS, "100mb", "1gb", "10k", "5x"]
SETTINGS = {
    **dict.fromkeys("""
        auto-aof-rewrite-percentage busy-reply-threshold hash-max-listpack-entries
        hash-max-ziplist-entries hz list-compress-depth
        list-max-listpack-size list-max-ziplist-size lua-time-limit maxmemory-samples
        min-replicas-max-lag min-replicas-to-write min-slaves-max-lag min-slaves-to-write
        repl-backlog-ttl set-max-intset-entries stream-node-max-entries tracking-table-max-keys
        zset-max-listpack-entries zset-max-ziplist-entries""".split(), NUMBERS),
    **dict.fromkeys("""
        auto-aof-rewrite-min-size hash-max-listpack-value hash-max-ziplist-value
        hll-sparse-max-bytes repl-backlog-size stream-node-max-bytes zset-max-listpack-value
        zset-max-ziplist-value""".split(), BYTES),
}


class AcceptedSettings(unittest.TestCase):
    def test_values_out_of_range_are_refused_with_the_same_words(self):
        comparison = Comparison()
        self.addCleanup(comparison.close)
        servers = [RawConnection(server.port) for server in (comparison.redis, comparison.meridian)]
        for server in servers:
            self.addCleanup(server.close)
        for name, values in SETTINGS.items():
            for value in values:
                with self.subTest(setting=name, value=value):
                    redis, meridian = (str(server.ask("CONFIG", "SET", name, value))
                                       for server in servers)
                    self.assertEqual(meridian, redis)


if __name__ == "__main__":
    unittest.main()

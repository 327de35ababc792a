"""Sequences that try the options of a command in every combination and order."""

import itertools

from differential import Step, words_of

STATES = {
    "a missing key": [],
    "a string": ["SET k old"],
    "a string with a time to live": ["SET k old EX 5000"],
    "a set": ["SADD k a b c"],
    "a hash": ["HSET k a 1 b 2 c 3"],
}

SET = ["NX", "XX", "GET", "KEEPTTL", "EX 1000", "PX 1000000", "EXAT 33177117420",
       "PXAT 33177117420000", "EX 0", "PX abc", "EXAT 1", "PERSIST", "EX"]
GETEX = ["PERSIST", "EX 1000", "PX 1000000", "EXAT 33177117420", "PXAT 1", "EX 0", "PX abc",
         "KEEPTTL", "NX", "EX"]
EXPIRE = ["NX", "XX", "GT", "LT", "NOSUCH"]
SCAN = ["MATCH a*", "MATCH nosuch", "COUNT 100", "COUNT 0", "COUNT abc", "TYPE string",
        "TYPE nosuch", "MATCH", "NOSUCH 1"]
COPY = ["REPLACE", "DB 0", "DB 1", "DB x", "DB", "NOSUCH"]
COUNTED = ["0", "1", "-2", "100", "-9223372036854775808", "abc", "WITHVALUES", "NOSUCH"]
LIMIT = ["LIMIT 0", "LIMIT 1", "LIMIT -1", "LIMIT abc", "LIMIT", "NOSUCH"]

# What is asked, its options, the most of them at once, what shows the outcome.
COMMANDS = {
    "SET k new": (SET, 3, ["GET k", "TTL k"]),
    "GETEX k": (GETEX, 2, ["TTL k"]),
    "EXPIRE k 1000": (EXPIRE, 3, ["TTL k"]),
    "EXPIRE k 9000": (EXPIRE, 3, ["TTL k"]),
    "EXPIRE k -1": (EXPIRE, 2, ["EXISTS k"]),
    "PEXPIREAT k 33177117420000": (EXPIRE, 2, ["PTTL k"]),
    "SCAN 0 COUNT 1000": (SCAN, 2, []),
    "SSCAN k 0": (SCAN, 2, []),
    "HSCAN k 0": (SCAN, 2, []),
    "COPY k l": (COPY, 2, ["TYPE l", "TTL l"]),
    "SRANDMEMBER k": (COUNTED, 2, []),
    "HRANDFIELD k": (COUNTED, 2, []),
    "SINTERCARD 1 k": (LIMIT, 2, []),
    "SINTERCARD 2 k k": (LIMIT, 2, []),
}


def combinations():
    """(title, steps) for each command and state."""
    for command, (options, most, behind) in COMMANDS.items():
        for state, before in STATES.items():
            lines = []
            for count in range(most + 1):
                for chosen in itertools.product(options, repeat=count):
                    lines += ["DEL k l", *before, " ".join([command, *chosen]), *behind]
            yield f"{command} … on {state}", [Step(1, tuple(words_of(line))) for line in lines]

"""Random sequences of commands, family by family, and the shortest form of one that differs.

What draws at random changes nothing here (SRANDMEMBER), or takes all there is (SPOP key 1000): two
servers have to stay in the same state. Times to live are over or far away, for the same reason.
"""

import random

from differential import Step

KEYS = ["k", "l", "m", "{t}1"]
# What is added to as a floating-point number holds no other numbers: sums of many digits may differ
# in the last ones (differences.txt).
FLOAT_KEYS = ["n", "o"]
FLOAT_FIELDS = ["n", "o"]
FIELDS = ["f", "g", "h", "", "10", "long" * 20]
VALUES = ["v", "w", "", "0", "1", "-1", "10", "01", " 1", "1.5", "-0.25", "1e2", "text", "\x00\xff",
          "9223372036854775807", "-9223372036854775808", "9223372036854775808", "x" * 70]
# SORT ALPHA of redis-server compares texts up to their first zero only.
SORTABLE = [value for value in VALUES if "\x00" not in value]
INTEGERS = ["0", "1", "-1", "2", "3", "10", "-10", "100", "abc", "", "1.5", "+1",
            "9223372036854775807", "-9223372036854775808", "9223372036854775808"]
INDEXES = ["0", "1", "-1", "2", "-2", "5", "-5", "100", "-100", "abc",
           "9223372036854775807", "-9223372036854775808"]
# Parts of two, so that sums are the same in every order.
FLOATS = ["0", "1", "-1", "0.5", "-0.25", "1e2", "3.0", "1024", "abc", "", "inf", "nan", "1.5x"]
COUNTS = ["0", "1", "2", "3", "1000", "-1", "-3", "abc", "1.5"]
# Two that are equal would differ by what passes between two commands: GT and LT look at that.
SECONDS = [*(str(100000 + 997 * i) for i in range(500)), *["0", "-1", "abc", "1.5"] * 20]
MILLISECONDS = [*(str(200000500 + 997000 * i) for i in range(500)), *["0", "-1", "abc"] * 20]
UNIX_SECONDS = ["33177117420", "44177117420", "1", "0", "-1", "abc", "9223372036854775807"]
UNIX_MILLISECONDS = ["33177117420000", "44177117420000", "1", "0", "-1", "abc"]
# Sums of them are the same in every order, as of FLOATS.
SCORES = ["0", "1", "-1", "2", "3", "0.5", "-0.25", "1e2", "1024", "inf", "-inf", "abc", "nan", ""]
BOUNDS = ["0", "1", "(1", "-1", "(0.5", "2", "(3", "100", "-inf", "+inf", "inf", "(inf", "abc", "("]
TEXT_BOUNDS = ["-", "+", "[f", "(f", "[g", "(h", "[", "(", "[long", "f", "[10"]
# Far from each other and from the edges of cells: a distance that is printed has four digits.
LONGITUDES = ["0", "13.361389", "-122.27652", "179.5", "-180", "100.25", "200", "abc"]
LATITUDES = ["0", "38.115556", "-33.8675", "84.5", "-85.05112878", "51.5", "86", "abc"]
DISTANCES = ["0", "10", "500", "3000", "15000", "0.5", "-1", "abc"]
PATTERNS = ["*", "k*", "?", "[fgk]*", "[^k]", "nosuch", "", "*1*", "[a-h]"]

# Added once: a member that is there is added anew, which WATCH sees (differences.txt).
UNIQUE = [f"member {i}" for i in range(10**6)]

# Short: nobody else pushes, so that a command which finds nothing waits for all of it.
BLOCKING = {"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP"}
WAITABLE = ["0.001", "0.01", "-1", "abc", "1e300", "0.0001"]

BITS = ["0", "1", "0", "1", "2", "-1", "abc"]
BIT_OFFSETS = ["0", "1", "5", "7", "8", "13", "64", "100", "257", "-1", "abc", "4294967296"]
FIELD_TYPES = ["u1", "i1", "u4", "i5", "u8", "i8", "u16", "i33", "u63", "i64", "u64", "i65", "x8"]
# Not the least number of 64 bits: redis-server takes it for too great a value of a shorter field.
FIELD_VALUES = ["0", "1", "-1", "3", "-10", "100", "200", "-200", "70000", "9223372036854775807",
                "abc"]
FIELD_OFFSETS = ["0", "3", "8", "#0", "#1", "#2", "100", "-1", "#a", "4294967296"]

ELEMENTS = [str(i) for i in range(3000)]

POOLS = {"element": ELEMENTS, "bit": BITS, "bitoffset": BIT_OFFSETS, "fieldtype": FIELD_TYPES,
         "fieldoffset": FIELD_OFFSETS, "fieldvalue": FIELD_VALUES,
         "overflow": ["WRAP", "SAT", "FAIL", "NEVER"],
         "unique": UNIQUE, "floatkey": FLOAT_KEYS, "floatfield": FLOAT_FIELDS, "key": KEYS,
         "field": FIELDS,
         "value": VALUES, "sortable": SORTABLE, "integer": INTEGERS, "index": INDEXES,
         "float": FLOATS, "count": COUNTS, "seconds": SECONDS, "milliseconds": MILLISECONDS,
         "unixseconds": UNIX_SECONDS, "unixmilliseconds": UNIX_MILLISECONDS, "pattern": PATTERNS,
         "number": ["1", "2", "3", "0", "-1", "abc"], "score": SCORES, "bound": BOUNDS,
         "text": TEXT_BOUNDS, "longitude": LONGITUDES, "latitude": LATITUDES,
         "distance": DISTANCES, "waitable": WAITABLE}

TIME = "[EX seconds|PX milliseconds|EXAT unixseconds|PXAT unixmilliseconds]"
CONDITION = "[NX|XX|GT|LT] [NX|XX|GT|LT]"

# Words in capitals stand for themselves, those in small letters for one of a pool; [a|b] is one of
# these or nothing, and a dot behind a word makes it one to four.
GENERAL = f"""
DEL key.
EXISTS key.
TYPE key
TTL key
PTTL key
EXPIRE key seconds {CONDITION}
PEXPIRE key milliseconds {CONDITION}
EXPIREAT key unixseconds {CONDITION}
PEXPIREAT key unixmilliseconds {CONDITION}
EXPIRETIME key
PEXPIRETIME key
PERSIST key
RENAME key key
RENAMENX key key
COPY key key [REPLACE|DB number] [REPLACE]
TOUCH key.
UNLINK key key
KEYS pattern
SCAN 0 COUNT 1000 [MATCH pattern|TYPE string|TYPE hash|TYPE set|TYPE list|TYPE zset]
OBJECT REFCOUNT nosuch
"""
FAMILIES = {
    "bitmaps": f"""
SETBIT key bitoffset bit
GETBIT key bitoffset
BITCOUNT key
BITCOUNT key index index [BYTE|BIT]
BITPOS key bit
BITPOS key bit index
BITPOS key bit index index [BYTE|BIT]
BITOP AND key key.
BITOP OR key key.
BITOP XOR key key.
BITOP NOT key key
BITFIELD key GET fieldtype fieldoffset
BITFIELD key OVERFLOW overflow SET fieldtype fieldoffset fieldvalue INCRBY fieldtype 0 fieldvalue
BITFIELD key INCRBY fieldtype fieldoffset fieldvalue GET fieldtype fieldoffset
BITFIELD_RO key GET fieldtype fieldoffset
GET key
SET key value {TIME}
APPEND key value
INCRBY key integer
STRLEN key
SADD key field
""",
    "strings": f"""
GET key
SET key value
SET key value [NX|XX|GET|KEEPTTL] {TIME} [NX|XX|GET|KEEPTTL]
SETNX key value
SETEX key seconds value
PSETEX key milliseconds value
GETSET key value
GETDEL key
GETEX key {TIME} [PERSIST]
MGET key.
MSET key value key value
MSETNX key value key value
APPEND key value
STRLEN key
SETRANGE key index value
GETRANGE key index index
SUBSTR key index index
LCS key key
LCS key key LEN
LCS key key IDX [WITHMATCHLEN]
LCS key key IDX MINMATCHLEN number
INCR key
DECR key
INCRBY key integer
DECRBY key integer
INCRBYFLOAT floatkey float
SET floatkey float
INCR floatkey
INCRBY floatkey number
APPEND floatkey field
GET floatkey
DEL floatkey
COPY floatkey floatkey REPLACE
SADD key field
""",
    "hashes": """
HSET key field value
HSET key field value field value field value
HMSET key field value field value
HSETNX key field value
HGET key field
HMGET key field.
HGETALL key
HDEL key field.
HEXISTS key field
HLEN key
HKEYS key
HVALS key
HSTRLEN key field
HINCRBY key field integer
HINCRBYFLOAT key floatfield float
HSET key floatfield float
HINCRBY key floatfield number
HDEL key floatfield
HRANDFIELD key [count] [WITHVALUES]
HSCAN key 0 COUNT 1000 [MATCH pattern|COUNT abc|COUNT 0|NOSUCH]
SET key value
SADD key field
""",
    "sets": """
SADD key field.
SADD key field field field
SREM key field.
SCARD key
SISMEMBER key field
SMISMEMBER key field.
SMEMBERS key
SPOP key 1000
SPOP key 0
SRANDMEMBER key [count]
SMOVE key key field
SUNION key.
SINTER key.
SDIFF key.
SUNIONSTORE key key.
SINTERSTORE key key.
SDIFFSTORE key key.
SINTERCARD number key. [LIMIT count]
SSCAN key 0 COUNT 1000 [MATCH pattern|COUNT abc|COUNT 0|NOSUCH]
SET key value
HSET key field value
""",
    "sorted_sets": """
ZADD key score field
ZADD key score field score field score field
ZADD key [NX|XX|GT|LT] [NX|XX|GT|LT] [CH|INCR] score field
ZADD key [NX|XX|GT|LT] [CH] score field score field
ZINCRBY key score field
ZREM key field.
ZCARD key
ZSCORE key field
ZMSCORE key field.
ZRANK key field
ZREVRANK key field
ZCOUNT key bound bound
ZRANGE key index index [REV] [WITHSCORES]
ZRANGE key bound bound BYSCORE [REV] [LIMIT index index] [WITHSCORES]
ZREVRANGE key index index [WITHSCORES]
ZRANGEBYSCORE key bound bound [WITHSCORES] [LIMIT index index]
ZREVRANGEBYSCORE key bound bound [LIMIT index index] [WITHSCORES]
ZRANGESTORE key key index index [REV]
ZRANGESTORE key key bound bound BYSCORE [LIMIT index index]
ZREMRANGEBYRANK key index index
ZREMRANGEBYSCORE key bound bound
ZPOPMIN key [count]
ZPOPMAX key [count]
ZMPOP number key. [MIN|MAX] [COUNT count]
ZRANDMEMBER key [count] [WITHSCORES]
ZUNION number key. [WEIGHTS score score] [AGGREGATE MIN|AGGREGATE MAX] [WITHSCORES]
ZINTER number key. [WEIGHTS score score] [AGGREGATE MIN|AGGREGATE MAX] [WITHSCORES]
ZDIFF number key. [WITHSCORES]
ZUNIONSTORE key number key. [WEIGHTS score score|AGGREGATE MAX]
ZINTERSTORE key number key. [WEIGHTS score score|AGGREGATE MIN]
ZDIFFSTORE key number key.
ZINTERCARD number key. [LIMIT count]
ZSCAN key 0 COUNT 1000 [MATCH pattern|COUNT abc|COUNT 0|NOSUCH]
ZADD texts 0 field 0 field
ZRANGEBYLEX texts text text [LIMIT index index]
ZREVRANGEBYLEX texts text text [LIMIT index index]
ZRANGE texts text text BYLEX [REV] [LIMIT index index]
ZLEXCOUNT texts text text
ZREMRANGEBYLEX texts text text
SADD key field
SET key value
""",
    "lists": """
RPUSH key value value value
LPUSH key value.
RPUSH key value.
RPUSHX key value.
LPUSHX key value
LPOP key [count]
RPOP key [count]
LLEN key
LINDEX key index
LRANGE key index index
LSET key index value
LTRIM key index index
LREM key integer value
LINSERT key BEFORE value value
LINSERT key AFTER value value
LINSERT key NOSUCH value value
LPOS key value [RANK integer] [COUNT count] [MAXLEN count]
LMOVE key key LEFT RIGHT
LMOVE key key RIGHT LEFT
LMOVE key key LEFT LEFT
LMOVE key key RIGHT NOSUCH
RPOPLPUSH key key
LMPOP number key. [LEFT|RIGHT] [COUNT count]
BLPOP key key waitable
BRPOP key key waitable
BLMOVE key key LEFT RIGHT waitable
BRPOPLPUSH key key waitable
BLMPOP waitable number key. [LEFT|RIGHT] [COUNT count]
SET key value
SADD key field
""",
    "sort": """
RPUSH key number number number
RPUSH key field field
SADD key number number number
ZADD key score number score number
ZADD key score field
SORT key ALPHA
SORT key [DESC] [LIMIT index index]
SORT key ALPHA [DESC] [LIMIT index index] [GET #]
SORT key BY w* [DESC] GET # [GET w*]
SORT key BY h*->f GET # GET h*->f [GET h*->]
SORT key ALPHA STORE key
SORT key BY w* GET w* STORE key
SORT_RO key ALPHA [GET w*] [STORE key]
SORT key BY h*->n LIMIT 0 2 [NOSUCH]
MSET w1 number w2 sortable w3 field wf number
HSET h1 f number n number
HSET h2 f sortable
HSET hg f field n score
DEL w1 h2
LRANGE key 0 -1
DEL key
""",
    "geo": """
GEOADD key longitude latitude field
GEOADD key [NX|XX] [CH] longitude latitude field longitude latitude field
GEODIST key field field [m|km|ft|mi|parsec]
GEOHASH key field.
GEOPOS key field.
GEOSEARCH key FROMLONLAT longitude latitude BYRADIUS distance km ASC [WITHDIST] [WITHCOORD] [WITHHASH]
GEOSEARCH key FROMMEMBER field BYRADIUS distance mi DESC [WITHDIST] [COUNT count]
GEOSEARCH key FROMLONLAT longitude latitude BYBOX distance distance km [ASC|DESC] [WITHDIST]
GEOSEARCHSTORE key key FROMMEMBER field BYRADIUS distance km [COUNT count] [STOREDIST]
GEORADIUS key longitude latitude distance km ASC [WITHDIST] [WITHHASH] [COUNT count]
GEORADIUSBYMEMBER key field distance m ASC [STORE key|WITHDIST]
GEORADIUS_RO key longitude latitude distance km DESC
GEORADIUSBYMEMBER_RO key field distance km ASC
ZRANGE key index index WITHSCORES
ZREM key field
SET key value
""",
    "hyperloglogs": f"""
PFADD key element.
PFADD key element element element element element element element element
PFADD key
PFCOUNT key
PFCOUNT key key.
PFMERGE key key.
PFMERGE key
STRLEN key
GETRANGE key 0 5
SET key value {TIME}
SETRANGE key 0 value
INCRBY key integer
SADD key field
""",
    "transactions": """
MULTI
EXEC
EXEC
DISCARD
WATCH key.
UNWATCH
GET key
SET key value
INCR key
HSET key field value
HGETALL key
SADD key unique.
SMEMBERS key
SET key
NOSUCH key
DEL key
""",
}


def choice(text, dice):
    """Words of a template."""
    words = []
    while text:
        text = text.lstrip()
        if text.startswith("["):
            inner, _, text = text[1:].partition("]")
            words += choice(dice.choice(inner.split("|") + [""]), dice)
            continue
        word, _, text = text.partition(" ")
        for _ in range(dice.randint(1, 4) if word.endswith(".") else 1 if word else 0):
            pool = POOLS.get(word.rstrip("."))
            words.append(dice.choice(pool) if pool else word.rstrip("."))
    return words


def random_command(templates, dice):
    words = choice(dice.choice(templates), dice)
    mistake = dice.random()
    if mistake < 0.02 and len(words) > 1 and words[0] != "SPOP":  # It would draw at random.
        words.pop(dice.randrange(1, len(words)))
    elif mistake < 0.04 and words[0] not in BLOCKING:  # The last word may become 0: for ever.
        words.insert(dice.randint(1, len(words)), dice.choice(SORTABLE))
    if dice.random() < 0.1:
        words[0] = words[0].lower()
    return tuple(word.encode("latin-1") for word in words)


def random_sequence(family, seed, length=60):
    dice = random.Random(f"{family} {seed}")
    templates = FAMILIES[family].strip().splitlines()
    if family != "transactions":
        templates = templates * 2 + GENERAL.strip().splitlines()
    clients = 2 if family == "transactions" else 1
    return [Step(dice.randint(1, clients), random_command(templates, dice))
            for _ in range(length)]


def shrunk(steps, differs):
    """A short part of `steps` that still differs: takes away what is not needed for it."""
    size = len(steps) // 2
    while size >= 1:
        start = 0
        while start < len(steps):
            shorter = steps[:start] + steps[start + size:]
            if shorter and differs(shorter):
                steps = shorter
            else:
                start += size
        size //= 2
    return steps

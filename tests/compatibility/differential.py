"""Runs sequences of commands on two servers and compares the replies.

A sequence is a list of steps. Replies are compared as bytes, after what Redis itself leaves open has
been taken out: the order of sets and hashes, which member is drawn at random, how much of a time to
live has passed.
"""

import collections
import itertools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from raw_connection import RawConnection, Reply, quoted

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cluster  # noqa: E402  (found by the line above)

HERE = pathlib.Path(__file__).resolve().parent

# Longer than any test takes between two commands.
CLOCK_TOLERANCE_SECONDS = 300

UNORDERED = {"smembers", "sinter", "sunion", "sdiff", "hkeys", "hvals", "keys", "spop"}
UNORDERED_PAIRS = {"hgetall"}
DRAWN = {"srandmember", "hrandfield", "zrandmember", "randomkey"}
SECONDS_LEFT = {"ttl", "expiretime"}
MILLISECONDS_LEFT = {"pttl", "pexpiretime"}
SCANS = {"scan": 1, "sscan": 2, "hscan": 2, "zscan": 2}  # Where the cursor stands.
SCANS_OF_PAIRS = {"hscan", "zscan"}

Step = collections.namedtuple("Step", "connection words")
Difference = collections.namedtuple("Difference", "protocol step redis meridian")


class RedisServer:
    """Debian's redis-server on a free port, keeping nothing."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="redis-test-")
        self.port = cluster.free_ports(1)[0]
        self.process = subprocess.Popen(
            [shutil.which("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--databases", "1", "--dir", self.directory],
            stdout=subprocess.DEVNULL)

        def answers():
            connection = RawConnection(self.port)
            pong = str(connection.ask("PING"))
            connection.close()
            return pong == "+PONG"
        cluster.wait_until(answers, "redis-server answers")

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


# ---- What a sequence looks like -----------------------------------------------------------------

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def words_of(line):
    """Words of a line as redis-cli takes them: plain or in double quotes, with \\xHH inside."""
    words = []
    for match in re.finditer(r'"((?:[^"\\]|\\.)*)"|(\S+)', line):
        if match.group(2) is not None:
            words.append(match.group(2).encode())
            continue
        text = re.sub(r"\\(x[0-9a-fA-F]{2}|.)",
                      lambda m: chr(int(m.group(1)[1:], 16)) if len(m.group(1)) == 3
                      else ESCAPES[m.group(1)], match.group(1))
        words.append(text.encode("latin-1"))
    return words


def read_sequences(path):
    """(title, steps) of a file: `== title`, then a command a line; `2> …` is a second client."""
    sequences = []
    for line in path.read_text().splitlines():
        if line.startswith("== "):
            sequences.append((line[3:], []))
        elif line.strip() and not line.startswith("#"):
            client, command = re.fullmatch(r"(?:(\d)> )?(.*)", line).groups()
            sequences[-1][1].append(Step(int(client or 1), tuple(words_of(command))))
    return sequences


def command_text(words):
    plain = re.compile(rb"[!-~]+")
    return " ".join(word.decode() if plain.fullmatch(word) and b'"' not in word else quoted(word)
                    for word in words)


# ---- Running one --------------------------------------------------------------------------------

def name_of(words):
    return words[0].decode("latin-1").lower() if words else ""


class Client:
    """One connection, with what has to be known to compare its replies."""

    def __init__(self, port, protocol):
        self.connection = RawConnection(port)
        if protocol == 3:
            self.connection.ask("HELLO", "3")
        self.queued = None  # The commands since MULTI.

    def run(self, commands):
        """Sends all, then reads all: the replies, one for each command."""
        self.connection.send(*commands)
        return [self.comparable(words, self.connection.read()) for words in commands]

    def comparable(self, words, reply):
        name = name_of(words)
        if str(reply) == "+QUEUED":
            self.queued = [*(self.queued or []), words]
            return reply
        if name == "multi" and not reply.is_error():
            self.queued = []
        elif name in ("exec", "discard", "reset") and self.queued is not None \
                and (not reply.is_error() or reply.text.startswith("EXECABORT")):
            queued, self.queued = self.queued, None
            if name == "exec" and reply.kind == "*" and reply.parts is not None:
                parts = [leave_open(*pair) for pair in zip(queued, reply.parts)]
                return Reply("*", parts=parts)
        return leave_open(words, reply)


def leave_open(words, reply):
    """The reply without what Redis does not promise."""
    name = name_of(words)
    if reply.parts is not None and name in SCANS and len(reply.parts) == 2:
        return Reply("*", parts=[reply.parts[0], in_order(reply.parts[1], scanned_at_once(name))])
    if reply.parts is not None and name in DRAWN:
        repeats = len(words) > 3 or len(words) > 2 and words[2].startswith(b"-")
        distinct = repeats or len({str(part) for part in reply.parts}) == len(reply.parts)
        shapes = [Reply(part.kind, parts=[] if part.parts is not None else None)
                  for part in reply.parts]
        return Reply(reply.kind, parts=shapes + [Reply("distinct" if distinct else "repeated")])
    if name in DRAWN and reply.word() is not None:
        return Reply(reply.kind, "drawn")
    if reply.parts is not None and name in UNORDERED:
        return in_order(reply, 1)
    if reply.parts is not None and name in UNORDERED_PAIRS:
        return in_order(reply, 2)
    if reply.parts is not None and name in ("xpending", "xinfo"):
        return without_clock(reply)
    idle = name == "object" and len(words) > 1 and words[1].lower() == b"idletime"
    if reply.kind == ":" and (name in SECONDS_LEFT or idle) and reply.integer() >= 0:
        return TimeReply(reply.integer())
    if reply.kind == ":" and name in MILLISECONDS_LEFT and reply.integer() >= 0:
        return TimeReply(reply.integer() / 1000)
    return reply


CLOCK_FIELDS = {"idle", "inactive", "seen-time", "active-time"}


def without_clock(reply):
    """Of XPENDING and XINFO: when an entry was delivered, and when a consumer was seen."""
    if reply.parts is None:
        return reply
    parts = [without_clock(part) for part in reply.parts]
    for place, part in enumerate(parts):
        before = parts[place - 1].word() if place > 0 else None
        since_delivery = len(parts) in (3, 4) and place == len(parts) - 2 and part.kind == ":" \
            and parts[-1].kind == ":" and parts[0].word() is not None and b"-" in parts[0].word()
        if since_delivery or (before is not None and before.decode("latin-1") in CLOCK_FIELDS):
            parts[place] = Reply("time")
    return Reply(reply.kind, parts=parts)


class TimeReply(Reply):
    """A time that both servers read off their clocks, not at the same moment."""

    def __init__(self, seconds):
        super().__init__(":", f"{seconds} s")
        self.seconds = seconds


def same(one, other):
    if isinstance(one, TimeReply) and isinstance(other, TimeReply):
        return abs(one.seconds - other.seconds) <= CLOCK_TOLERANCE_SECONDS
    if one.parts is None or other.parts is None:
        return str(one) == str(other) or same_double(one, other)
    return (one.kind == other.kind and len(one.parts) == len(other.parts)
            and all(same(*pair) for pair in zip(one.parts, other.parts)))


def scanned_at_once(name):
    return 2 if name in SCANS_OF_PAIRS else 1


def same_double(redis, meridian):
    """7.0 prints a double with 17 digits, 7.2 with as few as tell which double it is."""
    texts = [part.text if isinstance(part.text, str) else (part.text or b"").decode("latin-1")
             for part in (redis, meridian)]
    return (redis.kind == meridian.kind and redis.kind in "$,"
            and all(re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", text) for text in texts)
            and texts[0] == "%.17g" % float(texts[1]))


def in_order(reply, size):
    if reply.parts is None:
        return reply
    groups = [reply.parts[i:i + size] for i in range(0, len(reply.parts), size)]
    groups.sort(key=lambda group: [str(part) for part in group])
    return Reply(reply.kind, parts=[part for group in groups for part in group])


def scan_to_the_end(client, words):
    """`!scan SSCAN key 0 COUNT 3`: all that the whole iteration answers, each once."""
    place = SCANS[name_of(words)]
    size = scanned_at_once(name_of(words))
    found, words = {}, list(words)
    while True:
        reply = client.connection.ask(*words)
        if reply.parts is None:
            return reply
        words[place] = reply.parts[0].word()
        parts = reply.parts[1].parts
        for i in range(0, len(parts), size):
            found[" ".join(str(part) for part in parts[i:i + size])] = None
        if words[place] == b"0":
            return Reply("+", " ".join(sorted(found)))


def wait_until_gone(client, words):
    """`!gone key`: waits until the key has expired."""
    cluster.wait_until(lambda: str(client.connection.ask("EXISTS", *words)) == ":0", "the key is gone")
    return Reply("+", "gone")


def send_only(client, words):
    """`!silent command`: sends what is not to be answered."""
    client.connection.send(words)
    return Reply("+", "sent")


DIRECTIVES = {b"!scan": scan_to_the_end, b"!gone": wait_until_gone, b"!silent": send_only}


def batches(steps):
    """(connection, commands): what is sent at once, and directives on their own."""
    def batch_of(numbered):
        place, step = numbered
        return step.connection, place if step.words[0] in DIRECTIVES else None
    for (connection, _), group in itertools.groupby(enumerate(steps), key=batch_of):
        yield connection, [step.words for _, step in group]


class Target:
    """One of the two servers."""

    def __init__(self, port):
        self.port = port
        self.control = RawConnection(port)

    def run(self, steps, protocol):
        """The replies of a sequence on an empty database."""
        self.control.ask("FLUSHALL")
        clients = {}
        try:
            return self.replies(steps, clients, protocol)
        finally:
            for client in clients.values():
                client.connection.close()

    def replies(self, steps, clients, protocol):
        replies = []
        for number, batch in batches(steps):
            if number not in clients:
                clients[number] = Client(self.port, protocol)
            directive = DIRECTIVES.get(batch[0][0])
            if directive:
                replies.append(directive(clients[number], batch[0][1:]))
            else:
                replies += clients[number].run(batch)
        return replies

    def close(self):
        self.control.close()


class Comparison:
    """redis-server and one region of Meridian, side by side."""

    def __init__(self):
        self.redis_server = RedisServer()
        self.cluster = cluster.Cluster(regions=1, replicas=0)
        self.cluster.__enter__()
        self.redis = Target(self.redis_server.port)
        self.meridian = Target(self.cluster.primary(1).port)
        # IDs as they are given: else a time alone gets the region as its sequence.
        self.cluster.primary(1).client().config_set("stream-ids", "liberal")

    def close(self):
        self.redis.close()
        self.meridian.close()
        self.cluster.__exit__(None, None, None)
        self.redis_server.stop()

    def differences(self, steps, protocol):
        expected = self.redis.run(steps, protocol)
        actual = self.meridian.run(steps, protocol)
        return [Difference(protocol, step, str(redis), str(meridian))
                for step, redis, meridian in zip(steps, expected, actual)
                if not same(redis, meridian)]


# ---- The differences that are meant -------------------------------------------------------------

class KnownDifferences:
    """differences.txt: patterns of "COMMAND | Redis' reply | our reply", each with its reason."""

    def __init__(self, path=HERE / "differences.txt"):
        self.patterns, self.without_reason, self.used = [], [], set()
        for entry in path.read_text().split("\n\n"):
            lines = [line for line in entry.splitlines() if line and not line.startswith("#")]
            patterns = [line for line in lines if not line.startswith(" ")]
            self.patterns += [re.compile(pattern, re.DOTALL) for pattern in patterns]
            if len(patterns) == len(lines):
                self.without_reason += patterns

    def knows(self, difference):
        text = describe(difference)
        found = {pattern.pattern for pattern in self.patterns if pattern.fullmatch(text)}
        self.used |= found
        return bool(found)

    def unused(self):
        return [pattern.pattern for pattern in self.patterns if pattern.pattern not in self.used]


def describe(difference):
    return f"{command_text(difference.step.words)} | {difference.redis} | {difference.meridian}"

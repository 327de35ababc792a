"""Reads and plays conformance cases; tests/conformance/README.md tells the language.

A case is played once for each order of delivery, on regions that are emptied before it.
"""

import dataclasses
import pathlib
import re
import shlex
import time

from cluster import ROOT, wait_until
from resp import Connection, ErrorReply, Unordered

FOLDER = ROOT / "tests" / "conformance"
REGIONS = (1, 2, 3)

# Which two regions exchange first where a case says "sync": with these every region gets the
# writes of the two others in both orders.
ORDERS = {
    "all at once": (),
    "1-3, 2-3": ((1, 3), (2, 3)),
    "2-3, 1-3": ((2, 3), (1, 3)),
    "1-2": ((1, 2),),
}

# The commands of data types (bitmaps are counted as one): a server may not have all types yet.
TYPE_COMMANDS = re.compile(
    r"^(PF\w+|Z\w+|X\w+|[LR](PUSH|POP)X?|L(LEN|RANGE|INDEX|INSERT|SET|REM|TRIM|POS|MOVE|MPOP)"
    r"|RPOPLPUSH|B(LPOP|RPOP|LMOVE|LMPOP|ZPOPMIN|ZPOPMAX|RPOPLPUSH)|GEO\w+|SORT"
    r"|[SG]ETBIT|BIT(OP|COUNT|POS|FIELD|FIELD_RO))$")


class Mismatch(AssertionError):
    """A line whose reply is not the one that must come."""


@dataclasses.dataclass
class Line:
    number: int
    text: str
    action: str               # "run", "sync", "cut", "tick" or "mode"
    regions: tuple = ()       # Who runs or syncs; empty: all of the case.
    words: list = dataclasses.field(default_factory=list)
    expected: object = None   # A Reply where one must come.


@dataclasses.dataclass
class Case:
    file: str
    name: str
    title: str
    lines: list = dataclasses.field(default_factory=list)

    def regions(self):
        return REGIONS if any(3 in line.regions for line in self.lines) else REGIONS[:2]

    def type_commands(self):
        names = {line.words[0].upper() for line in self.lines if line.action == "run"}
        return {name for name in names if TYPE_COMMANDS.match(name)}


# ---- Reading ------------------------------------------------------------------------------------

def read_cases():
    cases = []
    for path in sorted(FOLDER.glob("*.case")):
        cases += read_file(path)
    return cases


def read_file(path: pathlib.Path):
    cases = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        try:
            if text.startswith("case "):
                _, name, title = (text + " ").split(" ", 2)
                cases.append(Case(path.name, name, title.strip()))
            else:
                cases[-1].lines.append(read_line(number, text))
        except (ValueError, IndexError) as error:
            raise ValueError(f"{path.name}:{number}: {text}: {error}") from None
    return cases


def read_line(number, text):
    who, runs, command = text.partition("> ")
    if runs and re.fullmatch(r"R[123]|all", who):
        regions = () if who == "all" else (int(who[1]),)
        command, has_reply, reply = command.partition(" => ")
        return Line(number, text, "run", regions, shlex.split(command),
                    ReplyReader(reply).whole() if has_reply else None)
    action, *words = text.split()
    if action == "sync":
        if words and not all(re.fullmatch(r"R[123]", word) for word in words):
            raise ValueError("sync takes regions")
        return Line(number, text, "sync", tuple(int(word[1]) for word in words))
    if (action, len(words)) in (("cut", 0), ("tick", 1), ("mode", 2)):
        return Line(number, text, action, words=words)
    raise ValueError("not a line of the language")


class ReplyReader:
    """What stands behind "=>": one of "text", bare word, list, set or map, all of which nest."""

    TOKENS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{},]|:(?=\s)|[^\s\[\]{},"]+?(?=:\s|[\s\[\]{},]|$))')

    def __init__(self, text):
        self.text = text
        self.tokens = [token for token in self.TOKENS.findall(text)]
        if "".join(self.tokens) != re.sub(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', "", text):
            raise ValueError(f"cannot read the reply {text}")

    def whole(self):
        reply = self.one(nested=False)
        if self.tokens:
            raise ValueError(f"more than one reply: {self.text}")
        return reply

    def one(self, nested=True):
        token = self.tokens.pop(0)
        if token == "[":
            return ("list", self.items("]"))
        if token == "{":
            items = self.items("}")
            is_map = any(isinstance(item, tuple) and item[0] == "pair" for item in items)
            return ("map" if is_map else "set", items)
        return ("text", shlex.split(token)[0] if token != '""' else "") \
            if token.startswith('"') else ("word" if nested else "bare", token)

    def items(self, end):
        items = []
        while self.tokens[0] != end:
            item = self.one()
            if self.tokens[0] == ":":
                self.tokens.pop(0)
                item = ("pair", (item, self.one()))
            items.append(item)
            if self.tokens[0] == ",":
                self.tokens.pop(0)
        self.tokens.pop(0)
        return items


# ---- Comparing ----------------------------------------------------------------------------------

def matches(expected, reply):
    kind, value = expected
    if kind == "text":
        return isinstance(reply, str) and not isinstance(reply, ErrorReply) and reply == value
    if kind == "list" and isinstance(reply, dict):
        reply = [list(pair) for pair in reply.items()]  # As RESP2 tells XREAD's map.
    if kind == "list":
        return type(reply) is list and len(reply) == len(value) and \
            all(matches(item, got) for item, got in zip(value, reply))
    if kind == "map":
        return isinstance(reply, dict) and match_any_order(
            [pair for _, pair in value], list(reply.items()),
            lambda pair, got: matches(pair[0], got[0]) and matches(pair[1], got[1]))
    if kind == "set":
        if isinstance(reply, dict):
            return not value and not reply
        return isinstance(reply, (list, Unordered)) and match_any_order(value, list(reply), matches)
    return matches_word(value, reply, is_nested=kind == "word")


def matches_word(word, reply, is_nested):
    if word == "any":
        return True
    if word == "nil":
        return reply is None
    if word.startswith("!"):
        return isinstance(reply, ErrorReply) and reply.startswith(word[1:])
    if isinstance(reply, ErrorReply):
        return False
    if word.startswith("~="):
        return isinstance(reply, int) and abs(reply - int(word[2:])) <= 2
    if isinstance(reply, int):
        return bool(re.fullmatch(r"-?\d+", word)) and int(word) == reply
    if isinstance(reply, float):
        return is_number(word) and float(word) == reply
    # Within a list or a set words need no quotes.
    return (is_nested or word == "OK") and reply == word


def match_any_order(expected, replies, same):
    left = list(replies)
    for item in expected:
        found = next((got for got in left if same(item, got)), None)
        if found is None and not any(got is None and same(item, got) for got in left):
            return False
        left.remove(found)
    return not left


def is_number(word):
    try:
        float(word)
        return True
    except ValueError:
        return False


# ---- Playing ------------------------------------------------------------------------------------

def read_vector(text):
    """Writer to stamp; a writer is "region.epoch"."""
    return {writer: int(stamp) for writer, stamp in
            (entry.split(":") for entry in text.split())}


class Stage:
    """Three regions of one node each, their links paused, and a connection to each."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.control = {region: Connection(cluster.nodes[region, 0].port) for region in REGIONS}
        self.settings = {}
        self.cut()

    def close(self):
        for connection in self.control.values():
            connection.close()

    def is_known(self, command):
        """Whether the server knows a command; nothing is run."""
        control = self.control[1]
        control.ask("MULTI")
        reply = control.ask(command)
        control.ask("DISCARD")
        return not (isinstance(reply, ErrorReply) and reply.startswith("ERR unknown command"))

    def must(self, region, *words):
        reply = self.control[region].ask(*words)
        if isinstance(reply, ErrorReply):
            raise AssertionError(f"R{region}> {' '.join(words)}: {reply}")
        return reply

    # The region of the lower id pauses and resumes: either end stops both directions.
    def cut(self):
        self.link("PAUSE", ((1, 2), (1, 3), (2, 3)))

    def link(self, verb, pairs):
        for low, high in pairs:
            self.must(low, "REGION", verb, str(high))

    def vector(self, region):
        for line in self.must(region, "INFO", "meridian").splitlines():
            if line.startswith("version_vector:"):
                return read_vector(line.split(":", 1)[1])
        raise AssertionError("INFO shows no version vector")

    def exchange(self, regions, wanted):
        """Links these regions until `wanted` holds for their vectors."""
        pairs = [(low, high) for low in regions for high in regions if low < high]
        self.link("RESUME", pairs)
        wait_until(lambda: wanted({region: self.vector(region) for region in regions}),
                   f"regions {regions} have exchanged")
        self.link("PAUSE", pairs)

    def exchange_everything(self, regions):
        self.exchange(regions, lambda vectors: all(vector == vectors[regions[0]]
                                                   for vector in vectors.values()))

    def exchange_own_writes(self, low, high):
        """Only what the two have written themselves."""
        def have_each_other(vectors):
            return all(vectors[other].get(writer, 0) >= stamp
                       for region, other in ((low, high), (high, low))
                       for writer, stamp in vectors[region].items()
                       if writer.startswith(f"{region}."))
        self.exchange((low, high), have_each_other)

    def sync(self, regions, order):
        if regions:
            return self.exchange_everything(regions)
        for low, high in ORDERS[order]:
            self.exchange_own_writes(low, high)
        self.exchange_everything(REGIONS)
        digests = {self.must(region, "CRDT.DIGEST") for region in REGIONS}
        if len(digests) != 1:
            raise AssertionError(f"the regions have the same writes and differ: {digests}")

    def empty(self):
        for name, value in self.settings.items():
            self.set_everywhere(name, value)
        self.settings = {}
        self.exchange_everything(REGIONS)
        for region in REGIONS:
            self.must(region, "FLUSHALL")
        self.exchange_everything(REGIONS)
        for region in REGIONS:
            if self.must(region, "DBSIZE") != 0:
                raise AssertionError(f"region {region} is not empty after FLUSHALL")

    def set_everywhere(self, name, value):
        for region in REGIONS:
            self.must(region, "CONFIG", "SET", name, value)

    def play(self, case, order):
        self.empty()
        clients = {region: Connection(self.cluster.nodes[region, 0].port) for region in REGIONS}
        try:
            for line in case.lines:
                self.play_line(case, line, order, clients)
            self.sync((), order)
        finally:
            for client in clients.values():
                client.close()

    def play_line(self, case, line, order, clients):
        if line.action == "sync":
            self.sync(line.regions, order)
        elif line.action == "cut":
            self.cut()
        elif line.action == "mode":
            name, value = line.words
            self.settings.setdefault(name, self.must(1, "CONFIG", "GET", name)[name])
            self.set_everywhere(name, value)
        elif line.action == "tick":
            until = time.time() + int(line.words[0]) / 1000
            wait_until(lambda: time.time() > until, "the clock moves")
        else:
            for region in line.regions or case.regions():
                reply = clients[region].ask(*line.words)
                expected = line.expected
                if isinstance(reply, ErrorReply) if expected is None \
                        else not matches(expected, reply):
                    raise Mismatch(f"{case.file}:{line.number}: {line.text}\n"
                                   f"R{region} answers {reply!r}")

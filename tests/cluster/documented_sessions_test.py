#!/usr/bin/python3
"""Types every session of README.md and docs/ at three real regions and compares what they answer.

A session is a block fenced as ```console. Lines that begin with "$ " are commands, what follows is
their output; a line of "..." stands for any lines. Each document begins on empty regions and is
played from top to bottom. `eu`, `us` and `ap` are redis-cli at the primaries of the demo (ports 7001
to 7003), as docs/data-types.md defines them. Stamps, times and amounts are not compared.

Blocks fenced as ```text are not played: they stop processes, or take root.

UPDATE_SESSIONS=1 writes the outputs of today into the documents; read the difference.
"""

import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import cluster as clusters  # noqa: E402

UPDATE = os.environ.get("UPDATE_SESSIONS") is not None
REPEATED_FOR_S = 60
REGIONS = {"eu": 1, "us": 2, "ap": 3}
# Repeating these changes nothing: they are asked again until the answer is the documented one.
READS = re.compile(r"\b(GET|PFCOUNT|HGET|HGETALL|MGET|SMEMBERS|SCARD|SISMEMBER|TYPE|TTL|PTTL|EXISTS|"
                   r"DBSIZE|KEYS|LIST|STATUS|COUNT|DIGEST|EXPLAIN|explain|conflicts|regions|status|ROLE|"
                   r"INFO|NODES)\b")
# What differs from run to run.
VARYING = [
    (re.compile(r"^\(\d+\.\d\ds\)\n", re.MULTILINE), ""),
    (re.compile(r'("(?:id|lag_ms|records_behind|bytes_\w+|position)"\n *\d+\) \(integer\)) \d+'),
     r"\1 <n>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC"), "<time>"),
    (re.compile(r"\d{8}T\d{6}\.\d{3}Z"), "<moment>"),
    (re.compile(r'"[0-9a-f]{16}"'), '"<digest>"'),
    (re.compile(r"\d+\.\d+:\d{15,}"), "<entry>"),
    (re.compile(r"\d{12,}"), "<stamp>"),
    (re.compile(r"epoch slot \d+"), "epoch slot <n>"),
    (re.compile(r"^#\d+", re.MULTILINE), "#<n>"),
    (re.compile(r"\d+ ms\b"), "<n> ms"),
    (re.compile(r"\b\d+ B\b"), "<n> B"),
    (re.compile(r"[ \t]+"), " "),
]


class Session:
    """One command of a document with the output that stands below it."""

    def __init__(self, document, line, command):
        self.document = document
        self.line = line
        self.command = command
        self.expected = []

UNORDERED = re.compile(r"\b(HGETALL|HKEYS|HVALS|SMEMBERS|SUNION|SINTER|SDIFF)\b")


def read_sessions(path):
    sessions = []
    in_session = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            in_session = line == "```console"
        elif in_session and line.startswith("$ "):
            sessions.append(Session(path, number, line[2:]))
        elif in_session:
            sessions[-1].expected.append(line)
    return sessions


def write_outputs(path, outputs):
    """Replaces what stands below the commands."""
    lines = []
    in_session = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            in_session = line == "```console"
        elif in_session and not line.startswith("$ "):
            continue
        lines.append(line)
        if in_session and line.startswith("$ "):
            lines += outputs[number]
    path.write_text("\n".join(lines) + "\n")


def comparable(lines):
    text = "\n".join(lines)
    for pattern, stands_for in VARYING:
        text = pattern.sub(stands_for, text)
    return text.rstrip()


def without_order(lines):
    """The elements of a reply whose order is nobody's business."""
    return sorted(re.sub(r"^ *[0-9]+[)] ", "", line) for line in lines)


def matches(expected, answered):
    pattern = re.escape(comparable(expected)).replace(re.escape("..."), "(.|\n)*")
    return re.fullmatch(pattern, comparable(answered)) is not None


class Terminal:
    """Types at a deployment as if it were the demo: its ports stand for those of the documents."""

    def __init__(self, deployment):
        self.deployment = deployment
        self.ports = {str(7000 + region + 10 * ordinal): str(node.port)
                      for (region, ordinal), node in deployment.nodes.items()}
        tool = pathlib.Path(clusters.server_binary()).parent / "meridian"
        self.functions = f'redis-cli() {{ command redis-cli --no-raw "$@"; }}\n' \
                         f'build/release/meridian() {{ "{tool}" "$@"; }}\n'
        for name, region in REGIONS.items():
            self.functions += f'{name}() {{ redis-cli -p {deployment.nodes[region, 0].port} "$@"; }}\n'

    def type(self, command):
        for ours, theirs in self.ports.items():
            command = re.sub(rf"\b{ours}\b", theirs, command)
        done = subprocess.run(["bash", "-c", self.functions + command], cwd=ROOT, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        text = done.stdout
        for ours, theirs in self.ports.items():
            text = re.sub(rf"\b{theirs}\b", ours, text)
        return text.rstrip("\n").splitlines()

    def settle(self):
        """Where no link is cut, everything written is everywhere."""
        links = [link for region in REGIONS.values() for link in self.deployment.links(region)]
        if not any(int(link["paused_here"]) or int(link["paused_there"]) for link in links):
            self.deployment.wait_equal()


class DocumentedSessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = clusters.Cluster(regions=3, replicas=1)
        cls.deployment.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.deployment.__exit__(None, None, None)

    def begin_on_empty_regions(self):
        self.deployment.resume()
        self.deployment.wait_equal()
        self.deployment.client(1).flushall()
        self.deployment.wait_equal()

    def play(self, session, terminal):
        """The lines that were answered."""
        deadline = time.monotonic() + REPEATED_FOR_S
        terminal.settle()
        while True:
            answered = terminal.type(session.command)
            if UNORDERED.search(session.command):
                if without_order(session.expected) == without_order(answered):
                    return session.expected
            elif matches(session.expected, answered):
                return session.expected
            if UPDATE:
                return answered
            again = READS.search(session.command) and time.monotonic() < deadline
            if not again:
                name = session.document.relative_to(ROOT)
                self.fail(f"{name}:{session.line}: $ {session.command}\n--- the document says\n"
                          + comparable(session.expected) + "\n--- the server says\n"
                          + comparable(answered))
            time.sleep(0.05)

    def test_every_session_of_the_documents_is_what_the_server_answers(self):
        terminal = Terminal(self.deployment)
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            sessions = read_sessions(path)
            if not sessions:
                continue
            with self.subTest(document=path.name):
                self.begin_on_empty_regions()
                outputs = {session.line: self.play(session, terminal) for session in sessions}
                if UPDATE:
                    write_outputs(path, outputs)

    def test_a_wrong_answer_in_a_document_is_seen(self):
        self.assertTrue(matches(['"1"', "..."], ['"1"', "more", "and more"]))
        self.assertTrue(matches(["lag 3 ms"], ["lag 14 ms"]))
        self.assertFalse(matches(['"1"'], ['"2"']))
        self.assertFalse(matches(["OK"], ["OK", "OK"]))


if __name__ == "__main__":
    unittest.main()

"""`./dev compat --suite DIR`: Redis' own tests against this server and against redis-server.

DIR holds the sources of Redis 7.0.15, which are not part of this project. Each unit runs on its own
against a server that is already there (external mode), first redis-server, then ours. What counts
are the tests that redis-server passes: how many of them pass here, and which do not.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster import Cluster, free_ports, wait_until  # noqa: E402  (found by the line above)

UNITS = ["type/string", "type/incr", "type/list", "type/list-2", "type/hash", "keyspace", "expire",
         "multi", "protocol", "quit", "bitops", "hyperloglog", "dump", "lazyfree"]
# Tests that look inside of one server, or need much memory or time.
TAGS = ["-needs:repl", "-needs:debug", "-needs:config-maxmemory", "-needs:config-resetstat",
        "-needs:save", "-needs:pfdebug", "-needs:latency", "-needs:local-process", "-large-memory"]
# Tests that end their unit, so that nothing behind them runs. One a line: name, " | ", reason.
SKIPPED = pathlib.Path(__file__).resolve().parent / "redis_suite_skipped.txt"
UNIT_SECONDS = 300
RESULT = re.compile(r"^\[(ok|err|exception|ignore|timeout)\]: (.*?)(?: \(\d+ ms\))?$")


class RedisServer:
    name = "redis-server"

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="redis-suite-")
        self.port = free_ports(1)[0]
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--dir", self.directory, "--save", ""],
            stdout=subprocess.DEVNULL)
        wait_until(redis.Redis(port=self.port).ping, "redis-server answers")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Ours:
    name = "here"

    def __enter__(self):
        self.cluster = Cluster(regions=1, replicas=0)
        self.cluster.__enter__()
        self.port = self.cluster.primary(1).port
        return self

    def __exit__(self, *_):
        self.cluster.__exit__(None, None, None)


def copy_of(suite, directory):
    """The suite without the line that empties functions, which are not there yet, between tests."""
    copy = pathlib.Path(directory) / "suite"
    shutil.copytree(suite / "tests", copy / "tests")
    (copy / "src").symlink_to(suite / "src")
    helper = copy / "tests" / "support" / "server.tcl"
    helper.write_text(re.sub(r"(?m)^\s*r function flush$", "", helper.read_text()))
    return copy


def skipped():
    lines = SKIPPED.read_text().splitlines() if SKIPPED.exists() else []
    return dict(line.split(" | ", 1) for line in lines if line and not line.startswith("#"))


def run_unit(suite, unit, server, skip):
    """({test: passed}, what ended the unit early or "")."""
    command = ["tclsh", "tests/test_helper.tcl", "--host", "127.0.0.1", "--port", str(server.port),
               "--singledb", "--ignore-encoding", "--ignore-digest", "--single", f"unit/{unit}",
               "--tags", " ".join(TAGS)]
    for name in skip:
        command += ["--skiptest", name]
    try:
        done = subprocess.run(command, cwd=suite, capture_output=True, text=True,
                              errors="replace", timeout=UNIT_SECONDS, check=False)
        output, early = done.stdout + done.stderr, ""
    except subprocess.TimeoutExpired as error:
        output, early = (error.stdout or b"").decode(errors="replace"), "it took too long"
    results = {}
    for line in re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines():
        match = RESULT.match(line.strip())
        if match is None:
            if "[exception]" in line or "I/O error" in line:
                early = early or line.strip()
            continue
        kind, name = match.groups()
        if kind == "ok":
            results.setdefault(name, True)
        elif kind == "err":
            results[re.sub(r" in tests/.*$", "", name)] = False
        elif kind in ("exception", "timeout"):
            early = early or line.strip()
    return results, early


def compare(suite, units, show_all):
    skip = skipped()
    total_redis = total_ours = 0
    for unit in units:
        with RedisServer() as server:
            reference, early = run_unit(suite, unit, server, [])
        if early:
            print(f"{unit}: redis-server did not finish: {early}")
        with Ours() as server:
            ours, early = run_unit(suite, unit, server, skip)
        passed = [name for name, ok in reference.items() if ok]
        failed = [name for name in passed if not ours.get(name)]
        total_redis += len(passed)
        total_ours += len(passed) - len(failed)
        print(f"{unit}: redis-server passes {len(passed)}, here {len(passed) - len(failed)}",
              flush=True)
        if early:
            reached = sum(name in ours for name in passed)
            print(f"    ended early, {len(passed) - reached} tests were not reached: {early}")
        for name in failed:
            if show_all or name in ours or name in skip:
                print(f"    {'skipped' if name in skip else 'fails'}: {name}")
    share = 100 * total_ours / max(total_redis, 1)
    print(f"redis-server passes {total_redis}, here {total_ours}: {share:.1f} %")


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev compat", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", required=True, metavar="DIR", help="the sources of Redis 7.0.15")
    parser.add_argument("--units", default=",".join(UNITS), help="comma separated, of tests/unit")
    parser.add_argument("--all", action="store_true", help="name also the tests that were not reached")
    options = parser.parse_args(arguments)
    suite = pathlib.Path(options.suite).resolve()
    if not (suite / "tests" / "test_helper.tcl").exists():
        parser.error(f"{suite} does not hold Redis' tests")
    with tempfile.TemporaryDirectory(prefix="redis-suite-") as directory:
        compare(copy_of(suite, directory), options.units.split(","), options.all)


if __name__ == "__main__":
    main(sys.argv[1:])

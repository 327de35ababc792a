"""The two servers side by side: Meridian and Debian's redis-server, each on the measured core.

The primary that is measured has core 0 for itself; replicas, other regions and the load share the
rest. CPU time is that of all threads of the primary's process, in nanoseconds.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from cluster import Cluster, free_ports, wait_until  # noqa: E402

MEASURED_CORE = {0}
# For what the allocators give back in the background.
SETTLING_SECONDS = 1
OTHER_CORES = set(range(1, os.cpu_count() or 1)) or {0}
FSYNC_POLICIES = {"no AOF": None, "everysec": "everysec", "always": "always"}


def threads(pid):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def pin(pid, cores):
    for thread in threads(pid):
        os.sched_setaffinity(thread, cores)


def scheduled_seconds(pid):
    """{thread: (seconds that it ran, seconds that it could have run but waited for a core)}, finer
    than the 10 ms ticks of /proc/PID/stat."""
    seconds = {}
    for thread in threads(pid):
        fields = pathlib.Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()
        seconds[thread] = int(fields[0]) / 1e9, int(fields[1]) / 1e9
    return seconds


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("a process has a resident size")


class Meridian:
    name = "Meridian"

    def __init__(self, fsync, replicas=0, regions=1, settings=""):
        policy = FSYNC_POLICIES[fsync]
        log = "appendonly = false" if policy is None else f'appendfsync = "{policy}"'
        self.has_log = policy is not None
        self.cluster = Cluster(regions=regions, replicas=replicas, settings=f"{log}\n{settings}",
                               segment_bytes="64mb")

    def __enter__(self):
        self.cluster.__enter__()
        measured = self.cluster.nodes[1, 0]
        self.port, self.pid = measured.port, measured.process.pid
        for node in self.cluster.nodes.values():
            pin(node.process.pid, MEASURED_CORE if node is measured else OTHER_CORES)
        return self

    def __exit__(self, *error):
        return self.cluster.__exit__(*error)

    def settle(self):
        """Writes what it writes in the background, and gives back what that took."""
        if self.has_log:
            self.cluster.nodes[1, 0].client().save()
        time.sleep(SETTLING_SECONDS)


class Redis:
    name = "Redis"

    def __init__(self, fsync, replicas=0):
        self.fsync, self.replicas = FSYNC_POLICIES[fsync], replicas
        self.processes = []

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="redis-bench-"))
        try:
            self.port = self.start(MEASURED_CORE)
            self.pid = self.processes[0].pid
            for _ in range(self.replicas):
                self.start(OTHER_CORES, "--replicaof", "127.0.0.1", str(self.port))
            client = redis.Redis(port=self.port)
            wait_until(lambda: client.info("replication")["connected_slaves"] == self.replicas
                       and client.wait(self.replicas, 100) == self.replicas,
                       "redis' replicas are in step")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def settle(self):
        time.sleep(SETTLING_SECONDS)

    def start(self, cores, *arguments):
        port = free_ports(1)[0]
        directory = self.directory / str(port)
        directory.mkdir()
        aof = ["--appendonly", "no"] if self.fsync is None else [
            "--appendonly", "yes", "--appendfsync", self.fsync,
            "--auto-aof-rewrite-percentage", "0"]
        self.processes.append(subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(directory), "--repl-diskless-sync-delay", "0", *aof, *arguments],
            stdout=subprocess.DEVNULL))
        wait_until(redis.Redis(port=port).ping, "redis-server answers")
        pin(self.processes[-1].pid, cores)
        return port


class RawClient:
    """A connection without a library between: requests as bytes, replies as lines."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=1 << 16)

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, request):
        self.socket.sendall(request)

    def line(self):
        return self.reader.readline()

    def bulk(self):
        size = int(self.line()[1:])
        return None if size < 0 else self.reader.read(size + 2)[:-2]


def request(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)

"""A Meridian deployment of real processes on loopback, for tests and benchmarks.

Starts its own servers on free ports in a directory of its own and takes both away at the end. Uses
Debian's python3-redis as an ordinary client.
"""

import atexit
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import redis

from link_proxy import LinkProxy

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["eu", "us", "ap", "sa", "af"]


def server_binary():
    return os.environ.get("MERIDIAN_SERVER", str(ROOT / "build" / "release" / "meridian-server"))


def run_tool(*words):
    """`meridian` with these words: its exit code and what it printed."""
    done = subprocess.run([str(ROOT / "build" / "release" / "meridian"), *map(str, words)],
                          capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def free_ports(count):
    """Ports that nobody listens on, below those that the kernel gives to outgoing connections."""
    ports = set()
    while len(ports) < count:
        port = random.randrange(10000, 32768)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                # Some kernels tell only here that somebody listens already.
                probe.listen(1)
                ports.add(port)
            except OSError:
                pass
    return list(ports)


def wait_until(condition, what, seconds=60):
    """Waits for a condition, not for a time; fails loudly with what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
            error = None
        except (redis.exceptions.RedisError, OSError) as failure:
            error = failure
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what} ({error})")
        time.sleep(0.02)


# Every server that was started: a test that is interrupted leaves none behind.
started = []


@atexit.register
def kill_leftovers():
    for process in started:
        if process.poll() is None:
            process.kill()


class Node:
    def __init__(self, cluster, region, ordinal, port, peer_port):
        self.cluster = cluster
        self.region = region
        self.ordinal = ordinal
        self.port = port
        self.peer_port = peer_port
        self.directory = cluster.directory / f"r{region}n{ordinal}"
        self.config = cluster.directory / f"r{region}n{ordinal}.toml"
        self.log = cluster.directory / f"r{region}n{ordinal}.log"
        self.process = None
        self.environment = {}

    def start(self, *arguments):
        output = open(self.log, "ab")
        self.process = subprocess.Popen(
            [server_binary(), "--config", str(self.config), *arguments],
            stdout=output, stderr=output, env={**os.environ, **self.environment})
        started.append(self.process)
        output.close()
        return self

    def client(self, **options):
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=120, **options)

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"server ended with {self.process.returncode}:\n"
                                     + self.log_text()[-3000:])
            return self.client().ping()
        wait_until(ready, f"node {self.region}.{self.ordinal} answers")
        return self

    def is_primary(self):
        return self.client().execute_command("ROLE")[0] in (b"master", "master")

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self):
        """The process is there and its connections are open, but it does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def log_text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        """A clean stop; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def as_map(reply):
    """A RESP2 map (flat list) or a RESP3 map as a dictionary."""
    if isinstance(reply, dict):
        return reply
    return dict(zip(reply[::2], reply[1::2]))


class Cluster:
    def __init__(self, regions=3, replicas=1, settings="", node_settings=None, absent=(),
                 proxied=(), segment_bytes="4mb", unlisted=()):
        """Nodes are named (region, ordinal). `absent` ones are not started with the others.

        `unlisted`: regions that only their own nodes' files name; they have to be added.

        `proxied`: pairs of nodes; what the first dials to the second goes through a LinkProxy.
        Within a region the higher ordinal dials, between regions the lower id.
        """
        self.absent = absent
        self.unlisted = unlisted
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="meridian-test-"))
        nodes = replicas + 1
        ports = free_ports(regions * nodes * 2)
        self.nodes = {}
        for region in range(1, regions + 1):
            for ordinal in range(nodes):
                self.nodes[region, ordinal] = Node(self, region, ordinal, ports.pop(), ports.pop())
        self.proxies = {(dialler, target): LinkProxy(self.nodes[target].peer_port)
                        for dialler, target in proxied}
        for key, node in self.nodes.items():
            extra = (node_settings or {}).get(key, "")
            node.config.write_text(
                f'deployment = "test"\nregion = {node.region}\nordinal = {node.ordinal}\n'
                f"port = {node.port}\npeer-port = {node.peer_port}\n"
                f"bootstrap = {'false' if node.region in unlisted else 'true'}\n"
                f'secret = "a test"\ndir = "{node.directory}"\n'
                f'segment-bytes = "{segment_bytes}"\n'
                f"reserve-bytes = \"1mb\"\n{settings}\n{extra}\n"
                + self.region_tables(key))

    def region_tables(self, viewer):
        """The regions as one node's configuration names them."""
        tables = ""
        for region in self.region_ids():
            if region in self.unlisted and region != viewer[0]:
                continue
            entries = []
            for key, node in self.nodes.items():
                if key[0] != region:
                    continue
                proxy = self.proxies.get((viewer, key))
                entries.append(f'{{host = "127.0.0.1", port = {node.port}, peer-port = '
                               f'{proxy.port if proxy else node.peer_port}}}')
            tables += (f'\n[[regions]]\nid = {region}\nname = "{NAMES[region - 1]}"\n'
                       f"nodes = [{', '.join(entries)}]\n")
        return tables

    def __enter__(self):
        for key, node in self.nodes.items():
            if key not in self.absent:
                node.start()
        try:
            self.wait_linked()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        for proxy in self.proxies.values():
            proxy.close()
        if os.environ.get("MERIDIAN_KEEP") is None:
            shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def region_ids(self):
        return sorted({region for region, _ in self.nodes})

    def running(self):
        return [node for node in self.nodes.values()
                if node.process is not None and node.process.poll() is None]

    def primary(self, region):
        found = []

        def look():
            found[:] = [node for node in self.running()
                        if node.region == region and node.is_primary()]
            return len(found) == 1
        wait_until(look, f"region {region} has one primary")
        return found[0]

    def client(self, region, **options):
        return self.primary(region).client(**options)

    def links(self, region):
        return [as_map(row) for row in self.client(region).execute_command("REGION STATUS")]

    def running_regions(self):
        return sorted({node.region for node in self.running()})

    def wait_linked(self):
        """Of what runs: all links are up, all replicas in step, writes are taken everywhere."""
        for node in self.running():
            node.wait_ready()
        for region in self.running_regions():
            wait_until(lambda: self.is_linked(region),
                       f"region {region} is connected to the others that run")
            nodes = [node for node in self.running() if node.region == region]
            wait_until(lambda: self.client(region).info("replication")["connected_slaves"]
                       == len(nodes) - 1, f"the replicas of region {region} are in step")

    def is_linked(self, region):
        running = self.running_regions()
        return all(link["state"] == "connected" for link in self.links(region)
                   if link["id"] in running)

    def pause(self):
        for region in self.region_ids():
            self.client(region).execute_command("REGION PAUSE *")

    def resume(self):
        for region in self.region_ids():
            self.client(region).execute_command("REGION RESUME *")

    def digests(self):
        return {region: self.client(region).execute_command("CRDT.DIGEST")
                for region in self.running_regions()}

    def wait_equal(self, seconds=120):
        """Every region that runs has everything of every other one, and the data is equal."""
        def drained():
            running = self.running_regions()
            for region in running:
                for link in self.links(region):
                    if link["id"] in running and (link["state"] != "connected"
                                                  or int(link["lag_ms"]) != 0):
                        return False
            return len(set(self.digests().values())) == 1
        wait_until(drained, "all regions are equal", seconds)

#!/usr/bin/python3
"""Regions of real servers on loopback, to type at: ./dev demo.

Client port = base + region + 10 * i, where node 0 is the first primary and the others are its
replicas; the port for other nodes is 10000 above. Each node has a directory with its node.toml, its
log file and its data, kept between runs.

Which servers belong to a demo is seen from their command lines, so that one that somebody restarted
by hand is stopped with the others. Only the standard library is used.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMES = ["eu", "us", "ap", "sa", "af", "me", "ca", "in", "au"]
HOST = "127.0.0.1"
DEFAULT_DIRECTORY = ROOT / ".demo"
PEER_PORTS_ABOVE = 10000
READY_WITHIN_S = 120
STOPPED_WITHIN_S = 30


class DemoError(Exception):
    """Something that the user is told, and the demo ends."""


class ServerReply(Exception):
    """An error reply of a server."""


class Client:
    """Asks one server one thing after the other; replies are RESP2."""

    def __init__(self, port):
        self.socket = socket.create_connection((HOST, port), timeout=5)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def ask(self, *words):
        request = b"*%d\r\n" % len(words)
        for word in words:
            request += b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())
        self.socket.sendall(request)
        return self.read()

    def read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise ServerReply(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.stream.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return rest.decode()


class Node:
    def __init__(self, options, region, ordinal):
        self.region = region
        self.ordinal = ordinal
        self.name = f"{NAMES[region - 1]}-{ordinal}"
        self.port = options.base_port + region + 10 * ordinal
        self.peer_port = self.port + PEER_PORTS_ABOVE
        self.directory = options.dir / self.name
        self.data = self.directory / "data"
        self.config = self.directory / "node.toml"
        self.log = self.directory / "server.log"
        self.process = None

    def replication(self):
        """INFO replication as a dictionary; nothing where the server doesn't answer."""
        try:
            with Client(self.port) as client:
                lines = client.ask("INFO", "replication").splitlines()
        except (OSError, ServerReply):
            return {}
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def links(self):
        """The links to the other regions: a dictionary for each."""
        try:
            with Client(self.port) as client:
                rows = client.ask("REGION", "STATUS")
        except (OSError, ServerReply):
            return []
        return [dict(zip(row[::2], row[1::2])) for row in rows]

    def last_log_lines(self, count=5):
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-count:]
        except OSError:
            return ""
        return "".join(f"\n    {line}" for line in lines)


class Deployment:
    def __init__(self, options):
        self.options = options
        self.by_region = {region: [Node(options, region, ordinal)
                                   for ordinal in range(options.replicas + 1)]
                          for region in range(1, options.regions + 1)}
        self.nodes = [node for nodes in self.by_region.values() for node in nodes]

    def write_files(self):
        self.options.dir.mkdir(parents=True, exist_ok=True)
        secret = self.options.dir / "secret"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(secrets.token_hex(32) + "\n")
        tables = "".join(
            f'\n[[regions]]\nid = {region}\nname = "{NAMES[region - 1]}"\nnodes = ['
            + ", ".join(f'{{host = "{HOST}", port = {node.port}, peer-port = {node.peer_port}}}'
                        for node in nodes) + "]\n"
            for region, nodes in self.by_region.items())
        for node in self.nodes:
            node.directory.mkdir(exist_ok=True)
            node.config.write_text(
                f"# Node {node.name} of the demo, written anew at each start of it.\n\n"
                f'deployment = "demo"\nregion = {node.region}\nordinal = {node.ordinal}\n'
                f"port = {node.port}\npeer-port = {node.peer_port}\n"
                f"dir = {quoted(node.data)}\nlogfile = {quoted(node.log)}\n"
                f"secret-file = {quoted(secret)}\n" + tables)

    def check_ports(self):
        for node in self.nodes:
            for port, use in ((node.port, "clients"), (node.peer_port, "other nodes")):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    try:
                        probe.bind((HOST, port))
                        # Some kernels tell only here that somebody listens already.
                        probe.listen(1)
                    except OSError as error:
                        raise DemoError(f"port {port} ({node.name}, for {use}) is taken: "
                                        f"{error.strerror}. --base-port chooses others") from None

    def start(self):
        for node in self.nodes:
            node.data.mkdir(parents=True, exist_ok=True)
            with open(node.log, "ab") as output:
                # A session of its own: a Ctrl-C reaches the demo only, which stops them in order.
                node.process = subprocess.Popen(
                    [self.options.server, "--config", str(node.config)], stdin=subprocess.DEVNULL,
                    stdout=output, stderr=output, start_new_session=True)

    def missing(self):
        """What is not up yet, in words; empty when all is."""
        missing = []
        for region, nodes in self.by_region.items():
            states = {node: node.replication() for node in nodes}
            for node, state in states.items():
                if not state:
                    missing.append(f"{node.name} does not answer on port {node.port}")
                elif state.get("role") == "slave" and state.get("master_link_status") != "up":
                    missing.append(f"{node.name} is not in sync with its primary")
            primaries = [node for node in nodes if states[node].get("role") == "master"]
            if len(primaries) != 1:
                if all(states.values()):
                    missing.append(f"region {NAMES[region - 1]} has {len(primaries)} primaries")
                continue
            links = primaries[0].links()
            if len(links) != len(self.by_region) - 1:
                missing.append(f"{primaries[0].name} knows {len(links)} links of "
                               f"{len(self.by_region) - 1}")
            for link in links:
                if link.get("state") != "connected":
                    detail = f" ({link['detail']})" if link.get("detail") else ""
                    missing.append(f"the link {NAMES[region - 1]} → {link.get('name')} is "
                                   f"{link.get('state')}{detail}")
        return missing

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_WITHIN_S
        progress = Progress()
        while True:
            for node in self.nodes:
                if node.process.poll() is not None:
                    progress.end()
                    raise DemoError(f"{node.name} ended with {ending(node.process.returncode)}; "
                                    f"its log {node.log} ends:{node.last_log_lines()}")
            missing = self.missing()
            if not missing:
                return progress.end()
            progress.show(f"waiting for {len(missing)} of links and replicas: {missing[0]}")
            if time.monotonic() > deadline:
                progress.end()
                raise DemoError(f"not ready within {READY_WITHIN_S} s:\n    "
                                + "\n    ".join(missing) + f"\nLogs: {self.options.dir}/*/server.log")
            time.sleep(0.1)

    def watch(self):
        """Until a signal, or until no server is left."""
        reported = set()
        while find_servers(self.options.dir):
            for node in self.nodes:
                if node.process.poll() is not None and node.process.pid not in reported:
                    reported.add(node.process.pid)
                    print(f"{node.name} ended with {ending(node.process.returncode)}. To start it "
                          f"again:\n  {self.options.server} --config {node.config} &", flush=True)
            time.sleep(0.5)
        print("All servers have ended.")


class Progress:
    """One line that changes on a terminal; elsewhere a line each time that the text is new."""

    def __init__(self):
        self.shown = ""

    def show(self, text):
        if text == self.shown:
            return
        self.shown = text
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            print("\r\033[K" + text[:width], end="", flush=True)
        else:
            print(text, flush=True)

    def end(self):
        if self.shown and sys.stdout.isatty():
            print("\r\033[K", end="", flush=True)
        self.shown = ""


def quoted(path):
    """A TOML string."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def ending(code):
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


# A server of a demo, as the system sees it.
Server = collections.namedtuple("Server", "pid config")


def find_servers(directory):
    """The running servers whose configuration file lies in a demo's directory."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            home = os.readlink(entry / "cwd")
        except OSError:
            continue
        if os.path.basename(words[0]) != b"meridian-server" or b"--config" not in words[:-1]:
            continue
        config = os.fsdecode(words[words.index(b"--config") + 1])
        config = pathlib.Path(os.path.realpath(os.path.join(home, config)))
        if config.name == "node.toml" and config.parent.parent == directory:
            found.append(Server(int(entry.name), config))
    return found


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def is_primary(server):
    try:
        port = re.search(r"^port = (\d+)$", server.config.read_text(), re.MULTILINE)
        with Client(int(port[1])) as client:
            return client.ask("ROLE")[0] == "master"
    except (OSError, ServerReply, TypeError):
        return False


def end_servers(servers):
    for server in servers:
        try:
            os.kill(server.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + STOPPED_WITHIN_S
    for server in servers:
        while is_running(server.pid):
            if time.monotonic() > deadline:
                print(f"process {server.pid} ({server.config.parent.name}) did not stop within "
                      f"{STOPPED_WITHIN_S} s and is killed", file=sys.stderr)
                os.kill(server.pid, signal.SIGKILL)
                deadline = time.monotonic() + 5
            time.sleep(0.02)


def stop(directory):
    """How many servers were stopped. Primaries first: they give their replicas what is left."""
    servers = find_servers(directory)
    primaries = [server for server in servers if is_primary(server)]
    end_servers(primaries)
    end_servers([server for server in servers if server not in primaries])
    return len(servers)


def remove_data(directory):
    for name in NAMES:
        for config in directory.glob(f"{name}-[0-9]/node.toml"):
            shutil.rmtree(config.parent)


def shown(path):
    """A path as one would type it here."""
    relative = os.path.relpath(path)
    if os.sep not in relative:
        relative = os.path.join(os.curdir, relative)
    return relative if len(relative) < len(str(path)) else str(path)


def stop_command(directory):
    of_another_directory = f" --dir {shlex.quote(shown(directory))}"
    return (f"{shown(ROOT / 'dev')} demo --stop"
            + (of_another_directory if directory != DEFAULT_DIRECTORY else ""))


def describe(deployment):
    options = deployment.options
    print(f"\n{'region':<10}{'primary':<18}{'replicas' if options.replicas else ''}".rstrip(" "))
    for region, nodes in deployment.by_region.items():
        nodes = sorted(nodes, key=lambda node: node.replication().get("role") != "master")
        addresses = "".join(f"{f'{HOST}:{node.port}':<18}" for node in nodes)
        print(f"{region} {NAMES[region - 1]:<8}{addresses.rstrip()}")
    one, two = options.base_port + 1, options.base_port + 2
    meridian = shown(pathlib.Path(options.server).parent / "meridian")
    lines = [(f"redis-cli -p {one} SET greeting hello", "a write in eu")]
    if options.replicas:
        lines += [(f"redis-cli -p {one + 10} GET greeting", "its replica has it")]
    if options.regions > 1:
        lines += [
            (f"redis-cli -p {two} GET greeting", "and so has us"),
            (f"redis-cli -p {one} REGION PAUSE '*'", "cut eu off"),
            (f"redis-cli -p {one} SET greeting 'good morning'", "both regions write on"),
            (f"redis-cli -p {two} SET greeting 'good evening'", ""),
            (f"redis-cli -p {one} REGION RESUME '*'", "heal the link"),
            (f"redis-cli -p {one} GET greeting", "equal everywhere"),
            (f"{meridian} -p {one} explain greeting", "why"),
            (f"{meridian} -p {one} conflicts", ""),
        ]
    lines += [(f"{meridian} -p {one} regions", "the links")]
    width = max(len(command) for command, _ in lines)
    print("\nTry:")
    for command, meaning in lines:
        print(f"  {command:<{width}}  # {meaning}" if meaning else f"  {command}")
    print(f"\nData and logs: {shown(options.dir)} (kept between runs; --fresh begins anew)")


def read_options(words):
    parser = argparse.ArgumentParser(
        prog="./dev demo", description="Starts regions of servers on this machine, each a primary "
        "with its replicas. Ctrl-C stops them.")
    parser.add_argument("--regions", type=int, default=3, metavar="N", help="1 to 9, default 3")
    parser.add_argument("--replicas", type=int, default=1, metavar="N",
                        help="of each primary: 0, 1 (default) or 2")
    parser.add_argument("--base-port", type=int, default=7000, metavar="P",
                        help="client port = P + region + 10 * i; default 7000")
    parser.add_argument("--dir", type=pathlib.Path, default=DEFAULT_DIRECTORY, metavar="D",
                        help="where data is kept; default .demo")
    parser.add_argument("--fresh", action="store_true", help="throw away the data of earlier runs")
    parser.add_argument("--detach", action="store_true",
                        help="return when all links are up and the replicas in sync")
    parser.add_argument("--stop", action="store_true", help="stop the demo of this directory")
    parser.add_argument("--server", default=str(ROOT / "build" / "release" / "meridian-server"),
                        help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if not 1 <= options.regions <= len(NAMES):
        parser.error(f"--regions is 1 to {len(NAMES)}")
    if not 0 <= options.replicas <= 2:
        parser.error("--replicas is 0, 1 or 2")
    greatest = 65535 - PEER_PORTS_ABOVE - options.regions - 10 * options.replicas
    if not 1 <= options.base_port <= greatest:
        parser.error(f"--base-port is 1 to {greatest}")
    options.dir = pathlib.Path(os.path.realpath(options.dir))
    return options


def run(options):
    if find_servers(options.dir):
        raise DemoError(f"a demo runs already in {options.dir}; {stop_command(options.dir)} "
                        "ends it")
    if options.fresh:
        remove_data(options.dir)
    deployment = Deployment(options)
    deployment.check_ports()
    deployment.write_files()
    count = len(deployment.nodes)
    print(f"Starting {count} {'server' if count == 1 else 'servers'} …", flush=True)
    try:
        deployment.start()
        deployment.wait_until_ready()
        describe(deployment)
        if options.detach:
            print(f"Stop it with {stop_command(options.dir)}")
            return
        print("Ctrl-C stops all servers.", flush=True)
        deployment.watch()
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # Whoever read this may be gone, as in `./dev demo | head`.
        with contextlib.suppress(OSError):
            print("\nStopping …", flush=True)
        stop(options.dir)
        raise


def end_by_signal(number, _):
    raise KeyboardInterrupt(number)


def main():
    options = read_options(sys.argv[1:])
    if options.stop:
        count = stop(options.dir)
        print(f"Stopped {count} {'server' if count == 1 else 'servers'}." if count else
              f"No demo runs in {options.dir}.")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_signal)
    try:
        run(options)
    except (DemoError, BrokenPipeError) as error:
        print(f"./dev demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One server without other nodes, started from settings on its command line alone."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import redis

from cluster import free_ports, server_binary, started, wait_until


class LoneServer:
    def __init__(self, **settings):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="meridian-test-"))
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        self.port = free_ports(1)[0]
        self.settings = {"segment-bytes": "4mb", "reserve-bytes": "0"}
        self.settings.update((name.replace("_", "-"), value) for name, value in settings.items())
        self.process = None
        self.environment = {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def command(self, **settings):
        settings = {"port": self.port, "dir": self.data, "logfile": self.log, **self.settings,
                    **settings}
        return [server_binary(), *(word for name, value in settings.items()
                                   for word in (f"--{name}", str(value)))]

    def launch(self, **options):
        """Starts the process and waits for nothing."""
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, **self.environment}, **options)
        started.append(self.process)
        return self

    def start(self, **options):
        self.launch(**options)
        self.process.stdout.close()

        def serves():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.log_text()}")
            with socket.create_connection(("127.0.0.1", self.port), timeout=60):
                return True
        wait_until(serves, "the server takes connections")
        return self

    def refused(self):
        """What a server that is not to start says, on its output and in its log."""
        output = self.launch().process.communicate(timeout=60)[0]
        return self.process.returncode, output + self.log_text()

    def client(self, **options):
        return redis.Redis(**{"port": self.port, "decode_responses": True, "socket_timeout": 120,
                              **options})

    def connect(self):
        """A bare connection, for what no client library sends."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=120)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """The exit code."""
        self.send(number)
        return self.process.wait(timeout=60)

    def resident_mb(self):
        return resident_mb(self.process.pid)


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def listening_addresses(pid):
    """Where a process listens for TCP: hexadecimal addresses and ports, as the kernel shows them."""
    sockets = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    addresses = set()
    for table in ("tcp", "tcp6"):
        rows = pathlib.Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        for columns in map(str.split, rows):
            if columns[3] == "0A" and columns[9] in sockets:
                addresses.add(tuple(columns[1].split(":")))
    return addresses

"""A TCP proxy that stands for the network between two nodes: it stalls, cuts and heals."""

import socket
import threading


class LinkProxy:
    """Forwards what connects to `port` to the target. "there" is from who dials to the target."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.flowing = {"there": threading.Event(), "back": threading.Event()}
        for event in self.flowing.values():
            event.set()
        self.is_cut = False
        self.bytes = {"there": 0, "back": 0}
        self.lock = threading.Lock()
        self.sockets = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.is_closed = False
        threading.Thread(target=self.accept, daemon=True).start()

    def stall(self, *directions):
        """Nothing arrives that way any more, and nobody is told: as a network that loses."""
        for direction in directions or ("there", "back"):
            self.flowing[direction].clear()

    def cut(self):
        """Connections end, and new ones end at once."""
        self.is_cut = True
        self.end_connections()

    def heal(self):
        self.is_cut = False
        for event in self.flowing.values():
            event.set()

    def close(self):
        self.is_closed = True
        self.listener.close()
        self.heal()
        self.end_connections()

    def end_connections(self):
        with self.lock:
            ended, self.sockets = self.sockets, set()
        for one in ended:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def accept(self):
        while True:
            try:
                dialler, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.is_cut or self.is_closed:
                    raise OSError("the link is cut")
                target = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                dialler.close()
                continue
            for one in (dialler, target):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.sockets |= {dialler, target}
            for source, sink, direction in ((dialler, target, "there"), (target, dialler, "back")):
                threading.Thread(target=self.forward, args=(source, sink, direction),
                                 daemon=True).start()

    def forward(self, source, sink, direction):
        try:
            while data := source.recv(1 << 16):
                self.flowing[direction].wait()
                sink.sendall(data)
                self.bytes[direction] += len(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

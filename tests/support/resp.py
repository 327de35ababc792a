"""A connection that speaks RESP3 and shows every reply as it came, errors included.

Other than a client library it tells a status, a text, a number and an error from each other.
"""

import socket


class Status(str):
    """A simple string, such as OK."""


class ErrorReply(str):
    """An error's text."""


class Unordered(list):
    """A set."""


class Connection:
    def __init__(self, port, protocol=3, timeout=120):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        self.ask("HELLO", protocol)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def ask(self, *words):
        self.send(*words)
        return self.read()

    def send(self, *words):
        self.socket.sendall(request(*words))

    def read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2].decode(errors="surrogateescape")
        if kind in b"+-:,#_(":
            return self.scalar(kind, rest)
        size = int(rest)
        if size < 0:
            return None
        if kind in b"$=!":
            text = self.stream.read(size + 2)[:-2].decode(errors="surrogateescape")
            return ErrorReply(text) if kind == b"!" else text
        if kind == b"%":
            return {freeze(self.read()): self.read() for _ in range(size)}
        items = [self.read() for _ in range(size)]
        return Unordered(items) if kind == b"~" else items

    @staticmethod
    def scalar(kind, rest):
        return {b"+": Status, b"-": ErrorReply, b":": int, b"(": int, b",": float,
                b"#": lambda text: text == "t", b"_": lambda _: None}[kind](rest)


def freeze(key):
    return tuple(map(freeze, key)) if isinstance(key, list) else key


def request(*words):
    encoded = [word if isinstance(word, bytes)
               else str(word).encode(errors="surrogateescape") for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(
        b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)

"""A connection that shows replies as they are: byte for byte, written for people.

A reply is rendered as its RESP type byte and its content: `+OK`, `-ERR …`, `:1`, `$"text"`,
`$nil`, `*["a" …]`, `%{…}`, `_`. Equal bytes have equal text and different bytes different text.
"""

import socket


def quoted(data):
    text = data.decode("latin-1")
    shown = "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\x{ord(c):02x}" for c in text)
    return f'"{shown}"'


class Reply:
    """A reply: its type byte, and either its text or its parts."""

    AGGREGATES = {"*": "[]", "~": "<>", "%": "{}", ">": "()"}

    def __init__(self, kind, text=None, parts=None):
        self.kind = kind
        self.text = text
        self.parts = parts

    def is_error(self):
        return self.kind == "-"

    def integer(self):
        return int(self.text)

    def word(self):
        """The content of a bulk string as bytes; None where it is none."""
        return self.text if isinstance(self.text, bytes) else None

    def __str__(self):
        if self.parts is not None:
            before, behind = self.AGGREGATES[self.kind]
            return self.kind + before + " ".join(str(part) for part in self.parts) + behind
        if isinstance(self.text, bytes):
            return self.kind + quoted(self.text)
        return self.kind + (self.text or "")


class RawConnection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.reader = self.socket.makefile("rb")

    def close(self):
        self.reader.close()
        self.socket.close()

    @staticmethod
    def encode(words):
        request = b"*%d\r\n" % len(words)
        for word in words:
            request += b"$%d\r\n%b\r\n" % (len(word), word)
        return request

    def send(self, *commands):
        self.socket.sendall(b"".join(self.encode(words) for words in commands))

    def ask(self, *words):
        self.send([word if isinstance(word, bytes) else str(word).encode() for word in words])
        return self.read()

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            return Reply("closed")
        kind, text = chr(line[0]), line[1:-2].decode("latin-1")
        if kind in "$=" and text != "-1":
            data = self.reader.read(int(text) + 2)
            if data[-2:] != b"\r\n":
                raise AssertionError(f"a bulk string of {text} bytes ends with {data[-2:]!r}")
            return Reply(kind, data[:-2])
        if kind in "$*" and text == "-1":
            return Reply(kind, "nil")
        if kind in Reply.AGGREGATES:
            count = int(text) * (2 if kind == "%" else 1)
            return Reply(kind, parts=[self.read() for _ in range(count)])
        return Reply(kind, text)

    def everything_after(self, data):
        """Sends bytes as they are and nothing more; what comes until the other side closes."""
        self.socket.sendall(data)
        self.socket.shutdown(socket.SHUT_WR)
        return self.reader.read()

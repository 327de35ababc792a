"""Bytes that are no well-formed requests, or are well-formed in an unusual way."""

from raw_connection import RawConnection

PING = b"*1\r\n$4\r\nPING\r\n"

REQUESTS = {
    "nothing": b"",
    "an empty line": b"\r\nPING\r\n",
    "line ends without carriage return": b"PING\nPING\n",
    "an inline command": b"SET k v\r\nGET k\r\n",
    "words between quotes": b'ECHO "a b"\r\nECHO \'a b\'\r\nECHO "\\x41\\n"\r\nECHO \'\\\'\'\r\n',
    "quotes that do not end": b'PING\r\nECHO "abc\r\nPING\r\n',
    "quotes inside of a word": b'ECHO a"b"c\r\nPING\r\n',
    "something behind closing quotes": b'ECHO "a"b\r\nPING\r\n',
    "spaces around": b"   PING   \r\n\tPING\t\r\n",
    "an empty array": b"*0\r\n" + PING,
    "a negative array": b"*-10\r\n" + PING,
    "a huge array": b"*3000000000\r\n" + PING,
    "an array without a number": b"*x\r\n" + PING,
    "an array of nothing": b"*\r\n" + PING,
    "a number with a plus": b"*+1\r\n$4\r\nPING\r\n",
    "a number with zeros": b"*01\r\n$4\r\nPING\r\n",
    "a number with a space": b"* 1\r\n$4\r\nPING\r\n",
    "no dollar": b"*1\r\nPING\r\n",
    "an integer for a string": b"*1\r\n:1\r\n",
    "a negative string": b"*1\r\n$-1\r\n" + PING,
    "a string without a number": b"*1\r\n$x\r\n" + PING,
    "a huge string": b"*2\r\n$4\r\nECHO\r\n$2000000000\r\n",
    "an empty name": b"*1\r\n$0\r\n\r\n" + PING,
    "an empty name and a word": b"*2\r\n$0\r\n\r\n$1\r\na\r\n" + PING,
    "a string that does not end": b"*1\r\n$4\r\nPINGxxPING\r\n",
    "half a request": b"*2\r\n$4\r\nECHO\r\n$5\r\nab",
    "inline and arrays": b"PING\r\n" + PING + b"PING\r\n",
    "many at once": PING * 1000,
    "a long line": b"A" * 70000,
    "a long number": b"*" + b"1" * 70000,
    "a long length": b"*1\r\n$" + b"1" * 70000,
    "a quit with more behind": b"QUIT\r\n" + PING,
    "a quit in an array": b"*1\r\n$4\r\nQUIT\r\n" + PING,
}


def answer(port, request):
    connection = RawConnection(port)
    try:
        return connection.everything_after(request)
    finally:
        connection.close()

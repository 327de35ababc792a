"""Frames of a stopped node's log: changes what stands in them, checksums included."""

import struct

import xxhash

HEADER = struct.Struct("<II")  # Length and checksum.


def change_bytes(directory, old, new):
    """Puts `new` in the place of `old` in every frame that holds it; answers how many do.

    What no checksum shows: as if memory had changed before the frame was written."""
    assert len(old) == len(new)
    changed = 0
    for path in sorted(directory.glob("*.aof")):
        data = bytearray(path.read_bytes())
        assert data[:8] == b"MERIDIAN", path
        begin = 16 + struct.unpack_from("<I", data, 12)[0] + 8
        at = begin
        while at + HEADER.size <= len(data):
            length, _ = HEADER.unpack_from(data, at)
            if length == 0:
                break
            payload = bytes(data[at + HEADER.size:at + HEADER.size + length])
            if old in payload:
                changed += 1
                payload = payload.replace(old, new)
                position = int(path.stem) + at - begin
                checksum = xxhash.xxh3_64_intdigest(payload, seed=position) & 0xFFFFFFFF
                data[at:at + HEADER.size + length] = HEADER.pack(length, checksum) + payload
            at += HEADER.size + length
        path.write_bytes(data)
    return changed

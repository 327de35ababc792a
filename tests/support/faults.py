"""Faults of the machine under one server: a wrong clock, a full disk, an fsync that fails."""

import mmap
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).with_name("faults.c")
FIELDS = ("clock_offset_ms", "free_bytes", "sync_fails", "syncs_wait", "syncs")


class Faults:
    """Made for one node of a cluster before it starts; changed while it runs."""

    def __init__(self, node):
        library = node.cluster.directory / "faults.so"
        if not library.exists():
            subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE),
                            "-ldl"], check=True)
        control = node.cluster.directory / f"r{node.region}n{node.ordinal}.faults"
        control.write_bytes(struct.pack("5q", 0, -1, 0, 0, 0))
        with open(control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 40)
        node.environment = {"LD_PRELOAD": str(library), "MERIDIAN_TEST_FAULTS": str(control)}

    def get(self, field):
        return struct.unpack_from("q", self.memory, 8 * FIELDS.index(field))[0]

    def set(self, field, value):
        struct.pack_into("q", self.memory, 8 * FIELDS.index(field), value)

"""Faults of the machine under one server: a wrong clock, a full disk, calls that fail, and kills at
points between two of its calls."""

import atexit
import functools
import mmap
import pathlib
import shutil
import struct
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("faults.c")
FIELDS = ("clock_offset_ms", "free_bytes", "syncs_wait", "syncs", "loses_unsynced", "moment",
          "calls_left")
MOMENTS = ("never", "before", "halfway", "after", "fails")
NAMES_AT = 8 * len(FIELDS)
SIZE = NAMES_AT + 32 + 64


@functools.cache
def library():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="meridian-test-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    built = directory / "faults.so"
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(built),
                    str(SOURCE), "-ldl"], check=True)
    return built


class Faults:
    """Made for one node or lone server before it starts; changed while it runs."""

    def __init__(self, server):
        control = server.log.with_suffix(".faults")
        control.write_bytes(bytes(SIZE))
        with open(control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)
        self.set("free_bytes", -1)
        server.environment = {"LD_PRELOAD": str(library()), "MERIDIAN_TEST_FAULTS": str(control)}

    def get(self, field):
        return struct.unpack_from("q", self.memory, 8 * FIELDS.index(field))[0]

    def set(self, field, value):
        struct.pack_into("q", self.memory, 8 * FIELDS.index(field), value)

    def kill(self, moment, call, file, nth=1):
        """The process kills itself before, halfway or after the nth such call from now on."""
        self.clear()
        self.set("calls_left", nth)
        self.point(moment, call, file)

    def fail(self, call, file="*"):
        """Such calls fail with EIO from now on."""
        self.clear()
        self.point("fails", call, file)

    def clear(self):
        self.set("moment", MOMENTS.index("never"))

    def point(self, moment, call, file):
        struct.pack_into("32s64s", self.memory, NAMES_AT, call.encode(), file.encode())
        self.set("moment", MOMENTS.index(moment))

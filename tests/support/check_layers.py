#!/usr/bin/python3
"""Checks that includes go down the layers only, and who may know which library.

Folders are layers (docs/architecture.md). Run by `./dev check`; prints each breach as file:line and
ends with 1 where there is one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Which folders each layer may include from, besides itself.
LAYERS = {
    "crdt": [],
    "storage": ["crdt"],
    "geo-config": ["crdt"],
    "replication": ["crdt", "storage", "geo-config"],
    "server": ["crdt", "storage", "geo-config", "replication"],
    "inspector": [],
    "tests": ["crdt", "storage", "geo-config", "replication", "server", "inspector"],
}

# Which files may include a library: prefixes of paths. Tests may know what they test.
LIBRARIES = {
    r"asio(\.hpp|/)": ["replication/net/", "server/net/"],
    r".*\.pb\.h": ["replication/wire"],
    r"google/protobuf/": ["replication/wire"],
    r"toml\+\+/": ["geo-config/config_file.cc"],
    r"openssl/": ["replication/handshake.cc"],
    r"zstd\.h": ["replication/wire.cc"],
    r"spdlog/": ["server/"],
    r"jemalloc/": ["server/"],
    r"CLI/": ["server/main.cc", "inspector/cli/main.cc"],
    r"nlohmann/": ["inspector/"],
    r"xxhash\.h": ["crdt/", "storage/"],
    r"absl/": ["crdt/", "storage/", "replication/", "server/"],
}

# What the pure parts may not touch: threads, sockets, files, clocks and dice are handed in.
PURE = ["crdt/", "server/resp/", "storage/log/", "replication/"]
SHELL = ["replication/net/"]
IMPURE_HEADERS = re.compile(
    r"(thread|mutex|condition_variable|atomic|fstream|iostream|filesystem|random|ctime|csignal|"
    r"unistd\.h|fcntl\.h|poll\.h|netdb\.h|pthread\.h|time\.h|sys/.*|netinet/.*|arpa/.*)$")
IMPURE_CALLS = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock)::now\b"
                          r"|\bstd::random_device\b")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def sources():
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield layer, path.relative_to(ROOT).as_posix(), path.read_text()


def starts_with_any(name, prefixes):
    return any(name.startswith(prefix) for prefix in prefixes)


def check_include(layer, name, delimiter, target):
    folder = target.split("/")[0]
    if delimiter == '"' and folder in LAYERS:
        if folder != layer and folder not in LAYERS[layer]:
            yield f"{layer} may not include from {folder}: {target}"
        if target == name:
            yield "a file includes itself"
    if layer == "tests":
        return
    for library, allowed in LIBRARIES.items():
        if re.match(library, target) or (library.startswith(".*") and re.fullmatch(library, target)):
            if not starts_with_any(name, allowed):
                yield f"{target} belongs into {' or '.join(allowed)}"
    is_pure = starts_with_any(name, PURE) and not starts_with_any(name, SHELL)
    if is_pure and delimiter == "<" and IMPURE_HEADERS.match(target):
        yield f"<{target}> in a pure part: hand an interface in"


def breaches():
    for layer, name, text in sources():
        is_pure = starts_with_any(name, PURE) and not starts_with_any(name, SHELL)
        if name.endswith(".h") and "#pragma once" not in text:
            yield f"{name}:1: a header without #pragma once"
        for number, line in enumerate(text.splitlines(), 1):
            include = INCLUDE.match(line)
            if include:
                for what in check_include(layer, name, *include.groups()):
                    yield f"{name}:{number}: {what}"
            elif is_pure and IMPURE_CALLS.search(line.split("//")[0]):
                yield f"{name}:{number}: a pure part looks at a clock or rolls dice"


def main():
    found = list(breaches())
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Checks the documents: relative links resolve, anchors too, and named commands exist.

Run by `./dev check`; prints each breach as file:line and ends with 1 where there is one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = {"build", ".demo", ".git", "node_modules"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
CODE = re.compile(r"`([A-Z][A-Z.]+(?: [A-Z-]+)*)[^`]*`")
# Words in capitals that are no commands: options, error codes, files, replies.
NO_COMMANDS = {"NX", "XX", "GT", "LT", "MAXLEN", "MINID", "ENTRIESREAD", "OK", "READONLY",
               "MISCONF", "WRONGTYPE", "EXECABORT", "LOADING", "MOVED", "FORMAT", "LOCK",
               "REDISCLI_AUTH", "PATH", "NAME", "MERIDIAN", "UPDATE", "REDIS", "DENIED", "SIGTERM",
               "README", "LICENSE", "CHANGELOG", "GPL", "STORE"}


def documents():
    for path in sorted(ROOT.rglob("*.md")):
        if not SKIPPED & set(path.relative_to(ROOT).parts):
            yield path


def without_blocks(text):
    """Fenced blocks become empty lines."""
    lines = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            lines.append("")
        else:
            lines.append("" if fenced else line)
    return lines


def anchors(path):
    """As GitHub makes them."""
    found = set()
    for heading in HEADING.findall("\n".join(without_blocks(path.read_text()))):
        text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def link_mistake(document, target):
    """What is wrong with a link; nothing where it resolves."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    if not path.exists():
        return f"dead link {target}"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"dead link {target}: no such heading"
    return None


def known_commands():
    """The names in the generated list: each command with its subcommands."""
    known = {}
    for name in re.findall(r"^\| `([A-Z.]+(?: [A-Z-]+)?)` \|",
                           (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE):
        command, _, subcommand = name.partition(" ")
        known.setdefault(command, set()).update({subcommand} - {""})
    return known


def command_mistake(words, known):
    command, *rest = words.split()
    if command in NO_COMMANDS:
        return None
    if command not in known:
        return f"no such command: {command}"
    if known[command] and rest and rest[0] not in known[command]:
        return f"no such subcommand: {command} {rest[0]}"
    return None


def main():
    mistakes = []
    known = known_commands()
    for document in documents():
        name = document.relative_to(ROOT)
        for number, line in enumerate(without_blocks(document.read_text()), 1):
            found = [link_mistake(document, target) for target in LINK.findall(line)]
            # What is not there yet may be named there.
            if name.parts[0] == "docs" and len(name.parts) == 2 and name.name != "commands.md":
                found += [command_mistake(words, known) for words in CODE.findall(line)]
            mistakes += [f"{name}:{number}: {mistake}" for mistake in found if mistake]
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())

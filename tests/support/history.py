"""Random writes of one client, and what a server that was killed may show of them.

All writes of one connection are in the log in the order in which they were sent. So what a server
shows has to be the state after one of them, not before the last that was promised: nothing that
was promised is missing, nothing is there that was not sent, and no transaction is there in part.
"""

import json

KEYS = 8  # Of each type.


def draw_write(dice):
    """The words of a command."""
    index = dice.randrange(KEYS)
    value = f"{dice.randrange(10**6):06}" * dice.randrange(1, 30)
    return dice.choice((
        ("SET", f"string:{index}", value),
        ("DEL", f"string:{index}"),
        ("INCRBY", f"counter:{index}", str(dice.randrange(1, 100))),
        ("RPUSH", f"list:{index}", value[:6]),
        ("LPOP", f"list:{index}"),
        ("SADD", f"set:{index}", value[:2]),
        ("SREM", f"set:{index}", value[:2]),
        ("HSET", f"hash:{index}", value[:1], value)))


def draw_unit(dice):
    """What is there as a whole or not at all: a write, or a transaction of some."""
    return [draw_write(dice) for _ in range(dice.choice((1, 1, 1, 1, 3)))]


def apply(state, words):
    verb, key, *arguments = words
    if verb == "SET":
        state[key] = arguments[0]
    elif verb == "DEL":
        state.pop(key, None)
    elif verb == "INCRBY":
        state[key] = str(int(state.get(key, 0)) + int(arguments[0]))
    else:
        apply_to_collection(state, verb, key, arguments)


def apply_to_collection(state, verb, key, arguments):
    old = state.pop(key, None)
    if verb == "RPUSH":
        new = [*(old or []), arguments[0]]
    elif verb == "LPOP":
        new = (old or [])[1:]
    elif verb == "SADD":
        new = (old or set()) | {arguments[0]}
    elif verb == "SREM":
        new = (old or set()) - {arguments[0]}
    else:
        new = {**(old or {}), arguments[0]: arguments[1]}
    if new:
        state[key] = new


def shown_by(client):
    """The state of a server, as apply() makes it."""
    readers = {"string": client.get, "list": lambda key: client.lrange(key, 0, -1),
               "set": client.smembers, "hash": client.hgetall}
    return {key: readers[client.type(key)](key) for key in client.keys()}


class History:
    """What was promised, and what was sent behind it. Both stand in a file, too, for people who look
    into a failure: the state that was found last, and every step after that."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "w", encoding="ascii")
        self.restart({})

    def close(self):
        self.file.close()

    def restart(self, state):
        self.state = state    # After what was promised to survive the end of the machine.
        self.units = []       # Sent after that.
        self.answered = 0     # So many of them.
        self.file.truncate(0)
        self.file.seek(0)
        self.note(state=state)

    def note(self, **step):
        print(json.dumps(step, default=sorted), file=self.file, flush=True)

    def send(self, units):
        self.note(sent=units)
        self.units += units

    def answer(self, refused):
        """What was sent last survives the end of the process, but for what was refused."""
        self.note(refused=refused)
        first = len(self.units) - len(refused)
        self.units[first:] = [unit for unit, no in zip(self.units[first:], refused) if not no]
        self.answered = len(self.units)

    def promise(self):
        """What was answered survives the end of the machine."""
        self.note(promised=self.answered)
        for unit in self.units[:self.answered]:
            for words in unit:
                apply(self.state, words)
        del self.units[:self.answered]
        self.answered = 0

    def check(self, shown, lost_unsynced):
        """Goes on from what is shown. With `lost_unsynced` the machine has ended, too."""
        state = self.state
        for count in range(len(self.units) + 1):
            if state == shown and (lost_unsynced or count >= self.answered):
                self.restart(shown)
                return
            for words in self.units[count] if count < len(self.units) else ():
                apply(state, words)
        raise AssertionError(f"the server shows none of the states that it may show; see {self.path}"
                             f", where this follows: {shown}")

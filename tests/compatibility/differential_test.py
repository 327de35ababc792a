"""Replies are those of redis-server, byte for byte, except where differences.txt says why not.

Runs Debian's redis-server and one region of ours side by side. MERIDIAN_SEED=N repeats the random
sequences of a run that failed; MERIDIAN_SEQUENCES=N says how many each family gets.
"""

import os
import random
import unittest

import raw_requests
from differential import HERE, Comparison, KnownDifferences, Step, command_text, describe, \
    read_sequences
from option_combinations import combinations
from random_commands import FAMILIES, random_sequence, shrunk

FAMILY_FILES = sorted((HERE / "sequences").glob("*.txt"))


class Differential(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.comparison = Comparison()
        cls.addClassCleanup(cls.comparison.close)
        cls.known = KnownDifferences()
        cls.unexplained = {}  # By file.
        for path in FAMILY_FILES:
            cls.unexplained[path.stem] = cls.compare_file(path)

    @classmethod
    def compare_file(cls, path):
        return [f"{title}: {text}" for title, steps in read_sequences(path)
                for text in cls.unknown_differences(steps)]

    @classmethod
    def unknown_differences(cls, steps, protocols=(2, 3)):
        return [f"RESP{protocol}: {describe(difference)}" for protocol in protocols
                for difference in cls.comparison.differences(steps, protocol)
                if not cls.known.knows(difference)]

    def test_written_sequences_are_answered_alike(self):
        for family, differences in self.unexplained.items():
            with self.subTest(family):
                self.assertEqual(differences, [], "\n" + "\n".join(differences))

    def test_every_listed_difference_has_a_reason_and_is_still_needed(self):
        self.assertEqual(self.known.without_reason, [])
        self.assertEqual(self.known.unused(), [])

    def test_options_in_every_combination(self):
        for title, steps in combinations():
            with self.subTest(title):
                differences = self.unknown_differences(steps)
                self.assertEqual(differences[:5], [], f"{len(differences)} differences")

    def test_random_sequences_are_answered_alike(self):
        seed = int(os.environ.get("MERIDIAN_SEED", random.SystemRandom().randrange(10**6)))
        print(f"MERIDIAN_SEED={seed}")
        for family in FAMILIES:
            with self.subTest(family):
                for number in range(int(os.environ.get("MERIDIAN_SEQUENCES", "100"))):
                    self.check_random(family, seed + number)

    def check_random(self, family, seed):
        protocol = 2 + seed % 2
        steps = random_sequence(family, seed)

        def differs(shorter):
            return bool(self.unknown_differences(shorter, [protocol]))
        if differs(steps):
            steps = shrunk(steps, differs)
            shown = "\n".join(f"{step.connection}> {command_text(step.words)}" for step in steps)
            self.fail(f"MERIDIAN_SEED={seed}, {family}:\n{shown}\n"
                      + "\n".join(self.unknown_differences(steps, [protocol])))

    def test_a_difference_is_found_and_shrunk(self):
        """The comparison can fail: OBJECT ENCODING of a set differs between 7.0 and ours."""
        steps = random_sequence("strings", 1, length=30)
        steps.insert(10, Step(1, (b"SADD", b"ints", b"a")))
        steps += [Step(1, (b"OBJECT", b"ENCODING", b"ints"))]

        def differs(shorter):
            return bool(self.comparison.differences(shorter, 2))
        self.assertTrue(differs(steps))
        self.assertEqual([command_text(step.words) for step in shrunk(steps, differs)],
                         ["SADD ints a", "OBJECT ENCODING ints"])

    def test_broken_requests_are_answered_alike(self):
        for name, request in raw_requests.REQUESTS.items():
            with self.subTest(name):
                self.assertEqual(raw_requests.answer(self.comparison.meridian.port, request),
                                 raw_requests.answer(self.comparison.redis.port, request))


if __name__ == "__main__":
    unittest.main()

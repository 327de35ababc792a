"""All conformance cases, against three real processes."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import conformance
from cluster import Cluster


class ConformanceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(replicas=0, settings='heartbeat = "20ms"')
        cls.cluster.__enter__()
        cls.stage = conformance.Stage(cls.cluster)

    @classmethod
    def tearDownClass(cls):
        cls.stage.close()
        cls.cluster.__exit__(None, None, None)

    def test_every_case_of_the_types_that_exist_holds_in_every_order_of_delivery(self):
        cases = conformance.read_cases()
        unknown = {command for case in cases for command in case.type_commands()
                   if not self.stage.is_known(command)}
        played = [case for case in cases if not case.type_commands() & unknown]
        for case in played:
            for order in conformance.ORDERS:
                with self.subTest(case=case.name, holds=case.title, order=order):
                    self.stage.play(case, order)
        print(f"\nconformance: {len(cases)} cases, {len(played)} played in "
              f"{len(conformance.ORDERS)} orders of delivery, {len(cases) - len(played)} left out "
              f"for commands that the server does not know: {', '.join(sorted(unknown)) or 'none'}")
        self.assertEqual(len(cases), len({case.name for case in cases}), "names are unique")
        for case in played:
            self.assertTrue(case.lines, f"{case.name} is empty")


class LanguageTest(unittest.TestCase):
    """The checker itself: what it must find different."""

    def check(self, expected, reply):
        return conformance.matches(conformance.ReplyReader(expected).whole(), reply)

    def test_a_number_is_not_a_text_and_nothing_is_not_zero(self):
        self.assertTrue(self.check("2", 2))
        self.assertTrue(self.check("3.1", 3.1))
        self.assertTrue(self.check('"2"', "2"))
        self.assertFalse(self.check("2", "2"))
        self.assertFalse(self.check('"2"', 2))
        self.assertFalse(self.check("0", None))
        self.assertFalse(self.check("nil", 0))

    def test_a_list_has_an_order_and_a_set_has_none(self):
        self.assertTrue(self.check("[a, b]", ["a", "b"]))
        self.assertFalse(self.check("[a, b]", ["b", "a"]))
        self.assertTrue(self.check("{a, b}", ["b", "a"]))
        self.assertFalse(self.check("{a, b}", ["b", "a", "a"]))
        self.assertFalse(self.check("{a, b}", ["a"]))
        self.assertTrue(self.check("[[x, [[110-1, [f, v]]]]]", [["x", [["110-1", ["f", "v"]]]]]))

    def test_a_map_needs_every_field_and_no_other(self):
        self.assertTrue(self.check("{f: 1, g: b}", {"g": "b", "f": "1"}))
        self.assertFalse(self.check("{f: 1}", {"g": "b", "f": "1"}))
        self.assertFalse(self.check("{f: 1}", {"f": "2"}))
        self.assertTrue(self.check("{}", {}))

    def test_an_error_never_counts_as_a_value(self):
        error = conformance.ErrorReply("WRONGTYPE Operation")
        self.assertTrue(self.check("!WRONGTYPE", error))
        self.assertFalse(self.check("!ERR", error))
        self.assertFalse(self.check("OK", error))
        self.assertFalse(self.check('"WRONGTYPE Operation"', error))


if __name__ == "__main__":
    unittest.main()

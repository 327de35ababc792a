#!/usr/bin/python3
"""./dev itself: what it says where packages cannot be installed, and that `test` fails when it must.

The script is run in a copy of its own, with stand-ins for compilers and package tools.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ["g++", "ccache", "pkg-config", "ld.lld", "protoc", "redis-cli", "redis-server", "node",
         "npm", "clang-format-19"]
STAND_INS = {
    "dpkg-query": "echo installed",
    "cmake": "mkdir -p build/$2; touch build/$2/build.ninja",
    "ninja": ":",
    "ctest": 'echo "100% tests passed, 0 tests failed out of 3"',
    **{tool: ":" for tool in TOOLS},
}


class DevScript(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="meridian-dev-"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy(ROOT / "dev", self.folder / "dev")
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        for name, text in STAND_INS.items():
            self.stand_in(name, text)

    def stand_in(self, name, text):
        tool = self.tools / name
        tool.write_text(f"#!/bin/sh\n{text}\n")
        tool.chmod(0o755)

    def run_dev(self, *words, path=None, **environment):
        return subprocess.run(
            [self.folder / "dev", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=300, check=False, cwd="/",
            env={**os.environ, "PATH": path or f"{self.tools}:{os.environ['PATH']}", **environment})

    def write_test(self, name, text):
        folder = self.folder / "tests" / "cluster"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}_test.py").write_text(text)

    def run_tests_with(self, body, **environment):
        self.write_test("good", CASE.format(body="pass"))
        self.write_test("other", body)
        return self.run_dev("test", **environment)

    def test_alone_it_explains_its_verbs(self):
        done = self.run_dev()
        self.assertEqual(done.returncode, 0)
        for verb in ["demo", "build", "test", "check", "fix", "sim", "bench", "compat", "fuzz", "ci",
                     "clean"]:
            self.assertRegex(done.stdout, rf"(?m)^  {verb}\b")

    def test_an_unknown_verb_is_named_and_the_verbs_are_explained(self):
        done = self.run_dev("tets")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown verb 'tets'", done.stdout)
        self.assertIn("demo [--help]", done.stdout)

    def test_neither_root_nor_sudo_is_said_with_the_packages_that_are_missing(self):
        self.stand_in("dpkg-query", "exit 1")
        self.stand_in("id", "echo 1000")
        self.stand_in("apt-get", "echo called; exit 1")
        for tool in ["bash", "dirname", "cat"]:
            (self.tools / tool).symlink_to(shutil.which(tool))
        done = self.run_dev("demo", path=str(self.tools))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("neither root nor sudo", done.stdout)
        self.assertIn("libasio-dev", done.stdout)
        # A tool on PATH is left alone.
        self.assertNotIn("redis-tools", done.stdout)
        self.assertNotIn("called", done.stdout)

    def test_passing_tests_are_counted(self):
        done = self.run_tests_with(CASE.format(body="pass"))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("5 passed, 0 failed", done.stdout)

    def test_a_failing_test_fails_the_run(self):
        done = self.run_tests_with(CASE.format(body="self.fail()"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("4 passed, 1 failed", done.stdout)

    def test_a_file_that_crashes_fails_the_run(self):
        done = self.run_tests_with(CASE.format(body="os.abort()"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("4 passed, 1 failed", done.stdout)

    def test_a_file_that_hangs_is_ended_cleans_up_and_fails_the_run(self):
        mark = self.folder / "cleaned"
        body = (f"atexit.register(open, {str(mark)!r}, 'w')\n"
                "        threading.Event().wait()")
        done = self.run_tests_with(CASE.format(body=body), TEST_FILE_SECONDS="3")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("did not end within 3 s", done.stdout)
        self.assertIn("4 passed, 1 failed", done.stdout)
        self.assertTrue(mark.exists())

    def test_a_file_without_tests_fails_the_run(self):
        done = self.run_tests_with("print('nothing')\n")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("FAILED: tests/cluster/other_test.py", done.stdout)

    def test_a_failing_test_in_one_process_fails_the_run(self):
        self.stand_in("ctest", 'echo "66% tests passed, 1 tests failed out of 3"; exit 8')
        done = self.run_tests_with(CASE.format(body="pass"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("4 passed, 1 failed", done.stdout)

    def test_a_build_that_fails_fails_the_run(self):
        self.stand_in("ninja", "exit 1")
        done = self.run_tests_with(CASE.format(body="pass"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("FAILED: building", done.stdout)

    def test_a_name_that_no_test_has_is_no_success(self):
        self.stand_in("ctest", "echo 'No tests were found!!!'")
        done = self.run_dev("test", "-R", "no_such")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("no test has that name", done.stdout)


CASE = """
import atexit, os, threading, unittest
class Case(unittest.TestCase):
    def test_it(self):
        {body}
unittest.main()
"""

if __name__ == "__main__":
    unittest.main(verbosity=2)

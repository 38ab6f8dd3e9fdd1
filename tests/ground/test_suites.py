"""tests/suites.py counts what really happened: each way a suite can end, in one table."""

import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import suites

XML_MIXED = """<testsuites tests="4" failures="1"><testsuite name="A">
<testcase name="ok" status="run" result="completed"/>
<testcase name="bad" status="run" result="completed"><failure message="x"/><failure message="y"/></testcase>
<testcase name="skipped" status="run" result="skipped"><skipped message="s"/></testcase>
<testcase name="DISABLED_x" status="notrun" result="suppressed"/></testsuite></testsuites>"""


class Counting(unittest.TestCase):
    def test_closing_lines(self):
        for text, expected in [("ok\n3 passed, 0 failed\n", (3, 0)),
                               ("3 passed, 2 failed\n\n  \n", (3, 2)),
                               ("3 passed, 0 failed, 1 skipped", (3, 0)),
                               ("3 passed, 0 failed\nbye\n", None),       # must be the last line
                               ("about 3 passed, 0 failed\n", None),
                               ("", None)]:
            with self.subTest(text):
                self.assertEqual(suites.read_closing(text), expected)

    def test_gtest_reports(self):
        with tempfile.TemporaryDirectory() as top:
            report = Path(top, "r.xml")
            report.write_text(XML_MIXED)
            self.assertEqual(suites.read_gtest(report), (1, 1, 2))
            report.write_text(XML_MIXED[:100])
            self.assertIsNone(suites.read_gtest(report))
            self.assertIsNone(suites.read_gtest(Path(top, "none.xml")))

    def test_every_way_a_run_can_end(self):
        #        script                                            passed failed  why contains
        rows = [("echo '2 passed, 0 failed'",                           2, 0, ""),
                ("echo '2 passed, 1 failed'; exit 1",                   2, 1, ""),
                ("echo '2 passed, 0 failed'; exit 3",                   2, 1, "exit code 3"),
                ("echo done",                                           0, 1, "last line"),
                ("echo '0 passed, 0 failed'",                           0, 1, "ran nothing"),
                ("echo '  skip  a case: no root'; echo '0 passed, 0 failed'", 0, 0, ""),
                ("kill -SEGV $$",                                       0, 1, "SIGSEGV"),
                ("sleep 30; echo '1 passed, 0 failed'",                 0, 1, "still running"),
                ("test \"$PANDO_BIN\" = /b/pando && test $1 = x && echo '1 passed, 0 failed'", 1, 0, "")]
        for script, passed, failed, why in rows:
            with self.subTest(script), tempfile.TemporaryDirectory() as top:
                run = Path(top, "tests", "t", "run")
                run.parent.mkdir(parents=True)
                run.write_text("#!/bin/sh\n" + script + "\n")
                run.chmod(0o755)
                with mock.patch.multiple(suites, ROOT=Path(top), LOGS=Path(top), TIMEOUT_S=2):
                    outcome = suites.run_suite(suites.Suite("t", "run"), Path("/b"), ["x"])
                self.assertEqual((outcome.passed, outcome.failed), (passed, failed), outcome)
                self.assertIn(why, outcome.why)

    def test_what_was_left_out_is_told(self):
        text = "  ok    this\n  skip  that thing: mounting is not allowed here\nskip this sentence\n1 passed, 0 failed\n"
        self.assertEqual(suites.read_skips(text), ("skip  that thing: mounting is not allowed here",))

    def test_nothing_is_left_running(self):
        with tempfile.TemporaryDirectory() as top:
            run = Path(top, "tests", "t", "run")
            run.parent.mkdir(parents=True)
            run.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {top}/pid\necho '1 passed, 0 failed'\n")
            run.chmod(0o755)
            with mock.patch.multiple(suites, ROOT=Path(top), LOGS=Path(top)):
                suites.run_suite(suites.Suite("t", "run"), Path("/b"), [])
            pid = int(Path(top, "pid").read_text())
            deadline = time.monotonic() + 10
            while self.is_running(pid) and time.monotonic() < deadline:
                time.sleep(0.01)  # a killed process is gone when the kernel gets to it
            self.assertFalse(self.is_running(pid))

    @staticmethod
    def is_running(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def test_only_failing_cases_are_shown(self):
        lines = ["[ RUN      ] A.Good", "chatter", "[       OK ] A.Good (0 ms)",
                 "[ RUN      ] A.Bad", "Failure: why", "[  FAILED  ] A.Bad (0 ms)",
                 "test_x (m.C) ... ok", "test_y (m.C) ... FAIL", "  ok    a case  (0.5 s)", "okay, then", "[ RUN      ] A.Died"]
        self.assertEqual(suites.without_passing(lines), lines[3:6] + [lines[7], *lines[9:]])

    def test_names(self):
        with tempfile.TemporaryDirectory() as top:
            for folder in ("log", "io/rocks", "io/disk", "quiet"):
                Path(top, "src", folder).mkdir(parents=True)
                Path(top, "src", folder, "CMakeLists.txt").touch()
                if folder != "quiet":
                    Path(top, "src", folder, "a_test.cc").touch()
            run = Path(top, "tests", "tutorial", "run")
            run.parent.mkdir(parents=True)
            run.touch(0o755)
            everything = suites.all_suites(Path(top))
            self.assertEqual([s.name for s in everything], ["io/disk", "io/rocks", "log", "tutorial"])
            self.assertEqual([s.binary for s in suites.select(everything, ["io"])], ["io_disk_test", "io_rocks_test"])
            self.assertEqual([s.kind for s in suites.select(everything, ["tutorial", "log"])], ["run", "unit"])
            with self.assertRaisesRegex(SystemExit, "no tests called 'lo'; there are: io/disk"):
                suites.select(everything, ["lo"])


if __name__ == "__main__":
    unittest.main()

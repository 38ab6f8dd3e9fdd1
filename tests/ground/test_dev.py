"""./dev explains itself, fails clearly, and costs nothing when all packages are there."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import layers

DEV = layers.ROOT / "dev"
COMMANDS = "setup build test sim fuzz bench demo check fmt clean".split()


def dev(*arguments, cwd=layers.ROOT, script=DEV, **env):
    return subprocess.run([str(script), *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, env={**os.environ, **env})


def packages():
    """(group, package, why) rows of cmake/packages.txt."""
    lines = (layers.ROOT / "cmake" / "packages.txt").read_text().splitlines()
    return [line.split(None, 2) for line in lines if line.strip() and not line.startswith("#")]


class Help(unittest.TestCase):
    def test_every_command_is_explained(self):
        overview = dev("--help")
        self.assertEqual(overview.returncode, 0)
        for command in COMMANDS:
            with self.subTest(command):
                self.assertIn(f"./dev {command}", overview.stdout)
                page = dev("help", command)
                self.assertEqual(page.returncode, 0, page.stderr)
                self.assertTrue(page.stdout.startswith(f"./dev {command}"), page.stdout)
                if command != "sim":  # `sim --help` is the simulator's own
                    self.assertEqual(dev(command, "--help").stdout, page.stdout)

    def test_mistakes_are_answered_with_what_there_is(self):
        for arguments, code, word in [((), 2, ""),
                                      (("biuld",), 1, "no command 'biuld'"),
                                      (("help", "biuld"), 1, "no command 'biuld'"),
                                      (("build", "asan", "--help"), None, None),
                                      (("test", "no-such-folder"), 1, "no tests called 'no-such-folder'; there are: "),
                                      (("test", "--prset"), 1, "unknown option --prset"),
                                      (("fuzz", "--seconds", "soon"), 1, "not 'soon'"),
                                      (("bench", "no-such-bench"), 1, "no bench/no-such-bench"),
                                      (("setup", "everything"), 1, "no group 'everything'"),
                                      (("clean", "src"), 1, "no preset 'src'")]:
            if code is None:
                continue
            with self.subTest(arguments):
                result = dev(*arguments, PANDO_SETUP="off")
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(word, result.stderr)

    def test_a_benchmark_explains_itself_without_being_built(self):
        scripts = [file.name for file in (layers.ROOT / "bench").iterdir() if file.is_file() and os.access(file, os.X_OK)]
        self.assertIn("redis", scripts)
        with tempfile.TemporaryDirectory() as empty:
            shutil.copytree(layers.ROOT, empty, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build", ".git", "node_modules"))
            for name in scripts:
                with self.subTest(name):
                    told = dev("bench", name, "--help", cwd=empty, script=Path(empty) / "dev")
                    self.assertEqual(told.returncode, 0, told.stderr)
                    self.assertIn(f"./dev bench {name}", told.stdout)
            self.assertFalse((Path(empty) / "build").exists())

    def test_no_colour_in_a_pipe(self):
        for result in (dev("help"), dev("setup", "build"), dev("biuld")):
            self.assertNotIn("\033", result.stdout + result.stderr)


class Setup(unittest.TestCase):
    def test_nothing_to_do_is_quick_and_offline(self):
        # A PATH whose apt-get and sudo fail: nothing may be called. The best of three, as the machine may be busy.
        with tempfile.TemporaryDirectory() as bin_:
            for name in ("apt-get", "sudo"):
                Path(bin_, name).write_text("#!/bin/sh\necho called >&2; exit 99\n")
                Path(bin_, name).chmod(0o755)
            best = 99.0
            for _ in range(3):
                began = time.monotonic()
                result = dev("setup", "build", "run", PATH=f"{bin_}:{os.environ['PATH']}")
                best = min(best, time.monotonic() - began)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertLess(best, 0.2)

    def test_a_missing_package_is_named_with_its_reason_and_a_failure_with_its_command(self):
        with tempfile.TemporaryDirectory() as top:
            Path(top, "cmake").mkdir()
            Path(top, "bin").mkdir()
            Path(top, "cmake", "packages.txt").write_text("build no-such-package-pando  to be missing\n")
            shutil.copy(DEV, top)
            for name, text in [("apt-get", "echo \"E: Unable to locate $*\"; exit 100"), ("sudo", "shift; exec \"$@\"")]:
                Path(top, "bin", name).write_text(f"#!/bin/sh\n{text}\n")
                Path(top, "bin", name).chmod(0o755)
            result = dev("setup", "build", cwd=top, script=Path(top, "dev"), PATH=f"{top}/bin:{os.environ['PATH']}")
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stdout, r"no-such-package-pando +to be missing")
            self.assertIn("Unable to locate", result.stderr)
            self.assertRegex(result.stderr, r"apt-get update && apt-get .*install .*no-such-package-pando")

    def test_packages_are_well_formed(self):
        seen = set()
        for row in packages():
            self.assertEqual(len(row), 3, row)
            self.assertIn(row[0], "build run fmt fuzz bench".split(), row)
            self.assertNotIn(row[1], seen, "named twice")
            seen.add(row[1])


class Documents(unittest.TestCase):
    def test_dependencies_are_documented_and_nothing_else(self):
        text = (layers.ROOT / "docs" / "dependencies.md").read_text()
        documented = set(re.findall(r"`([a-z0-9][a-z0-9.+-]*)`", " ".join(
            line.split("|")[2] for line in text.splitlines() if line.startswith("| ") and line.count("|") >= 4)))
        self.assertEqual({row[1] for row in packages()} - documented, set(), "in packages.txt, not in the document")
        self.assertEqual(documented - {row[1] for row in packages()}, set(), "in the document, not in packages.txt")

    def test_every_dep_target_is_listed_at_the_top(self):
        text = (layers.ROOT / "cmake" / "Dependencies.cmake").read_text()
        made = set(re.findall(r"^ *dep(?:_pkg)?\((\w+)", text, re.M)) - {"name"}
        listed = set(re.findall(r"^#   dep::(\w+)", text, re.M))
        self.assertEqual(made, listed)


if __name__ == "__main__":
    unittest.main()

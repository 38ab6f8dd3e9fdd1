#!/usr/bin/env python3
"""Runs test suites and adds them up; `./dev test` calls it.

A suite is either
  unit   one GoogleTest binary per folder of src/ that has *_test.cc; counted from GoogleTest's own XML
  run    an executable tests/NAME/run; its last line must be `N passed, N failed`; a case that cannot run
         here says so in a line `skip  NAME: REASON`

  suites.py targets [NAME...]                          what must be built for these names (empty: all)
  suites.py run --build DIR [NAME...] [-- ARGS...]     runs them; last line `N passed, N failed`

A passing suite prints one line. A failing one prints its output, cut in the middle when long. All of it
is in build/test-logs/<suite>.log. A suite that dies, hangs, or fails without saying so counts as one failure.
A run-suite gets PANDO_BIN (the program), PANDO_BUILD (the build directory), and the repository as its
working directory, in a process group of its own that is killed when it ends: nothing is left running.
"""

import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
TIMEOUT_S = int(os.environ.get("PANDO_TEST_TIMEOUT_S", "1200"))
SHOWN_LINES_MAX = 120
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed")
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


@dataclass
class Suite:
    name: str            # log, io/rocks, tutorial
    kind: str            # unit, run
    binary: str = ""     # unit: io_rocks_test


@dataclass
class Outcome:
    passed: int
    failed: int
    skipped: int
    seconds: float
    why: str
    log: Path
    skips: tuple = ()    # a run-suite's own lines about what it left out


def all_suites(root=ROOT):
    suites = []
    for listing in sorted((root / "src").rglob("CMakeLists.txt")):
        nested = [other.parent for other in listing.parent.rglob("CMakeLists.txt") if other != listing]
        tests = [t for t in listing.parent.rglob("*_test.cc") if not any(n in t.parents for n in nested)]
        if tests:
            name = listing.parent.relative_to(root / "src").as_posix()
            suites.append(Suite(name, "unit", name.replace("/", "_") + "_test"))
    for run in sorted((root / "tests").glob("*/run")):
        if os.access(run, os.X_OK):
            suites.append(Suite(run.parent.name, "run"))
    return suites


def select(suites, names):
    """The suites that `names` mean; `io` means every folder below it. An unknown name ends the program."""
    if not names:
        return suites
    chosen = []
    for name in names:
        hits = [s for s in suites if s.name == name or s.name.startswith(name + "/")]
        if not hits:
            known = " ".join(dict.fromkeys(s.name for s in suites))
            sys.exit(f"test: no tests called '{name}'; there are: {known}")
        chosen += [hit for hit in hits if hit not in chosen]
    return chosen


def targets(chosen, root=ROOT):
    """Ninja targets that these suites need."""
    wanted = [suite.binary for suite in chosen if suite.kind == "unit"]
    runs = [suite.name for suite in chosen if suite.kind == "run"]
    if "ground" in runs:
        sys.path.insert(0, str(root / "tests" / "ground"))
        import layers
        wanted += [layers.library(folder) for folder in layers.compiled_pure_folders(root)]
    if any(name != "ground" for name in runs):
        programs = {"pando": "src/main.cc", "pando-sim": "src/sim/main.cc"}
        wanted += [program for program, main in programs.items() if (root / main).exists()]
    if "hostile" in runs:
        wanted.append("hostile-peer")
    return wanted


def read_gtest(xml_path):
    """(passed, failed, skipped) of one GoogleTest report, or None when it was not written to the end."""
    try:
        top = ElementTree.parse(xml_path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    passed = failed = skipped = 0
    for case in top.iter("testcase"):
        if case.find("failure") is not None:
            failed += 1
        elif case.get("result") == "skipped" or case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def read_skips(text):
    """The lines in which a run-suite says what it left out, and why."""
    return tuple(line.strip() for line in text.splitlines() if re.match(r"\s*skip  \S", line))


def read_closing(text):
    """(passed, failed) from the last non-empty line, or None when it is not a closing line."""
    lines = [line for line in text.splitlines() if line.strip()]
    match = CLOSING.match(lines[-1].strip()) if lines else None
    return (int(match[1]), int(match[2])) if match else None


def execute(command, log, timeout_s, env):
    """Runs `command` in its own process group with output to `log`. Returns (exit code, or None on time-out)."""
    with open(log, "wb") as out:
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                 env={**os.environ, **env}, start_new_session=True)
        try:
            return child.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()


def run_suite(suite, build, args):
    stem = f"{suite.kind}-{suite.name.replace('/', '_')}"
    log, xml = LOGS / f"{stem}.log", LOGS / f"{stem}.xml"
    xml.unlink(missing_ok=True)
    began, skips = time.monotonic(), ()
    if suite.kind == "unit":
        code = execute([str(build / suite.binary)], log, TIMEOUT_S, {"GTEST_OUTPUT": f"xml:{xml}"})
        counts = read_gtest(xml)
        missing = "died before its report was complete"
    else:
        code = execute([str(ROOT / "tests" / suite.name / "run"), *args], log, TIMEOUT_S,
                       {"PANDO_BIN": str(build / "pando"), "PANDO_BUILD": str(build)})
        text = log.read_text(errors="replace")
        closing, skips = read_closing(text), read_skips(text)
        counts = closing and (*closing, len(skips))
        missing = "its last line is not `N passed, N failed`"
    seconds = time.monotonic() - began
    passed, failed, skipped = counts or (0, 0, 0)
    why = ""
    if code is None:
        why = f"still running after {TIMEOUT_S} s"
    elif counts is None:
        why = missing
    elif code != 0 and failed == 0:
        why = "reported no failure"
    elif passed + failed == 0 and not skips:
        why = "ran nothing"
    if why:
        failed += 1
        if code:
            why += f" (exit code {code})" if code > 0 else f" (killed by {signal.Signals(-code).name})"
    return Outcome(passed, failed, skipped, seconds, why, log, skips)


def without_passing(lines):
    """The lines without those of test cases that passed: GoogleTest's from RUN to OK, unittest's
    ending in `... ok`, and our own scripts' beginning with `ok`."""
    kept, start = [], None
    for line in lines:
        if re.match(r"\[ RUN +\]", line):
            start = len(kept)
        elif re.match(r"\[ +OK \]", line) and start is not None:
            del kept[start:]
            start = None
            continue
        if not line.endswith("... ok") and not re.match(r"\s*ok\s", line):
            kept.append(line)
    return kept


def paint(text, colour):
    return f"\033[{colour}m{text}\033[0m" if COLOUR else text


def show(suite, outcome):
    mark = paint("FAIL", 31) if outcome.failed else paint("ok  ", 32)
    extra = f", {outcome.skipped} skipped" if outcome.skipped else ""
    what = suite.binary or f"tests/{suite.name}"
    print(f"  {mark}  {what:<24} {outcome.passed:>5} passed, {outcome.failed} failed{extra}  {outcome.seconds:.1f} s"
          + (f"  {outcome.why}" if outcome.why else ""), flush=True)
    for line in outcome.skips:
        print(f"        {line}", flush=True)
    if outcome.failed:
        lines = outcome.log.read_text(errors="replace").splitlines()
        lines = without_passing(lines)
        if len(lines) > SHOWN_LINES_MAX:
            half = SHOWN_LINES_MAX // 2
            lines = lines[:half] + [f"… {len(lines) - 2 * half} lines more …"] + lines[-half:]
        print("\n".join("      " + line for line in lines))
        print(f"      (all of it: {outcome.log.relative_to(ROOT)})", flush=True)


def run(chosen, build, args):
    LOGS.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    # Unit tests share nothing and run side by side; run-suites own ports and processes, so one by one.
    units = [suite for suite in chosen if suite.kind == "unit"]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        ahead = pool.map(lambda suite: run_suite(suite, build, []), units)
        runs = [suite for suite in chosen if suite.kind == "run"]
        one_by_one = (run_suite(suite, build, args) for suite in runs)
        for suite, outcome in zip(units + runs, chain(ahead, one_by_one)):
            show(suite, outcome)
            passed, failed = passed + outcome.passed, failed + outcome.failed
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


def main(argv):
    args = []
    if "--" in argv:
        cut = argv.index("--")
        argv, args = argv[:cut], argv[cut + 1:]
    if argv[:1] == ["targets"]:
        if argv[1:]:
            print(" ".join(targets(select(all_suites(), argv[1:]))))
        return 0
    if argv[:2] == ["run", "--build"] and len(argv) >= 3:
        return run(select(all_suites(), argv[3:]), (ROOT / argv[2]).resolve(), args)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

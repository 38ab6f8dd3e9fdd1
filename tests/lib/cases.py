"""Cases of a suite: running them, saying why one failed or was left out, and the closing line.

    CASES = [a_case, another_case]
    sys.exit(run_cases(CASES, sys.argv[1:]))

A case is a function without arguments; its name says what holds. What it returns, if anything, is printed behind it.
"""

import threading
import time
import traceback


class Skipped(Exception):
    """What this case needs is not here."""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}\n  got     {got!r}\n  wanted  {wanted!r}")


def run_cases(cases, names=()):
    """All cases, or those whose name contains one of `names`. The exit code of the suite."""
    passed = failed = 0
    for case in cases:
        if names and not any(name in case.__name__ for name in names):
            continue
        title, began = case.__name__.replace("_", " "), time.monotonic()
        try:
            said = case()
            passed += 1
            print(f"  ok    {title}  ({time.monotonic() - began:.1f} s)" + (f": {said}" if said else ""), flush=True)
        except Skipped as why:
            print(f"  skip  {title}: {why}", flush=True)
        except Exception:  # noqa: BLE001  a case that breaks is a failure like any other
            failed += 1
            print(f"  FAIL  {title}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


def side_by_side(count, work):
    """Runs work(0) … work(count - 1) at once; the list of what they return. The first failure is raised when all ended."""
    results, failures = [None] * count, []

    def one(index):
        try:
            results[index] = work(index)
        except BaseException as failure:  # noqa: BLE001  handed to the caller's thread
            failures.append(failure)
    threads = [threading.Thread(target=one, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results

#!/usr/bin/env python3
"""Reads src/layers.txt and the #include lines of src/, and tells which include breaks which rule."""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
DEPS = re.compile(r"pando_folder\(\s*(\S+)(.*?)\)", re.S)
KEYWORDS = {"DEPS", "LIBS", "TEST_DEPS", "TEST_LIBS"}

# Standard headers that bring in what the pure ring must not have: time, threads, files, streams, chance.
IMPURE_STD = set("""
    chrono ctime time.h thread mutex shared_mutex condition_variable future semaphore latch barrier stop_token
    random fstream iostream istream ostream sstream iomanip filesystem syncstream streambuf
    csignal signal.h clocale locale codecvt coroutine memory_resource execution
""".split())
# The C library headers whose names end in .h but which compute only.
PURE_C = set("""
    assert.h ctype.h errno.h float.h inttypes.h limits.h math.h stddef.h stdint.h stdlib.h string.h stdarg.h
""".split())


@dataclass
class Rules:
    allowed: dict = field(default_factory=dict)     # folder -> [what it may include]
    pure: list = field(default_factory=list)        # folders of the pure ring
    libraries: dict = field(default_factory=dict)   # folder or * -> [prefixes of <...>]
    tests: list = field(default_factory=list)       # prefixes of <...> for *_test.cc
    test_folders: dict = field(default_factory=dict)  # folder -> what its *_test.cc may include on top

    def of(self, folder):
        """The right side that holds for `folder`, or None when no line names it."""
        if folder in self.allowed:
            return self.allowed[folder]
        parent = folder.rsplit("/", 1)[0] + "/*" if "/" in folder else None
        return self.allowed.get(parent)


def parse_rules(text):
    rules, section = Rules(), ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        if line.startswith("["):
            section = line.strip("[]")
            continue
        folder, colon, right = line.partition(":")
        folder, right = folder.strip(), right.split()
        if not colon or section not in ("pure", "io", "proof", "pure libraries", "tests"):
            raise ValueError(f"src/layers.txt:{number}: not understood: {line}")
        if section == "pure libraries":
            rules.libraries[folder] = right
        elif section == "tests" and folder == "*":
            rules.tests = right
        elif section == "tests":
            rules.test_folders[folder] = right
        else:
            if folder in rules.allowed:
                raise ValueError(f"src/layers.txt:{number}: a second line for {folder}")
            rules.allowed[folder] = right
            if section == "pure":
                rules.pure.append(folder)
    return rules


def load(root=ROOT):
    return parse_rules((root / "src" / "layers.txt").read_text())


def folder_of(path, rules):
    """The layer a path below src/ belongs to: the longest folder the rules know, else its own first folder(s)."""
    parts = Path(path).parts[:-1]
    if not parts:
        return "(top)"
    for length in range(len(parts), 0, -1):
        if "/".join(parts[:length]) in rules.allowed:
            return "/".join(parts[:length])
    return "/".join(parts[:2]) if len(parts) > 1 and parts[0] + "/*" in rules.allowed else parts[0]


def permits(right, included, target):
    """Whether one of the entries `right` allows the header `included`, which lies in folder `target`."""
    return any(entry in (included, target) or (entry.endswith("/*") and target.startswith(entry[:-1]))
               for entry in right)


def sources(root):
    src = root / "src"
    return sorted(p for p in src.rglob("*") if p.suffix in (".h", ".cc", ".hpp", ".inc") and p.is_file())


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def library_problem(rules, folder, header, is_test):
    """Why a pure-ring folder may not include <header>, or None."""
    granted = rules.libraries.get("*", []) + rules.libraries.get(folder, []) + (rules.tests if is_test else [])
    if any(header == entry or (entry.endswith("/") and header.startswith(entry)) for entry in granted):
        return None
    if is_test:
        return None  # tests may use what they like of the standard library; purity is about the product
    if header in IMPURE_STD:
        return f"the pure ring has no threads, clocks, files, streams or chance; <{header}> brings them in"
    if header in PURE_C or re.fullmatch(r"[a-z_]+", header):
        return None
    return f"<{header}> is not among the libraries that [pure libraries] grants to {folder}"


def include_problems(root=ROOT, rules=None):
    """Every include of src/ that breaks a rule, as `file:line: what: the rule`."""
    rules = rules or load(root)
    problems = []
    for path in sources(root):
        inside = path.relative_to(root / "src").as_posix()
        folder, where = folder_of(inside, rules), f"src/{inside}"
        right = rules.of(folder)
        if right is None:
            problems.append(f"{where}:1: folder {folder} has no line in src/layers.txt")
            continue
        is_test = inside.endswith(("_test.cc", "_suite.h"))
        extra = rules.test_folders.get(folder, []) if is_test else []
        for number, quoted, angled in includes(path):
            if quoted:
                target = "proto" if quoted.endswith(".pb.h") else folder_of(quoted, rules)
                if "/" not in quoted:
                    problems.append(f'{where}:{number}: includes "{quoted}": write the path from src/')
                elif target != folder and not permits(right + extra, quoted, target):
                    problems.append(f'{where}:{number}: includes "{quoted}": the rule is '
                                    f"`{folder}: {' '.join(right) or '(nothing)'}`")
            elif folder in rules.pure:
                why = library_problem(rules, folder, angled, is_test)
                if why:
                    problems.append(f"{where}:{number}: includes <{angled}>: {why}")
    return problems


def dependency_problems(root=ROOT, rules=None):
    """DEPS of a pando_folder() that the rules do not allow (linking what may not be included)."""
    rules = rules or load(root)
    problems = []
    for listing in sorted((root / "src").rglob("CMakeLists.txt")):
        where = listing.relative_to(root).as_posix()
        text = re.sub(r"#.*", "", listing.read_text())
        for folder, arguments in DEPS.findall(text):
            expected = listing.parent.relative_to(root / "src").as_posix()
            if folder != expected:
                problems.append(f"{where}: pando_folder({folder}) stands in the folder {expected}")
            right, keyword = rules.of(folder) or [], ""
            for word in arguments.split():
                if word in KEYWORDS:
                    keyword = word
                elif keyword == "DEPS" and word != folder:
                    headers = any(entry.startswith(word + "/") for entry in right)
                    if not headers and not permits(right, word, word):
                        problems.append(f"{where}: {folder} DEPS {word}: the rule is `{folder}: {' '.join(right)}`")
    return problems


def rule_problems(rules):
    """Rules that contradict themselves: an unknown folder on the right, or a circle."""
    problems = []
    known = set(rules.allowed)
    for folder, right in rules.allowed.items():
        for entry in right:
            target = entry if entry in known or entry.endswith("/*") else folder_of(entry, rules)
            if target not in known and not any(k.startswith(target.rstrip("*")) for k in known):
                problems.append(f"src/layers.txt: {folder} may include {entry}, a folder without a line")
    done, path = set(), []

    def visit(folder):
        if folder in path:
            problems.append("src/layers.txt: a circle: " + " -> ".join(path[path.index(folder):] + [folder]))
            return
        if folder in done:
            return
        path.append(folder)
        for entry in rules.allowed.get(folder, []):
            visit(entry if entry in known else folder_of(entry, rules))
        path.pop()
        done.add(folder)

    for folder in rules.allowed:
        visit(folder)
    return problems


def library(folder):
    """io/rocks -> pando_io_rocks, as cmake/PandoFolder.cmake names it."""
    return "pando_" + folder.replace("/", "_")


def compiled_pure_folders(root=ROOT):
    """Folders of the pure ring that have something to compile."""
    def compiled(folder):
        return any(not p.name.endswith(("_test.cc", "_bench.cc")) for p in (root / "src" / folder).rglob("*.cc"))
    return [folder for folder in load(root).pure if compiled(folder)]


def main():
    if sys.argv[1:] == ["pure-folders-with-tests"]:
        print(" ".join(f for f in load().pure if list((ROOT / "src" / f).rglob("*_test.cc"))))
        return 0
    rules = load()
    problems = rule_problems(rules) + include_problems() + dependency_problems()
    print("\n".join(problems) or "layers: every include keeps the rules of src/layers.txt")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

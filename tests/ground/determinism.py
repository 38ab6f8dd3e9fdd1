#!/usr/bin/env python3
"""What symbols cannot show: things in the pure ring's text whose result differs between two equal runs.

  iteration over an unordered container    its order depends on the library and on insertion history
  a pointer as an ordered key              its order depends on where memory was
  floating point                           decisions on it differ between compilers and flags

A line that is fine all the same says so: `// deterministic: <why>`. A file whose numbers are floating by nature says it
once: `// deterministic: floating point, <why>`.
"""

import re
import sys

import layers

UNORDERED = re.compile(r"\bunordered_(?:multi)?(?:map|set)<")
POINTER_KEY = re.compile(r"\bstd::(?:multi)?(?:map|set)<\s*(?:const\s+)?[\w:]+(?:<[^<>]*>)?\s*(?:const\s*)?\*")
FLOATING = re.compile(r"\b(?:double|float)\b")
EXCUSE = "// deterministic:"
FLOATING_EXCUSE = "// deterministic: floating point, "


def code_of(line):
    """The line without strings and comments."""
    return re.sub(r"//.*", "", re.sub(r'"(?:[^"\\]|\\.)*"', '""', line))


def unordered_names(text):
    """Names of variables and members that `text` declares as unordered containers."""
    names = set()
    for match in UNORDERED.finditer(text):
        depth, at = 1, match.end()
        while at < len(text) and depth:
            depth += {"<": 1, ">": -1}.get(text[at], 0)
            at += 1
        name = re.match(r"[\s&]*(\w+)\s*[;={(,)]", text[at:])
        if name:
            names.add(name[1])
    return names


def problems_in(files):
    """files: path -> text, all of one folder (a member is declared in the header and walked in the source)."""
    names = set().union(*(unordered_names("\n".join(map(code_of, text.splitlines()))) for text in files.values())) \
        if files else set()
    walks = None
    if names:
        any_name = "|".join(sorted(map(re.escape, names)))
        walks = re.compile(rf"for\s*\([^;]*:\s*(?:\w+(?:\.|->))*({any_name})\s*\)|\b({any_name})(?:\.|->)c?begin\(")
    found = []
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if EXCUSE in line:
                continue
            code = code_of(line)
            walked = walks.search(code) if walks else None
            if walked:
                found.append(f"{path}:{number}: walks the unordered container {walked[1] or walked[2]}")
            if POINTER_KEY.search(code):
                found.append(f"{path}:{number}: a pointer as an ordered key")
            if FLOATING.search(code) and FLOATING_EXCUSE not in text:
                found.append(f"{path}:{number}: floating point")
    return found


def problems(root=layers.ROOT):
    found = []
    for folder in layers.load(root).pure:
        files = {path.relative_to(root).as_posix(): path.read_text(errors="replace")
                 for path in sorted((root / "src" / folder).rglob("*"))
                 if path.suffix in (".h", ".cc") and not path.name.endswith(("_test.cc", "_bench.cc"))}
        found += problems_in(files)
    return found


if __name__ == "__main__":
    result = problems()
    print("\n".join(result) or "determinism: nothing found")
    sys.exit(1 if result else 0)

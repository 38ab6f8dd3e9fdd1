"""Sizes are watched, not enforced: a file past 600 lines is named, and asked which noun wants its own file."""

import tempfile
import unittest
from pathlib import Path

import layers

LINES_MAX = 600


def big_files(root, lines_max=LINES_MAX):
    sizes = {path.relative_to(root).as_posix(): len(path.read_bytes().splitlines()) for path in layers.sources(root)}
    return sorted(((count, name) for name, count in sizes.items() if count > lines_max), reverse=True)


class Size(unittest.TestCase):
    def test_big_files_are_named(self):
        for count, name in big_files(layers.ROOT):
            print(f"warning: {name} has {count} lines: which noun wants its own file?")

    def test_the_watch_sees(self):
        with tempfile.TemporaryDirectory() as top:
            Path(top, "src", "log").mkdir(parents=True)
            Path(top, "src", "log", "big.cc").write_text("\n" * (LINES_MAX + 1))
            Path(top, "src", "log", "fine.cc").write_text("\n" * LINES_MAX)
            self.assertEqual(big_files(Path(top)), [(LINES_MAX + 1, "src/log/big.cc")])


if __name__ == "__main__":
    unittest.main()

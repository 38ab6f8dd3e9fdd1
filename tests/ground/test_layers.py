"""src/layers.txt holds, and the test that says so can fail."""

import tempfile
import unittest
from pathlib import Path

import layers

RULES = layers.parse_rules("""
[pure]
base:
model:    base
log:      base model
node:     base model log
[io]
io/*:     base model node/io.h
io/disk:  base log
server:   base io/*
(top):    server
[pure libraries]
*:        fmt/
model:    xxhash.h
[tests]
*:        gtest/
base:     model
""")


class Layers(unittest.TestCase):
    def test_every_include_keeps_the_rules(self):
        self.assertEqual(layers.include_problems(), [])

    def test_every_link_keeps_the_rules(self):
        self.assertEqual(layers.dependency_problems(), [])

    def test_the_rules_name_known_folders_and_have_no_circle(self):
        self.assertEqual(layers.rule_problems(layers.load()), [])

    def test_the_real_rules_keep_the_rings_apart(self):
        rules = layers.load()
        for folder in rules.pure:
            for entry in rules.of(folder):
                self.assertIn(entry, rules.pure, f"{folder} may include {entry}, which is not pure")


class PlantedViolations(unittest.TestCase):
    """One row per rule: file, line, and a word the complaint must contain (None: allowed)."""

    ROWS = [
        ("log/a.h", '#include "base/x.h"', None),
        ("log/a.h", '#include "log/b.h"', None),
        ("log/a.h", '#include "node/io.h"', "the rule is `log: base model`"),     # a sibling looks up
        ("base/a.h", '#include "model/x.h"', "the rule is `base: (nothing)`"),    # the bottom looks up
        ("base/a.h", '  #  include "model/x.h"', "the rule is `base"),            # however it is written
        ("log/a.h", '#include "b.h"', "write the path from src/"),                # hides its folder
        ("io/zmq/a.cc", '#include "node/io.h"', None),                            # a single header…
        ("io/zmq/a.cc", '#include "node/node.h"', "the rule is `io/zmq"),         # …is not the folder
        ("io/zmq/a.cc", '#include "io/disk/a.h"', "the rule is `io/zmq"),         # adapters are siblings too
        ("io/zmq/a.cc", '#include "pando/v1/x.pb.h"', "the rule is `io/zmq"),     # generated code has one home
        ("io/disk/a.cc", '#include "log/a.h"', None),                             # own line before io/*
        ("io/disk/a.cc", '#include "model/a.h"', "the rule is `io/disk: base log`"),
        ("server/a.cc", '#include "io/zmq/a.h"', None),
        ("server/a.cc", '#include "log/a.h"', "the rule is `server"),
        ("main.cc", '#include "log/a.h"', "the rule is `(top)"),
        ("zoo/a.h", '#include "base/x.h"', "has no line in src/layers.txt"),      # a new folder must say who it is
        ("log/a.cc", "#include <thread>", "no threads, clocks"),
        ("log/a.cc", "#include <chrono>", "no threads, clocks"),
        ("log/a.cc", "#include <vector>", None),
        ("log/a.cc", "#include <unistd.h>", "not among the libraries"),
        ("log/a.cc", "#include <fmt/format.h>", None),
        ("log/a.cc", "#include <xxhash.h>", "not among the libraries"),           # granted to model only
        ("model/a.cc", "#include <xxhash.h>", None),
        ("log/a.cc", "#include <rocksdb/db.h>", "not among the libraries"),
        ("log/a_test.cc", "#include <gtest/gtest.h>", None),
        ("log/a_test.cc", '#include "node/node.h"', "the rule is `log"),          # tests keep the layers too
        ("base/a_test.cc", '#include "model/a.h"', None),                         # granted to base's tests…
        ("base/a_suite.h", '#include "model/a.h"', None),
        ("base/test.cc", '#include "model/a.h"', "the rule is `base: (nothing)`"),  # …and to nothing else
        ("io/zmq/a.cc", "#include <thread>", None),                               # outside the pure ring
        ("log/a.cc", '// #include "node/io.h"', None),                            # a comment is no include
    ]

    def test_each_is_named_with_file_line_and_rule(self):
        for file, line, word in self.ROWS:
            with self.subTest(file=file, line=line), tempfile.TemporaryDirectory() as top:
                path = Path(top, "src", file)
                path.parent.mkdir(parents=True)
                path.write_text("#pragma once\n" + line + "\n")
                found = layers.include_problems(Path(top), RULES)
                if word is None:
                    self.assertEqual(found, [])
                else:
                    self.assertEqual(len(found), 1, found)
                    self.assertTrue(found[0].startswith(f"src/{file}:"), found)
                    self.assertIn(word, found[0])
                    if "has no line" not in word:
                        self.assertTrue(found[0].startswith(f"src/{file}:2:"), found)

    def test_links_are_held_to_the_same_rules(self):
        rows = [("log", "pando_folder(log DEPS base model LIBS dep::fmt)", None),
                ("log", "pando_folder(log\n  DEPS base\n       node)", "log DEPS node"),
                ("log", "pando_folder(log DEPS base TEST_DEPS node)", None),
                ("io/zmq", "pando_folder(io/zmq DEPS base node)", None),       # it has node's nouns
                ("log", "pando_folder(logs DEPS base)", "stands in the folder log")]
        for folder, text, word in rows:
            with self.subTest(text=text), tempfile.TemporaryDirectory() as top:
                path = Path(top, "src", folder, "CMakeLists.txt")
                path.parent.mkdir(parents=True)
                path.write_text(text)
                found = layers.dependency_problems(Path(top), RULES)
                self.assertEqual(bool(found), word is not None, found)
                if word:
                    self.assertIn(word, found[0])

    def test_contradicting_rules_are_found(self):
        circle = layers.parse_rules("[pure]\na: b\nb: c\nc: a\n")
        self.assertIn("a circle: a -> b -> c -> a", layers.rule_problems(circle)[0])
        unknown = layers.parse_rules("[pure]\na: zoo\n")
        self.assertIn("a folder without a line", layers.rule_problems(unknown)[0])
        with self.assertRaisesRegex(ValueError, "layers.txt:2: not understood"):
            layers.parse_rules("[pure]\nno colon here\n")


if __name__ == "__main__":
    unittest.main()

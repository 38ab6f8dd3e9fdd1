"""Nothing in the pure ring's text depends on hash order, addresses or floating point; and the test can fail."""

import re
import unittest

import determinism
import layers


class Determinism(unittest.TestCase):
    def test_the_pure_ring(self):
        self.assertEqual(determinism.problems(), [])


class PlantedViolations(unittest.TestCase):
    DECLARED = "std::unordered_map<Key, std::vector<std::pair<int, int>>> cells_;\n"
    ROWS = [
        ("for (auto& [k, v] : cells_) f(k);", "walks the unordered container cells_"),
        ("for (const auto& e : this->cells_) f(e);", "walks"),
        ("auto it = cells_.begin();", "walks"),
        ("auto it = cells_.find(key);", None),                      # looking up is fine
        ("for (auto& e : sorted_) f(e);", None),
        ("for (auto& e : cells_) n += e.size();  // deterministic: a sum has no order", None),
        ("std::map<Node*, int> by_node_;", "a pointer as an ordered key"),
        ("std::set<const Session *> sessions_;", "a pointer as an ordered key"),
        ("std::map<std::string, Node*> by_name_;", None),           # a pointer as a value is fine
        ("double ratio = 0.5;", "floating point"),
        ("int n = 1;  // not a double", None),
        ('log("a double quote");', None),
    ]

    def test_each_is_found(self):
        for line, word in self.ROWS:
            with self.subTest(line):
                found = determinism.problems_in({"a.h": self.DECLARED, "a.cc": "\n" + line + "\n"})
                if word is None:
                    self.assertEqual(found, [])
                else:
                    self.assertEqual(len(found), 1, found)
                    self.assertTrue(found[0].startswith("a.cc:2: "), found)
                    self.assertIn(word, found[0])


class Tests(unittest.TestCase):
    """Tests that are switched off or cannot fail are defects."""

    OFF = re.compile(r"\bDISABLED_|\bGTEST_SKIP\(|EXPECT_TRUE\(true\)|ASSERT_TRUE\(true\)|\bSUCCEED\(\)")

    def test_none_is_switched_off(self):
        files = [p for p in layers.sources(layers.ROOT) if p.name.endswith(("_test.cc", "_suite.h"))]
        found = [f"{p.relative_to(layers.ROOT)}:{n}: {line.strip()}" for p in files
                 for n, line in enumerate(p.read_text().splitlines(), 1) if self.OFF.search(line)]
        self.assertEqual(found, [])

    def test_the_look_sees(self):
        for line in ("TEST(A, DISABLED_b) {", "GTEST_SKIP();", "EXPECT_TRUE(true);", "SUCCEED();"):
            self.assertTrue(self.OFF.search(line), line)
        self.assertFalse(self.OFF.search("EXPECT_TRUE(ok);"))


if __name__ == "__main__":
    unittest.main()

"""docs/operations.md names every metric that /metrics has, and no other."""

import re
import unittest

import layers


def names(text, pattern):
    return set(re.findall(pattern, text))


class Metrics(unittest.TestCase):
    def test_every_metric_is_documented_and_nothing_else(self):
        code = "".join(file.read_text() for file in sorted((layers.ROOT / "src" / "server").glob("metrics*.cc"))
                       if not file.name.endswith("_test.cc"))
        docs = (layers.ROOT / "docs" / "operations.md").read_text()
        served = names(code, r'"(pando_[a-z_]+)"')
        self.assertGreater(len(served), 50)
        self.assertEqual(served, names(docs, r"`(pando_[a-z_]+)`"))


if __name__ == "__main__":
    unittest.main()

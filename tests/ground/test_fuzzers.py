"""Every decoder has a fuzzer: what a header of src/ calls decode_* or parse_* is called by one of fuzz/*.cc."""

import re
import tempfile
import unittest
from pathlib import Path

import layers

DECODER = re.compile(r"^[^/]*?\b((?:decode|parse)_\w+|base64\w*_decode)\(", re.MULTILINE)
# Folders whose texts come from whoever runs the program, not from clients, peers or disks.
OF_THE_OPERATOR = {"cli", "server", "sim"}
# Reached by way of another, which has a fuzzer.
THROUGH = {
    "parse_json_tree": "parse_document",
    "parse_segment_file_name": "decode_segment_header",  # names of files in the data directory
    "decode_cut": "decode_cut_record",
    "decode_cut_cell": "decode_cut_cells",
    "decode_table_set": "decode_frame",
    "decode_table_scope": "decode_checkpoint_meta",
    "decode_table_filter": "decode_frame",
    "decode_cell_state": "check_cut_cell",
    "parse_line": "api::RespParser",
    "parse_array": "api::RespParser",
    "decode_value": "base64_decode",
}


def decoders(root):
    """{name: header} of the folders that decode what others have written."""
    found = {}
    for path in layers.sources(root):
        name = path.relative_to(root)
        if path.suffix != ".h" or path.stem.startswith("test_") or name.parts[1] in OF_THE_OPERATOR:
            continue
        for decoder in DECODER.findall(path.read_text()):
            found.setdefault(decoder, name.as_posix())
    return found


def without_fuzzer(root, through=THROUGH):
    fuzzers = "".join(path.read_text() for path in sorted(Path(root, "fuzz").glob("*.cc")))
    return sorted(f"{header}: {name}" for name, header in decoders(root).items()
                  if not re.search(rf"\b{re.escape(through.get(name, name))}\b", fuzzers))


class Fuzzers(unittest.TestCase):
    def test_every_decoder_has_one(self):
        self.assertEqual(without_fuzzer(layers.ROOT), [])

    def test_there_are_decoders(self):
        self.assertGreater(len(decoders(layers.ROOT)), 30)

    def test_the_check_sees_one_without(self):
        with tempfile.TemporaryDirectory() as top:
            Path(top, "src", "log").mkdir(parents=True)
            Path(top, "fuzz").mkdir()
            Path(top, "src", "log", "a.h").write_text("// parse_comment(x)\nint decode_a(int);\nint parse_b(int);\n")
            Path(top, "fuzz", "a_fuzz.cc").write_text("decode_a(1);\n")
            self.assertEqual(without_fuzzer(Path(top)), ["src/log/a.h: parse_b"])


if __name__ == "__main__":
    unittest.main()

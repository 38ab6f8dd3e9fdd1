"""The examples of docs/http.md: every ```sh block is run, in one shell, and must print the ```text block below it.

The first block starts a node; here that is done already, so it is left out and URL points at the test's node.
In a ```text block `…` stands for anything within a line.
"""

import re
import subprocess
import tempfile
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "http.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.M | re.S)
MARK = "-- end of example --"


def pattern_of(text):
    return ".*".join(re.escape(part) for part in text.split("…"))


def run(address):
    blocks = BLOCK.findall(DOCUMENT.read_text())[1:]
    if len(blocks) < 8:
        raise AssertionError(f"only {len(blocks)} examples found in {DOCUMENT}")
    # A user sees progress meters and errors; what is compared is the output.
    script = f"URL=http://{address}/api/v1/ad-campaign-dc1\ncurl() {{ command curl -s \"$@\"; }}\n"
    script += "".join(commands + f"echo '{MARK}'\n" for commands, _ in blocks)
    with tempfile.TemporaryDirectory(prefix="pando-test-") as scratch:  # some keep a file between two commands
        done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=60, cwd=scratch)
    outputs = done.stdout.split(MARK + "\n")[:-1]
    if len(outputs) != len(blocks):
        raise AssertionError(f"{len(outputs)} of {len(blocks)} examples ended\n{done.stderr}")
    for (commands, wanted), got in zip(blocks, outputs):
        got = got.replace("\r\n", "\n")
        if not re.fullmatch(pattern_of(wanted), got):
            raise AssertionError(f"{commands}printed\n{got}instead of\n{wanted}{done.stderr}")

"""A scenario file (docs/simulator.md) as a list of steps: a command and the answer it must give, if any."""

import re
from dataclasses import dataclass, field

VERBS = ("nodes relayer namespaces holds group link late segments checkpoints unchecked crash restart start stop cut heal "
         "reset slow clock disk flip stranger garble spoil backup restore settle sleep watch unwatch events same health notes "
         "links").split()
_PROMPT = re.compile(r"([A-Za-z0-9._/-]+)(&?)>(?: (.*))?$")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass
class Step:
    line: int
    text: str
    wanted: list = None                        # lines, or None: anything but a failure
    words: list = field(default_factory=list)  # as bytes
    site: str = ""                             # of a client's line
    ns: str = ""
    wait: bool = True


def read(path):
    """The steps of a file."""
    steps, wanting = [], False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        prompt = _PROMPT.match(line)
        if line == "----":
            steps[-1].wanted, wanting = [], True
        elif not line.strip() or line.startswith("#"):
            wanting = False
        elif prompt or line.split(" ")[0] in VERBS:
            wanting = False
            step = Step(number, line)
            rest = line
            if prompt:
                step.site, _, step.ns = prompt[1].partition("/")
                step.wait, rest = not prompt[2], prompt[3] or ""
            step.words = split(rest)
            steps.append(step)
        elif wanting:
            steps[-1].wanted.append(line[2:] if line.startswith("| ") else line)
        else:
            steps.append(Step(number, line, words=split(line)))  # a verb that is new here
    return steps


def split(line):
    """Words as bytes; quotes keep blanks, \\xNN is a byte."""
    words, quote, i, inside = [], "", 0, False
    while i < len(line):
        c = line[i]
        i += 1
        if not quote and c in " \t":
            inside = False
            continue
        if not inside:
            words.append(b"")
            inside = True
        if c == quote:
            quote = ""
        elif not quote and c in "'\"":
            quote = c
        elif c == "\\" and re.match(r"x[0-9A-Fa-f]{2}", line[i:i + 3]):
            words[-1] += bytes([int(line[i + 1:i + 3], 16)])
            i += 3
        else:
            words[-1] += c.encode()
    return words


def printable(data):
    """Printable ASCII as it is, everything else as \\xNN."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02X}" for byte in data)


def seconds(word):
    number, unit = re.fullmatch(r"([+-]?\d+)(us|ms|s|m|h|d)", word).groups()
    return int(number) * _UNITS[unit]

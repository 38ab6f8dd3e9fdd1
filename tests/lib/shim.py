"""fault.c as a wrapper around a node: its n-th system call fails, or ends the world. What it can do is told there."""

import subprocess
from pathlib import Path

from cases import Skipped

_SOURCE = Path(__file__).resolve().parent / "fault.c"


def build(directory):
    """The library's path."""
    library = Path(directory) / "fault.so"
    try:
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"], check=True,
                       capture_output=True)
    except FileNotFoundError:
        raise Skipped("there is no C compiler") from None
    return library


def wrapper(library, **settings):
    """What to put before the command: wrapper(library, under="/x", calls="fsync", at=3, do="EIO")."""
    words = [f"FAULT_{name.upper()}={value}" for name, value in settings.items() if value is not None]
    # A sanitizer's runtime wants to be first in the process; it need not be.
    return ["env", f"LD_PRELOAD={library}", "ASAN_OPTIONS=verify_asan_link_order=0", *words]

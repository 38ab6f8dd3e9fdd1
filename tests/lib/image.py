"""A small ext4 file system in a file, whose power can be cut.

The cut is EXT4_IOC_SHUTDOWN: from that moment the file system writes nothing more, neither data nor journal; what was
only in the page cache is gone once it is unmounted, and the next mount replays the journal as after a real power cut.
All of it happens in a mount namespace of this process, so nothing stays behind, however it ends.
"""

import ctypes
import fcntl
import os
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from cases import Skipped

LOSE_LOG, FLUSH_LOG = 2, 1  # what the journal had not written: lost, or written at the last moment
_SHUTDOWN = 0x8004587D      # EXT4_IOC_SHUTDOWN
_NEW_MOUNTS, _SLAVE, _RECURSIVE = 0x00020000, 1 << 19, 1 << 14
_libc = ctypes.CDLL(None, use_errno=True)
_ready = False


def _call(name, *arguments):
    if getattr(_libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def prepare():
    """Once per process, before it has threads. Skipped, with the reason, where file systems in files cannot be mounted."""
    global _ready
    if _ready:
        return
    try:
        _call("unshare", _NEW_MOUNTS)
        _call("mount", None, b"/", None, _SLAVE | _RECURSIVE, None)
    except OSError as error:
        raise Skipped(f"mounting is not allowed here ({error})") from None
    with tempfile.TemporaryDirectory(prefix="pando-test-") as scratch:
        try:
            image = Image(Path(scratch))
            image.mount()
            image.cut()
            image.unmount()
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"") or str(error).encode()
            raise Skipped(f"no ext4 in a file here ({said.decode().strip()})") from None
    _ready = True


class Image:
    """The file is sparse: a size that is not used costs nothing."""

    def __init__(self, directory, megabytes=1024, options="data=ordered"):
        self.file, self.at, self.options = directory / "image", directory / "mounted", options
        self.at.mkdir()
        with open(self.file, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^metadata_csum_seed", str(self.file)], check=True,
                       capture_output=True)

    def mount(self):
        subprocess.run(["mount", "-t", "ext4", "-o", f"loop,{self.options}", str(self.file), str(self.at)], check=True,
                       capture_output=True)

    def unmount(self, patience_s=20):
        """What a killed process had open is let go of a little after it was reaped."""
        until = time.monotonic() + patience_s
        while subprocess.run(["umount", str(self.at)], capture_output=True).returncode != 0:
            if time.monotonic() > until:
                subprocess.run(["umount", str(self.at)], check=True, capture_output=True)
            time.sleep(0.1)

    def cut(self, how=LOSE_LOG):
        """The power goes now. Whoever has files open gets errors; end it, then unmount() and mount()."""
        root = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(root, _SHUTDOWN, struct.pack("I", how))
        finally:
            os.close(root)


def fast_directory(megabytes=1024):
    """Where images lie: in memory when there is room for so much. What a cut loses is lost above the image, so it may."""
    try:
        free = os.statvfs("/dev/shm")
        if free.f_bavail * free.f_frsize > megabytes << 20:
            return "/dev/shm"
    except OSError:
        pass
    return None

"""A real pando process on free ports, for tests/server and bench/http. Python's standard library only.

Every process dies with this one, whatever ends it, and its data goes away with the `with` block.
"""

import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "examples" / "lib"))
from processes import PATIENCE_S, PROGRAM as PANDO, ROOT, die_with_parent, wait_for  # noqa: E402,F401

def run_pando(*arguments, stdin=b"", seconds=PATIENCE_S):
    """(exit code, stdout, stderr) of a command that ends by itself."""
    done = subprocess.run([PANDO, *arguments], input=stdin, capture_output=True, timeout=seconds)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Directory:
    """A scratch directory. `parent` puts it on a file system of choice."""

    def __init__(self, parent=None):
        self.path = Path(tempfile.mkdtemp(prefix="pando-test-", dir=parent))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def config_text(base_dir, namespaces=("a",), grpc=True, more=""):
    text = "http_port = 0\n"
    if grpc:
        text += "[grpc_config]\nport = 0\nallow_insecure = true\n"
    listed = ", ".join(f'"{ns}"' for ns in namespaces)
    text += f'[storage_config]\nbase_dir = "{base_dir}"\nnamespaces = [{listed}]\n'
    return text + more


class Node:
    """One server. `with Node(directory, text) as node:` waits until it is ready and stops it at the end."""

    def __init__(self, directory, text=None, verb="replicator", name="node", wrapper=(), ready=True):
        self.directory = Path(directory)
        self.config = self.directory / f"{name}.toml"
        self.config.write_text(text or config_text(self.directory / name))
        self.ports_file = self.directory / f"{name}.ports.json"
        self.out_path = self.directory / f"{name}.out"
        self.err_path = self.directory / f"{name}.err"
        self.argv = [*wrapper, str(PANDO), "-config", str(self.config), "-ports-file", str(self.ports_file), verb]
        self._wait = ready
        self.popen = None
        self.started_ms = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self.ports_file.unlink(missing_ok=True)
        began = time.monotonic()
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                          start_new_session=True, preexec_fn=die_with_parent)
        if self._wait:
            wait_for("the ports file", self._has_ports)
            wait_for("readiness", lambda: self.http("GET", "/readyz")[0] in (200, 503))
            self.started_ms = (time.monotonic() - began) * 1000

    def _has_ports(self):
        if self.popen.poll() is not None:
            raise AssertionError(f"ended with {self.popen.returncode}:\n{self.err()}")
        return self.ports_file.exists()

    def out(self):
        return self.out_path.read_text(errors="replace")

    def err(self):
        return self.err_path.read_text(errors="replace")

    def ports(self):
        return json.loads(self.ports_file.read_text())

    def url(self):
        return "http://" + self.ports()["http"]

    def http(self, method, path, body=None, timeout=PATIENCE_S):
        """(status, body bytes)."""
        host, port = self.ports()["http"].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
        try:
            connection.request(method, path, body=body)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def put(self, key, value, ns="a"):
        body = json.dumps({"value": base64.b64encode(value).decode()})
        return self.http("PUT", f"/api/v1/{ns}/kv/{key}", body)

    def get(self, key, ns="a"):
        """The value's bytes, or None."""
        status, body = self.http("GET", f"/api/v1/{ns}/kv/{key}")
        if status != 200:
            raise ValueError(f"{status} {body!r}")
        reply = json.loads(body)
        return base64.b64decode(reply["value"]) if reply["found"] else None

    def stop(self, how=signal.SIGTERM, seconds=PATIENCE_S):
        """(exit code, seconds it took)."""
        began = time.monotonic()
        os.kill(self._pid(), how)
        code = self.popen.wait(seconds)
        return code, time.monotonic() - began

    def _pid(self):
        """The server itself, also when a wrapper runs it."""
        return self.ports()["pid"] if self.ports_file.exists() else self.popen.pid

    def kill(self):
        if self.popen is not None and self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()

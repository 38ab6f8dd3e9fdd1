"""What examples and tests need around real processes: starting them, wires that can be cut, HTTP, waiting.

Python's standard library only. Every process dies with the script that started it, whatever ends that: the kernel
tells each child that its parent is gone.
"""

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(os.environ.get("PANDO_BIN", ROOT / "build" / "pando")).resolve()
PATIENCE_S = int(os.environ.get("PANDO_PATIENCE_S", "30"))  # more, on a machine that has much else to do


class Unexpected(Exception):
    """What should have happened did not."""


def wait_for(what, condition, seconds=PATIENCE_S):
    """The first truthy answer of `condition`; its exceptions count as not yet."""
    until = time.monotonic() + seconds
    last = None
    while True:
        try:
            answer = condition()
            if answer:
                return answer
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            last = error
        if time.monotonic() > until:
            raise Unexpected(f"waited {seconds} s for {what}" + (f" (last: {last!r})" if last else ""))
        time.sleep(0.01)


def request(port, method, path, body=None, headers=None):
    """(status, body) of one HTTP request."""
    status, reply, _ = exchange(port, method, path, body, headers)
    return status, reply


def exchange(port, method, path, body=None, headers=None):
    """(status, body, headers) of one HTTP request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_ports(names):
    """{name: port} of ports nobody uses; held together while choosing, so that they differ."""
    probes = [socket.socket() for _ in names]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return {name: probe.getsockname()[1] for name, probe in zip(names, probes)}
    finally:
        for probe in probes:
            probe.close()


_libc = ctypes.CDLL(None)


def die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Process:
    """A child in a session of its own, so that a Ctrl-C reaches only us and we end it in order."""

    def __init__(self, name, argv, log, cwd, env=None):
        self.name, self.log = name, log
        self._read_from = log.stat().st_size if log.exists() else 0
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                          env={**os.environ, **(env or {})}, start_new_session=True,
                                          preexec_fn=die_with_parent)

    def output(self):
        """What this run of it printed so far."""
        with open(self.log, "rb") as file:
            file.seek(self._read_from)
            return file.read().decode(errors="replace")

    def wait_for_line(self, line):
        def seen():
            if line in self.output().splitlines():
                return True
            if self.popen.poll() is not None:
                raise Unexpected(f"{self.name} ended with code {self.popen.returncode}:\n{self.output()}")
            return False
        wait_for(f"`{line}` from {self.name}", seen)

    def stop(self, how=signal.SIGTERM):
        """The exit code. Killed when it does not follow."""
        if self.popen.poll() is None:
            self.popen.send_signal(how)
            self.popen.send_signal(signal.SIGCONT)
            try:
                self.popen.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        return self.popen.returncode


class Proxy:
    """A TCP wire that can be cut. Cut, it closes what is open and refuses what comes.

    `target_port` may be set later, when it is known where the wire leads; nothing gets through before.
    """

    def __init__(self, target_port=0):
        self.target_port = target_port
        self._lock = threading.Lock()
        self._open = set()
        self._listener = None
        self.port = 0
        self.heal()

    def heal(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self):
        with self._lock:
            listener, self._listener = self._listener, None
            ends, self._open = self._open, set()
        for end in [listener, *ends]:
            if end:
                self._close(end)

    @staticmethod
    def _close(end):
        try:
            end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
        except OSError:
            pass
        end.close()

    def _accept(self, listener):
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                near.close()
                continue
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    far.close()
                    return
                self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        with self._lock:
            self._open -= {source, sink}
        self._close(source)
        self._close(sink)


class Watch:
    """Server-Sent Events of a namespace, collected in the background. `cursor` resumes behind an earlier event."""

    def __init__(self, port, ns, query="", cursor=""):
        self.port, self.events, self.cursor = port, [], cursor
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._connection.request("GET", f"/api/v1/{ns}/watch?{query}", headers={"Last-Event-ID": cursor} if cursor else {})
        self._socket = self._connection.sock  # the reply takes it from the connection
        self._reply = self._connection.getresponse()
        if self._reply.status != 200:
            raise Unexpected(f"watch: {self._reply.status} {self._reply.read()!r}")
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()
        wait_for("the watch's first cursor", lambda: self.cursor)

    def _collect(self):
        kind = cursor = ""
        try:
            for line in self._reply:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    cursor = value
                elif name == "event":
                    kind = value
                elif name == "data" and kind != "end":
                    self.events.append(json.loads(value))
                elif not name and not value:  # the end of a block: now it counts
                    self.cursor, kind = cursor, ""
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # the node went away, in the middle of a line perhaps

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the node was first
        self._thread.join(PATIENCE_S)
        self._connection.close()

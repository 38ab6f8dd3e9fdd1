"""Runs the example's nodes on this machine: for the demo beside it and for tests/tutorial. Python's standard library.

Whatever happens to the script that uses it, its processes end: normally, on an exception, on SIGINT and SIGTERM
through `with Cluster(...)`, on SIGKILL because the kernel tells each child that its parent is gone.
"""

import base64
import ctypes
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent
ROOT = EXAMPLE.parent.parent
COMMANDS = ROOT / "tests" / "tutorial" / "commands.sh"
PATIENCE_S = 30
# The ports of the configuration files, by what listens there.
PORTS = {"dc1": 8001, "dc2": 8002, "relayer": 8003, "dc1-grpc": 4001, "dc2-grpc": 4002, "zmq1": 5555, "zmq2": 5556}
VERBS = {"dc1": "replicator", "dc2": "replicator", "relayer": "relayer"}
NAMESPACES = ("ad-campaign-dc1", "ad-campaign-dc2")


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


def request(port, method, path, body=None):
    """(status, body) of one HTTP request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body=body)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def get_json(port, path):
    status, body = request(port, "GET", path)
    if status != 200:
        raise ValueError(f"GET {path}: {status} {body!r}")
    return json.loads(body)


def get_value(port, ns, key):
    """The bytes of a key, or None."""
    reply = get_json(port, f"/api/v1/{ns}/kv/{key}")
    return base64.b64decode(reply["value"]) if reply["found"] else None


def metric(port, name, **labels):
    """The sum of the samples of `name` that carry all of `labels`."""
    total = 0.0
    for line in request(port, "GET", "/metrics")[1].decode().splitlines():
        match = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)$", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            total += float(match[2])
    return total


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


def tutorial_commands():
    """(heading, command) of commands.sh, in order; a command may be several lines."""
    found, heading, pending = [], "", ""
    for line in COMMANDS.read_text().splitlines():
        if line.startswith("#"):
            heading = line[2:]
        elif line:
            pending += line
            if line.endswith("\\"):
                pending += "\n"
            else:
                found.append((heading, pending))
                pending = ""
    return found


def is_put(command):
    return command.startswith("curl -X PUT")


def target_of(put):
    """("ad-campaign-dc1", "lww:config") of one of the PUTs."""
    return tuple(re.search(r"/api/v1/([^/]+)/kv/([^\"]+)", put).groups())


_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Process:
    """A child in a session of its own, so that a Ctrl-C reaches only us and we end it in order."""

    def __init__(self, name, argv, log, cwd, env=None):
        self.name, self.log = name, log
        self._read_from = log.stat().st_size if log.exists() else 0
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                          env={**os.environ, **(env or {})}, start_new_session=True,
                                          preexec_fn=_die_with_parent)

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
    """A TCP wire that can be cut. Cut, it closes what is open and refuses what comes."""

    def __init__(self, target_port):
        self._target_port = target_port
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
                far = socket.create_connection(("127.0.0.1", self._target_port))
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


class Cluster:
    """dc1, dc2, the relayer and any number of clients, with their data in a directory that goes away with it.

    `ports` replaces ports of the configuration files and of commands; `wires` replaces the address that one node
    dials for another: {("relayer", "dc2-grpc"): proxy.port}.
    """

    def __init__(self, program, ports=None, wires=None):
        self.program = Path(program).resolve()
        self.ports = {**PORTS, **(ports or {})}
        self.wires = wires or {}
        self.directory = Path(tempfile.mkdtemp(prefix="pando-example-"))
        self.processes = []
        self._clients = []
        # As the tutorial has it: the program and `cmd` in the current directory.
        (self.directory / "unisondb").symlink_to(self.program)
        (self.directory / "cmd").symlink_to(ROOT / "cmd")
        self._bin = self.directory / "bin"
        self._bin.mkdir()
        self._wrap("curl", f"exec {shutil.which('curl')} -sS --max-time {PATIENCE_S} -w '\\n%{{http_code}}\\n' \"$@\"")

    def __enter__(self):
        # SIGTERM unwinds like SIGINT does, so that __exit__ runs.
        self._old_handlers = {s: signal.signal(s, self._interrupt) for s in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_):
        late = []  # a signal that comes while we tidy up waits until that is done
        for number in self._old_handlers:
            signal.signal(number, lambda n, _: late.append(n))
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.terminate()
        for process in self.processes:
            process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        if late:
            raise KeyboardInterrupt

    @staticmethod
    def _interrupt(*_):
        raise KeyboardInterrupt

    def _wrap(self, name, line):
        script = self._bin / name
        script.write_text(f"#!/bin/sh\n{line}\n")
        script.chmod(0o755)

    def fix_clock_of_commands(self, seconds):
        """`date` says this from now on, so that a command played twice makes the same payload twice."""
        self._wrap("date", f"exec {shutil.which('date')} -d @{seconds} \"$@\"")

    def wrap_no_lines(self):
        """`base64` no longer wraps, as on other systems."""
        self._wrap("base64", f"exec {shutil.which('base64')} -w0 \"$@\"")

    def config(self, name):
        """The path of a node's configuration file: the example's own, or a copy with other ports."""
        original = f"./cmd/examples/crdt-multi-dc/configs/{name}.toml"
        if self.ports == PORTS and not self.wires:
            return original
        text = (EXAMPLE / "configs" / f"{name}.toml").read_text()
        for what, port in PORTS.items():
            text = re.sub(rf"(address = \"127\.0\.0\.1:){port}\"", rf'\g<1>{self.wires.get((name, what), self.ports[what])}"', text)
            text = re.sub(rf"(port = ){port}\b", rf"\g<1>{self.ports[what]}", text)
        path = self.directory / f"{name}.toml"
        path.write_text(text)
        return str(path)

    def _start(self, name, argv):
        process = Process(name, argv, self.directory / f"{name}.log", self.directory)
        self.processes.append(process)
        return process

    def start(self, name):
        return self._start(name, ["./unisondb", "-config", self.config(name), VERBS[name]])

    def wait_ready(self, process):
        process.wait_for_line(f"INFO: HTTP server listening on :{self.ports[process.name]}")
        wait_for(f"{process.name} to be ready", lambda: request(self.ports[process.name], "GET", "/readyz")[0] == 200)

    def start_all(self, order=("dc1", "dc2", "relayer")):
        """{name: process}, all of them ready."""
        processes = {name: self.start(name) for name in order}
        for process in processes.values():
            self.wait_ready(process)
        return processes

    def subscriptions(self):
        return [metric(self.ports["relayer"], "pando_zmq_subscriptions", namespace=ns) for ns in NAMESPACES]

    def start_client(self):
        """A client that the relayer knows of: it misses nothing from here on."""
        self.wait_subscribed()  # those that left are gone, so that the next count means the new one
        argv = [str(self.program), "crdt-client"]
        if self.ports != PORTS:
            for ns, what in zip(NAMESPACES, ("zmq1", "zmq2")):
                argv += ["--source", f"{ns}=tcp://127.0.0.1:{self.ports[what]}"]
        client = self._start(f"client{len(self._clients) + 1}", argv)
        self._clients.append(client)
        self.wait_subscribed()
        return client

    def wait_subscribed(self):
        """Until the relayer counts exactly the clients that run. Each connection carries both topics."""
        def counted():
            want = 2 * sum(client.popen.poll() is None for client in self._clients)
            return self.subscriptions() == [want, want]
        wait_for("the clients' subscriptions", counted)

    def shell(self, command, env=None):
        """(HTTP statuses, output without them, exit code) of a command of the tutorial, on our ports."""
        for what in ("dc1", "dc2", "relayer"):
            command = command.replace(f"localhost:{PORTS[what]}", f"localhost:{self.ports[what]}")
        path = f"{self._bin}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", command], cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=2 * PATIENCE_S, env={**os.environ, "PATH": path, **(env or {})})
        statuses = [int(code) for code in re.findall(r"^(\d{3})$", done.stdout, re.M)]
        return statuses, re.sub(r"^\d{3}\n", "", done.stdout, flags=re.M), done.returncode

    def put(self, command, env=None):
        """Plays one PUT of the tutorial; it must succeed."""
        statuses, output, _ = self.shell(command, env)
        if statuses != [200] or output.strip() != '{"success":true}':
            raise Unexpected(f"{statuses} {output}\n{command}")

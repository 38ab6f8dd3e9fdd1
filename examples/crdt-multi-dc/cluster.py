"""Runs the example's nodes on this machine: for the demo beside it and for tests/tutorial. Python's standard library.

Whatever happens to the script that uses it, its processes end: normally, on an exception, on SIGINT and SIGTERM
through `with Cluster(...)`, on SIGKILL because the kernel tells each child that its parent is gone.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent
sys.path.insert(0, str(EXAMPLE.parent / "lib"))
from processes import (PATIENCE_S, ROOT, Process, Proxy, Unexpected, Watch, free_ports, is_free, request,  # noqa: E402,F401
                       wait_for)

COMMANDS = ROOT / "tests" / "tutorial" / "commands.sh"
# The ports of the configuration files, by what listens there.
PORTS = {"dc1": 8001, "dc2": 8002, "relayer": 8003, "dc1-grpc": 4001, "dc2-grpc": 4002, "zmq1": 5555, "zmq2": 5556}
VERBS = {"dc1": "replicator", "dc2": "replicator", "relayer": "relayer"}
NAMESPACES = ("ad-campaign-dc1", "ad-campaign-dc2")


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

"""Sites for an example: each a real Pando node, every two of them (or those named) joined by a wire that can be cut.

    with Sites("berlin", "tokyo", tells="Likes are counted where they happen.") as sites:
        berlin, tokyo = sites
        berlin.post("/counters/likes/incr", {"by": 2})
        sites.cut()
        …
        sites.heal()
        sites.settle()
        equal(tokyo.get("/counters/likes")["value"], 2)

Whatever an example says is checked; a check that fails shows the sites' logs and exits with 1. `PANDO_BIN` names the
program (default build/pando).
"""

import base64
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from processes import PROGRAM, Process, Proxy, Unexpected, exchange, wait_for

COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
NAMESPACE = "main"


def say(text, colour="1"):
    print(f"\033[{colour}m{text}\033[0m" if COLOUR else text, flush=True)


def equal(got, wanted, what=""):
    """Checks, and shows what was found."""
    if got != wanted:
        raise Unexpected(f"{what or 'a check'}: got {got!r}, wanted {wanted!r}")


def b64(*texts):
    """Values and members are bytes; JSON carries them in base64. A list."""
    return [base64.b64encode(text.encode()).decode() for text in texts]


def texts(encoded):
    """The reverse."""
    return [base64.b64decode(text).decode() for text in encoded]


def check(condition, what):
    if not condition:
        raise Unexpected(what)


class Answer(dict):
    """A JSON reply, with the status and headers it came with."""

    def __init__(self, status, body, headers):
        super().__init__(json.loads(body) if body else {})
        self.status, self.headers = status, headers


class Site:
    def __init__(self, name, directory):
        self.name, self.directory = name, directory
        self.process = None
        self.ports = {}

    def ask(self, method, path, body=None, headers=None, expect=200):
        """An Answer. `expect` is the status it must have: a number, several, or None for any below 500."""
        text = json.dumps(body) if body is not None else None
        reply = Answer(*exchange(self.ports["http"], method, f"/api/v1/{NAMESPACE}{path}", text, headers))
        allowed = range(200, 500) if expect is None else (expect,) if isinstance(expect, int) else expect
        if reply.status not in allowed:
            raise Unexpected(f"{self.name}: {method} {path} answered {reply.status} {dict(reply)}")
        return reply

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def put(self, path, body=None, **more):
        return self.ask("PUT", path, body, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def patch(self, path, body, **more):
        return self.ask("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def context(self):
        """What it has: {origin: number of the last commit}."""
        return self.get("/offset")["context"]


class Sites:
    def __init__(self, *names, tells="", links=None):
        """`links`: pairs (who dials, who is dialled); of every two sites the earlier dials the later when left out."""
        if not PROGRAM.exists():
            sys.exit(f"{PROGRAM} is not there: build it with ./dev build, or name another one with PANDO_BIN")
        self.directory = Path(tempfile.mkdtemp(prefix="pando-example-"))
        self.sites = [Site(name, self.directory) for name in names]
        # One link carries both directions.
        self.wires = {pair: Proxy() for pair in links or itertools.combinations(names, 2)}
        self._tells = tells

    def __iter__(self):
        return iter(self.sites)

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        say(f"== {Path(sys.argv[0]).resolve().parent.name} ==", "1;36")
        if self._tells:
            say(self._tells)
        try:
            for site in self.sites:
                self._start(site)
            for (_, callee), wire in self.wires.items():
                wire.target_port = self._site(callee).ports["grpc"]
            self.settle()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, _):
        if kind not in (None, SystemExit, KeyboardInterrupt):
            for site in self.sites:
                if site.process:
                    print(f"--- {site.name}\n{site.process.output()[-3000:]}", file=sys.stderr)
        for wire in self.wires.values():
            wire.cut()
        for site in self.sites:
            if site.process:
                site.process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        if isinstance(error, Unexpected):
            print(f"not as it should be: {error}", file=sys.stderr)
            sys.exit(1)

    def _site(self, name):
        return next(site for site in self.sites if site.name == name)

    def _config(self, site):
        text = (f'node_name = "{site.name}"\nhttp_port = 0\n[grpc_config]\nport = 0\nallow_insecure = true\n'
                f'[storage_config]\nbase_dir = "{self.directory / site.name}"\nnamespaces = ["{NAMESPACE}"]\n')
        for (caller, callee), wire in self.wires.items():
            if caller == site.name:
                text += (f'[peer.{callee}]\naddress = "127.0.0.1:{wire.port}"\nnamespaces = ["{NAMESPACE}"]\n'
                         "allow_insecure = true\n")
        path = self.directory / f"{site.name}.toml"
        path.write_text(text)
        return path

    def _start(self, site):
        ports_file = self.directory / f"{site.name}.ports.json"
        ports_file.unlink(missing_ok=True)
        argv = [str(PROGRAM), "-config", str(self._config(site)), "-ports-file", str(ports_file), "replicator"]
        site.process = Process(site.name, argv, self.directory / f"{site.name}.log", self.directory)

        def has_ports():
            if site.process.popen.poll() is not None:
                raise Unexpected(f"{site.name} ended with code {site.process.popen.returncode}")
            return ports_file.exists()
        wait_for(f"{site.name} to listen", has_ports)
        listening = json.loads(ports_file.read_text())
        site.ports = {what: int(listening[what].rsplit(":", 1)[1]) for what in ("http", "grpc")}
        wait_for(f"{site.name} to be ready", lambda: exchange(site.ports["http"], "GET", "/readyz")[0] == 200)

    def kill(self, site):
        """As a power cut would end it."""
        site.process.stop(signal.SIGKILL)

    def restart(self, site):
        self._start(site)
        for (_, callee), wire in self.wires.items():
            if callee == site.name:
                wire.target_port = site.ports["grpc"]

    def cut(self, *names):
        """Cuts the wires between the named sites; all of them without names. One name: all wires of that site."""
        for pair, wire in self.wires.items():
            if not names or set(names) == set(pair) or (len(names) == 1 and names[0] in pair):
                wire.cut()

    def heal(self):
        for wire in self.wires.values():
            wire.cut()
            wire.heal()

    def settle(self):
        """Waits until all sites have the same commits."""
        def same():
            contexts = [site.context() for site in self.sites]
            return all(context == contexts[0] for context in contexts)
        wait_for("the sites to have the same commits", same)

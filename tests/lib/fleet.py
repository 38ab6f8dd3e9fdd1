"""Nodes of a fleet as real processes on a network of tests/lib/network.py, and clients beside them."""

import http.client
import json
import os
import signal
import subprocess
import time

from network import network
from node import PANDO
from processes import die_with_parent, free_ports, wait_for
from streams import Redis

class Member:
    def __init__(self, fleet, index, name):
        self.fleet, self.index, self.name, self.verb = fleet, index, name, "replicator"
        self.base = fleet.directory / self.name
        self.ports_file = fleet.directory / f"{self.name}.ports.json"
        self.err_path = fleet.directory / f"{self.name}.err"
        self.process = None
        self.frozen = False

    def start(self):
        """From the thread that lives as long as the fleet: a child dies with the thread that made it."""
        self.ports_file.unlink(missing_ok=True)
        config = self.fleet.directory / f"{self.name}.toml"
        config.write_text(self.fleet.config_of(self))
        argv = [str(PANDO), "-config", str(config), "-ports-file", str(self.ports_file), self.verb]
        with open(self.err_path, "ab") as err:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                                            start_new_session=True, preexec_fn=self._become_node)
        self.frozen = False

    def _become_node(self):
        die_with_parent()
        self.fleet.network.enter(self.index)

    def up(self):
        return self.process is not None and self.process.poll() is None

    def ready(self):
        return self.up() and self.ports_file.exists() and self.ask("GET", "/readyz")[0] == 200

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.thaw()
        self.process.terminate()
        code = self.process.wait(30)
        assert code == 0, f"{self.name} ended with {code}: {self.said()}"

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    def said(self):
        return self.err_path.read_text(errors="replace")[-3000:]

    def port(self, what):
        return int(json.loads(self.ports_file.read_text())[what].rsplit(":", 1)[1])

    def http(self, timeout=30):
        """A connection to it, from beside it."""
        connection = http.client.HTTPConnection("127.0.0.1", timeout=timeout)
        connection.sock = self.fleet.network.connect(self.index, self.port("http"))
        connection.sock.settimeout(timeout)
        return connection

    def redis(self, timeout=30):
        return Redis(self.fleet.network.connect(self.index, self.port("resp")), timeout)

    def ask(self, method, path, body=None, timeout=30):
        """(status, what the answer says)."""
        connection = self.http(timeout)
        try:
            connection.request(method, path, body=json.dumps(body) if body is not None else None)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read() or b"null")
        finally:
            connection.close()

    def about(self, what, ns="a"):
        """`offset`, `stats`, `digest`, … of a namespace."""
        status, said = self.ask("GET", f"/api/v1/{ns}/{what}")
        if status != 200:
            raise ValueError(f"{self.name}: {what}: {status} {said}")
        return said


class Fleet:
    """Nodes that share two namespaces, each on a loop of its own; the Redis protocol serves the first.

    `links` are (caller, callee). `with Fleet(…) as fleet:` starts and ends them.
    """

    namespaces = ("a", "b")

    def __init__(self, directory, names, links, seed):
        self.directory, self.links = directory, links
        self.network = network(len(names), seed)
        self.members = [Member(self, index, name) for index, name in enumerate(names)]
        self._grpc = free_ports(names)

    def address(self, caller, callee):
        """Where one member finds the other."""
        return self.network.peer_address(caller, callee, self._grpc[self.members[callee].name])

    def grpc_section(self, member):
        return (f'[grpc_config]\nport = {self._grpc[member.name]}\nlisten_ip = "{self.network.listen_ip(member.index)}"\n'
                'allow_insecure = true\n')

    def config_of(self, member):
        listed = ", ".join(f'"{ns}"' for ns in self.namespaces)
        text = (f'node_name = "{member.name}"\nhttp_port = 0\n[process]\nloops = {len(self.namespaces)}\n'
                f'[resp]\nport = 0\nnamespace = "{self.namespaces[0]}"\n{self.grpc_section(member)}'
                f'[storage_config]\nbase_dir = "{member.base}"\nnamespaces = [{listed}]\n'
                'segment_size = "256KB"\ncheckpoint_interval = "300ms"\n')
        for caller, callee in self.links:
            if caller == member.index:
                name = self.members[callee].name
                text += (f'[peer.{name}]\naddress = "{self.address(caller, callee)}"\nnamespaces = [{listed}]\n'
                         'allow_insecure = true\n')
        return text

    def __enter__(self, late=()):
        try:
            for member in self.members:
                if member.name not in late:
                    member.start()
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for member in self.members:
            if member.up():
                os.killpg(member.process.pid, signal.SIGKILL)
                member.process.wait()
        self.network.close()

    def wait_ready(self):
        for member in [member for member in self.members if member.process]:
            wait_for(f"{member.name} to be ready ({member.said()})", member.ready, 60)

    def contexts(self):
        """Of every member, by namespace."""
        return {member.name: {ns: member.about("offset", ns)["context"] for ns in self.namespaces} for member in self.members}

    def settle(self, seconds):
        """Until all have the same commits; how long it took."""
        began = time.monotonic()

        def same():
            contexts = self.contexts()
            return all(context == contexts[self.members[0].name] for context in contexts.values())
        try:
            wait_for("all nodes to have the same commits", same, seconds)
        except Exception as failure:
            links = {member.name: [(ns, link["peer"], link["state"], link["behindCommits"])
                                   for ns in self.namespaces for link in member.about("stats", ns)["links"]]
                     for member in self.members}
            raise AssertionError(f"{failure}\n  contexts {self.contexts()}\n  links {links}") from failure
        return time.monotonic() - began

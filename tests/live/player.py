"""Plays a scenario on real processes, as far as its verbs can be carried out there."""

import json
import re
import shutil
import threading
import time

import script
from cases import Skipped, check
from client import ScenarioClient, unb64
from fleet import Fleet
from network import Quality, Wired
from processes import wait_for
from script import printable

SLEEP_MAX_S = 20
# Scenarios in which it matters that a site is away, not for how long: three seconds stand for all of it.
ANY_TIME = ("delete_and_concurrent_put", "half_open_link", "relay_chain", "restored_backup_writes_first",
            "set_absent_site_resurrects_nothing", "start_orders")
ANY_TIME_S = 3
SETTLE_S = 90
# Needs what only the simulator has. What is missing here and in Player is skipped too, so new verbs do no harm.
ELSEWHERE = {"clock": "clocks that jump", "disk": "a disk that fails at will (tests/syscalls)", "flip": "tests/bitflips",
             "stranger": "forged frames", "garble": "forged frames", "spoil": "forged frames",
             "reset": "connections reset by the network",
             "notes": "what a node says to people, in the simulator's words"}
# Answers that depend on when things happen, or speak of addresses.
NOT_COMPARED = ("OFFSET", "CHECKPOINT", "LOBSTAT")


class ScenarioFleet(Fleet):
    def __init__(self, directory, plan, seed):
        self.plan = plan
        super().__init__(directory, plan.names, [], seed)
        for member in self.members:
            if member.name in plan.follows:
                followed = any(member.name in others for others in plan.follows.values())
                member.verb = "relay" if followed else "relayer"

    def config_of(self, member):
        plan, index = self.plan, {name: i for i, name in enumerate(self.plan.names)}

        def link(kind, other, key):
            shared = [ns for ns in plan.holds(member.name) if ns in plan.holds(other)]
            return (f'[{kind}.{other}]\n{key} = "{self.address(member.index, index[other])}"\nnamespaces = {listed(shared)}\n'
                    'allow_insecure = true\n') if shared else ""
        own = [] if member.name in plan.follows else plan.holds(member.name)
        # Backups are on one shelf, as in the simulator.
        text = (f'node_name = "{member.name}"\nhttp_port = 0\n[http]\nbackup_root = "{self.directory}/backups"\n'
                f'{self.grpc_section(member) if member.verb != "relayer" else ""}'
                f'[storage_config]\nbase_dir = "{member.base}"\nnamespaces = {listed(own)}\n{plan.storage}')
        for group, namespaces in plan.groups.items():
            if set(namespaces) <= set(plan.holds(member.name)):
                text += f'[merge_group.{group}]\nnamespaces = {listed(namespaces)}\n'
        for other in plan.follows.get(member.name, []):
            text += link("relayer_config", other, "upstream_address")
        for caller, callee in plan.peers():
            if caller == member.name:
                text += link("peer", callee, "address")
                if (caller, callee) in plan.budgets:
                    text += f'bytes_per_second_max = {plan.budgets[caller, callee]}\n'
        return text


def listed(names):
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


class Plan:
    """The fleet, as the lines before the first event describe it."""

    def __init__(self):
        self.names, self.follows, self.links, self.groups, self.budgets = [], {}, [], {}, {}
        self.namespaces, self.held, self.late, self.storage = ["main"], {}, [], ""

    def holds(self, name):
        return self.held.get(name, self.namespaces)

    def peers(self):
        sites = [name for name in self.names if name not in self.follows]
        return self.links or [(a, b) for i, a in enumerate(sites) for b in sites[i + 1:]]

    def take(self, words):
        """True when the line was one about the fleet."""
        verb, rest = words[0], words[1:]
        if verb == "nodes":
            self.names += rest
        elif verb == "relayer":
            self.names.append(rest[0])
            self.follows[rest[0]] = rest[2:]
        elif verb == "link":
            self.links.append((rest[0], rest[1]))
            if len(rest) > 2:
                self.budgets[rest[0], rest[1]] = rest[2]
        elif verb == "namespaces":
            self.namespaces = rest
        elif verb == "holds":
            self.held[rest[0]] = rest[1:]
        elif verb == "group":
            self.groups[rest[0]] = rest[1:]
        elif verb == "late":
            self.late += rest
        elif verb == "segments":
            self.storage += f'segment_size = {max(65536, int(rest[0]))}\n'
        elif verb == "checkpoints":
            self.storage += f'checkpoint_interval = "{rest[1]}"\n'
        elif verb != "unchecked":
            return False
        return True


class Watch:
    """Server-sent events, collected in the background; moved from site to site with its cursor."""

    def __init__(self, ns, query):
        self.ns, self.query, self.cursor, self.lines, self.shown = ns, query, "", [], 0
        self.connection = None

    def attach(self, member):
        self.detach()
        self.connection = member.http(60)
        self.socket = self.connection.sock
        headers = {"Last-Event-ID": self.cursor} if self.cursor else {}
        self.connection.request("GET", f"/api/v1/{self.ns}/watch?{self.query}", headers=headers)
        reply = self.connection.getresponse()
        check(reply.status == 200, f"watch: {reply.status}")
        before = self.cursor
        self.cursor = ""
        self.thread = threading.Thread(target=self._collect, args=(reply,), daemon=True)
        self.thread.start()
        wait_for("the watch to open", lambda: self.cursor or before)
        self.cursor = self.cursor or before

    def _collect(self, reply):
        block = {}
        try:
            for line in reply:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    block[name] = value
                    continue
                if "data" in block and block.get("event") != "end":
                    self.lines.append(event_text(json.loads(block["data"])))
                self.cursor, block = block.get("id", self.cursor), {}
        except (OSError, ValueError, AttributeError):
            pass  # the site went away

    def detach(self):
        if self.connection:
            try:
                self.socket.shutdown(2)
            except OSError:
                pass
            self.thread.join(10)
            self.connection.close()
            self.connection = None

    def take(self, wanted):
        """The lines since last time; waits a while for as many as are wanted."""
        until = time.monotonic() + 10
        while len(self.lines) - self.shown < wanted and time.monotonic() < until:
            time.sleep(0.02)
        new, self.shown = self.lines[self.shown:], len(self.lines)
        return new or ["(none)"]


def event_text(event):
    key = unb64(event["key_b64"]) if "key_b64" in event else event["key"].encode()
    value = f" = {printable(unb64(event['value']))}" if "value" in event else ""
    return f"{event['operation']} {event['entry_type']} {printable(key)}{value} by {event['origin']}"


class Player:
    def __init__(self, directory, seed):
        self.directory, self.seed = directory, seed
        self.plan, self.fleet, self.client = Plan(), None, ScenarioClient()
        self.watches, self.cuts, self.compared, self.checked = {}, set(), 0, True

    def play(self, path):
        steps = script.read(path)
        self.any_time = path.stem in ANY_TIME
        self._refuse_what_cannot_be(steps)
        try:
            for step in steps:
                try:
                    got = self._step(step)
                except (AssertionError, OSError, ValueError) as failure:
                    raise AssertionError(f"{path.name}:{step.line}: {step.text}: {failure}") from failure
                self._compare(path, step, got)
            if self.checked:
                self._last_questions()
        finally:
            for watch in self.watches.values():
                watch.detach()
            if self.fleet:
                self.fleet.__exit__()

    def _refuse_what_cannot_be(self, steps):
        """Before anything is started."""
        for step in steps:
            words = [word.decode(errors="replace") for word in step.words]
            why = None
            if not step.site:
                why = ELSEWHERE.get(words[0])
                if words[0] == "crash" and words[2:] == ["power"]:
                    why = "a disk that loses what was not synced (tests/powercuts)"
                elif words[0] == "sleep" and not self.any_time and script.seconds(words[1]) > SLEEP_MAX_S:
                    why = f"{words[1]} of time"
                elif words[0] not in script.VERBS:
                    why = "a verb that is not played here"
            if why:
                raise Skipped(f"line {step.line}, `{step.text}`, needs {why}")

    def _step(self, step):
        words = [word.decode(errors="replace") for word in step.words]
        if step.site:
            self._build()
            member, ns = self._member(step.site), step.ns or self.plan.namespaces[0]
            if step.words[0].decode() in NOT_COMPARED:
                return None
            if not step.wait:
                threading.Thread(target=self._ask_and_forget, args=(member, ns, step.words), daemon=True).start()
                return []
            return self.client.run(member, ns, step.words)
        if self.fleet is None and self.plan.take(words):
            self.checked = self.checked and words[0] != "unchecked"
            return []
        self._build()
        if words[0] == "events":
            return self.watches[words[1]].take(len([line for line in step.wanted or [] if line != "(none)"]))
        return getattr(self, "_" + words[0])(*words[1:])

    def _ask_and_forget(self, member, ns, words):
        try:
            ScenarioClient().run(member, ns, words)
        except (OSError, ValueError):
            pass

    def _compare(self, path, step, got):
        if step.wanted is None:
            check(not (got and got[0].startswith("! ")), f"{path.name}:{step.line}: {step.text}: {got and got[0]}")
        elif got is not None:
            self.compared += 1
            here, there = ([blurred(line) for line in lines] for lines in (got, step.wanted))
            check(here == there, f"{path.name}:{step.line}: {step.text}\n  got     {here}\n  wanted  {there}")

    # The fleet. ---------------------------------------------------------------------------------------------

    def _build(self):
        if self.fleet is None:
            check(self.plan.names, "no `nodes` yet")
            fleet = ScenarioFleet(self.directory, self.plan, self.seed)
            self.fleet = fleet
            fleet.__enter__(late=self.plan.late)
            if not self.plan.late:
                self._settle()  # with all links up, as a script expects it

    def _member(self, name):
        return next(member for member in self.fleet.members if member.name == name)

    def _index(self, name):
        return self.plan.names.index(name)

    def _settle(self):
        """All sites that reach each other hold the same commits."""
        links = self.plan.peers() + [(name, other) for name, others in self.plan.follows.items() for other in others]

        def together(ns):
            groups = {member.name: {member.name} for member in self.fleet.members
                      if member.up() and ns in self.plan.holds(member.name)}
            for a, b in links:
                joined = a in groups and b in groups and (a, b) not in self.cuts and (b, a) not in self.cuts
                if joined and groups[a] is not groups[b]:
                    groups[a] |= groups[b]
                    for name in groups[b]:
                        groups[name] = groups[a]
            return groups

        def same():
            for ns in self.plan.namespaces:
                for group in together(ns).values():
                    contexts = [self._member(name).about("offset", ns)["context"] for name in group]
                    if any(context != contexts[0] for context in contexts):
                        return False
            return True
        wait_for("all that reach each other to have the same commits", same, SETTLE_S)
        return []

    def _sleep(self, how_long):
        time.sleep(min(script.seconds(how_long), ANY_TIME_S) if self.any_time else script.seconds(how_long))
        return []

    def _crash(self, name):
        self._member(name).kill()
        return []

    def _stop(self, name):
        self._member(name).stop()
        return []

    def _restart(self, *names):
        for name in names:
            member = self._member(name)
            if member.up():
                member.stop()
            member.start()
            wait_for(f"{name} to listen", lambda member=member: member.ports_file.exists() and
                     member.ask("GET", "/readyz")[0] in (200, 503), 60)
        return []

    _start = _restart

    def _backup(self, name):
        member = self._member(name)
        member.freeze()
        try:
            shutil.copytree(member.base, self.directory / f"{name}.backup")
        finally:
            member.thaw()
        return []

    def _restore(self, name):
        member = self._member(name)
        shutil.rmtree(member.base)
        shutil.copytree(self.directory / f"{name}.backup", member.base)
        return []

    # The network. -------------------------------------------------------------------------------------------

    def _cut(self, a, *others):
        one_way = others[:1] == ("->",)
        if one_way and isinstance(self.fleet.network, Wired):
            raise Skipped("one-way cuts need network namespaces")
        names = others[1:] if one_way else others or [name for name in self.plan.names if name != a]
        for b in names:
            for pair in [(a, b)] if one_way else [(a, b), (b, a)]:
                self.cuts.add(pair)
                self.fleet.network.set(*map(self._index, pair), Quality(cut=True))
        return []

    def _heal(self, *pair):
        if isinstance(self.fleet.network, Wired):
            self.fleet.network.heal()
            self.cuts.clear()
            return []
        for a, b in [pair, pair[::-1]] if pair else list(self.cuts):
            self.cuts.discard((a, b))
            self.fleet.network.set(self._index(a), self._index(b), Quality())
        return []

    def _slow(self, a, b, delay, bytes_per_s="0"):
        if isinstance(self.fleet.network, Wired):
            raise Skipped("slow links need network namespaces")
        for pair in ((a, b), (b, a)):
            self.fleet.network.set(*map(self._index, pair), Quality(delay_s=script.seconds(delay), bytes_per_s=int(bytes_per_s)))
        return []

    # What is seen. ------------------------------------------------------------------------------------------

    def _same(self, *words):
        names, ns = list(words), self.plan.namespaces[0]
        if "ns" in names:
            ns = names[names.index("ns") + 1]
            names = names[:names.index("ns")]
        digests = [self._member(name).about("digest", ns) for name in names]
        return ["equal" if len({digest["fingerprint"] for digest in digests}) == 1 else f"different: {digests}"]

    def _health(self, *_):
        return None  # where damage lies is told in tests/crash and tests/bitflips

    _links = _health

    def _watch(self, name, _at, where, *options):
        site, _, ns = where.partition("/")
        if name not in self.watches:
            pairs = dict(zip(options[::2], options[1::2]))
            self.watches[name] = Watch(ns or self.plan.namespaces[0], "&".join(f"{key}={value}" for key, value in pairs.items()))
        self.watches[name].attach(self._member(site))
        return []

    def _unwatch(self, name):
        self.watches[name].detach()
        return []

    def _last_questions(self):
        """With everybody up and every link whole, all hold the same."""
        self._build()
        if self.cuts or not all(member.up() for member in self.fleet.members):
            return
        if any(member.ask("GET", "/readyz")[0] != 200 for member in self.fleet.members):
            return
        self._settle()
        for ns in self.plan.namespaces:
            holders = [member for member in self.fleet.members if ns in self.plan.holds(member.name)]
            digests = {member.about("digest", ns)["fingerprint"] for member in holders}
            check(len(digests) <= 1, f"{ns}: digests differ in the end")


def blurred(line):
    """Without what is another number in every run, or is not told over HTTP."""
    line = re.sub(r"^ok \d+ crc32", "ok crc32", line)
    line = re.sub(r" durable \d+", "", line)
    line = re.sub(r"^(.* by [A-Za-z0-9._-]+(#\d+)?):\d+$", r"\1", line)
    line = re.sub(r'"(txnId|cursor|hlc|id|reservation|stamp)":"[^"]*"', r'"\1":…', line)
    line = re.sub(r'"(hlc|stamp|until|at|atMs|[a-z]+_ms|[a-z]+_at)":\d{13,}', r'"\1":…', line)
    line = re.sub(r'"(remaining_ms|retry_after_ms)":[1-9]\d*', r'"\1":…', line)
    line = re.sub(r"^Retry-After: [1-9]\d+$", "Retry-After: …", line)
    return re.sub(r'"(segmentId|offset|durable)":\d+', r'"\1":…', line)

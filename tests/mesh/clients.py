"""Clients of a fleet who remember what they were promised, and check all of it in the end.

What was never answered may have happened, also later: a frozen process carries out what lies in its sockets when it goes
on. So a key whose last write is in doubt is not written again.
"""

import base64
import http.client
import json
import random
import threading
import time

from cases import check, equal

REDIS_NAMESPACE = "a"
KEYS = 12
ANSWER_S = 4.0


def encode(text):
    return base64.b64encode(text.encode()).decode()


class Client(threading.Thread):
    """Talks to one site all its life: what it was promised there must be read there, whatever happens.

    Of a namespace that the Redis protocol does not serve it counts nothing: steps and markers are one commit by MULTI.
    """

    def __init__(self, member, number, seed, ns=REDIS_NAMESPACE):
        super().__init__(daemon=True)
        self.member, self.name, self.ns = member, f"c{number}", ns
        self.dice = random.Random(f"{seed} {self.name}")
        self.over = threading.Event()
        self.broken = None      # a promise that was broken, told to whoever joins us
        self.answered = self.doubtful = self.refused = 0
        self.registers = {}     # key -> texts it may hold
        self.rows = {}          # likewise, in both columns
        self.slots = {}         # which key stands for which slot now: another one once it is in doubt
        self.markers = {}       # key -> (counter, step, answered)
        self.members = {}       # set member -> "in", "out", or "either"
        self.shared = set()     # texts given to keys that everybody writes
        self._http = self._redis = None

    def run(self):
        steps = [self.write_register, self.write_register, self.read_register, self.add_member, self.remove_member,
                 self.write_row, self.write_shared]
        if self.ns == REDIS_NAMESPACE:
            steps += [self.count, self.count]
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                self.dice.choice(steps)(number)
            except (OSError, http.client.HTTPException, ValueError):
                self._forget()
                self.over.wait(0.05)  # the node is away; it comes back on other ports
            except AssertionError as broken:
                self.broken = broken
                return
        self._forget()

    def _forget(self):
        for connection in (self._http, self._redis):
            if connection:
                connection.close()
        self._http = self._redis = None

    def _ask(self, method, path, body=None):
        """The answer of a 200, None when refused. OSError: nobody knows."""
        if self._http is None:
            self._http = self.member.http(ANSWER_S)
        self._http.request(method, f"/api/v1/{self.ns}{path}", body=json.dumps(body) if body is not None else None)
        reply = self._http.getresponse()
        text = reply.read()
        if reply.status == 200:
            return json.loads(text)
        check(reply.status == 503, f"{self.name} at {self.member.name}: {method} {path}: {reply.status} {text!r}")
        self.refused += 1
        return None

    def _write(self, table, slot, text, send):
        """Writes `text` to the key of a slot, and keeps book."""
        key = self.slots.setdefault(slot, f"{slot}:0")
        if self._http is None:
            self._http = self.member.http(ANSWER_S)  # fails before anything is in doubt
        try:
            done = send(key) is not None
        except (OSError, http.client.HTTPException, ValueError):
            done = False
            raise
        finally:
            if done:
                table[key] = {text}
                self.answered += 1
            else:  # a refusal may say "outcome unknown" too
                table.setdefault(key, {None}).add(text)
                self.slots[slot] = f"{slot}:{self.doubtful + 1}"
                self.doubtful += 1

    def write_register(self, number):
        text = f"{self.name}-{number}" + "." * self.dice.choice([0, 0, 0, 2000])
        self._write(self.registers, f"{self.name}:r{number % KEYS}", text,
                    lambda key: self._ask("PUT", f"/kv/{key}", {"value": encode(text)}))

    def write_row(self, number):
        text = f"{self.name}-{number}"
        self._write(self.rows, f"{self.name}:row{number % 3}", text,
                    lambda key: self._ask("PUT", f"/row/{key}", {"columns": {"a": encode(text), "b": encode(text)}}))

    def read_register(self, number):
        key = self.slots.get(f"{self.name}:r{number % KEYS}")
        if key in self.registers:
            self._check_register(self._ask("GET", f"/kv/{key}"), key, self.member.name)

    def _check_register(self, reply, key, where):
        if reply is None:
            return
        text = base64.b64decode(reply["value"]).decode() if reply["found"] else None
        check(text in self.registers[key], f"{where}: {key} holds {text!r}, allowed {self.registers[key]!r}")

    def write_shared(self, number):
        text = f"{self.name}-{number}"
        self.shared.add(text)
        self._ask("PUT", f"/kv/shared{number % 5}", {"value": encode(text)})

    def add_member(self, number):
        member = f"{self.name}-{number}"
        self.members[member] = "either"
        if self._ask("POST", "/sets/everybody/add", {"members": [encode(member)]}) is not None:
            self.members[member] = "in"
            self.answered += 1

    def remove_member(self, _number):
        there = [member for member, state in self.members.items() if state == "in"]
        if len(there) < 20:
            return
        member = self.dice.choice(there)
        self.members[member] = "either"
        if self._ask("POST", "/sets/everybody/remove", {"members": [encode(member)]}) is not None:
            self.members[member] = "out"
            self.answered += 1

    def count(self, number):
        """A step and its marker in one commit: in the end the markers say what every counter must be, exactly."""
        counter, step, marker = f"sum{number % 3}", number % 9 + 1, f"{self.name}:step{number}"
        if self._redis is None:
            self._redis = self.member.redis(ANSWER_S)
        self.markers[marker] = (counter, step, False)
        said = [self._redis.ask(*words) for words in (("MULTI",), ("INCRBY", counter, step), ("SET", marker, step), ("EXEC",))]
        if isinstance(said[-1], list):
            self.markers[marker] = (counter, step, True)
            self.answered += 1
        else:
            check(said[-1][:1] == b"-", f"{self.name}: EXEC answers {said[-1]!r}")
            self.refused += 1

    def finish(self):
        self.over.set()
        self.join(60)
        check(not self.is_alive(), f"{self.name} does not end")
        if self.broken:
            raise self.broken


def texts_of(member, ns, keys):
    """What each of the keys holds, None for nothing."""
    found = {}
    if ns == REDIS_NAMESPACE:
        redis = member.redis()
        for at in range(0, len(keys), 500):
            part = keys[at:at + 500]
            found.update(zip(part, redis.ask("MGET", *part)))
        redis.close()
    else:
        http = member.http()
        for key in keys:
            http.request("GET", f"/api/v1/{ns}/kv/{key}")
            said = json.loads(http.getresponse().read())
            found[key] = base64.b64decode(said["value"]) if said["found"] else None
        http.close()
    return {key: value.decode() if value is not None else None for key, value in found.items()}


def verify(clients, member, ns):
    """Everything any client of a namespace was promised, read at one site."""
    clients = [client for client in clients if client.ns == ns]

    def texts(keys):
        return texts_of(member, ns, keys)

    sums = {}
    for client in clients:
        for key, text in texts(list(client.registers)).items():
            check(text in client.registers[key], f"{member.name}: {key} holds {text!r}, allowed {client.registers[key]!r}")
        for key, allowed in client.rows.items():
            columns = member.about(f"row/{key}", ns)["columns"]
            row = [base64.b64decode(columns[name]).decode() if name in columns else None for name in ("a", "b")]
            check(row[0] == row[1] and row[0] in allowed, f"{member.name}: {key} holds {row}, allowed {allowed!r}")
        for marker, text in texts(list(client.markers)).items():
            counter, step, answered = client.markers[marker]
            check(text is not None or not answered, f"{member.name}: {marker} was acknowledged and is not there")
            if text is not None:
                sums[counter] = sums.get(counter, 0) + step
    redis = member.redis()
    for counter, wanted in sums.items():
        equal(int(redis.ask("GET", counter)), wanted, f"{member.name}: {counter}, by the steps that are there")
    redis.close()
    everybody = all_members(member, ns)
    for client in clients:
        for name, state in client.members.items():
            check(state == "either" or (name in everybody) == (state == "in"), f"{member.name}: {name} should be {state}")
    written = set().union(*(client.shared for client in clients))
    for key, text in texts([f"shared{i}" for i in range(5)]).items():
        check(text is None or text in written, f"{member.name}: {key} holds {text!r}, which nobody wrote")


def all_members(member, ns):
    members, after, more = set(), "", True
    while more:
        page = member.about(f"sets/everybody?limit=5000&after={after}", ns)
        names = [base64.b64decode(name).decode() for name in page["members"]]
        members.update(names)
        more, after = page["more"], names[-1] if names else ""
    return members

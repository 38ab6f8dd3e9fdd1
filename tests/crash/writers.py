"""Clients that write until the server dies, and remember exactly what they were promised."""

import base64
import http.client
import json
import random
import threading

from cases import check, equal


class Ledger:
    """What was acknowledged, and what may or may not have happened."""

    def __init__(self):
        self.lock = threading.Lock()
        self.values = {}      # key -> set of bytes the key may hold: the last acknowledged one, and those in doubt since
        self.counters = {}    # key -> [acknowledged, in doubt]
        self.rows = {}        # like values, for rows whose columns are always written together
        self.pairs = {}       # like values, for two keys written by one transaction
        self.acknowledged = 0
        self.fresh = set()    # keys that were written since the last verify()

    def settle(self, table, key, value, done):
        with self.lock:
            self.fresh.add(key)
            if done:
                table[key] = {value}
                self.acknowledged += 1
            else:
                table.setdefault(key, {None}).add(value)

    def settle_counter(self, key, step, done):
        with self.lock:
            self.fresh.add(key)
            entry = self.counters.setdefault(key, [0, 0])
            entry[0 if done else 1] += step
            self.acknowledged += done


class Writer(threading.Thread):
    """One connection, one request at a time, its own keys: so what a key must hold is known."""

    def __init__(self, who, node, ledger, ns="a"):
        super().__init__(daemon=True)
        self.who, self.ledger, self.ns = who, ledger, ns
        host, port = node.ports()["http"].rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=10)
        self.random = random.Random(who)
        self.refused = []
        self.stopping = threading.Event()

    def ask(self, method, path, body):
        """The reply's JSON; None when the server died before it answered."""
        try:
            self.connection.request(method, f"/api/v1/{self.ns}{path}", body=body and json.dumps(body))
            reply = self.connection.getresponse()
            text = reply.read()
        except (OSError, http.client.HTTPException):
            return None
        if reply.status != 200:
            self.refused.append(f"{method} {path}: {reply.status} {text!r}")
            return None
        return json.loads(text)

    def run(self):
        number = 0
        steps = [self.put, self.put, self.increment, self.increment, self.row, self.transaction]
        while not self.stopping.is_set():
            number += 1
            if not self.random.choice(steps)(number):
                return
        self.connection.close()

    def put(self, number):
        key, value = f"w{self.who}:{number % 97}", f"{self.who}-{number}-".encode() + b"x" * self.random.choice([0, 0, 10, 3000])
        done = self.ask("PUT", f"/kv/{key}", {"value": encode(value)}) is not None
        self.ledger.settle(self.ledger.values, key, value, done)
        return done

    def increment(self, number):
        key, step = f"n{number % 5}", number % 7 + 1  # shared with the other writers
        done = self.ask("POST", f"/counters/{key}/incr", {"by": step}) is not None
        self.ledger.settle_counter(key, step, done)
        return done

    def row(self, number):
        key, value = f"r{self.who}:{number % 13}", f"{self.who}-{number}".encode()
        done = self.ask("PUT", f"/row/{key}", {"columns": {"a": encode(value), "b": encode(value)}}) is not None
        self.ledger.settle(self.ledger.rows, key, value, done)
        return done

    def transaction(self, number):
        key, value = f"p{self.who}:{number % 11}", f"{self.who}-{number}".encode()
        begun = self.ask("POST", "/tx/begin", {"operation": "put", "entryType": "kv"})
        if begun is None:
            return False
        for half in ("left", "right"):
            if self.ask("POST", f"/tx/{begun['txnId']}/kv", {"key": f"{key}:{half}", "value": encode(value)}) is None:
                return False
        done = self.ask("POST", f"/tx/{begun['txnId']}/commit", None) is not None
        self.ledger.settle(self.ledger.pairs, key, value, done)
        return done


class Watcher(threading.Thread):
    """Follows the server-sent events of a namespace; comes back with the last cursor it got."""

    def __init__(self, node, cursor, numbers, ns="a"):
        super().__init__(daemon=True)
        host, port = node.ports()["http"].rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        self.connection.request("GET", f"/api/v1/{ns}/watch", headers={"Last-Event-ID": cursor} if cursor else {})
        self.reply = self.connection.getresponse()
        assert self.reply.status == 200, (self.reply.status, self.reply.read())
        self.cursor = cursor
        self.numbers = numbers  # every seq_num received, in order

    def run(self):
        try:
            block = {}
            for line in self.reply:
                line = line.decode().rstrip("\n")
                if line:
                    name, _, rest = line.partition(": ")
                    block[name] = rest
                    continue
                # The cursor counts only with the whole block: it resumes behind this event.
                if "data" in block and block.get("event") != "end":
                    self.numbers.append(json.loads(block["data"])["seq_num"])
                self.cursor = block.get("id", self.cursor)
                block = {}
        except (OSError, http.client.HTTPException, ValueError):
            pass


class Reader:
    """One connection that reads what a ledger is about."""

    def __init__(self, node, ns="a"):
        host, port = node.ports()["http"].rsplit(":", 1)
        self.connection, self.ns = http.client.HTTPConnection(host, int(port), timeout=30), ns

    def ask(self, path):
        self.connection.request("GET", f"/api/v1/{self.ns}{path}")
        reply = self.connection.getresponse()
        text = reply.read()
        check(reply.status == 200, f"GET {path}: {reply.status} {text!r}")
        return json.loads(text)

    def value(self, key):
        reply = self.ask(f"/kv/{key}")
        return base64.b64decode(reply["value"]) if reply["found"] else None

    def pair(self, key):
        left, right = self.value(f"{key}:left"), self.value(f"{key}:right")
        equal(left, right, f"the halves of {key}")
        return left

    def row(self, key):
        columns = self.ask(f"/row/{key}")["columns"]
        equal(columns.get("a"), columns.get("b"), f"the columns of {key}")
        return base64.b64decode(columns["a"]) if "a" in columns else None

    def counter(self, key):
        return self.ask(f"/counters/{key}")["value"]


def verify(node, ledger, everything=True):
    """What was acknowledged is there; what was in doubt is there whole or not at all, and stays as it is now.

    Without `everything`, only what was written since the last time is read.
    """
    reader = Reader(node)
    for table, read in ((ledger.values, reader.value), (ledger.pairs, reader.pair), (ledger.rows, reader.row)):
        for key in table if everything else ledger.fresh & table.keys():
            found = read(key)
            check(found in table[key], f"{key} holds {found!r}, acknowledged or in doubt were {table[key]!r}")
            table[key] = {found}
    for key, (acknowledged, doubt) in ledger.counters.items():
        value = reader.counter(key)
        check(acknowledged <= value <= acknowledged + doubt, f"{key} is {value}, acknowledged {acknowledged}, in doubt {doubt}")
        ledger.counters[key] = [value, 0]
    ledger.fresh.clear()
    reader.connection.close()


def encode(value):
    return base64.b64encode(value).decode()

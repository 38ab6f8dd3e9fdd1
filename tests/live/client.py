"""The client lines of a scenario, spoken over HTTP and answered as the simulator answers them."""

import base64
import json
from urllib.parse import quote

from cases import Skipped
from script import printable

LOB_PART = 64 * 1024
LOB_SHOWN = 80
_CODES = {400: "invalid_argument", 403: "read_only", 404: "not_found", 410: "gone", 412: "precondition_failed",
          413: "too_large", 501: "unimplemented", 503: "unavailable", 504: "timeout"}


class Refused(Exception):
    """What the node said instead of doing it: `code: text`."""


def b64(data):
    return base64.b64encode(data).decode()


def unb64(text):
    return base64.b64decode(text)


def text(word):
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise Skipped(f"{printable(word)} cannot be a key in JSON") from None


def pattern(size):
    """The same for every object, and nothing that packs: links are to carry all of it."""
    content, state = bytearray(size), 1
    for i in range(size):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        content[i] = state >> 24
    return bytes(content)


class ScenarioClient:
    """Remembers the transactions and the last replies of a script; a connection per request."""

    def __init__(self):
        self.transactions = {}  # the script's name -> the node's
        self.said = {}          # $txn, $cursor, …
        self.replayed = False   # whether the last answer was given before

    def run(self, member, ns, words):
        """The lines a step answers with."""
        self.member, self.ns = member, ns
        verb = words[0].decode()
        try:
            if verb == "HTTP":
                return self._raw(words)
            if verb == "TX":
                return self._transaction(words[1].decode(), words[2:])
            if len(words) > 2 and words[-2] == b"IDEMPOTENT":
                done = self._done(self._write(verb, words[1:-2], {"Idempotency-Key": text(words[-1])}))
                return [*done[:-1], done[-1] + " (again)"] if self.replayed else done
            read = getattr(self, "_" + verb.lower(), None) if verb in self.READS else None
            return read(*words[1:]) if read else self._done(self._write(verb, words[1:]))
        except Refused as refusal:
            return [f"! {refusal}"]

    # Asking. ------------------------------------------------------------------------------------------------

    def _exchange(self, method, path, body=None, headers=None):
        """(status, bytes, headers) of a path below the namespace."""
        target = path if path.startswith("/api/") else f"/api/v1/{self.ns}{path}"
        connection = self.member.http(60)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            reply = connection.getresponse()
            self.replayed = "Idempotency-Replayed" in reply.headers
            return reply.status, reply.read(), reply.headers
        finally:
            connection.close()

    def _ask(self, method, path, body=None, headers=None):
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body)
        status, reply, given = self._exchange(method, path, raw, headers)
        if status < 300:
            return json.loads(reply) if reply else {}
        code = given.get("Pando-Error") or _CODES.get(status, str(status))
        raise Refused(f"{code}: {json.loads(reply)['error']}")

    @staticmethod
    def _done(reply):
        return [str(reply["value"])] if "value" in reply else ["ok"]

    def _write(self, verb, words, headers=None):
        key = quote(words[0], safe="") if words else ""
        if verb == "BATCH":
            return self._batch(words, headers)
        if verb == "PUT" and len(words) == 2:
            return self._ask("PUT", f"/kv/{key}", {"value": b64(words[1])}, headers)
        if verb == "DEL":
            return self._ask("DELETE", f"/kv/{key}", None, headers)
        if verb in ("INCR", "DECR"):
            return self._ask("POST", f"/counters/{key}/{verb.lower()}", {"by": int(words[1])} if len(words) > 1 else {}, headers)
        if verb == "RESET":
            return self._ask("DELETE", f"/counters/{key}", None, headers)
        if verb == "ROWPUT":
            columns = dict(word.split(b"=", 1) for word in words[1:])
            return self._ask("PUT", f"/row/{key}", {"columns": {text(c): b64(v) for c, v in columns.items()}}, headers)
        if verb == "ROWDEL" and len(words) == 1:
            return self._ask("DELETE", f"/row/{key}", None, headers)
        if verb == "ROWDEL":
            return self._ask("DELETE", f"/row/{key}/columns", {"columns": [text(word) for word in words[1:]]}, headers)
        if verb in ("SADD", "SREM"):
            what = "add" if verb == "SADD" else "remove"
            return self._ask("POST", f"/sets/{key}/{what}", {"members": [b64(word) for word in words[1:]]}, headers)
        if verb == "SDEL":
            return self._ask("DELETE", f"/sets/{key}", None, headers)
        if verb in ("ENABLE", "DISABLE"):
            return self._ask("PUT" if verb == "ENABLE" else "DELETE", f"/flags/{key}", None, headers)
        raise Skipped(f"{verb} is not spoken over HTTP here")

    def _batch(self, words, headers):
        items, item = [], []
        for word in [*words, b";"]:
            if word == b";":
                items, item = [*items, item], []
            else:
                item.append(word)
        verbs = {item[0] for item in items}
        if verbs == {b"PUT"}:
            body = {"operation": "put", "items": [{"key": text(item[1]), "value": b64(item[2])} for item in items]}
        elif verbs == {b"DEL"}:
            body = {"operation": "delete", "keys": [text(item[1]) for item in items]}
        else:
            raise Skipped("a BATCH of several kinds is not spoken over HTTP here")
        return self._ask("POST", "/kv/batch", body, headers)

    # Transactions. ------------------------------------------------------------------------------------------

    def _append(self, txn, words):
        verb, key = words[0].decode(), words[1]
        if verb == "PUT":
            return self._ask("POST", f"/tx/{txn}/kv", {"key": text(key), "value": b64(words[2])})
        if verb == "DEL":
            return self._ask("POST", f"/tx/{txn}/kv", {"key": text(key)})
        if verb == "ROWPUT":
            columns = dict(word.split(b"=", 1) for word in words[2:])
            return self._ask("POST", f"/tx/{txn}/row", {"rowKey": text(key), "columns": {text(c): b64(v) for c, v in columns.items()}})
        if verb == "ROWDEL":
            body = {"rowKey": text(key)}
            if len(words) > 2:
                body.update(operation="delete", columns=[text(word) for word in words[2:]])
            return self._ask("POST", f"/tx/{txn}/row", body)
        if verb in ("SADD", "SREM", "SDEL"):
            body = {"key": text(key), "operation": "put" if verb == "SADD" else "delete"}
            if verb != "SDEL":
                body["members"] = [b64(word) for word in words[2:]]
            return self._ask("POST", f"/tx/{txn}/sets", body)
        if verb in ("ENABLE", "DISABLE"):
            return self._ask("POST", f"/tx/{txn}/flags", {"operation": "put" if verb == "ENABLE" else "delete", "key": text(key)})
        raise Skipped(f"{verb} in a transaction is not spoken over HTTP here")

    def _transaction(self, name, words):
        verb = words[0].decode()
        txn = self.transactions.get(name, name)
        try:
            if verb == "BEGIN":
                options = [word.decode() for word in words[1:]]
                body = {"operation": next((o for o in options if o in ("put", "delete")), None),
                        "entryType": next((o for o in options if o in ("kv", "row", "lob")), None)}
                begun = self._ask("POST", "/tx/begin", {key: value for key, value in body.items() if value})
                self.transactions[name] = begun["txnId"]
            elif verb == "COMMIT":
                return [f"ok crc32 {self._ask('POST', f'/tx/{txn}/commit')['checksum']:08x}"]
            elif verb == "ABORT":
                self._ask("POST", f"/tx/{txn}/abort")
            elif verb == "LOB":
                content = pattern(int(words[3])) if words[2] == b"SIZE" else words[2]
                for at in range(0, max(1, len(content)), LOB_PART):
                    self._ask("POST", f"/tx/{txn}/lob?key={quote(words[1], safe='')}", content[at:at + LOB_PART])
            elif verb == "LOBDEL":
                self._ask("DELETE", f"/tx/{txn}/lob?key={quote(words[1], safe='')}")
            else:
                self._append(txn, words)
            return ["ok"]
        except Refused as refusal:
            return [f"! {refusal}".replace(txn, name)]

    # Reads. -------------------------------------------------------------------------------------------------

    READS = ("GET", "COUNTER", "LIST", "ROWGET", "SMEMBERS", "SHAS", "SSIZE", "FLAG", "LOB", "MERGED", "STATS", "DIGEST")

    def _get(self, key, raw=None):
        reply = self._ask("GET", f"/kv/{quote(key, safe='')}{'?view=raw' if raw else ''}")
        return [printable(unb64(reply["value"])) if reply["found"] else "(none)"]

    def _counter(self, key):
        reply = self._ask("GET", f"/counters/{quote(key, safe='')}")
        parts = [str(reply["value"]), *(f"{origin}:{n}" for origin, n in reply["replicas"].items())]
        return [" ".join(parts) if reply["found"] else "(none)"]

    def _list(self, *words):
        table, prefix = "kv", b""
        if b"TABLE" in words:
            table = words[words.index(b"TABLE") + 1].decode()
            words = words[:words.index(b"TABLE")]
        if words:
            prefix = words[0]
        reply = self._ask("GET", f"/{table}?prefix={quote(prefix, safe='')}")
        keys = [unb64(key) for key in reply["keys_b64"]] if "keys_b64" in reply else [key.encode() for key in reply["keys"]]
        return [printable(key) for key in keys] + (["…"] if reply["more"] else []) or ["(none)"]

    def _rowget(self, key, *columns):
        wanted = "?columns=" + ",".join(quote(column, safe="") for column in columns) if columns else ""
        reply = self._ask("GET", f"/row/{quote(key, safe='')}{wanted}")
        shown = " ".join(f"{printable(name.encode())}={printable(unb64(value))}" for name, value in reply["columns"].items())
        return [shown if reply["found"] else "(none)"]

    def _smembers(self, key, *words):
        options = dict(zip(words[::2], words[1::2]))
        query = f"?after={quote(options.get(b'AFTER', b''), safe='')}"
        if b"LIMIT" in options:
            query += f"&limit={options[b'LIMIT'].decode()}"
        reply = self._ask("GET", f"/sets/{quote(key, safe='')}{query}")
        return [printable(unb64(member)) for member in reply["members"]] + (["…"] if reply["more"] else []) or ["(none)"]

    def _shas(self, key, member):
        reply = self._ask("GET", f"/sets/{quote(key, safe='')}/members/{quote(member, safe='')}")
        return ["yes" if reply["member"] else "no"]

    def _ssize(self, key):
        reply = self._ask("GET", f"/sets/{quote(key, safe='')}/size")
        return [f"{reply['size']}{' or more' if reply['more'] else ''}"]

    def _flag(self, key):
        return ["yes" if self._ask("GET", f"/flags/{quote(key, safe='')}")["enabled"] else "no"]

    def _lob(self, key):
        status, content, _ = self._exchange("GET", f"/lob/{quote(key, safe='')}")
        if status == 404:
            return ["(none)"]
        if status != 200:
            return [f"! {status} {printable(content)}"]
        if len(content) <= LOB_SHOWN:
            return [printable(content)]
        return [f"{len(content)} bytes, {'as written' if content == pattern(len(content)) else 'NOT as written'}"]

    def _merged(self, key):
        reply = self._ask("GET", f"/merged/{quote(key, safe='')}")
        if not reply["found"]:
            return ["(none)"]
        if reply["type"] == "lww":
            return [printable(unb64(reply["value"]))]
        return [" ".join([str(reply["value"]), *(f"{replica}:{n}" for replica, n in reply["replicas"].items())])]

    def _stats(self):
        reply = self._ask("GET", "/stats")
        return [f"origin {reply['origin']} context {context_text(reply['context'])} commits {reply['commits']} changes "
                f"{reply['changes']} open transactions {reply['openTransactions']} malformed {reply['malformedPayloads']}"]

    def _digest(self):
        reply = self._ask("GET", "/digest")
        return [f"{reply['cells']} cells {context_text(reply['context'])}"]

    # HTTP lines. --------------------------------------------------------------------------------------------

    def _raw(self, words):
        target, body, headers, shown = self._fill(words[2]), None, {}, False
        rest = iter(words[3:])
        for word in rest:
            if word == b"-i":
                shown = True
            elif word == b"-H":
                name, _, value = self._fill(next(rest)).partition(":")
                headers[name] = value.strip()
            else:
                body = self._fill(word).encode()
        status, reply, given = self._exchange(words[1].decode(), target, body, headers)
        self._remember(reply, given)
        first = printable(reply.split(b"\n")[0])
        if status == 404 and given.get("Pando-Error") == "route_not_found":
            first = json.loads(reply)["error"]
        lines = [f"{status} {first}".rstrip()]
        if shown:
            names = ["Pando-Token", "ETag", "Pando-Durability", "Idempotency-Replayed"]
            if status == 429:
                names.insert(3, "Retry-After")
            lines += [f"{name}: {given[name]}" for name in names if name in given]
        return lines

    def _fill(self, word):
        filled = word.decode()
        for name, value in self.said.items():
            filled = filled.replace(name, value)
        return filled

    def _remember(self, reply, headers):
        try:
            fields = json.loads(reply)
        except ValueError:
            fields = {}
        if isinstance(fields, dict):
            for name, known_as in (("txnId", "$txn"), ("id", "$id"), ("cursor", "$cursor"),
                                   ("reservation", "$reservation")):
                if isinstance(fields.get(name), str):
                    self.said[known_as] = fields[name]
        for name, known_as in (("Pando-Token", "$token"), ("ETag", "$etag")):
            if name in headers:
                self.said[known_as] = headers[name]


def context_text(context):
    return "{" + ", ".join(f"{origin}:{seq}" for origin, seq in sorted(context.items())) + "}"

"""What a case file cannot say: large bodies, raw connections, event streams.

Each function takes the addresses {"replicator": "127.0.0.1:…", "relayer": …} and raises AssertionError.
"""

import base64
import hashlib
import json
import socket
import time
import zlib

from cases import PATIENCE_S, ask, read_answer


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: got {str(got)[:300]!r}, wanted {str(wanted)[:300]!r}")


def pattern(size, seed=b"pando"):
    """Bytes that compress to nothing and repeat nowhere."""
    block = b"".join(hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in range(2048))
    return (block * (size // len(block) + 1))[:size]


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), PATIENCE_S)


def objects_over_16_mib_through_several_appends(addresses):
    node = addresses["replicator"]
    parts = [pattern(9_000_000, b"a"), pattern(9_000_001, b"b"), pattern(3, b"c"), pattern(5_000_000, b"d")]
    begun = ask(node, "POST /api/v1/ns/tx/begin", body=b'{"operation":"put","entryType":"lob"}')
    tx = json.loads(begun.body)["txnId"]
    for part in parts:
        equal(ask(node, f"POST /api/v1/ns/tx/{tx}/lob?key=large", body=part).body, b'{"success":true}\n', "append")
    equal(ask(node, "GET /api/v1/ns/lob/large").status, 404, "unseen before the commit")
    whole = b"".join(parts)
    equal(ask(node, f"POST /api/v1/ns/tx/{tx}/commit").body,
          b'{"success":true,"checksum":%d}\n' % zlib.crc32(whole), "commit")
    for path in ("/lob/large", "/lob?key=large"):
        got = ask(node, "GET /api/v1/ns" + path)
        equal((got.status, got.headers["content-type"], len(got.body)), (200, "application/octet-stream", len(whole)), path)
        equal(hashlib.sha256(got.body).digest(), hashlib.sha256(whole).digest(), path)
    head = ask(node, "HEAD /api/v1/ns/lob/large")
    equal((head.status, head.headers["content-length"]), (200, str(len(whole))), "HEAD")


def objects_stream_up_whole_beyond_the_body_limit(addresses):
    node, whole = addresses["replicator"], pattern(20_000_000, b"up")
    equal(ask(node, "PUT /api/v1/ns/lob/whole", body=whole).body,
          b'{"success":true,"checksum":%d}\n' % zlib.crc32(whole), "PUT /lob")
    equal(ask(node, "GET /api/v1/ns/lob/whole").body == whole, True, "round trip")
    equal(ask(node, "PUT /api/v1/ns/lob/whole", body=b"").status, 200, "replaced by an empty object")
    got = ask(node, "GET /api/v1/ns/lob/whole")
    equal((got.status, got.body), (200, b""), "an empty object is an object")
    equal(ask(node, "DELETE /api/v1/ns/lob/whole").body, b'{"success":true}\n', "DELETE /lob")
    equal(ask(node, "GET /api/v1/ns/lob/whole").body, b'{"error":"key not found"}\n', "deleted")
    equal(ask(node, "DELETE /api/v1/ns/lob/whole").body, b'{"success":true}\n', "DELETE /lob of nothing")


def an_upload_that_breaks_off_leaves_nothing(addresses):
    with connect(addresses["replicator"]) as c:
        c.sendall(b"PUT /api/v1/ns/lob/broken HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + pattern(1_000_000))
    equal(ask(addresses["replicator"], "GET /api/v1/ns/lob/broken").status, 404, "after the break")


def bodies_over_the_limit_are_413(addresses):
    node, wanted = addresses["replicator"], b'{"error":"request body over the limit of 16777216 bytes"}\n'
    value = base64.b64encode(pattern(13_000_000)).decode()
    for request in ("PUT /api/v1/ns/kv/bad:large", "POST /api/v1/ns/kv/batch", "POST /api/v1/ns/tx/begin",
                    "POST /api/v1/ns/tx/feedbeef/lob?key=k"):
        got = ask(node, request, body=b'{"value":"' + value.encode() + b'"}')
        equal((got.status, got.body), (413, wanted), request)
    with connect(node) as c:  # not announced, but chunked
        c.sendall(b"PUT /api/v1/ns/kv/bad:large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(20):
                c.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        except OSError:
            pass
        with c.makefile("rb") as stream:
            equal(read_answer(stream).status, 413, "chunked")
    equal(ask(node, "GET /api/v1/ns/kv/bad:large").body, b'{"value":"","found":false}\n', "nothing stored")


def the_largest_value_that_fits_round_trips(addresses):
    node, value = addresses["replicator"], base64.b64encode(pattern(12_582_000))
    equal(ask(node, "PUT /api/v1/ns/kv/largest", body=b'{"value":"' + value + b'"}').status, 200, "PUT")
    equal(ask(node, "GET /api/v1/ns/kv/largest").body == b'{"value":"' + value + b'","found":true}\n', True, "GET")


def expect_100_continue(addresses):
    with connect(addresses["replicator"]) as c, c.makefile("rb") as stream:
        c.sendall(b"PUT /api/v1/ns/kv/expect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 16\r\n\r\n")
        equal(read_answer(stream).status, 100, "before the body")
        c.sendall(b'{"value":"aGk="}')
        equal(read_answer(stream).status, 200, "after the body")


def pipelined_requests_are_answered_in_order(addresses):
    with connect(addresses["replicator"]) as c, c.makefile("rb") as stream:
        text = b""
        for i in range(300):
            value = base64.b64encode(b"%d" % i)
            text += b"PUT /api/v1/ns/kv/pipe HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(value) + 12)
            text += b'{"value":"' + value + b'"}' + b"GET /api/v1/ns/kv/pipe HTTP/1.1\r\nHost: x\r\n\r\n"
        c.sendall(text)
        for i in range(300):
            equal(read_answer(stream).body, b'{"success":true}\n', f"PUT {i}")
            equal(read_answer(stream).body, b'{"value":"%s","found":true}\n' % base64.b64encode(b"%d" % i), f"GET {i}")


def malformed_http_is_400_and_closed(addresses):
    rows = [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"PUT /api/v1/ns/kv/bad:http HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"PUT /api/v1/ns/kv/bad:http HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"PUT /api/v1/ns/kv/bad:http HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ]
    for text, status in rows:
        with connect(addresses["replicator"]) as c, c.makefile("rb") as stream:
            c.sendall(text)
            got = read_answer(stream)
            equal(got.status, status, text[:60])
            equal((got.headers["content-type"], got.headers["connection"]), ("application/json", "close"), text[:60])
            equal(list(json.loads(got.body)), ["error"], text[:60])
            equal(stream.read(), b"", "closed")
    equal(ask(addresses["replicator"], "GET /readyz").status, 200, "server up")


class Events:
    """One event stream, read block by block; heartbeats are passed over."""

    def __init__(self, address, target, headers=()):
        self.socket = connect(address)
        lines = [f"GET {target} HTTP/1.1", "Host: x", *headers]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.head = self._lines()
        self.opening = self.block()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def _lines(self):
        lines = []
        while (line := self.stream.readline().decode().rstrip("\r\n")):
            lines.append(line)
        return lines

    def block(self):
        while True:
            lines = self._lines()
            if lines and not lines[0].startswith(":"):
                return dict(line.split(": ", 1) for line in lines)


def watches_tell_every_change_and_resume(addresses):
    node = addresses["replicator"]
    with Events(node, "/api/v1/ns/watch?prefix=w:") as events:
        equal(events.head[0], "HTTP/1.1 200 OK", "status")
        equal("Content-Type: text/event-stream" in events.head, True, "type")
        equal(list(events.opening), ["retry", "id"], "opening")
        ask(node, "PUT /api/v1/ns/kv/w:1", body=b'{"value":"aGk="}')
        ask(node, "PUT /api/v1/ns/kv/unwatched", body=b'{"value":"aGk="}')
        ask(node, "DELETE /api/v1/ns/kv/w:1")
        ask(node, "PUT /api/v1/ns/row/w:2", body=b'{"columns":{"a":""}}')
        first, second, third = events.block(), events.block(), events.block()
        equal((first["event"], second["event"], third["event"]), ("put", "delete", "put"), "events")
        data = json.loads(first["data"])
        equal(list(data)[:5], ["key", "namespace", "operation", "entry_type", "seq_num"], "field order")
        equal([data[f] for f in ("key", "namespace", "operation", "entry_type", "value", "origin", "cursor")],
              ["w:1", "ns", "put", "kv", "aGk=", "replicator", first["id"]], "fields")
        equal(json.loads(third["data"])["entry_type"], "row", "row")
    # From the first event's cursor: the other two again, and nothing else.
    with Events(node, "/api/v1/ns/watch?prefix=w:", [f"Last-Event-ID: {first['id']}"]) as events:
        equal([events.block()["id"], events.block()["id"]], [second["id"], third["id"]], "resumed")
    with Events(node, f"/api/v1/ns/watch?key=w:1&table=kv&cursor={first['id']}") as events:
        equal(events.block()["id"], second["id"], "by key")


def an_idle_transaction_times_out(addresses):
    node = addresses["dc1"]  # its idle_timeout is 3 s
    begin = lambda: json.loads(ask(node, "POST /api/v1/ad-campaign-dc1/tx/begin", body=b"{}").body)["txnId"]
    left, kept = begin(), begin()
    item = b'{"key":"timed","value":"dg=="}'
    append = lambda tx: ask(node, f"POST /api/v1/ad-campaign-dc1/tx/{tx}/kv", body=item)
    begun = time.monotonic()
    while time.monotonic() < begun + 3.5:  # the one that is used stays open past the time of the one that is not
        equal(append(kept).status, 200, "in use")
        time.sleep(0.2)
    got = append(left)
    equal((got.status, got.body), (410, b'{"error":"transaction timed out: %s"}\n' % left.encode()), "left alone")
    equal(ask(node, f"POST /api/v1/ad-campaign-dc1/tx/{kept}/commit").status, 200, "commit")


ALL = [
    an_idle_transaction_times_out,
    objects_over_16_mib_through_several_appends,
    objects_stream_up_whole_beyond_the_body_limit,
    an_upload_that_breaks_off_leaves_nothing,
    bodies_over_the_limit_are_413,
    the_largest_value_that_fits_round_trips,
    expect_100_continue,
    pipelined_requests_are_answered_in_order,
    malformed_http_is_400_and_closed,
    watches_tell_every_change_and_resume,
]

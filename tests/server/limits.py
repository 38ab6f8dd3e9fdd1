"""What is too deep, too long or too much is refused with the limit's own number, and changes nothing."""

import base64
import json

from node import Directory, Node


def b64(text):
    return base64.b64encode(text.encode()).decode()


LONG = b64("m" * 9000)
MANY = [b64(str(i)) for i in range(100_001)]
DEEP = 40

# method, path, body (text as it is, anything else as JSON), the number that the refusal names
REQUESTS = [
    ("PUT", "/kv/deep", '{"value":' + "[" * 2000 + "]" * 2000 + "}", 1024),
    ("PUT", "/tables/t/deep", '{"a":' * DEEP + "1" + "}" * DEEP, 32),
    ("PUT", "/tables/t/wide", {str(i): 1 for i in range(50_001)}, 50_000),
    ("PUT", "/kv/" + "k" * 9000, {"value": b64("v")}, 8192),
    ("PUT", "/kv/large", {"value": b64("v" * (17 << 20))}, 16 << 20),
    ("PUT", "/row/wide", {"columns": {"c" * 9000: b64("v")}}, 8192),
    ("POST", "/sets/s/add", {"members": [LONG]}, 8192),
    ("POST", "/sets/s/add", {"members": MANY}, 100_000),
    ("POST", "/sorted-sets/z/add", {"member": LONG, "score": 1}, 8192),
    ("POST", "/lists/l/push", {"values": MANY}, 100_000),
    ("GET", "/sets/s?limit=1000000", None, 10_000),
]


def limits_are_named_in_refusals():
    with Directory() as d, Node(d) as node:
        for method, path, body, limit in REQUESTS:
            text = body if body is None or isinstance(body, str) else json.dumps(body)
            status, reply = node.http(method, f"/api/v1/a{path}", text)
            said = json.loads(reply)["error"]
            if status not in (400, 413) or str(limit) not in said:
                raise AssertionError(f"{method} {path[:40]}: {status} {said!r} does not name {limit}")
        status, reply = node.http("GET", "/api/v1/a/offset")
        if json.loads(reply)["context"] != {}:
            raise AssertionError(f"something was written: {reply!r}")

"""Every operation of /openapi.json, asked over the wire with the document's own sample: the answer is one it names.

What the document must look like, and that answers have the fields it lists, is tested beside the table it is made
from (src/api/openapi_test.cc). Here it is asked for as a client would, and held against a running node.
"""

import json

from cases import ask
from streams import equal

SAMPLES = {"{ns}": "ns", "{tx}": "00000000000000000000000000000000", "{table}": "described"}


def pointed_to(document, node):
    if "$ref" not in node:
        return node
    target = document
    for name in node["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return target


def target_of(document, path, operation):
    for name, value in SAMPLES.items():
        path = path.replace(name, value)
    parts = [part if not part.startswith("{") else "described" for part in path.split("/")]
    required = [p for p in (pointed_to(document, p) for p in operation["parameters"])
                if p["in"] == "query" and p.get("required")]
    return "/".join(parts) + "".join(("&" if i else "?") + p["name"] + "=described" for i, p in enumerate(required))


def body_of(operation):
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        return json.dumps(media["example"]).encode() if kind == "application/json" else b"x"
    return b""


def check(document, node, path, method, operation):
    target = target_of(document, path, operation)
    got = ask(node, f"{method.upper()} {target}", body=body_of(operation))
    what = f"{operation['operationId']}: {method.upper()} {target} answered {got.status} {got.body[:200]!r}"
    responses = operation["responses"]
    equal(str(got.status) in responses, True, what)
    response = pointed_to(document, responses[str(got.status)])
    equal(got.headers["content-type"].split(";")[0] in response["content"], True, what)
    if got.status >= 400:
        words = document["components"]["schemas"]["ErrorCode"]["enum"]
        equal(got.headers["pando-error"] in words, True, what)
        equal(bool(got.headers["pando-hint"]), True, what)
        equal(json.loads(got.body)["error"] != "", True, what)


def every_operation_answers_as_described(addresses):
    node = addresses["replicator"]
    answer = ask(node, "GET /openapi.json")
    equal((answer.status, answer.headers["content-type"]), (200, "application/json"), "the document")
    document = json.loads(answer.body)
    equal(document["openapi"], "3.1.0")
    count = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation["operationId"] == "watch":  # a stream: streams.py
                continue
            check(document, node, path, method, operation)
            count += 1
    equal(count > 40, True, f"{count} operations")
    head = ask(node, "HEAD /openapi.json")
    equal((head.status, head.headers["content-length"]), (200, str(len(answer.body))), "HEAD")
    equal(ask(node, "PUT /openapi.json").status, 405, "it cannot be written")

"""The case files of tests/contract: how they are written, read and checked.

    = a title that says why the case exists
    > PUT /api/v1/ns/kv/k                    a request; `> @relayer GET …` asks the read-only node
    | Idempotency-Key: x                     its headers
    {"value":"${b64:hello}"}                 its body: the lines up to `<`, without a newline at the end
    < 200                                    the answer's status
    | Allow: GET, HEAD                       a header it must have, with this value
    {"success":true}                         its body, to the byte, with one newline at the end
    ~ {"txnId":"(?P<tx>[0-9a-f]{32})",.*}    or a pattern for the whole body; named groups become variables
    * raw bytes                              or the bytes themselves, without a newline

A case is one or more requests in order, on connections of their own; blank lines and lines that start with `#`
are skipped. Every answer must say what its body is. In requests and answers:

    ${name}             a variable
    ${b64:text}         base64 of the text, which may hold pairs of braces
    ${repeat:x:1000}    x, a thousand times
"""

import base64
import re
import socket
from dataclasses import dataclass, field

PATIENCE_S = 30


@dataclass
class Step:
    line: int
    node: str = "replicator"
    request: str = ""
    headers: list = field(default_factory=list)
    body: list = field(default_factory=list)
    status: int = 0
    wanted_headers: list = field(default_factory=list)
    wanted: list = field(default_factory=list)   # (kind, text); kind: text, pattern, raw


@dataclass
class Case:
    title: str
    file: str
    steps: list = field(default_factory=list)


def parse(text, file):
    cases, answering = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        mark, rest = line[0], line[2:]
        if mark == "=":
            cases.append(Case(rest, file))
        elif mark == ">":
            words = rest.split(" ", 1)
            node, request = (words[0][1:], words[1]) if rest.startswith("@") else ("replicator", rest)
            cases[-1].steps.append(Step(number, node, request))
            answering = False
        elif mark == "<":
            cases[-1].steps[-1].status = int(rest)
            answering = True
        elif mark == "|":
            step = cases[-1].steps[-1]
            (step.wanted_headers if answering else step.headers).append(rest)
        elif not answering:
            cases[-1].steps[-1].body.append(line)
        else:
            kind = {"~": "pattern", "*": "raw"}.get(mark, "text")
            cases[-1].steps[-1].wanted.append((kind, line if kind == "text" else rest))
    for case in cases:
        for step in case.steps:
            if not step.status or len(step.wanted) != 1:
                raise ValueError(f"{file}:{step.line}: a request needs `< status` and one line for the body")
    return cases


VARIABLE = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")


def expand(text, variables):
    def one(found):
        name, _, argument = found.group(1).partition(":")
        if name == "b64":
            return base64.b64encode(argument.encode()).decode()
        if name == "repeat":
            piece, _, count = argument.rpartition(":")
            return piece * int(count)
        return variables[name]
    return VARIABLE.sub(one, text)


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes


def read_answer(stream, head_only=False):
    """One answer from a binary file object; the body ends with Content-Length."""
    line = stream.readline()
    if not line:
        raise AssertionError("the connection closed without an answer")
    status, headers = int(line.split()[1]), {}
    while (text := stream.readline().strip()):
        name, _, value = text.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = b"" if head_only or status == 100 else stream.read(int(headers["content-length"]))
    return Answer(status, headers, body)


def ask(address, request, headers=(), body=None):
    """One request on a connection of its own, exactly as written: nothing is encoded or normalised."""
    method = request.split(" ", 1)[0]
    lines = [request + " HTTP/1.1", "Host: " + address, *headers]
    if body is not None and not any(h.lower().startswith("content-length:") for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    text = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        try:
            connection.sendall(text + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent: the answer tells
        with connection.makefile("rb") as stream:
            return read_answer(stream, head_only=method == "HEAD")


def short(data, limit=400):
    return repr(data if len(data) <= limit else data[:limit] + b"...")


def check(step, answer, variables):
    if answer.status != step.status:
        raise AssertionError(f"status {answer.status}, wanted {step.status}; body {short(answer.body)}")
    for wanted in step.wanted_headers:
        name, _, value = expand(wanted, variables).partition(": ")
        if answer.headers.get(name.lower()) != value:
            raise AssertionError(f"header {name}: {answer.headers.get(name.lower())!r}, wanted {value!r}")
    kind, text = step.wanted[0]
    text = expand(text, variables)
    if kind == "pattern":
        found = re.fullmatch(text + "\n", answer.body.decode("latin-1"), re.S)
        if not found:
            raise AssertionError(f"body {short(answer.body)}\nwanted the pattern {text}")
        variables.update(found.groupdict())
        return
    wanted = text.encode("latin-1") if kind == "raw" else (text + "\n").encode()
    if answer.body != wanted:
        raise AssertionError(f"body   {short(answer.body)}\nwanted {short(wanted)}")
    content = "application/octet-stream" if kind == "raw" else "application/json"
    if kind == "text" and answer.headers.get("content-type") != content:
        raise AssertionError(f"Content-Type {answer.headers.get('content-type')!r}, wanted {content!r}")


def run(case, addresses):
    """Raises AssertionError naming file, line and request."""
    variables = {}
    for step in case.steps:
        request = expand(step.request, variables)
        body = expand("\n".join(step.body), variables).encode() if step.body else None
        try:
            answer = ask(addresses[step.node], request, [expand(h, variables) for h in step.headers], body)
            check(step, answer, variables)
        except (AssertionError, OSError, ValueError) as error:
            raise AssertionError(f"{case.file}:{step.line}: {request[:120]}\n{error}") from None

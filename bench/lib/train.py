#!/usr/bin/env python3
"""The work a profile-guided build learns from: `./dev build dist` runs it between its two compilations.

  bench/lib/train.py PANDO

PANDO is a program built with PANDO_PROFILE=generate; it writes down which way it went when it stops. Two sites that follow
each other take what users of each protocol send most: the common commands of the Redis protocol, alone and in pipelines,
reads and writes over HTTP, and each other's commits; with synced writes and with `os`, on keys that are new,
changed, read, counted and deleted. One of them stops in between and starts from its log and checkpoint.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if len(sys.argv) != 2:
    sys.exit(__doc__)
os.environ["PANDO_BIN"] = str(Path(sys.argv[1]).resolve())
from peers import ROOT, Node, wait_for  # noqa: E402

NAMESPACE = "train"
WORDS = """
    SET value:__rand_int__ {small} | GET value:__rand_int__ | SET value:__rand_int__ {large} | GET value:__rand_int__
    INCR counter:__rand_int__ | INCRBY counter:__rand_int__ 7 | GET counter:__rand_int__
    SADD tags:__rand_int__ one two | SADD members member:__rand_int__ | SISMEMBER members member:__rand_int__
    SREM members member:__rand_int__
    HSET row:__rand_int__ field {small} | HSET fields field:__rand_int__ {small} | HGET fields field:__rand_int__
    HINCRBY sums field:__rand_int__ 3 | HGETALL row:__rand_int__
    ZADD scores __rand_int__ member:__rand_int__ | ZINCRBY scores 5 member:__rand_int__ | ZSCORE scores member:__rand_int__
    ZREVRANGE scores 0 9 WITHSCORES | ZRANK scores member:__rand_int__
    LPUSH list {small} | RPUSH list {small} | LPOP list | LRANGE list 0 9
    SETEX session:__rand_int__ 100 {small} | EXPIRE value:__rand_int__ 1000 | TTL value:__rand_int__ | EXISTS value:__rand_int__
    MSET value:__rand_int__ {small} other:__rand_int__ {small} | MGET value:__rand_int__ other:__rand_int__
    DEL other:__rand_int__ | PING | PFADD visitors __rand_int__ | XADD stream * field {small}
"""


def commands():
    text = WORDS.strip().replace("\n", " | ")
    return [[word.format(small="x" * 48, large="y" * 1000) for word in one.split()] for one in text.split("|")]


def config(directory, name, durability, peer=None):
    text = (f'node_name = "{name}"\nhttp_port = 0\n[resp]\nport = 0\n[grpc_config]\nport = 0\nallow_insecure = true\n'
            f'[durability]\ndefault = "{durability}"\n[storage_config]\nbase_dir = "{directory}/{name}"\nnamespaces = ["{NAMESPACE}"]\n')
    if peer:
        text += f'[peer.first]\naddress = "{peer.ports()["grpc"]}"\nnamespaces = ["{NAMESPACE}"]\nallow_insecure = true\n'
    return text


def redis(node, clients, pipeline, requests):
    port = node.ports()["resp"].rsplit(":", 1)[1]
    for words in commands():
        done = subprocess.run(["redis-benchmark", "-p", port, "-c", str(clients), "-P", str(pipeline), "-n", str(requests),
                               "-r", "20000", "--csv", *words], capture_output=True, text=True, timeout=600)
        if done.returncode != 0 or "rror" in done.stdout + done.stderr:
            sys.exit(f"train: {' '.join(words[:2])} failed: {done.stdout[-300:]}{done.stderr[-300:]}")


def http(node, seconds):
    for script in ("put.lua", "get.lua"):
        subprocess.run(["wrk", "-t", "1", "-c", "32", "-d", f"{seconds}s", "-s", str(ROOT / "bench" / script),
                        node.url(), "--", NAMESPACE], check=True, stdout=subprocess.DEVNULL)


def context(node):
    return json.loads(node.http("GET", f"/api/v1/{NAMESPACE}/offset")[1])["context"]


def end(node):
    """Stopped, not killed: what it has learnt it writes at its end."""
    code, _ = node.stop(seconds=120)
    if code != 0:
        sys.exit(f"train: {node.config.stem} ended with {code}: {node.err()}")


def main():
    for tool in ("redis-benchmark", "wrk"):
        if not shutil.which(tool):
            sys.exit(f"train: {tool} is missing: ./dev setup bench")
    with tempfile.TemporaryDirectory(prefix="pando-train-") as directory:
        with Node(directory, config(directory, "first", "fsync"), name="first") as first:
            with Node(directory, config(directory, "second", "os", peer=first), name="second") as second:
                for step, run in (("pipelines", lambda: redis(first, 50, 16, 20_000)),
                                  ("one by one", lambda: redis(first, 50, 1, 10_000)),
                                  ("relaxed", lambda: redis(second, 20, 8, 10_000)),
                                  ("http", lambda: http(first, 3))):
                    print(f"    training: {step}", flush=True)
                    run()
                print("    training: the other site's commits", flush=True)
                wait_for("both have all", lambda: context(first) == context(second), seconds=120)
                end(second)
            end(first)
        with Node(directory, config(directory, "first", "fsync"), name="first again") as first:
            redis(first, 10, 10, 2_000)
            end(first)


if __name__ == "__main__":
    main()

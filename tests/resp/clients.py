"""Clients that others wrote, against a node. Each raises Skipped where it is not installed and cannot be."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent / "clients"
PACKAGES = {"ioredis": "5.11.1", "redis": "4.7.1"}


class Skipped(Exception):
    pass


def run(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def redis_cli(port):
    program = shutil.which("redis-cli")
    if program is None:
        raise Skipped("redis-cli is not installed")
    cli = [program, "-p", port]
    for words, want in (
        (["SET", "cli:k", "v"], "OK\n"),
        (["-3", "HSET", "cli:h", "f", "v"], "1\n"),
        (["-3", "HGETALL", "cli:h"], "f v\n"),
        (["RPUSH", "cli:l", "a", "b"], "2\n"),
        (["LRANGE", "cli:l", "0", "-1"], "a\nb\n"),
        (["--scan", "--pattern", "cli:*"], "cli:h\ncli:k\ncli:l\n"),
        (["ZADD", "cli:z", "1.5", "m"], "1\n"),
        (["ZRANGE", "cli:z", "0", "-1", "WITHSCORES"], "m\n1.5\n"),
    ):
        got = run(cli + words)
        if got != want:
            raise AssertionError(f"redis-cli {words}: got {got!r}, want {want!r}")
    fed = run(cli + ["--pipe"], input="".join(f"SET cli:p{i} {i}\r\n" for i in range(1000)))
    if "errors: 0, replies: 1000" not in fed:
        raise AssertionError(f"redis-cli --pipe: {fed!r}")
    if "keys" not in run(cli + ["--bigkeys"]):
        raise AssertionError("redis-cli --bigkeys says nothing")


def hiredis(port):
    compiler = shutil.which("cc")
    if compiler is None or not Path("/usr/include/hiredis/hiredis.h").exists():
        raise Skipped("libhiredis-dev is not installed")
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "hiredis"
        run([compiler, "-o", program, HERE / "hiredis.c", "-lhiredis"])
        if run([program, port]) != "ok\n":
            raise AssertionError("hiredis does not say ok")


def npm_packages(build):
    """Where they are installed: below the build directory, once."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise Skipped("node and npm are not installed")
    home = build.parent / "npm"
    wanted = {"private": True, "dependencies": PACKAGES}
    if not (home / "done").exists() or json.loads((home / "package.json").read_text()) != wanted:
        home.mkdir(parents=True, exist_ok=True)
        (home / "done").unlink(missing_ok=True)
        (home / "package.json").write_text(json.dumps(wanted))
        try:
            run([npm, "install", "--no-audit", "--no-fund", "--prefix", home], cwd=home)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise Skipped(f"npm gives no packages: {str(error).splitlines()[-1]}") from error
        (home / "done").touch()
    return node, dict(os.environ, NODE_PATH=str(home / "node_modules"))


def npm_client(name, port, build):
    node, environment = npm_packages(build)
    if run([node, HERE / f"{name}.js", port], env=environment) != "ok\n":
        raise AssertionError(f"{name} does not say ok")

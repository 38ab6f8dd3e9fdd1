"""What the benchmarks share: redis-server as the peer, the machine they ran on, and the report of medians."""

import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "server"))
from node import Directory, Node, config_text, die_with_parent, wait_for  # noqa: E402,F401


class Redis:
    """A redis-server; by default one that syncs every write. `appendfsync`: always, everysec, no."""

    def __init__(self, directory, name, replica_of=None, appendfsync="always"):
        self.directory = Path(directory) / name
        self.directory.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "",
                "--appendonly", "yes", "--appendfsync", appendfsync, "--notify-keyspace-events", "KA", "--daemonize", "no"]
        if replica_of:
            argv += ["--replicaof", "127.0.0.1", str(replica_of)]
        self.argv = argv

    def __enter__(self):
        began = time.monotonic()
        # As Node does: with a session of its own goes a share of the processors of its own (sched(7), autogroup).
        self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      start_new_session=True, preexec_fn=die_with_parent)
        wait_for("redis", lambda: self.cli("PING") == "PONG")
        self.ready_ms = (time.monotonic() - began) * 1000
        return self

    def __exit__(self, *_):
        self.popen.terminate()
        self.popen.wait()

    def cli(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            reply = connection.recv(65536).decode()
        return reply[1:].strip()

    def benchmark(self, test, connections, seconds):
        """Requests per second, over about that long."""
        return self.benchmark_run(test, connections, seconds)[0]

    def benchmark_run(self, test, connections, seconds):
        """(requests per second, p99 in ms)."""
        def run(count):
            done = subprocess.run(["redis-benchmark", "-p", str(self.port), "-c", str(connections), "-n", str(count), "-t", test,
                                   "-d", "100", "-r", "10000", "--csv"], capture_output=True, text=True, timeout=300)
            # test, rps, then latencies: average, least, p50, p95, p99, most
            row = re.search(r'^"(?:SET|GET)",(.*)$', done.stdout, re.M)[1].replace('"', "").split(",")
            return float(row[0]), float(row[5])
        rough, _ = run(max(200, 20 * connections))
        return run(max(200, int(rough * seconds)))


def sync_floor_ms(directory):
    """Median of a 4 KiB write and fdatasync into a preallocated file: what the disk itself takes."""
    path, rounds = Path(directory) / "floor", []
    with open(path, "w+b", buffering=0) as file:
        file.write(b"\0" * (4 << 20))
        os.fsync(file.fileno())
        for i in range(200):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, i * 4096)
            os.fdatasync(file.fileno())
            rounds.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return statistics.median(rounds)


def machine_facts(directory):
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (f"{os.cpu_count()} cores, {model[1] if model else platform.machine()}, Linux {platform.release()}; "
            f"a 4 KiB write and fdatasync takes {sync_floor_ms(directory):.2f} ms")


class Report:
    """Rows of medians. `bars`: what a row is held against, {row: (">=", 40_000)}, and with `of_ratio` its ratio."""

    def __init__(self, bars=None, of_ratio=False):
        self.bars, self.of_ratio = bars or {}, of_ratio
        self.samples = {}  # (bench, row, unit, peer name) → ([pando], [peer])

    def add(self, bench, row, unit, peer_name, pando, peer):
        ours, theirs = self.samples.setdefault((bench, row, unit, peer_name), ([], []))
        ours.append(pando)
        if peer is not None:
            theirs.append(peer)

    def rows(self):
        for (bench, row, unit, peer_name), (ours, theirs) in self.samples.items():
            pando = statistics.median(ours)
            peer = statistics.median(theirs) if theirs else None
            yield {"bench": bench, "row": row, "unit": unit, "pando": round(pando, 3), "peer_name": peer_name if theirs else None,
                   "peer": round(peer, 3) if theirs else None, "ratio": round(pando / peer, 3) if peer else None}

    def show(self):
        print(f"\n  {'':<32} {'pando':>12} {'peer':>12} {'ratio':>7}   bar")
        for row in self.rows():
            amount = lambda n: "-" if n is None else f"{n:,.0f}" if row["unit"] == "1/s" else f"{n:,.2f}"  # noqa: E731
            bar = ""
            if row["row"] in self.bars:
                relation, bound = self.bars[row["row"]]
                value = row["ratio"] if self.of_ratio else row["pando"]
                held = value is not None and {"<=": value <= bound, "<": value < bound, ">=": value >= bound}[relation]
                bar = f"{relation} {bound:,g} {'ok' if held else 'MISSED'}"
            print(f"  {row['row']:<32} {amount(row['pando']):>12} {amount(row['peer']):>12} {row['ratio'] or '-':>7}   {bar:<18}"
                  f" {row['unit']}" + (f", peer: {row['peer_name']}" if row["peer_name"] else ""))

    def write(self, path):
        if path:
            Path(path).write_text(json.dumps(list(self.rows()), indent=2) + "\n")

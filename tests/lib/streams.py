"""Clients with many writes under way at once, over the Redis protocol.

A connection's commands are carried out in the order they were sent. So whatever breaks off, of the writes k, k+1, k+2, …
of one stream a gap-free prefix is there afterwards, and it reaches at least as far as the answers did.
"""

import random
import socket
import threading
import time

from cases import check

READ_AT_ONCE = 500


def command(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Redis:
    """One connection, one command at a time."""

    def __init__(self, connected, timeout=30):
        self.socket = connected
        self.socket.settimeout(timeout)
        self.file = self.socket.makefile("rb")

    @classmethod
    def at(cls, address):
        host, port = address.rsplit(":", 1)
        return cls(socket.create_connection((host, int(port)), timeout=30))

    def ask(self, *words):
        self.socket.sendall(command(*words))
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed in the middle of a reply")
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b":":
            return int(rest)
        return line[:-2]

    def close(self):
        self.file.close()
        self.socket.close()


class Stream:
    """Writes {name}:0, {name}:1, … over as many runs as there are. What each must hold follows from its number."""

    def __init__(self, name, window=24):
        self.name, self.window = name, window
        self.dice = random.Random(name)
        self.next = 0           # the number of the next write
        self.acknowledged = 0   # writes answered, over all runs
        self.lost = 0           # sent, never answered, and not there
        self.kept = []          # [first, end) of what is known to be there for good
        self.refusal = None
        self._run = (0, 0, 0)   # first, answered up to, sent up to: of the last run

    def key(self, number):
        return f"{self.name}:{number}"

    def value(self, number):
        return f"{self.name}-{number}-".encode() * (60 if number % 37 == 0 else 1)

    def run(self, address):
        """Until the connection breaks, or a write is refused."""
        first = answered = sent = self.next
        self.refusal = None
        try:
            redis = Redis.at(address)
            while True:
                burst = self.dice.randrange(1, self.window)
                # Counted before they leave: from here on they may have happened.
                numbers, sent = range(sent, sent + burst), sent + burst
                self._run = (first, answered, sent)
                redis.socket.sendall(b"".join(command("SET", self.key(n), self.value(n)) for n in numbers))
                while sent - answered > self.window // 2:
                    said = redis.reply()
                    if said != b"+OK":
                        self.refusal = said
                        return
                    answered += 1
                    self._run = (first, answered, sent)
        except OSError:
            pass
        finally:
            self.next = sent
            self.acknowledged += answered - first

    def start(self, address):
        thread = threading.Thread(target=self.run, args=(address,), daemon=True)
        thread.start()
        return thread

    def verify_last(self, redis):
        """Of the last run a gap-free prefix is there, at least as far as it was answered."""
        first, answered, sent = self._run
        self._run = (sent, sent, sent)
        found = self._read(redis, first, sent)
        there = [value is not None for value in found]
        end = there.index(False) if False in there else len(there)
        check(True not in there[end:], f"{self.name}: of {first}..{sent}, {first + end} is missing and "
                                       f"{first + end + there[end:].index(True) if True in there[end:] else ''} is there")
        check(first + end >= answered, f"{self.name}: answered up to {answered}, there up to {first + end}")
        for at in range(end):
            check(found[at] == self.value(first + at), f"{self.key(first + at)} holds {found[at]!r}")
        self.kept.append((first, first + end))
        self.lost += sent - first - end

    def verify_all(self, redis):
        """What was there once is there, all of it."""
        for first, end in self.kept:
            found = self._read(redis, first, end)
            for at, value in enumerate(found):
                check(value == self.value(first + at), f"{self.key(first + at)} holds {value!r}")

    def _read(self, redis, first, end):
        found = []
        for at in range(first, end, READ_AT_ONCE):
            said = redis.ask("MGET", *[self.key(n) for n in range(at, min(end, at + READ_AT_ONCE))])
            check(isinstance(said, list), f"MGET: {said!r}")
            found += said
        return found


def write_for(seconds, streams, address):
    """Starts all streams; the threads, to be joined after whatever ends them."""
    threads = [stream.start(address) for stream in streams]
    time.sleep(seconds)
    return threads

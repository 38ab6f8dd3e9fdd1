"""SETs key:FROM … key:TO-1 (64 bytes each) through one pipelined connection: fill.py PORT FROM TO."""

import socket
import sys

BATCH = 1000
VALUE = b"x" * 64


def main():
    port, first, end = map(int, sys.argv[1:])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        replies = connection.makefile("rb")
        waiting = 0
        for at in range(first, end, BATCH):
            keys = [b"key:%012d" % i for i in range(at, min(at + BATCH, end))]
            connection.sendall(b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$64\r\n%s\r\n" % (len(k), k, VALUE) for k in keys))
            # One batch stays under way while the next is made.
            for _ in range(waiting):
                check(replies.readline())
            waiting = len(keys)
        for _ in range(waiting):
            check(replies.readline())


def check(line):
    if line != b"+OK\r\n":
        sys.exit(f"fill: {line!r}")


main()

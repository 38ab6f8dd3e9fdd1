"""A network between processes in which everything can go wrong, on one machine.

Two kinds with the same face, chosen by what the machine allows:

  Switched  every node in a network namespace of its own, with its own TCP. Each has one interface, a TUN device whose
            other end is here: a switch in this process carries every packet, and may lose it, delay it, overtake it by a
            later one, send it twice, or hold it to a bandwidth, per direction. The namespaces have no names and go with
            the process.
  Wired     every pair of nodes on loopback joined by TCP wires that can be cut, both ways only.

Ports are the node's own in the first, and found by the node in the second. Links are between node numbers, 0, 1, …
"""

import ctypes
import errno
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import threading
import time

from cases import Skipped
from processes import Proxy

_NEW_NETWORK = 0x40000000
_TUN_SET, _TUN_NO_PACKET_INFO, _TUN = 0x400454CA, 0x1000, 0x0001
_SET_ADDRESS, _SET_MASK, _SET_FLAGS, _SET_MTU = 0x8916, 0x891C, 0x8914, 0x8922
_UP_AND_RUNNING = 0x41
_MTU = 9000  # fewer packets to carry than with 1500
_QUEUE_S = 1.0  # what waits for bandwidth longer than this is dropped, as a router does
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    result = getattr(_libc, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def _in_thread(work):
    """Namespaces belong to threads: this one's stays as it is."""
    result = []

    def run():
        try:
            result.append((work(), None))
        except OSError as error:
            result.append((None, error))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    value, error = result[0]
    if error:
        raise error
    return value


class Quality:
    """What happens to packets in one direction."""

    def __init__(self, loss=0.0, delay_s=0.0, jitter_s=0.0, twice=0.0, bytes_per_s=0, cut=False):
        self.loss, self.delay_s, self.jitter_s, self.twice = loss, delay_s, jitter_s, twice
        self.bytes_per_s, self.cut = bytes_per_s, cut
        self.free_at = 0.0  # when the bandwidth is used up until

    def __str__(self):
        if self.cut:
            return "cut"
        parts = [f"{self.loss:.0%} lost" if self.loss else "", f"{self.delay_s * 1000:.0f} ms" if self.delay_s else "",
                 f"± {self.jitter_s * 1000:.0f} ms" if self.jitter_s else "", f"{self.twice:.0%} twice" if self.twice else "",
                 f"{self.bytes_per_s // 1000} kB/s" if self.bytes_per_s else ""]
        return " ".join(filter(None, parts)) or "good"


class _Port:
    """A namespace and the near end of its interface."""

    def __init__(self, index):
        self.address = f"10.77.0.{index + 1}"
        self.tun, self.namespace = _in_thread(self._make)

    def _make(self):
        _call("unshare", _NEW_NETWORK)
        namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.ioctl(tun, _TUN_SET, struct.pack("16sH22x", b"tun0", _TUN | _TUN_NO_PACKET_INFO))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            def set_address(request, address):
                packed = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(control, request, struct.pack("16s16s8x", b"tun0", packed))
            set_address(_SET_ADDRESS, self.address)
            set_address(_SET_MASK, "255.255.255.0")
            fcntl.ioctl(control, _SET_MTU, struct.pack("16si20x", b"tun0", _MTU))
            for device in (b"lo", b"tun0"):
                fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH22x", device, _UP_AND_RUNNING))
        return tun, namespace

    def enter(self):
        """For a child that is about to become a node."""
        _call("setns", self.namespace, _NEW_NETWORK)

    def connect(self, address):
        """A socket made in the namespace stays in it, whoever uses it."""
        def dial():
            self.enter()
            return socket.create_connection(address, timeout=30)
        return _in_thread(dial)


class Switched:
    kind = "network namespaces, packets carried by tests/lib/network.py"

    def __init__(self, count, seed):
        try:
            self._ports = [_Port(index) for index in range(count)]
        except OSError as error:
            raise Skipped(f"no network namespaces here ({error})") from None
        self._by_address = {socket.inet_aton(port.address): index for index, port in enumerate(self._ports)}
        self._dice = random.Random(f"packets {seed}")
        self._quality = {(a, b): Quality() for a in range(count) for b in range(count) if a != b}
        self._later = []  # (when, order, to, packet)
        self._order = 0
        self.carried = self.lost = self.overtaken = 0
        self._last_sent = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def set(self, a, b, quality):
        """From now on for what a sends to b."""
        self._quality[a, b] = quality

    def heal(self):
        for pair in self._quality:
            self._quality[pair] = Quality()

    def enter(self, index):
        self._ports[index].enter()

    def connect(self, index, port):
        """A client beside the node: 127.0.0.1 of its namespace."""
        return self._ports[index].connect(("127.0.0.1", port))

    def listen_ip(self, index):
        return self._ports[index].address

    def peer_address(self, _caller, callee, port):
        return f"{self._ports[callee].address}:{port}"

    def close(self):
        self._stop.set()
        self._thread.join()
        for port in self._ports:
            os.close(port.tun)
            os.close(port.namespace)

    def _carry(self):
        poller = select.poll()
        index_of = {}
        for index, port in enumerate(self._ports):
            poller.register(port.tun, select.POLLIN)
            index_of[port.tun] = index
        while not self._stop.is_set():
            wait_s = max(0.0, self._later[0][0] - time.monotonic()) if self._later else 0.1
            for tun, _ in poller.poll(min(wait_s, 0.1) * 1000 + (0.5 if wait_s else 0)):
                for _ in range(64):
                    try:
                        packet = os.read(tun, _MTU + 100)
                    except BlockingIOError:
                        break
                    self._take(index_of[tun], packet)
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                _, order, pair, packet = heapq.heappop(self._later)
                if order < self._last_sent.get(pair, 0):
                    self.overtaken += 1
                self._last_sent[pair] = max(order, self._last_sent.get(pair, 0))
                self._deliver(pair[1], packet)

    def _take(self, source, packet):
        target = self._by_address.get(packet[16:20]) if packet and packet[0] >> 4 == 4 else None
        if target is None or target == source:
            return
        quality, now = self._quality[source, target], time.monotonic()
        if quality.cut or self._dice.random() < quality.loss:
            self.lost += 1
            return
        at = now
        if quality.bytes_per_s:
            quality.free_at = max(now, quality.free_at) + len(packet) / quality.bytes_per_s
            if quality.free_at > now + max(_QUEUE_S, 5 * _MTU / quality.bytes_per_s):
                quality.free_at -= len(packet) / quality.bytes_per_s
                self.lost += 1
                return
            at = quality.free_at
        for _ in range(2 if self._dice.random() < quality.twice else 1):
            delay_s = quality.delay_s + self._dice.uniform(0, 2 * quality.jitter_s)
            self._order += 1
            heapq.heappush(self._later, (at + delay_s, self._order, (source, target), packet))

    def _deliver(self, target, packet):
        try:
            os.write(self._ports[target].tun, packet)
            self.carried += 1
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS, errno.EIO):
                raise
            self.lost += 1


class Wired:
    kind = "loopback and TCP wires that can be cut"

    def __init__(self, count, _seed):
        self._wires = {(a, b): Proxy() for a in range(count) for b in range(count) if a != b}
        self._down = set()
        self.carried = self.lost = self.overtaken = 0

    def set(self, a, b, quality):
        for pair in ((a, b), (b, a)):
            if quality.cut and pair not in self._down:
                self._down.add(pair)
                self._wires[pair].cut()

    def heal(self):
        for pair in self._down:
            self._wires[pair].heal()
        self._down.clear()

    def enter(self, _index):
        pass

    def connect(self, _index, port):
        return socket.create_connection(("127.0.0.1", port), timeout=30)

    def listen_ip(self, _index):
        return "127.0.0.1"

    def peer_address(self, caller, callee, port):
        wire = self._wires[caller, callee]
        wire.target_port = port
        return f"127.0.0.1:{wire.port}"

    def close(self):
        for wire in self._wires.values():
            wire.cut()


def network(count, seed):
    """The best one this machine allows."""
    try:
        return Switched(count, seed)
    except Skipped as why:
        found = Wired(count, seed)
        found.kind += f": {why}"
        return found

#!/usr/bin/env python3
"""The application at the edge. It speaks with the node beside it and with nobody else.

  sensor.py PORT PACE_S [NAMESPACE]

Every PACE_S seconds it takes a reading of `pump-1` and writes it with a time to live (table `sensor_data`, which stays
here). It follows the table `thresholds`; when a reading crosses the threshold of its sensor, one transaction writes the
alert with the 60 readings before it (table `alerts`, which goes to the cloud) and marks the reading (which stays).

Lines on standard input say how warm the pump is (`heat 91.5`); lines on standard output say what happened.
"""

import base64
import http.client
import json
import sys
import threading
import time
from collections import deque

PORT, PACE_S = int(sys.argv[1]), float(sys.argv[2])
BASE = f"/api/v1/{sys.argv[3] if len(sys.argv) > 3 else 'plant'}"
SENSOR = "pump-1"
WINDOW = 60  # readings that go with an alert: a minute of them, one a second
KEPT = 2 * WINDOW


def tell(text):
    print(text, flush=True)


def encoded(value):
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def decoded(text):
    return json.loads(base64.b64decode(text))


class Node:
    """One connection, kept open."""

    def __init__(self):
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)

    def ask(self, method, path, body=None):
        self._connection.request(method, BASE + path, json.dumps(body) if body is not None else None)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)


class Thresholds(threading.Thread):
    """What the cloud has said, by sensor; followed as it changes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.of = {}
        self._stream = http.client.HTTPConnection("127.0.0.1", PORT)
        # Watched first, read then: so nothing is missed between the two.
        self._stream.request("GET", f"{BASE}/watch?key={SENSOR}")
        self._answer = self._stream.getresponse()
        found = Node().ask("GET", f"/kv/{SENSOR}?table=thresholds")
        if found["found"]:
            self._take(found["value"])
        self.start()

    def _take(self, value):
        limit = decoded(value)["above"]
        if self.of.get(SENSOR) != limit:
            self.of[SENSOR] = limit
            tell(f"threshold of {SENSOR} is {limit}")

    def run(self):
        for line in self._answer:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            if event.get("operation") == "put" and event.get("entry_type") == "thresholds":
                self._take(event["value"])


class Pump:
    """Warm as it is told to be; every reading differs a little."""

    def __init__(self):
        self.heat = 70.0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in sys.stdin:
            word, _, number = line.partition(" ")
            if word == "heat":
                self.heat = float(number)

    def read(self, n):
        return round(self.heat + (n * 7 % 5) / 10, 1)


def main():
    node, thresholds, pump = Node(), Thresholds(), Pump()
    before = deque(maxlen=WINDOW)
    above = False
    began = time.monotonic()
    n = 0
    while True:
        n += 1
        reading = {"n": n, "celsius": pump.read(n)}
        key = f"{SENSOR}:{n:08}"
        node.ask("PUT", f"/kv/{key}?table=sensor_data&ttl={max(1, round(KEPT * PACE_S * 1000))}ms", {"value": encoded(reading)})
        limit = thresholds.of.get(SENSOR)
        crossed = limit is not None and reading["celsius"] > limit
        if crossed and not above:
            alert = {"sensor": SENSOR, "above": limit, "reading": reading, "before": list(before)}
            node.ask("POST", "/tx", {"operations": [
                {"method": "PUT", "path": f"/kv/{SENSOR}:{n:08}?table=alerts", "body": {"value": encoded(alert)}},
                {"method": "PUT", "path": f"/kv/{key}?table=sensor_data&ttl={max(1, round(KEPT * PACE_S * 1000))}ms",
                 "body": {"value": encoded({**reading, "alert": True})}},
            ]})
            tell(f"alert {key}: {reading['celsius']} is above {limit}; {len(before)} readings go with it")
        above = crossed
        before.append(reading)
        if n % 20 == 0:
            tell(f"readings {n}")
        time.sleep(max(0.0, began + n * PACE_S - time.monotonic()))


main()

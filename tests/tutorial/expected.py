"""What the tutorial shows, and what it ends in. Lines without the indentation that its web page lost."""

READY_LINES = [
    "INFO: HTTP server listening on :8001",
    "INFO: gRPC server listening on :4001",
    "INFO: Namespace 'ad-campaign-dc1' initialized",
]

CLIENT_OPENING = [
    "Waiting for change notifications...",
    "Connecting to ZeroMQ ad-campaign-dc1: tcp://localhost:5555",
    "Connecting to ZeroMQ ad-campaign-dc2: tcp://localhost:5556",
    "ZeroMQ listener started for namespace: ad-campaign-dc1",
    "ZeroMQ listener started for namespace: ad-campaign-dc2",
]

# Its "Client Output" blocks, by scenario; each is what a client prints that was started for that scenario.
CLIENT_BLOCKS = {
    "1a": [
        "Change notification received",
        "Topic: ad-campaign-dc1.kv",
        "Key: lww:user-status",
        "Operation: put",
        "Processing update: lww:user-status",
        "LWW-Register updated: lww:user-status",
        "Value: online",
        "Timestamp: 1698765432000",
        "Replica: ad-campaign-dc1",
        "CURRENT CRDT STATE",
        "LWW-Registers:",
        "lww:user-status:",
        "Value: online",
        "Timestamp: 1698765432000",
        "Replica: ad-campaign-dc1",
    ],
    "1b": [
        "Change notification received",
        "Topic: ad-campaign-dc2.kv",
        "Key: lww:user-status",
        "Operation: put",
        "Processing update: lww:user-status",
        "LWW-Register updated: lww:user-status",
        "Value: away",
        "Timestamp: 1698765433000",
        "Replica: ad-campaign-dc2",
        "CURRENT CRDT STATE",
        "LWW-Registers:",
        "lww:user-status:",
        "Value: away",
        "Timestamp: 1698765433000",
        "Replica: ad-campaign-dc2",
    ],
    "3": [
        "CURRENT CRDT STATE",
        "G-Counters:",
        "counter:page-views:",
        'Replica Counts: {"ad-campaign-dc1":5,"ad-campaign-dc2":3}',
        "Total: 8",
    ],
    "4": [
        "Processing update: lww:feature-flag",
        "LWW-Register ignored (stale): lww:feature-flag",
        "Incoming timestamp: 1000",
        "Current timestamp: 2000",
    ],
    "5": [
        "CURRENT CRDT STATE",
        "G-Counters:",
        "counter:api-calls:",
        'Replica Counts: {"ad-campaign-dc1":100,"ad-campaign-dc2":75}',
        "Total: 175",
        "counter:db-queries:",
        'Replica Counts: {"ad-campaign-dc1":250}',
        "Total: 250",
    ],
}

# key: (value, timestamp where it does not come from the clock, replica)
REGISTERS = {
    "lww:user-status": ("away", 1698765433000, "ad-campaign-dc2"),
    "lww:config": ("DC2 wins!", None, "ad-campaign-dc2"),
    "lww:feature-flag": (True, 2000, "ad-campaign-dc1"),
    "lww:user:alice:status": ("away", None, "eu-west-1"),
    "lww:feature:new-ui": (True, None, "control-plane"),
}

COUNTERS = {
    "counter:page-views": {"ad-campaign-dc1": 5, "ad-campaign-dc2": 3},
    "counter:api-calls": {"ad-campaign-dc1": 100, "ad-campaign-dc2": 75},
    "counter:db-queries": {"ad-campaign-dc1": 250},
    "counter:campaign-123:impressions": {"eu-west-1": 2300, "us-east-1": 1500},
}

RELAYER_GET = (b'{"value":"eyJ2YWx1ZSI6ImF3YXkiLCJ0aW1lc3RhbXAiOjE2OTg3NjU0MzMwMDAsInJlcGxpY2EiOiJhZC1jYW1wYWlnbi1k'
               b'YzIifQ==","found":true}\n')


def final_state():
    """The client's last CURRENT CRDT STATE."""
    lines = ["CURRENT CRDT STATE", "LWW-Registers:"]
    for key, (value, timestamp, replica) in sorted(REGISTERS.items()):
        shown = "true" if value is True else value
        lines += [f"{key}:", f"Value: {shown}", f"Timestamp: {timestamp or '<now>'}", f"Replica: {replica}"]
    lines.append("G-Counters:")
    for key, replicas in sorted(COUNTERS.items()):
        counts = ",".join(f'"{replica}":{count}' for replica, count in sorted(replicas.items()))
        lines += [f"{key}:", f"Replica Counts: {{{counts}}}", f"Total: {sum(replicas.values())}"]
    return "\n".join(lines)

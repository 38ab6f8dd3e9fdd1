"""Random commands, sent to Pando and to redis-server alike: what the rows `same` of docs/redis.md promise, byte for byte.

A round is one client at each server with some dozens of commands in pipelines, inside MULTI now and then, over a few
keys of which each may come to hold any type; then every key is read whole and compared. All comes from a seed:

  ./dev test resp -- --differential 2000 --seed 7

Where redis-server has no order (members, fields, keys), answers are compared without it. What is by chance (SPOP,
RANDOMKEY …) or by the clock (TTL) is not sent.
"""

import random

KEYS = ["a", "b", "c", "d"]
MEMBERS = ["m0", "m1", "m2", "m3", "m4", "m5"]
FIELDS = ["f0", "f1", "f2", "f3"]
WORDS = ["", "0", "1", "-1", "7", "10", "3.5", "x", "hello", "héllo", "9223372036854775807", "-9223372036854775808", "00", "1e3"]
SCORES = ["0", "1", "-1", "2", "2", "0.5", "-3.25", "100", "inf", "-inf", "1e15", "(1", "x"]
ENDS = ["4102444800", "4102444800000", "0", "-1", "x"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.inside = 0  # so many commands of MULTI to come

    def key(self):
        return "@" + self.random.choice(KEYS)

    def keys(self, most=3):
        return [self.key() for _ in range(self.random.randint(1, most))]

    def of(self, what):
        return self.random.choice(what)

    def some(self, what, most=3):
        return [self.random.choice(what) for _ in range(self.random.randint(1, most))]

    def int(self):
        return str(self.of([0, 1, -1, 2, -2, 3, 5, 10, -10, 100, "x"]))

    def maybe(self, *words):
        return [str(w) for w in words] if self.random.random() < 0.3 else []

    def counted(self, keys):
        """numkeys key …, now and then wrong."""
        return [str(len(keys)) if self.random.random() < 0.95 else self.int(), *keys]

    def score_range(self):
        return [self.of(SCORES), self.of(SCORES)]

    def lex_range(self):
        return [self.of(["-", "[m1", "(m2", "[m0", "+", "m"]), self.of(["+", "[m4", "(m3", "-", "[m2"])]

    def end(self, ms=False):
        """A time at which keys end; inside MULTI none that is over (docs/redis.md, MULTI)."""
        return ENDS[ms] if self.inside else self.of(ENDS)

    def command(self):
        """One command, and whether its answer has an order."""
        family = self.of([self.string, self.string, self.bits, self.hash, self.set, self.sorted_set, self.sorted_set, self.list,
                          self.list, self.any_key, self.several, self.stream, self.sketch])
        made = family()
        words, ordered = made if isinstance(made, tuple) else (made, True)
        if self.random.random() < 0.01:  # a word too few or too many
            words = words[:-1] if self.random.random() < 0.5 and len(words) > 1 else [*words, "more"]
        return words, ordered

    def string(self):
        k, w = self.key, self.of(WORDS)
        return self.of([
            lambda: ["GET", k()], lambda: ["SET", k(), w, *self.maybe("NX"), *self.maybe("XX"), *self.maybe("GET"), *self.maybe("KEEPTTL")],
            lambda: ["SET", k(), w, "EXAT", self.end()], lambda: ["SET", k(), w, "PXAT", self.end(ms=True)],
            lambda: ["APPEND", k(), w], lambda: ["STRLEN", k()], lambda: ["GETRANGE", k(), self.int(), self.int()],
            lambda: ["SETRANGE", k(), self.int(), w], lambda: ["INCR", k()], lambda: ["DECR", k()], lambda: ["INCRBY", k(), self.int()],
            lambda: ["DECRBY", k(), self.int()], lambda: ["GETSET", k(), w], lambda: ["GETDEL", k()], lambda: ["SETNX", k(), w],
            lambda: ["GETEX", k(), *self.maybe("PERSIST"), *self.maybe("EXAT", self.end())], lambda: ["SUBSTR", k(), self.int(), self.int()],
            lambda: ["MGET", *self.keys()], lambda: ["MSET", k(), w, k(), self.of(WORDS)], lambda: ["MSETNX", k(), w, k(), self.of(WORDS)],
        ])()

    def bits(self):
        k = self.key
        offset = self.of(["0", "1", "7", "8", "15", "100", "-1", "x"])
        return self.of([
            lambda: ["SETBIT", k(), offset, self.of(["0", "1", "2"])], lambda: ["GETBIT", k(), offset],
            lambda: ["BITCOUNT", k(), *self.maybe(self.int(), self.int()), *self.maybe("BIT")], lambda: ["BITPOS", k(), self.of(["0", "1"]), *self.maybe(self.int())],
            lambda: ["BITOP", self.of(["AND", "OR", "XOR", "NOT"]), k(), *self.keys()],
            lambda: ["BITFIELD", k(), "GET", "u8", self.of(["0", "4", "#1"]), "INCRBY", "i5", "3", self.int(), *self.maybe("OVERFLOW", "SAT", "SET", "u4", "0", "9")],
        ])()

    def hash(self):
        k, f, w = self.key, self.of(FIELDS), self.of(WORDS)
        return self.of([
            lambda: ["HSET", k(), f, w, *self.maybe(self.of(FIELDS), w)], lambda: ["HMSET", k(), f, w], lambda: ["HSETNX", k(), f, w],
            lambda: ["HGET", k(), f], lambda: ["HMGET", k(), *self.some(FIELDS)], lambda: ["HDEL", k(), *self.some(FIELDS)], lambda: ["HLEN", k()],
            lambda: ["HEXISTS", k(), f], lambda: ["HSTRLEN", k(), f], lambda: ["HINCRBY", k(), f, self.int()],
            lambda: (["HGETALL", k()], False), lambda: (["HKEYS", k()], False), lambda: (["HVALS", k()], False),
        ])()

    def set(self):
        k = self.key
        return self.of([
            lambda: ["SADD", k(), *self.some(MEMBERS)], lambda: ["SREM", k(), *self.some(MEMBERS)], lambda: ["SISMEMBER", k(), self.of(MEMBERS)],
            lambda: ["SMISMEMBER", k(), *self.some(MEMBERS)], lambda: ["SCARD", k()], lambda: ["SMOVE", k(), k(), self.of(MEMBERS)],
            lambda: (["SMEMBERS", k()], False), lambda: ([self.of(["SINTER", "SUNION", "SDIFF"]), *self.keys()], False),
            lambda: [self.of(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), k(), *self.keys()],
            lambda: ["SINTERCARD", *self.counted(self.keys()), *self.maybe("LIMIT", self.int())],
        ])()

    def sorted_set(self):
        k, m = self.key, self.of(MEMBERS)
        whole = str(self.of([0, 1, -1, 2, 5]))
        return self.of([
            lambda: ["ZADD", k(), *self.maybe(self.of(["NX", "XX", "GT", "LT", "CH"])), self.of(SCORES), m, *self.maybe(self.of(SCORES), self.of(MEMBERS))],
            lambda: ["ZADD", k(), "INCR", whole, m], lambda: ["ZINCRBY", k(), whole, m], lambda: ["ZSCORE", k(), m],
            lambda: ["ZMSCORE", k(), *self.some(MEMBERS)], lambda: ["ZREM", k(), *self.some(MEMBERS)], lambda: ["ZCARD", k()],
            lambda: ["ZCOUNT", k(), *self.score_range()], lambda: [self.of(["ZRANK", "ZREVRANK"]), k(), m],
            lambda: [self.of(["ZPOPMIN", "ZPOPMAX"]), k(), *self.maybe(self.int())], lambda: ["ZRANGE", k(), self.int(), self.int(), *self.maybe("REV"), *self.maybe("WITHSCORES")],
            lambda: ["ZRANGE", k(), *self.score_range(), "BYSCORE", *self.maybe("REV"), *self.maybe("LIMIT", self.int(), self.int()), *self.maybe("WITHSCORES")],
            lambda: [self.of(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]), k(), *self.score_range(), *self.maybe("WITHSCORES"), *self.maybe("LIMIT", "1", self.int())],
            lambda: ["ZREVRANGE", k(), self.int(), self.int(), *self.maybe("WITHSCORES")],
            lambda: ["ZREMRANGEBYRANK", k(), self.int(), self.int()], lambda: ["ZREMRANGEBYSCORE", k(), *self.score_range()],
            lambda: [self.of(["ZUNION", "ZINTER"]), *self.counted(self.keys()), *self.maybe("AGGREGATE", self.of(["SUM", "MIN", "max"])), *self.maybe("WITHSCORES")],
            lambda: ["ZUNION", "2", k(), k(), "WEIGHTS", self.of(["2", "0.5", "-1", "x"]), "3", *self.maybe("WITHSCORES")],
            lambda: ["ZDIFF", *self.counted(self.keys()), *self.maybe("WITHSCORES")], lambda: ["ZINTERCARD", *self.counted(self.keys()), *self.maybe("LIMIT", "1")],
            lambda: [self.of(["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"]), k(), *self.counted(self.keys())],
            lambda: ["ZRANGESTORE", k(), k(), self.int(), self.int(), *self.maybe("REV")],
            lambda: ["ZRANGESTORE", k(), k(), *self.score_range(), "BYSCORE", *self.maybe("LIMIT", "1", self.int())],
            lambda: ["ZMPOP", *self.counted(self.keys()), self.of(["MIN", "MAX"]), *self.maybe("COUNT", "2")],
        ])()

    def list(self):
        k, w = self.key, self.of(WORDS)
        ends = [self.of(["LEFT", "RIGHT"]), self.of(["LEFT", "RIGHT"])]
        return self.of([
            lambda: [self.of(["LPUSH", "RPUSH", "LPUSHX", "RPUSHX"]), k(), *self.some(WORDS)], lambda: [self.of(["LPOP", "RPOP"]), k(), *self.maybe(self.int())],
            lambda: ["LLEN", k()], lambda: ["LRANGE", k(), self.int(), self.int()], lambda: ["LINDEX", k(), self.int()],
            lambda: ["LPOS", k(), w, *self.maybe("RANK", self.int()), *self.maybe("COUNT", self.int()), *self.maybe("MAXLEN", "3")],
            lambda: ["LSET", k(), self.int(), w], lambda: ["LREM", k(), self.int(), w], lambda: ["LTRIM", k(), self.int(), self.int()],
            lambda: ["LINSERT", k(), self.of(["BEFORE", "AFTER"]), w, self.of(WORDS)], lambda: ["LMOVE", k(), k(), *ends], lambda: ["RPOPLPUSH", k(), k()],
            lambda: ["LMPOP", *self.counted(self.keys()), ends[0], *self.maybe("COUNT", "2")],
        ])()

    def any_key(self):
        k = self.key
        return self.of([
            lambda: ["DEL", *self.keys()], lambda: ["UNLINK", k()], lambda: ["EXISTS", *self.keys()], lambda: ["TYPE", k()], lambda: ["TOUCH", k()],
            lambda: ["RENAME", k(), k()], lambda: ["RENAMENX", k(), k()], lambda: ["COPY", k(), k(), *self.maybe("REPLACE")],
            lambda: ["EXPIREAT", k(), self.end(), *self.maybe(self.of(["NX", "XX", "GT", "LT"]))], lambda: ["PEXPIREAT", k(), self.end(ms=True)],
            lambda: ["EXPIRETIME", k()], lambda: ["PEXPIRETIME", k()], lambda: ["PERSIST", k()],
        ])()

    def several(self):
        """What makes keys that later commands find."""
        k = self.key
        return self.of([
            lambda: ["DEL", k()], lambda: ["SET", k(), self.of(["5", "10", "hello"])], lambda: ["RPUSH", k(), "x", "y", "z"], lambda: ["SADD", k(), *MEMBERS[:4]],
            lambda: ["ZADD", k(), "1", "m0", "2", "m1", "3", "m2"], lambda: ["HSET", k(), "f0", "1", "f1", "x"],
        ])()

    def stream(self):
        k = self.key
        entry = self.of(["1-1", "1-2", "2-0", "3-5", "5-1", "9", "0-0", "x"])
        return self.of([
            lambda: ["XADD", k(), *self.maybe("NOMKSTREAM"), *self.maybe("MAXLEN", self.int()), entry, "f", self.of(WORDS)], lambda: ["XLEN", k()],
            lambda: ["XRANGE", k(), self.of(["-", "1", "(1-1", "2"]), self.of(["+", "3", "(5-1"]), *self.maybe("COUNT", "2")],
            lambda: ["XREVRANGE", k(), self.of(["+", "3"]), self.of(["-", "1"])], lambda: ["XDEL", k(), entry], lambda: ["XTRIM", k(), "MAXLEN", self.of(["0", "1", "3"])],
            lambda: ["XREAD", "COUNT", "2", "STREAMS", k(), entry],
        ])()

    def sketch(self):
        # Sketches are a type of their own here: only under names of theirs.
        h = lambda: "@h" + self.of("01")  # noqa: E731
        return self.of([lambda: ["PFADD", h(), *self.some(MEMBERS)], lambda: ["PFCOUNT", h()], lambda: ["PFMERGE", h(), h()]])()


READS = {b"+string": [["GET", "@"], ["PEXPIRETIME", "@"]], b"+list": [["LRANGE", "@", "0", "-1"], ["PEXPIRETIME", "@"]],
         b"+set": [["SMEMBERS", "@"], ["PEXPIRETIME", "@"]], b"+zset": [["ZRANGE", "@", "0", "-1", "WITHSCORES"], ["PEXPIRETIME", "@"]],
         b"+hash": [["HGETALL", "@"], ["PEXPIRETIME", "@"]], b"+stream": [["XRANGE", "@", "-", "+"], ["PEXPIRETIME", "@"]]}


def round_of(maker):
    """Commands of one round: (words, ordered); MULTI … EXEC now and then."""
    out = []
    for _ in range(maker.random.randint(10, 60)):
        if not maker.inside and maker.random.random() < 0.03:
            maker.inside = maker.random.randint(1, 5)
            out.append((["MULTI"], True))
        out.append(maker.command())
        if maker.inside:
            maker.inside -= 1
            if not maker.inside:
                out.append((["EXEC"], False))
    if maker.inside:
        out.append((["DISCARD"], True))
    return out


def ask_all(client, commands, prefix, encode, step):
    out = []
    for i in range(0, len(commands), step):
        client.sock.sendall(b"".join(encode([word.replace("@", prefix) for word in words]) for words in commands[i:i + step]))
        out += [client.reply() for _ in commands[i:i + step]]
    return out


def deep_sorted(value):
    kind, parts = value
    return (kind, sorted((deep_sorted(part) for part in parts), key=repr)) if isinstance(parts, list) else value


# What redis-server answers without having looked at all words, as the key is absent or of another type.
UNLOOKED = (b"-WRONGTYPE", b"-ERR no such key", b"+QUEUED", b"$-1", b"*-1", b"_\r\n", b":0\r\n", b":-1\r\n", b"*0\r\n", b"$0\r\n")


def found_earlier(got, want):
    """Words that are wrong are found before any key is looked at, and before a command is queued. Of several that are
    wrong another one may be named."""
    if got.startswith(b"-ERR") and want.startswith(b"-ERR") and b"syntax error" in got + want:
        return True
    return got.startswith(b"-ERR") and not got.startswith(b"-ERR no such key") and want.startswith(UNLOOKED)


def run(connect, port, redis_port, rounds, seed, encode, parsed):
    """The differences found, as texts."""
    wrong = []
    for number in range(rounds):
        maker = Maker(f"{seed}/{number}")
        version, prefix, step = maker.of([2, 3]), f"diff{seed}.{number}:", maker.of([1, 4, 100])
        commands = round_of(maker)
        commands += [(["TYPE", "@" + key], True) for key in KEYS]
        ours, theirs = connect(port), connect(redis_port)
        for client in (ours, theirs):
            if version == 3:
                client.sock.sendall(encode(["HELLO", "3"]))
                client.reply()
        got, want = (ask_all(client, [words for words, _ in commands], prefix, encode, step) for client in (ours, theirs))
        for kind, key in zip(got[-len(KEYS):], KEYS):
            for words in READS.get(kind.strip(), []):
                words = [word.replace("@", "@" + key) for word in words]
                commands.append((words, words[0] not in ("SMEMBERS", "HGETALL")))
                got += ask_all(ours, [words], prefix, encode, 1)
                want += ask_all(theirs, [words], prefix, encode, 1)
        for client in (ours, theirs):
            client.sock.sendall(encode(["DEL", *(prefix + key for key in [*KEYS, "h0", "h1"])]))
            client.reply()
            client.file.close()
            client.sock.close()
        for i, ((words, ordered), a, b) in enumerate(zip(commands, got, want)):
            if a == b or (not ordered and deep_sorted(parsed(a)) == deep_sorted(parsed(b))):
                continue
            if found_earlier(a, b):
                if b == b"+QUEUED\r\n":
                    break
                continue
            # docs/redis.md, MULTI: redis-server does the others, so what follows differs.
            if words == ["EXEC"] and a.startswith(b"-EXECABORT Transaction discarded, nothing was changed"):
                break
            before = "\n".join("      " + " ".join(words or ['""']) for words, _ in commands[max(0, i - 12):i])
            wrong.append(f"seed {seed} round {number} (RESP{version}, {step} at a time), command {i}: {' '.join(words)}\n"
                         f"    got  {a!r}\n    want {b!r}\n    after\n{before}")
            break  # what follows may differ for this reason
    return wrong

#include "model/commit.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::commit_test {
namespace {

CellPath path_of(std::string table, Bytes key, CellKind kind = CellKind::kRegister, Bytes element = {}) {
  CellPath path;
  path.table = std::move(table);
  path.key = std::move(key);
  path.kind = kind;
  path.element = std::move(element);
  return path;
}

Dot dot_of(std::string node, std::uint64_t epoch, std::uint64_t seq) {
  return {Origin{std::move(node), epoch}, Seq(seq)};
}

// One op of each kind: the example of docs/formats/commit.md.
Commit example() {
  Commit commit;
  commit.dot = dot_of("dc1", 2, 300);
  commit.hlc = Hlc{0x18BCFE5680000001};
  commit.chain = 0x1122334455667788;
  commit.idempotency_key = "key-1";
  VersionVector observed;
  observed.raise(Origin{"dc2", 1}, Seq(130));
  commit.ops = {
      PutOp{path_of("kv", "user"), "alice", {dot_of("dc1", 1, 7), dot_of("dc2", 1, 9)}},
      RemoveOp{path_of("row", "r", CellKind::kField, "col"), {dot_of("dc2", 1, 4)}},
      ClearOp{"row", "gone", observed},
      CountOp{path_of("kv", "hits", CellKind::kCounter), Seq(17), 1000, 3},
      CountResetOp{path_of("kv", "hits", CellKind::kCounter),
                   {{Origin{"dc1", 2}, Seq(17), 1000, 3}, {Origin{"dc2", 1}, Seq(5), 1, 0}}},
  };
  return commit;
}

std::string hex(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  return text;
}

// Once written, never changed: these bytes lie on disks and travel between versions.
TEST(Commit, GoldenBytes) {
  EXPECT_EQ(hex(encode_commit(example())),
            "010364633102ac02"  // version, dc1#2:300
            "0100008056febc18"
            "8877665544332211"  // hlc, chain
            "01056b65792d31"
            "05"                                                            // flags, idempotency key, five ops
            "01026b760475736572010005616c69636502036463310107036463320109"  // put
            "0203726f7701720303636f6c01036463320104"                        // remove
            "0303726f7704676f6e650103646332018201"                          // clear
            "04026b760468697473020011e80703"                                // count
            "05026b760468697473020002036463310211e807030364633201050100");  // count reset
}

TEST(Commit, GoldenBytesOfMembersAndFlags) {
  const auto bytes = [](const Op& op) {
    Bytes out;
    Writer writer(out);
    encode(op, writer);
    Reader in(out);
    EXPECT_EQ(decode_op(in), op);
    EXPECT_TRUE(in.finish().ok());
    return hex(out);
  };
  EXPECT_EQ(bytes(PutOp{path_of("kv", "team", CellKind::kMember, "ada"), "", {dot_of("dc1", 1, 7)}}),
            "01026b76047465616d0403616461"
            "00"
            "01036463310107");
  EXPECT_EQ(bytes(RemoveOp{path_of("kv", "open", CellKind::kFlag), {dot_of("dc1", 1, 7)}}),
            "02026b76046f70656e0500"
            "01036463310107");
  Bytes out;
  Writer writer(out);
  encode(Op(PutOp{path_of("kv", "team", CellKind::kMember, "ada"), "a value", {}}), writer);
  Reader in(out);
  (void)decode_op(in);
  EXPECT_NE(in.status().message().find("put.value: is not empty"), std::string::npos) << in.status().to_string();
}

// Room is made for several small ones at once: what stands between them, and how large one is, must not show.
TEST(Commit, OpsTogetherHaveTheBytesOfEach) {
  const PutOp small{path_of("kv", "a"), "1", {dot_of("dc1", 1, 7)}};
  const PutOp large{path_of("kv", "b"), Bytes(100'000, 'x'), {}};
  const PutOp nearly{path_of("kv", "c"), Bytes(900, 'y'), {}};
  std::vector<Op> ops = example().ops;
  for (const Op& op : {Op(small), Op(large), Op(small), Op(nearly), Op(small), Op(large)}) ops.push_back(op);
  Bytes each;
  Writer to_each(each);
  for (const Op& op : ops) encode(op, to_each);
  Bytes together = "before";
  Writer to_all(together);
  encode(ops, to_all);
  EXPECT_EQ(together, "before" + each);
}

TEST(Commit, ComesBackAsItWas) {
  Commit empty;
  empty.dot = dot_of("n", 1, 1);
  for (const Commit& commit : {example(), empty}) {
    const Bytes bytes = encode_commit(commit);
    const Result<Commit> back = decode_commit(bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, commit);
    EXPECT_EQ(peek_dot(bytes).value(), commit.dot);
  }
}

TEST(Commit, EveryTruncationIsRefused) {
  const Bytes whole = encode_commit(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Result<Commit> back = decode_commit(ByteSpan(whole).substr(0, size));
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.error().code(), StatusCode::kDataLoss);
  }
  EXPECT_FALSE(decode_commit(whole + "x"));
}

// Each commit has one encoding: what is accepted encodes to the bytes it came from.
TEST(Commit, EveryFlippedBitIsRefusedOrMeansSomethingElse) {
  const Bytes whole = encode_commit(example());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const Result<Commit> back = decode_commit(bytes);
    if (!back) continue;
    EXPECT_EQ(encode_commit(*back), bytes) << "bit " << bit;
    EXPECT_FALSE(*back == example()) << "bit " << bit;
  }
}

TEST(Commit, MalformedInputIsNamed) {
  const Bytes head = encode_commit([] {
    Commit commit = example();
    commit.idempotency_key.reset();
    commit.ops.clear();
    return commit;
  }());
  const auto with_op = [&](const auto& write) {
    Bytes bytes = head.substr(0, head.size() - 1) + '\x01';
    Writer w(bytes);
    write(w);
    return bytes;
  };
  const auto start = head.size();
  struct Row {
    const char* why;
    Bytes bytes;
    std::string message;
  };
  const Row rows[] = {
      {"nothing", "", "commit: offset 0: commit.version: needs 1 bytes, 0 left"},
      {"a later version", "\x02", "commit: offset 1: commit.version: 2 is not known"},
      {"a node without a name", Bytes("\x01\x00\x01\x01", 4), "commit: offset 3: origin.node: node name is empty"},
      {"a node name with a slash",
       Bytes("\x01\x03"
             "a/b"
             "\x01\x01"),
       "commit: offset 6: origin.node: node name may hold only letters, digits, '.', '_' and '-'"},
      {"epoch zero", Bytes("\x01\x01n\x00\x01", 5), "commit: offset 4: origin.epoch: is zero"},
      {"number zero", Bytes("\x01\x01n\x01\x00", 5), "commit: offset 5: dot.seq: is zero"},
      {"a flag of the future", head.substr(0, head.size() - 2) + '\x08',
       fmt::format("commit: offset {}: commit.flags: 8 is not known", start - 1)},
      {"more ops than the limit", head.substr(0, head.size() - 1) + "\xFF\xFF\xFF\x7F",
       fmt::format("commit: offset {}: commit.ops: 268435455 is over the limit of {}", start + 3,
                   limits::kCommitOpsMax)},
      {"an op of the future", with_op([](Writer& w) { w.u8(7); }),
       fmt::format("commit: offset {}: op.tag: 7 is not a known op", start + 1)},
      {"a put on a counter", with_op([](Writer& w) {
         w.u8(1);
         encode(path_of("kv", "k", CellKind::kCounter), w);
       }),
       fmt::format("commit: offset {}: path.kind: must not be a counter", start + 8)},
      {"a count on a register", with_op([](Writer& w) {
         w.u8(4);
         encode(path_of("kv", "k"), w);
       }),
       fmt::format("commit: offset {}: path.kind: must be a counter", start + 8)},
      {"an unknown kind", with_op([](Writer& w) {
         w.u8(1);
         encode(path_of("kv", "k", static_cast<CellKind>(kCellKindMax + 1)), w);
       }),
       fmt::format("commit: offset {}: path.kind: {} is not a known kind", start + 8, kCellKindMax + 1)},
      {"a table name in capitals", with_op([](Writer& w) {
         w.u8(1);
         encode(path_of("KV", "k"), w);
       }),
       fmt::format("commit: offset {}: path.table: table name may hold only a-z, 0-9, '.', '_' and '-'", start + 8)},
      {"an empty key", with_op([](Writer& w) {
         w.u8(1);
         encode(path_of("kv", ""), w);
       }),
       fmt::format("commit: offset {}: path.key: is empty", start + 7)},
      {"a key over the limit", with_op([](Writer& w) {
         w.u8(1);
         encode(path_of("kv", Bytes(limits::kKeyBytesMax + 1, 'k')), w);
       }),
       fmt::format("commit: offset {}: path.key: 8193 is over the limit of 8192", start + 6)},
      {"a remove of nothing", with_op([](Writer& w) {
         encode(Op(RemoveOp{path_of("kv", "k"), {}}), w);
       }),
       fmt::format("commit: offset {}: remove.replaces: is empty", start + 9)},
      {"replaced dots out of order", with_op([](Writer& w) {
         encode(Op(PutOp{path_of("kv", "k"), "", {dot_of("b", 1, 1), dot_of("a", 1, 1)}}), w);
       }),
       fmt::format("commit: offset {}: op.replaces: is not in ascending order", start + 18)},
      {"a slot twice", with_op([](Writer& w) {
         const CountResetOp::Slot slot{Origin{"a", 1}, Seq(1), 0, 0};
         encode(Op(CountResetOp{path_of("kv", "k", CellKind::kCounter), {slot, slot}}), w);
       }),
       fmt::format("commit: offset {}: reset.slot: is not in ascending order", start + 21)},
      {"a slot that was never born", with_op([](Writer& w) {
         encode(Op(CountOp{path_of("kv", "k", CellKind::kCounter), Seq(0), 1, 0}), w);
       }),
       fmt::format("commit: offset {}: count.birth: is zero", start + 11)},
  };
  for (const Row& row : rows) {
    const Result<Commit> back = decode_commit(row.bytes);
    ASSERT_FALSE(back) << row.why;
    EXPECT_EQ(back.error().code(), StatusCode::kDataLoss) << row.why;
    EXPECT_EQ(back.error().message(), row.message) << row.why;
  }
}

TEST(Commit, TheChainTellsHistoriesApart) {
  Commit first = example();
  const Bytes sealed = seal_commit(0, first);
  EXPECT_EQ(decode_commit(sealed).value(), first);
  EXPECT_EQ(first.chain, chain_after(0, first));
  EXPECT_EQ(first.chain, 15558641807019716711u) << "XXH3-64: the same in every version";

  Commit second = example();
  second.dot.seq = Seq(301);
  seal_commit(first.chain, second);
  Commit other_second = second;
  std::get<PutOp>(other_second.ops[0]).value = "bob";
  seal_commit(first.chain, other_second);
  EXPECT_NE(second.chain, other_second.chain) << "another content";
  Commit elsewhere = second;
  seal_commit(first.chain + 1, elsewhere);
  EXPECT_NE(second.chain, elsewhere.chain) << "another past";
}

TEST(Op, TableAndKey) {
  for (const Op& op : example().ops) {
    EXPECT_FALSE(table_of(op).empty());
    EXPECT_FALSE(key_of(op).empty());
  }
  EXPECT_EQ(table_of(example().ops[2]), "row");
  EXPECT_EQ(key_of(example().ops[2]), "gone");
}

}  // namespace
}  // namespace pando::commit_test

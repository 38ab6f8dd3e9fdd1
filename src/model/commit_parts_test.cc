#include "model/commit_parts.h"

#include <gtest/gtest.h>

namespace pando::commit_parts_test {
namespace {

Op put(std::string table, Bytes key) {
  return PutOp{CellPath{std::move(table), std::move(key), CellKind::kRegister, {}}, "v", {}};
}

Commit commit_of(std::vector<Op> ops, std::uint64_t seq = 7) {
  Commit commit;
  commit.dot = {Origin{"edge", 1}, Seq(seq)};
  commit.hlc = Hlc{1'000 + seq};
  commit.ops = std::move(ops);
  return commit;
}

bool is_readings(std::string_view table) { return table == "readings"; }
bool is_none(std::string_view) { return false; }

TEST(Divide, OnlyWhereThereIsSomethingToTellApart) {
  struct Row {
    const char* why;
    std::vector<Op> ops;
    bool (*local)(std::string_view);
    std::vector<std::pair<CommitSection::Kind, std::uint64_t>> sections;
  };
  constexpr auto kOps = CommitSection::Kind::kOps;
  constexpr auto kLocal = CommitSection::Kind::kLocal;
  const Row rows[] = {
      {"nothing at all", {}, is_none, {}},
      {"one table", {put("kv", "a"), put("kv", "b")}, is_none, {}},
      {"an internal table that holds data of the other", {put("kv", "a"), put(".merge", "a")}, is_none, {}},
      {"two tables", {put("kv", "a"), put("row", "b"), put("row", "c")}, is_none, {{kOps, 1}, {kOps, 2}}},
      {"one that goes everywhere beside one that may not",
       {put("kv", "a"), put(".once", "k")},
       is_none,
       {{kOps, 1}, {kOps, 1}}},
      {"one table that stays", {put("readings", "a")}, is_readings, {{kLocal, 1}}},
      {"one that goes, one that stays",
       {put("alerts", "a"), put("readings", "b")},
       is_readings,
       {{kOps, 1}, {kLocal, 1}}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.why);
    Commit commit = commit_of(row.ops);
    divide(commit, row.local);
    ASSERT_EQ(commit.sections.size(), row.sections.size());
    for (std::size_t i = 0; i < row.sections.size(); ++i) {
      EXPECT_EQ(commit.sections[i].kind, row.sections[i].first);
      EXPECT_EQ(commit.sections[i].ops, row.sections[i].second);
    }
    const Bytes bytes = seal_commit(5, commit);
    const Result<Commit> back = decode_commit(bytes);
    ASSERT_TRUE(back.has_value()) << back.error().to_string();
    EXPECT_EQ(*back, commit);
    EXPECT_EQ(encode_commit(*back), bytes);
    EXPECT_EQ(chain_after(5, *back), commit.chain);
  }
}

// Whoever gets a part checks the hash of the whole, and finds any change of what it did get.
TEST(Part, ProvesTheWhole) {
  Commit commit = commit_of({put("alerts", "a"), put("readings", "b"), put("kv", "c")});
  divide(commit, is_readings);
  const Bytes bytes = seal_commit(99, commit);
  const Result<CommitPart> part = part_for(bytes, TableSet::of({"alerts"}));
  ASSERT_TRUE(part.has_value());
  ASSERT_TRUE(part->rest.has_value());
  EXPECT_EQ(part->rest->ops, std::vector<Op>{put("alerts", "a")});
  EXPECT_EQ(chain_after(99, *part->rest), commit.chain);
  const Bytes sent = encode_commit(*part->rest);
  EXPECT_EQ(sent.find("readings"), Bytes::npos) << "what stays does stay";
  const Result<Commit> got = decode_commit(sent);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(chain_after(99, *got), commit.chain);
  Commit changed = *got;
  std::get<PutOp>(changed.ops[0]).value = "w";
  EXPECT_NE(chain_after(99, changed), commit.chain);
  changed = *got;
  changed.sections[1].digest ^= 1;
  EXPECT_NE(chain_after(99, changed), commit.chain);
  // And passes it on as it is, or less of it.
  EXPECT_TRUE(part_for(sent, TableSet{})->whole);
  EXPECT_TRUE(part_for(sent, TableSet::of({"alerts", "kv"}))->whole);
  EXPECT_TRUE(part_for(sent, TableSet::of({"kv"}))->rest->skips_from.has_value());
}

TEST(Part, WholeLessOrNothing) {
  struct Row {
    const char* why;
    std::vector<Op> ops;
    TableSet wanted;
    char what;  // whole, part, skip
  };
  const Row rows[] = {
      {"everything is wanted", {put("kv", "a"), put("row", "b")}, {}, 'w'},
      {"the one table is", {put("kv", "a")}, TableSet::of({"kv"}), 'w'},
      {"it is not", {put("kv", "a")}, TableSet::of({"row"}), 's'},
      {"one of two", {put("kv", "a"), put("row", "b")}, TableSet::of({"row"}), 'p'},
      {"none of two", {put("kv", "a"), put("row", "b")}, TableSet::of({"lob"}), 's'},
      {"declarations go everywhere", {put(".tables", "a")}, TableSet::of({}), 'w'},
      {"a commit that only takes up its number", {}, TableSet::of({}), 'w'},
      {"what stays, though all is wanted", {put("readings", "a")}, {}, 's'},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.why);
    Commit commit = commit_of(row.ops);
    divide(commit, is_readings);
    const Bytes bytes = seal_commit(1, commit);
    const Result<CommitPart> part = part_for(bytes, row.wanted);
    ASSERT_TRUE(part.has_value());
    EXPECT_EQ(part->whole, row.what == 'w');
    if (part->whole) continue;
    EXPECT_EQ(part->rest->skips_from.has_value(), row.what == 's');
    EXPECT_EQ(part->rest->chain, commit.chain);
    EXPECT_EQ(part->rest->hlc, commit.hlc);
    EXPECT_EQ(part->rest->dot, commit.dot);
  }
}

TEST(Skip, TakesUpItsNumbers) {
  Commit skip = commit_of({}, 9);
  skip.chain = 0x0102030405060708;
  skip.skips_from = Seq(4);
  const Bytes bytes = encode_commit(skip);
  EXPECT_EQ(bytes, Bytes("\x01\x04"
                         "edge\x01\x09\xf1\x03\0\0\0\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01\x04\x04",
                         26));
  EXPECT_EQ(decode_commit(bytes).value(), skip);
  const Result<CommitHead> head = peek_head(bytes);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->first, Seq(4));
  EXPECT_EQ(head->dot, skip.dot);
}

TEST(Sections, MalformedOnesAreRefused) {
  Commit commit = commit_of({put("alerts", "a"), put("readings", "b")});
  divide(commit, is_readings);
  const Bytes good = seal_commit(0, commit);
  const std::size_t flags = 1 + 5 + 1 + 1 + 8 + 8;
  ASSERT_EQ(good[flags], 2);
  const auto refused = [&](std::size_t at, char byte, std::string_view why) {
    Bytes bad = good;
    bad[at] = byte;
    const Result<Commit> back = decode_commit(bad);
    ASSERT_FALSE(back.has_value()) << why;
    EXPECT_EQ(back.error().code(), StatusCode::kDataLoss) << why;
  };
  refused(flags, 5, "a skip has no idempotency key");
  refused(flags, 8, "a flag that is not known");
  refused(flags + 1, 0, "no sections");
  refused(flags + 2, 3, "a kind of section that is not known");
  refused(flags + 4, 0, "a section without ops");
  Commit skip = commit_of({}, 3);
  skip.skips_from = Seq(4);
  EXPECT_FALSE(decode_commit(encode_commit(skip)).has_value()) << "from beyond its number";
}

}  // namespace
}  // namespace pando::commit_parts_test

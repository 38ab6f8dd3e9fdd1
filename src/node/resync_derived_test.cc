// What is kept about cells beside them follows when a cut is merged in, as it does for commits: which keys there may
// be, of which types they are, orders and sizes, ends, and what memory they take.
#include "model/expiry.h"
#include "model/scores.h"
#include "node/resync_suite.h"

namespace pando::node::resync_derived_test {
namespace {

using Site = ResyncSite;

CellPath at(const Bytes& key, CellKind kind, const Bytes& element = "") { return {"kv", key, kind, element}; }

// Every cell that a site sees under the path is replaced by this value.
Op put(Site& site, const CellPath& path, const Bytes& value) {
  std::vector<Dot> seen;
  if (const auto reg = site.replica().cells().find_register(path); *reg != nullptr) seen = (*reg)->dots();
  return PutOp{path, value, seen};
}
Op take_away(Site& site, const CellPath& path) {
  return RemoveOp{path, (*site.replica().cells().find_register(path))->dots()};
}

class Derived : public testing::Test {
 protected:
  Derived() : dc1("dc1"), dc2("dc2") {}

  // Both have what dc1 has, and only dc1 goes on.
  void part() {
    wire.emplace(dc1, dc2);
    ASSERT_TRUE(wire->settle());
    wire->disconnect();
  }
  // By a cut, as dc1's log no longer tells.
  void meet() {
    write_many(dc1, 0, 4000);
    dc1.cut_log();
    wire->connect();
    ASSERT_TRUE(wire->settle());
    ASSERT_EQ(dc2.peers().resync().taken().finished, 1u);
    ASSERT_EQ(dc1.digest(), dc2.digest());
  }
  std::optional<ValueType> type(const Bytes& key) { return *dc2.replica().view(dc2.now).type_of("kv", key); }
  std::vector<std::pair<Bytes, double>> order(engine::View view) {
    std::vector<std::pair<Bytes, double>> entries;
    for (const auto& place : (*view.scores("kv", "board"))->order()) {
      entries.emplace_back(*place.member, score_of_ordered(place.score));
    }
    return entries;
  }
  std::vector<std::pair<Bytes, double>> order() { return order(dc2.replica().view(dc2.now)); }

  Site dc1, dc2;
  std::optional<ResyncWire> wire;
};

TEST_F(Derived, KeysAndMembersThatCameAreKnownToBeThere) {
  dc1.commit({PutOp{at("tags", CellKind::kMember, "x"), "", {}}});
  part();
  store::Cells& cells = dc2.replica().cells();
  EXPECT_FALSE(cells.may_have("kv", "fresh"));
  EXPECT_EQ(*cells.find_register(at("tags", CellKind::kMember, "y")), nullptr);
  dc1.commit({PutOp{at("fresh", CellKind::kMember, "m"), "", {}}, PutOp{at("tags", CellKind::kMember, "y"), "", {}}});
  meet();
  for (const char* when : {"at once", "after a restart, from the log", "after a restart, from the store"}) {
    store::Cells& now = dc2.replica().cells();
    EXPECT_TRUE(now.may_have("kv", "fresh")) << when;
    EXPECT_NE(*now.find_register(at("fresh", CellKind::kMember, "m")), nullptr) << when;
    EXPECT_NE(*now.find_register(at("tags", CellKind::kMember, "y")), nullptr) << when;
    EXPECT_FALSE(now.may_have("kv", "neither")) << when;
    if (std::string_view(when) != "at once") dc2.checkpoint();
    dc2.restart();
  }
}

TEST_F(Derived, TypesThatWereKnownAreForgottenWhenOtherCellsCome) {
  dc1.commit({PutOp{at("mixed", CellKind::kMember, "m"), "", {}}, PutOp{at("stays", CellKind::kMember, "m"), "", {}},
              PutOp{at("gone", CellKind::kMember, "m"), "", {}}});
  part();
  engine::Indexes& known = dc2.replica().view(dc2.now).indexes();
  for (const char* key : {"mixed", "stays", "gone"}) {
    EXPECT_EQ(type(key), ValueType::kSet);
    EXPECT_TRUE(known.holds_only("kv", key, ValueType::kSet));
  }
  EXPECT_EQ(type("new"), std::nullopt);
  dc1.commit({PutOp{at("mixed", CellKind::kRegister), "a value", {}}, PutOp{at("new", CellKind::kRegister), "v", {}},
              take_away(dc1, at("gone", CellKind::kMember, "m"))});
  meet();
  EXPECT_FALSE(known.holds_only("kv", "mixed", ValueType::kSet));
  EXPECT_EQ(type("mixed"), ValueType::kValue) << "the higher one";
  EXPECT_TRUE(known.holds_only("kv", "stays", ValueType::kSet));
  EXPECT_EQ(type("new"), ValueType::kValue);
  EXPECT_EQ(type("gone"), std::nullopt);
}

TEST_F(Derived, OrdersAndSizesAreThoseOfTheCells) {
  for (const auto& [member, score] : {std::pair{"a", 1.0}, {"b", 2.0}, {"c", 3.0}}) {
    dc1.commit({PutOp{at("board", CellKind::kScore, member), encode_score(score), {}}});
    dc1.commit({PutOp{at("tags", CellKind::kMember, member), "", {}}});
  }
  part();
  LogPos touched;
  EXPECT_EQ(order(), (std::vector<std::pair<Bytes, double>>{{"a", 1}, {"b", 2}, {"c", 3}}));
  engine::Indexes& kept = dc2.replica().view(dc2.now).indexes();
  kept.keep_set_size("kv", "tags", CellKind::kMember, 3, dc2.replica().durable());
  // One goes to the end, one goes, two come.
  dc1.commit({put(dc1, at("board", CellKind::kScore, "a"), encode_score(9)),
              take_away(dc1, at("board", CellKind::kScore, "b")),
              PutOp{at("board", CellKind::kScore, "d"), encode_score(2.5), {}},
              take_away(dc1, at("tags", CellKind::kMember, "a")), take_away(dc1, at("tags", CellKind::kMember, "b")),
              PutOp{at("tags", CellKind::kMember, "d"), "", {}}});
  const CellPath added = at("board", CellKind::kScoreDelta, "e");
  dc1.commit({*crdt::add_op({}, added, dc1.replica().next_dot(), 4'000'000'000)});
  meet();
  EXPECT_EQ(order(), (std::vector<std::pair<Bytes, double>>{{"d", 2.5}, {"c", 3}, {"e", 4}, {"a", 9}}));
  EXPECT_EQ(kept.set_size("kv", "tags", touched), 2u);
  EXPECT_EQ(touched, dc2.replica().cells().touched(at("tags", CellKind::kMember, "d")))
      << "not shown before the cut is";
  // The same as somebody finds who walks all of it.
  EXPECT_EQ(order(), order(engine::View(dc2.replica().cells(), dc2.replica().catalog(), 0)));
  EXPECT_EQ(order(), order(dc1.replica().view(dc1.now)));
}

TEST_F(Derived, EndsThatCameHideTheirKeys) {
  const std::int64_t end = dc1.now.wall_ms + 60'000;
  dc1.put("short", "lived");
  part();
  EXPECT_FALSE(dc2.replica().cells().may_expire("kv"));
  dc1.commit({PutOp{at("short", CellKind::kExpiry), encode_expiry(end), {}}});
  meet();
  EXPECT_TRUE(dc2.replica().cells().may_expire("kv"));
  EXPECT_EQ(*dc2.replica().view(dc2.now).ends_at("kv", "short"), end);
  EXPECT_FALSE(*dc2.replica().view(dc2.now).expired("kv", "short"));
  dc2.now.wall_ms = end;
  EXPECT_TRUE(*dc2.replica().view(dc2.now).expired("kv", "short"));
  const auto due = dc2.replica().cells().due_hints(end + kClockGraceMs, 10);
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->size(), 1u) << "and is freed in time";
}

TEST_F(Derived, WhatCameCountsAsNotSaved) {
  dc1.put("first", "contact");
  part();
  dc2.checkpoint();
  const store::Cells& cells = dc2.replica().cells();
  ASSERT_EQ(cells.dirty_bytes(), 0u);
  meet();
  EXPECT_EQ(cells.dirty_cells(), 4000u);
  EXPECT_GT(cells.dirty_bytes(), 4000u * 40);
  dc2.checkpoint();
  EXPECT_EQ(cells.dirty_bytes(), 0u) << "to the byte";
  EXPECT_EQ(cells.dirty_cells(), 0u);
  EXPECT_GT(cells.cached_bytes(), 0u);
}

}  // namespace
}  // namespace pando::node::resync_derived_test

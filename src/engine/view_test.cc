#include "engine/view.h"

#include <gtest/gtest.h>

#include "apply/apply.h"
#include "engine/draft.h"
#include "model/expiry.h"
#include "store/memory_kv.h"

namespace pando::engine::view_test {
namespace {

// Cells that commits of several origins are put into, as if they had all been seen.
class ViewTest : public ::testing::Test {
 protected:
  void enter(std::vector<Op> ops, const Origin& origin = {"dc1", 1}) {
    Commit commit;
    commit.dot = {origin, cells_->context().get(origin).next()};
    commit.hlc = Hlc{++stamp_};
    commit.ops = std::move(ops);
    const auto applied = apply::apply(commit, cells_->applied().next(), *cells_);
    ASSERT_TRUE(applied) << applied.error().to_string();
  }
  Draft draft(std::int64_t now_ms) {
    const Origin self{"dc1", 1};
    return Draft({self, cells_->context().get(self).next()}, View(*cells_, catalog_, now_ms), parser_);
  }
  static CellPath path(CellKind kind, Bytes element = {}) { return {"kv", "k", kind, std::move(element)}; }
  std::string type(std::int64_t now_ms = 0) {
    View view(*cells_, catalog_, now_ms);
    const auto found = view.type_of("kv", "k");
    return !found ? found.error().to_string() : *found ? std::string(name_of(**found)) : "nothing";
  }
  std::string counter(std::int64_t now_ms) {
    View view(*cells_, catalog_, now_ms);
    const auto found = view.find_counter(path(CellKind::kCounter));
    return *found == nullptr ? "nothing" : std::to_string((*found)->value());
  }

  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_ = std::move(*store::Cells::open(kv_));
  Catalog catalog_;
  TypedPayloadParser parser_;
  std::uint64_t stamp_ = 0;
};

TEST_F(ViewTest, OfSeveralTypesTheFirstInPrecedenceIsRead) {
  EXPECT_EQ(type(), "nothing");
  enter({PutOp{path(CellKind::kLease, "m"), encode_expiry(5), {}}});
  EXPECT_EQ(type(), "presence");
  enter({PutOp{path(CellKind::kLeaf, "f"), "1", {}}});
  EXPECT_EQ(type(), "document");
  enter({PutOp{path(CellKind::kItem, "p"), "1", {}}, PutOp{path(CellKind::kItem, "q"), "1", {}}});
  EXPECT_EQ(type(), "list");
  enter({CountOp{path(CellKind::kScoreDelta, "m"), Seq(4), 1, 0}});
  EXPECT_EQ(type(), "sorted set");
  enter({PutOp{path(CellKind::kGuardedMember, "m"), Bytes(kGuardOff), {}}});
  EXPECT_EQ(type(), "sorted set") << "a guard that is off is no member";
  enter({PutOp{path(CellKind::kMember, "m"), "", {}}});
  EXPECT_EQ(type(), "set");
  enter({PutOp{path(CellKind::kGuard), Bytes(kGuardOn), {}}});
  EXPECT_EQ(type(), "flag");
  enter({PutOp{path(CellKind::kRegister), "v", {}}});
  EXPECT_EQ(type(), "value");
  enter({CountOp{path(CellKind::kCounter), Seq(9), 1, 0}});
  EXPECT_EQ(type(), "counter");
  Draft made = draft(0);
  ASSERT_TRUE(made.add({.kind = Mutation::Kind::kDelete, .key = "k"}).ok());
  enter(made.take_ops());
  EXPECT_EQ(type(), "nothing") << "deleting takes them all";
}

TEST_F(ViewTest, WhatHasExpiredIsHiddenFromItsInstantOn) {
  enter({CountOp{path(CellKind::kCounter), Seq(1), 5, 0}, PutOp{path(CellKind::kExpiry), encode_expiry(1'000), {}}});
  EXPECT_EQ(counter(999), "5");
  EXPECT_EQ(counter(1'000), "nothing");
  EXPECT_EQ(type(1'000), "nothing");
  // The longest of concurrent ones counts.
  enter({PutOp{path(CellKind::kExpiry), encode_expiry(2'000), {}}}, {"dc2", 1});
  EXPECT_EQ(counter(1'999), "5");
  EXPECT_EQ(counter(2'000), "nothing");
}

TEST_F(ViewTest, AKeyWhoseTimeRanOutBeginsAnew) {
  enter({CountOp{path(CellKind::kCounter), Seq(1), 5, 0}}, {"dc2", 1});
  enter({CountOp{path(CellKind::kCounter), Seq(1), 5, 0}, PutOp{path(CellKind::kExpiry), encode_expiry(1'000), {}}});
  Draft made = draft(1'000);
  ASSERT_TRUE(made.add({.kind = Mutation::Kind::kAdd, .key = "k", .delta = 2}).ok());
  enter(made.take_ops());
  EXPECT_EQ(counter(5'000), "2") << "the new count has no time to live";
  // What dc2 counted before it heard of that belongs to the count that is over.
  enter({CountOp{path(CellKind::kCounter), Seq(1), 9, 0}}, {"dc2", 1});
  EXPECT_EQ(counter(5'000), "2");
  enter({CountOp{path(CellKind::kCounter), Seq(3), 1, 0}}, {"dc2", 1});
  EXPECT_EQ(counter(5'000), "3");
}

TEST(Catalog, PropertiesHaveTextBothWays) {
  TableDeclaration made;
  for (const auto& [name, text] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"resolver", "origin-priority"},
                                                                            {"origins", "dc2,dc1"},
                                                                            {"sets", "remove"},
                                                                            {"flags", "disable"},
                                                                            {"grow_only", "true"},
                                                                            {"ttl", "90000ms"},
                                                                            {"durability", "sites:2"},
                                                                            {"publish", "false"},
                                                                            {"subscribe", "false"},
                                                                            {"default_type", "sorted-set"}}) {
    ASSERT_TRUE(set_property(made, name, text).ok()) << name;
  }
  TableDeclaration again;
  for (const auto& [name, text] : properties_of(made)) ASSERT_TRUE(set_property(again, name, text).ok()) << name;
  EXPECT_EQ(made, again);
  for (const auto& [name, text] : properties_of({})) ASSERT_TRUE(set_property(again, name, text).ok()) << name;
  EXPECT_EQ(again, TableDeclaration());
  EXPECT_EQ(
      set_property(made, "ttl", "5 minutes").message(),
      "table property ttl: neither none nor a time: \"5 minutes\" is no time like 500ms, 30s, 5m, 12h, 7d, at most "
      "100 years");
  EXPECT_FALSE(set_property(made, "ttl", "9223372036854775807d").ok());
  EXPECT_FALSE(set_property(made, "colour", "red").ok());
}

TEST(Catalog, EachResolverShowsItsOwnOfConcurrentValues) {
  crdt::Register reg;
  reg.put({{"dc1", 1}, Seq(1)}, Hlc{30}, "9", {});
  reg.put({{"dc2", 1}, Seq(1)}, Hlc{20}, "10", {});
  reg.put({{"dc3", 1}, Seq(1)}, Hlc{10}, "x", {});
  TableDeclaration table;
  const auto shown = [&](Resolver resolver) {
    table.resolver = resolver;
    return resolve(reg, table)->value;
  };
  table.origins = {"dc2", "dc9"};
  EXPECT_EQ(shown(Resolver::kLww), "9");
  EXPECT_EQ(shown(Resolver::kMax), "x") << "what is no number stands above numbers";
  EXPECT_EQ(shown(Resolver::kMin), "9");
  EXPECT_EQ(shown(Resolver::kFirstWins), "x");
  EXPECT_EQ(shown(Resolver::kOriginPriority), "10");
  EXPECT_EQ(shown(Resolver::kMulti), "9");
}

}  // namespace
}  // namespace pando::engine::view_test

// A merge left several types under one key. A site that sees them answers as the first, writes it as that, and refuses
// the others, whichever parts of theirs are there.
#include <gtest/gtest.h>

#include "engine/document_suite.h"
#include "engine/sites_suite.h"
#include "model/list.h"
#include "model/presence.h"

namespace pando::engine::clash_test {
namespace {

using test::count_by;
using test::put_value;

Mutation add_decimal(std::int64_t units) {
  Mutation m = test::of_kind(Mutation::Kind::kAddDecimal, "k");
  m.units = units;
  return m;
}
Mutation members(Mutation::Kind kind) {
  Mutation m = test::of_kind(kind, "k");
  m.members = {"a"};
  return m;
}
Mutation columns(Mutation::Kind kind) {
  Mutation m = test::of_kind(kind, "k");
  m.columns = {{"a", kind == Mutation::Kind::kPutColumns ? "1" : ""}};
  return m;
}
Mutation detail(Mutation::Detail what) { return test::with_detail("k", std::move(what)); }
std::int64_t count(Site& site) { return site.ask<CounterReply>(GetCounterRequest{.key = "k"}).value; }

TEST(Clash, TheOneThatReadsAnswerGoesOn) {
  Sites sites(2);
  sites[0].commit({put_value("v")});
  sites[1].commit({count_by(3)});
  sites.exchange();
  sites[0].commit({count_by(4)});
  sites[1].commit({count_by(-1)});
  const Status refused = sites[0].try_commit({put_value("w")});
  EXPECT_EQ(refused, Status(StatusCode::kWrongType, "key \"k\" holds a counter, not a value; delete it first"));
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(count(sites[i]), 6);
  // Taken back, the value is what is left.
  sites[0].commit({test::of_kind(Mutation::Kind::kReset, "k")});
  EXPECT_EQ(sites[0].ask<ValueReply>(GetRequest{.key = "k"}).value, "v");
  EXPECT_EQ(sites[0].try_commit({count_by(1)}).code(), StatusCode::kWrongType);
  sites[0].commit({put_value("w")});
  sites.exchange();
  EXPECT_EQ(sites[1].ask<ValueReply>(GetRequest{.key = "k"}).value, "w");
}

TEST(Clash, WhatIsBehindItIsRefusedThoughItsPartsAreThere) {
  using Kind = Mutation::Kind;
  const SetScores score{{{"a", 1}}, {}, false};
  const struct {
    std::string name;
    Mutation makes;
    std::vector<Mutation> refused;
  } rows[] = {
      {"flag",
       test::of_kind(Kind::kEnable, "k"),
       {test::of_kind(Kind::kEnable, "k"), test::of_kind(Kind::kDisable, "k")}},
      {"decimal counter", add_decimal(5), {add_decimal(7)}},
      {"row", columns(Kind::kPutColumns), {columns(Kind::kPutColumns), columns(Kind::kDeleteColumns)}},
      {"set", members(Kind::kAddMembers), {members(Kind::kAddMembers), members(Kind::kRemoveMembers)}},
      {"sorted set", detail(score), {detail(score), detail(AddToScore{"a", 1, {}}), detail(RemoveScores{{"a"}})}},
      {"list",
       detail(ListPush{ListEnd::kBack, {"a"}, false}),
       {detail(ListPush{ListEnd::kBack, {"a"}, false}), detail(ListPop{ListEnd::kBack, 1})}},
  };
  for (const auto& row : rows) {
    Sites sites(2);
    sites[0].commit({put_value("v")});
    sites[1].commit({row.makes});
    sites.exchange();
    const std::string before = sites[1].digest();
    for (const Mutation& mutation : row.refused) {
      EXPECT_EQ(sites[1].try_commit({mutation}),
                Status(StatusCode::kWrongType, "key \"k\" holds a value, not a " + row.name + "; delete it first"));
    }
    EXPECT_EQ(sites[1].digest(), before) << row.name;
    sites[1].commit({put_value("w")});
    sites.exchange();
    EXPECT_EQ(sites[0].ask<ValueReply>(GetRequest{.key = "k"}).value, "w") << row.name;
  }
}

}  // namespace
}  // namespace pando::engine::clash_test

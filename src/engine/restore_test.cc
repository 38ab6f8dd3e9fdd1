// What lost a merge is made what reads show again.
#include "engine/restore.h"

#include <gtest/gtest.h>

#include "engine/sites_suite.h"

namespace pando::engine::restore_test {
namespace {

using test::count_by;
using test::put_value;

Mutation members(std::vector<Bytes> who) {
  Mutation m = test::of_kind(Mutation::Kind::kAddMembers, "k");
  m.members = std::move(who);
  return m;
}
const Conflict& last_line(Site& site) { return site.cells().ledger().lines().back(); }
Status restore(Site& site, const Conflict& line) {
  Result<Mutation> mutation = restoring(line);
  return mutation ? site.try_commit({*mutation}) : mutation.error();
}
std::string type(Site& site) {
  const auto is = site.ask<TypeReply>(GetTypeRequest{"kv", "k"}).type;
  return is ? std::string(name_of(*is)) : "-";
}
std::string value(Site& site) {
  const auto reply = site.ask<ValueReply>(GetRequest{.key = "k"});
  return reply.found ? reply.value : "-";
}
void expect_equal(Sites& sites) {
  for (std::size_t i = 1; i < sites.size(); ++i) EXPECT_EQ(sites[i].digest(), sites[0].digest());
}

TEST(Restore, AValueThatAnotherTypeHidesIsShownAgain) {
  Sites sites(2);
  sites[0].commit({put_value("v")});
  sites[1].commit({count_by(3)});
  sites.exchange();
  ASSERT_EQ(type(sites[0]), "counter");
  const Conflict line = last_line(sites[0]);
  ASSERT_EQ(line.kind, Conflict::Kind::kTypeClash);
  EXPECT_TRUE(restore(sites[0], line).ok());
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(type(sites[i]) + " " + value(sites[i]), "value v");
  expect_equal(sites);
  EXPECT_TRUE(restore(sites[1], last_line(sites[1])).ok()) << "a second time changes nothing";
  EXPECT_EQ(value(sites[1]), "v");
}

TEST(Restore, WhatTheWinnerGotMeanwhileElsewhereStays) {
  Sites sites(2);
  sites[0].commit({put_value("v")});
  sites[1].commit({count_by(3)});
  sites.exchange();
  sites[1].commit({count_by(4)});
  EXPECT_TRUE(restore(sites[0], last_line(sites[0])).ok());
  EXPECT_EQ(value(sites[0]), "v");
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(type(sites[i]) + " " + value(sites[i]), "counter 4") << "not seen";
  expect_equal(sites);
}

TEST(Restore, OfACollectionAllOfItIsShownAgain) {
  Sites sites(2);
  sites[0].commit({put_value("v")});
  sites[1].commit({members({"a", "b"})});
  sites.exchange();
  ASSERT_EQ(type(sites[0]), "value");
  EXPECT_TRUE(restore(sites[1], last_line(sites[1])).ok());
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(type(sites[i]), "set");
    EXPECT_TRUE(sites[i].ask<PresenceReply>(HasMemberRequest{"kv", "k", "a"}).present);
    EXPECT_TRUE(sites[i].ask<PresenceReply>(HasMemberRequest{"kv", "k", "b"}).present);
  }
  expect_equal(sites);
}

TEST(Restore, TwoTypesInFrontOfItAreBothTakenAway) {
  Sites sites(3);
  sites[0].commit({members({"a"})});
  sites[1].commit({put_value("v")});
  sites[2].commit({count_by(1)});
  sites[0].pull(sites[1]);
  const Conflict line = last_line(sites[0]);
  sites.exchange();
  ASSERT_EQ(type(sites[0]), "counter");
  EXPECT_TRUE(restore(sites[0], line).ok());
  sites.exchange();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(type(sites[i]), "set");
  expect_equal(sites);
}

TEST(Restore, OnceItWasTakenAwayAValueComesFromTheLedgerAndACollectionIsGone) {
  Sites sites(2);
  sites[0].commit({put_value("v")});
  sites[1].commit({count_by(3)});
  sites.exchange();
  const Conflict of_value = last_line(sites[0]);
  sites[0].commit({test::of_kind(Mutation::Kind::kDelete, "k")});
  EXPECT_EQ(type(sites[0]), "-");
  EXPECT_TRUE(restore(sites[0], of_value).ok());
  EXPECT_EQ(value(sites[0]), "v");

  Sites others(2);
  others[0].commit({put_value("v")});
  others[1].commit({members({"a"})});
  others.exchange();
  const Conflict of_set = last_line(others[0]);
  others[0].commit({test::of_kind(Mutation::Kind::kDelete, "k")});
  others[0].commit({put_value("new")});
  const Status refused = restore(others[0], of_set);
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_EQ(refused.message(), "key \"k\" has nothing left of the set that lost");
  EXPECT_EQ(value(others[0]), "new") << "and nothing is changed";
}

TEST(Restore, WhatWasNeverTakenIsSaidToBeWhereItIs) {
  Conflict line;
  line.id = {LogPos(7), 0};
  line.kind = Conflict::Kind::kRefusedStamp;
  line.loser.dot = {{"dc2", 1}, Seq(4)};
  const Result<Mutation> none = restoring(line);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), StatusCode::kConflict);
  EXPECT_EQ(
      none.error().message(),
      "conflict 7-0 is about a commit that was never taken: its values are at dc2, where they can be written again");
}

}  // namespace
}  // namespace pando::engine::restore_test

// A member that is in is added again, so that a removal elsewhere that did not see this leaves it in; not where nobody
// elsewhere has seen it at all.
#include "node/fleet_suite.h"

namespace pando::node::unshared_members_test {
namespace {

WriteRequest change(Mutation::Kind kind, Bytes member) {
  Mutation mutation;
  mutation.kind = kind;
  mutation.key = "set";
  mutation.members = {std::move(member)};
  return {{mutation}, true};
}
WriteRequest add(Bytes member) { return change(Mutation::Kind::kAddMembers, std::move(member)); }
WriteRequest remove(Bytes member) { return change(Mutation::Kind::kRemoveMembers, std::move(member)); }

std::int64_t result_of(const Reply& reply) { return std::get<DoneReply>(reply.body).results.at(0); }

struct Alone : testing::Test {
  Alone() : rig(NodeConfig{.node_name = "dc1"}) { rig.open({.name = "ns"}); }
  Reply ask(Request request, Terms terms = {}) { return rig.ask("ns", std::move(request), std::move(terms)); }
  Rig rig;
};

TEST_F(Alone, NothingIsWrittenForOneThatIsIn) {
  const Reply first = ask(add("m"));
  EXPECT_EQ(result_of(first), 1);
  ASSERT_TRUE(first.dot.has_value());
  const Reply again = ask(add("m"));
  EXPECT_EQ(result_of(again), 0);
  EXPECT_FALSE(again.dot.has_value());
  EXPECT_EQ(again.token, CausalToken{*first.dot}) << "who has seen that sees the member";
}

TEST_F(Alone, TheAnswerWaitsForWhatItStandsOn) {
  rig.hold_log(true);
  const RequestId first = rig.send("ns", add("m"));
  const RequestId again = rig.send("ns", add("m"));
  EXPECT_FALSE(rig.answered(first));
  EXPECT_FALSE(rig.answered(again)) << "the member can still be lost";
  rig.hold_log(false);
  EXPECT_TRUE(rig.answered(again));
}

TEST_F(Alone, OneThatWasRemovedIsWritten) {
  ask(add("m"));
  ask(remove("m"));
  const Reply again = ask(add("m"));
  EXPECT_EQ(result_of(again), 1);
  EXPECT_TRUE(again.dot.has_value());
}

TEST_F(Alone, OthersOfTheSameRequestAreWritten) {
  ask(add("m"));
  WriteRequest two = add("m");
  two.mutations[0].members.push_back("n");
  const Reply reply = ask(std::move(two));
  EXPECT_EQ(result_of(reply), 1);
  EXPECT_TRUE(reply.dot.has_value());
}

TEST_F(Alone, WhoWaitsForOthersHasACommitForThemToHave) {
  ask(add("m"));
  Terms terms;
  terms.durability = *parse_durability("sites:1");
  terms.durability_wait = Duration::millis(50);
  const RequestId id = rig.send("ns", add("m"), terms);
  rig.pass(Duration::millis(100));
  ASSERT_TRUE(rig.answered(id));
  EXPECT_EQ(rig.replies.at(id).status.code(), StatusCode::kTimeout) << "there is no other site";
}

TEST_F(Alone, WhatACopyMayHoldIsWrittenAgain) {
  ask(add("m"));
  rig.send("ns", BackupStoreRequest{"copy"});
  EXPECT_TRUE(ask(add("m")).dot.has_value());
}

TEST_F(Alone, WhatAnEarlierProcessWroteIsWrittenOnce) {
  ask(add("m"));
  Rig next(NodeConfig{.node_name = "dc1"}, rig.disks());
  next.open({.name = "ns"});
  EXPECT_TRUE(next.ask("ns", add("m")).dot.has_value()) << "that process may have told others";
  EXPECT_FALSE(next.ask("ns", add("m")).dot.has_value());
}

TEST(UnsharedMembers, AnAdditionThatARemovalElsewhereDidNotSeeWins) {
  Fleet fleet(2);
  fleet.settle();
  const auto in = [&](std::size_t site) {
    return fleet.ask<PresenceReply>(site, HasMemberRequest{std::string(kTableKv), "set", "m"}).present;
  };
  EXPECT_TRUE(fleet[0].ask("ns", add("m")).dot.has_value());
  EXPECT_TRUE(fleet[0].ask("ns", add("m")).dot.has_value()) << "there is a link";
  fleet.settle();
  fleet.cut(0);
  EXPECT_TRUE(fleet[0].ask("ns", add("m")).dot.has_value()) << "the other site has what was there";
  EXPECT_FALSE(fleet[0].ask("ns", add("m")).dot.has_value()) << "and has not seen this";
  EXPECT_EQ(result_of(fleet[1].ask("ns", remove("m"))), 1);
  EXPECT_FALSE(in(1));
  fleet.heal();
  fleet.settle();
  EXPECT_TRUE(in(0));
  EXPECT_TRUE(in(1));
  EXPECT_TRUE(fleet[0].ask("ns", add("m")).dot.has_value()) << "the link is up again";
}

TEST(UnsharedMembers, OneAddedTwiceBeforeTheFirstLinkIsEverywhere) {
  Fleet fleet(2);
  fleet.cut(0);
  fleet[0].ask("ns", add("m"));
  EXPECT_FALSE(fleet[0].ask("ns", add("m")).dot.has_value());
  fleet.heal();
  fleet.settle();
  EXPECT_TRUE(fleet.ask<PresenceReply>(1, HasMemberRequest{std::string(kTableKv), "set", "m"}).present);
  EXPECT_TRUE(fleet[1].ask("ns", remove("m")).dot.has_value());
  fleet.settle();
  EXPECT_FALSE(fleet.ask<PresenceReply>(0, HasMemberRequest{std::string(kTableKv), "set", "m"}).present);
}

}  // namespace
}  // namespace pando::node::unshared_members_test

// Peers that mean ill, or are broken: refused by name and counted, while the node and its other links go on.
#include "node/hostile_suite.h"

namespace pando::node::hostile_peer_test {
namespace {

using Author = HostileAuthor;

const Origin kDc9{"dc9", 1};

using Told = std::vector<std::string>;

TEST_F(HostilePeer, APoisonCommitIsTakenFromElsewhereAndTheLinkGoesOn) {
  Author dc9(kDc9), dc2({"dc2", 1});
  const Bytes first = dc9.next(), second = dc9.next(), own = dc2.next();
  meet(LinkId(1), "dc2", vector_of({{kDc9, 2}}));
  meet(LinkId(2), "dc3", vector_of({{kDc9, 2}}));
  bring(LinkId(1), {ByteSpan(forged(first)), ByteSpan(second), ByteSpan(own)});
  EXPECT_EQ(told(), (Told{"1: cannot take dc9:1"}));
  ASSERT_EQ(stats().quarantined.size(), 1u);
  EXPECT_EQ(stats().quarantined[0].dot, (Dot{kDc9, Seq(1)}));
  EXPECT_EQ(stats().quarantined[0].from, std::vector<std::string>{"dc2"});
  EXPECT_EQ(stats().quarantined[0].reason.find("data_loss: "), 0u) << stats().quarantined[0].reason;
  EXPECT_FALSE(has({{"dc2", 1}, Seq(1)})) << "it may follow from what is missing";

  bring(LinkId(2), {repl::Have{vector_of({{kDc9, 2}})}});
  EXPECT_EQ(told(), (Told{"2: wants dc9 1-2"})) << "at once: the one who should bring it cannot";
  bring(LinkId(2), {repl::Answer{first}, repl::Answer{second}});
  EXPECT_TRUE(has({kDc9, Seq(2)}));
  EXPECT_TRUE(has({{"dc2", 1}, Seq(1)})) << "the link has gone on";
  EXPECT_TRUE(stats().quarantined.empty());
  EXPECT_EQ(stats().quarantined_total, 1u);
  const Bytes later = dc2.next();
  bring(LinkId(1), {ByteSpan(later)});
  EXPECT_TRUE(has({{"dc2", 1}, Seq(2)}));
  EXPECT_TRUE(rig_.closes.empty());
}

TEST_F(HostilePeer, PoisonEverywhereWaitsAndNothingElseDoes) {
  Author dc9(kDc9), dc3({"dc3", 1});
  const Bytes first = dc9.next(), second = dc9.next();
  meet(LinkId(1), "dc2", vector_of({{kDc9, 2}}));
  meet(LinkId(2), "dc3", vector_of({{kDc9, 2}}));
  bring(LinkId(1), {ByteSpan(forged(first)), ByteSpan(second)});
  const Bytes before = dc3.next();
  bring(LinkId(2), {ByteSpan(before), repl::Have{vector_of({{kDc9, 2}})}});
  EXPECT_TRUE(has({{"dc3", 1}, Seq(1)}));
  EXPECT_EQ(told(), (Told{"1: cannot take dc9:1", "2: wants dc9 1-2"}));
  bring(LinkId(2), {repl::Answer{forged(first)}, repl::Answer{second}});
  EXPECT_EQ(told(), (Told{"2: cannot take dc9:1"})) << "and the second does not count as a gap";
  EXPECT_EQ(stats().quarantined[0].from, (std::vector<std::string>{"dc2", "dc3"}));
  pass(Duration::seconds(29), {LinkId(1), LinkId(2)});
  EXPECT_EQ(told(), Told{});
  pass(Duration::seconds(3), {LinkId(1), LinkId(2)});
  EXPECT_EQ(told(), (Told{"1: wants dc9 1-1", "2: wants dc9 1-2"})) << "both may have been mended";
  bring(LinkId(1), {repl::Answer{first}});
  EXPECT_TRUE(has({kDc9, Seq(2)})) << "what followed it was here all the while";
  EXPECT_TRUE(rig_.closes.empty());
  expect_serving();
}

TEST_F(HostilePeer, AStampOfTheFarFutureIsTakenWhenItIsNot) {
  Author dc2({"dc2", 1});
  const Bytes early = dc2.next(rig_.now.wall_ms + 24 * 3'600'000 + 20'000);
  meet(LinkId(1), "dc2", vector_of({{{"dc2", 1}, 1}}));
  bring(LinkId(1), {ByteSpan(early)});
  EXPECT_EQ(told(), (Told{"1: cannot take dc2:1"}));
  EXPECT_FALSE(has({{"dc2", 1}, Seq(1)}));
  pass(Duration::seconds(31), {LinkId(1)});
  EXPECT_EQ(told(), (Told{"1: wants dc2 1-1"}));
  bring(LinkId(1), {repl::Answer{early}});
  EXPECT_TRUE(has({{"dc2", 1}, Seq(1)}));
}

TEST_F(HostilePeer, GarbageRefusesTheLinkAndNoOther) {
  Author dc3({"dc3", 1});
  meet(LinkId(1), "dc2");
  meet(LinkId(2), "dc3");
  hear_bytes(LinkId(1), "garbage");
  EXPECT_EQ(told(), (Told{"1: refuses, data_loss"}));
  EXPECT_TRUE(closed(LinkId(1)));
  EXPECT_EQ(refusals("data_loss"), 1u);
  const Bytes commit = dc3.next();
  bring(LinkId(2), {ByteSpan(commit)});
  EXPECT_TRUE(has({{"dc3", 1}, Seq(1)}));
}

// Who says that this node has lost commits is believed: it may be so. But not without end.
TEST_F(HostilePeer, ForgedMemoriesOfThisNodeMakeFewEpochs) {
  std::uint64_t links = 0;
  for (; refusals("permission_denied") == 0 && links < 100; ++links) {
    meet(LinkId(links + 1), "dc2", vector_of({{stats().origin, 1000}}));
  }
  EXPECT_EQ(links, limits::kEpochsPerHourMax + 1);
  EXPECT_EQ(stats().origin.epoch, limits::kEpochsPerHourMax + 1);
  EXPECT_TRUE(closed(LinkId(links)));
  expect_serving();
  pass(Duration::seconds(3601), {});
  meet(LinkId(links + 1), "dc2", vector_of({{stats().origin, 1000}}));
  EXPECT_FALSE(closed(LinkId(links + 1))) << "an hour later it may be true";
}

TEST_F(HostilePeer, AnEpochThatNobodyCanHaveHad) {
  for (const std::uint64_t epoch : {std::uint64_t{5'000'000}, ~std::uint64_t{0}}) {
    meet(LinkId(epoch), "dc2", vector_of({{{"dc1", epoch}, 5}}));
    EXPECT_TRUE(closed(LinkId(epoch)));
    EXPECT_EQ(stats().origin.epoch, 1u);
  }
  Author me({"dc1", ~std::uint64_t{0}});
  const Bytes mine = me.next();
  meet(LinkId(3), "dc3");
  bring(LinkId(3), {ByteSpan(mine)});
  EXPECT_TRUE(closed(LinkId(3)));
  EXPECT_EQ(refusals("invalid_argument"), 3u);
  expect_serving();
}

TEST_F(HostilePeer, WhoNeverAcknowledgesIsSentLittleAndThenRefused) {
  meet(LinkId(1), "dc2");
  meet(LinkId(2), "dc3");
  for (int i = 0; i < 200; ++i) {
    WriteRequest write;
    Mutation put;
    put.kind = Mutation::Kind::kPut;
    put.table = std::string(kTableKv);
    put.key = "k";
    for (int c = 0; c < 100'000; ++c) put.value.push_back(static_cast<char>((i * 131 + c * 7919 + c / 251) % 251));
    write.mutations = {put};
    rig_.ask(kNs, write);
    take();
    hear(LinkId(2), repl::Ack{stats().context});
  }
  EXPECT_LT(bytes_[LinkId(1)], limits::kLinkUnackedBytesMax + 200'000);
  EXPECT_FALSE(closed(LinkId(1)));
  pass(Duration::seconds(290), {LinkId(1), LinkId(2)});
  EXPECT_FALSE(closed(LinkId(1)));
  pass(Duration::seconds(20), {LinkId(1), LinkId(2)});
  EXPECT_TRUE(closed(LinkId(1)));
  EXPECT_FALSE(closed(LinkId(2)));
  EXPECT_EQ(refusals("timeout"), 1u);
  EXPECT_EQ(told(), (Told{"1: refuses, timeout"}));
}

TEST_F(HostilePeer, WhoCannotTakeACommitOwesNoAck) {
  meet(LinkId(1), "dc2");
  expect_serving();
  take();
  hear(LinkId(1), repl::Quarantined{{{"dc1", 1}, Seq(1)}, Status(StatusCode::kDataLoss, "torn")});
  pass(Duration::seconds(400), {LinkId(1)});
  EXPECT_FALSE(closed(LinkId(1)));
  EXPECT_NE(std::find(rig_.notes.begin(), rig_.notes.end(), "dc2 cannot take dc1:1 from here: torn"), rig_.notes.end());
}

TEST_F(HostilePeer, IsWhomItsCertificateNames) {
  meet(LinkId(1), "dc2", {}, std::vector<std::string>{"dc2"});
  EXPECT_FALSE(closed(LinkId(1)));
  meet(LinkId(2), "dc3", {}, std::vector<std::string>{"dc3.example.org", "dc3"});
  EXPECT_FALSE(closed(LinkId(2)));
  meet(LinkId(3), "dc3", {}, std::vector<std::string>{"dc2"});
  EXPECT_TRUE(closed(LinkId(3)));
  EXPECT_EQ(rig_.closes.back().reason.message(), "the peer calls itself dc3, its certificate names dc2");
  meet(LinkId(4), "dc4", {}, std::vector<std::string>{});
  EXPECT_TRUE(closed(LinkId(4)));
  EXPECT_EQ(refusals("permission_denied"), 2u);
}

}  // namespace
}  // namespace pando::node::hostile_peer_test

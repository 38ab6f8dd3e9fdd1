#include "node/explain_path.h"

#include <gtest/gtest.h>

#include "node/node_suite.h"

namespace pando::node::explain_path_test {
namespace {

Request add(Bytes key, std::int64_t delta) {
  Mutation m{.kind = Mutation::Kind::kAdd, .key = std::move(key)};
  m.delta = delta;
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return write;
}
ExplainReply explain(Rig& rig, Bytes key) {
  return std::get<ExplainReply>(rig.ask("ns", ExplainRequest{"kv", std::move(key)}).body);
}
// "dc1:3 by -2", "dc1:1", or "unknown".
std::string last_of(const ExplainReply& reply) {
  const auto& last = reply.cells.at(0).slots.at(0).last;
  if (!last) return "unknown";
  return to_string(last->dot) + (last->change ? " by " + to_text(*last->change) : "");
}
NodeConfig config() {
  NodeConfig config;
  config.node_name = "dc1";
  return config;
}

TEST(ExplainPath, TheLastOpOfEachOriginAndByHowMuch) {
  Rig rig(config());
  rig.open({.name = "ns"});
  rig.ask("ns", add("n", 5));
  ExplainReply reply = explain(rig, "n");
  EXPECT_EQ(last_of(reply), "dc1:1 by 5") << "what made the slot";
  ASSERT_TRUE(reply.searched);
  EXPECT_TRUE(reply.searched->reached_start);
  rig.ask("ns", add("n", -2));
  rig.ask("ns", add("other", 1));
  rig.ask("ns", put("n-is-not-it", "n"));
  EXPECT_EQ(last_of(explain(rig, "n")), "dc1:2 by -2");
  EXPECT_FALSE(explain(rig, "n-is-not-it").searched) << "nothing counts in it";
}

TEST(ExplainPath, TheLogIsSearchedBackwardsAndAcrossARestart) {
  Rig::Disks disks;
  Time later;
  {
    Rig rig(config());
    rig.open({.name = "ns"});
    rig.ask("ns", add("old", 3));
    rig.ask("ns", add("n", 3));
    for (int i = 0; i < 5'000; ++i) rig.ask("ns", put("k", std::to_string(i)));
    rig.ask("ns", add("n", 4));
    const ExplainReply near = explain(rig, "n");
    EXPECT_EQ(last_of(near), "dc1:5003 by 4");
    EXPECT_GT(near.searched->records, 4'096u) << "the one before lies in another window";
    disks = rig.disks();
    later = rig.now;
  }
  Rig again(config(), disks);
  again.now = later;
  again.open({.name = "ns"});
  EXPECT_EQ(last_of(explain(again, "old")), "dc1:1 by 3") << "read from the disk";
}

TEST(ExplainPath, ManyAtATimeAreAnsweredInTurn) {
  Rig rig(config());
  rig.open({.name = "ns"});
  for (int i = 0; i < 20; ++i) rig.ask("ns", add("n" + std::to_string(i), i + 1));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(last_of(explain(rig, "n" + std::to_string(i))),
              "dc1:" + std::to_string(i + 1) + " by " + std::to_string(i + 1));
  }
}

}  // namespace
}  // namespace pando::node::explain_path_test

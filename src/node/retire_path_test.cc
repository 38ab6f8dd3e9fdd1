#include "node/retire_path.h"

#include <gtest/gtest.h>

#include "node/node_suite.h"

namespace pando::node::retire_path_test {
namespace {

NodeConfig named(std::string name) {
  NodeConfig config;
  config.node_name = std::move(name);
  return config;
}
Request drain(DrainRequest::Change change) { return DrainRequest{change}; }
using Change = DrainRequest::Change;

TEST(Drain, RefusesWhatClientsBeginAndFinishesWhatTheyBegan) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  const Reply begun = rig.ask("ns", TxBeginRequest{});
  const Bytes tx = std::get<TxBegunReply>(begun.body).id;
  EXPECT_TRUE(rig.ask("ns", put("k", "v")).status.ok());
  EXPECT_TRUE(std::get<DrainReply>(rig.ask("ns", drain(Change::kBegin)).body).draining);

  const Status refused = rig.ask("ns", put("k", "w")).status;
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_NE(refused.message().find("dc1 is being drained"), std::string::npos);
  EXPECT_NE(refused.message().find("pando drain --undo"), std::string::npos);
  EXPECT_EQ(rig.ask("ns", TxBeginRequest{}).status.code(), StatusCode::kUnavailable);
  TxRequest whole;
  whole.items.push_back({put("k", "w")});
  EXPECT_EQ(rig.ask("ns", std::move(whole)).status.code(), StatusCode::kUnavailable);
  PipelineRequest pipeline;
  pipeline.items.push_back({put("k", "w")});
  pipeline.items.push_back({get("k")});
  const Reply piped = rig.ask("ns", std::move(pipeline));
  EXPECT_EQ(std::get<PipelineReply>(piped.body).items.at(0).status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(value_in(std::get<PipelineReply>(piped.body).items.at(1)), "v");

  EXPECT_EQ(value_in(rig.ask("ns", get("k"))), "v");
  EXPECT_TRUE(rig.ask("ns", TxAppendRequest{tx, put("t", "v").mutations.front()}).status.ok());
  EXPECT_EQ(std::get<DrainReply>(rig.ask("ns", drain(Change::kNone)).body).transactions, 1u);
  EXPECT_TRUE(rig.ask("ns", TxCommitRequest{tx}).status.ok());
  EXPECT_EQ(value_in(rig.ask("ns", get("t"))), "v");

  const DrainReply ended = std::get<DrainReply>(rig.ask("ns", drain(Change::kEnd)).body);
  EXPECT_FALSE(ended.draining);
  EXPECT_TRUE(rig.ask("ns", put("k", "w")).status.ok());
}

TEST(Drain, IsNotSafeWithoutAPeer) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  (void)rig.ask("ns", drain(Change::kBegin));
  for (int i = 0; i < 5; ++i) rig.pass(Duration::seconds(1));
  const DrainReply standing = std::get<DrainReply>(rig.ask("ns", drain(Change::kNone)).body);
  EXPECT_FALSE(standing.looking);
  EXPECT_FALSE(standing.safe);
  EXPECT_TRUE(standing.peers.empty());
}

TEST(Retire, RefusesWhatCannotBe) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  const auto code = [&](std::string node) { return rig.ask("ns", RetireNodeRequest{std::move(node)}).status.code(); };
  EXPECT_EQ(code("dc1"), StatusCode::kConflict) << "itself";
  EXPECT_EQ(code("dc9"), StatusCode::kNotFound) << "never heard of";
  EXPECT_EQ(code("no name"), StatusCode::kInvalidArgument);
  const NodesReply nodes = std::get<NodesReply>(rig.ask("ns", ListNodesRequest{}).body);
  ASSERT_EQ(nodes.nodes.size(), 1u);
  EXPECT_EQ(nodes.nodes[0].state, NodesReply::State::kSelf);
}

}  // namespace
}  // namespace pando::node::retire_path_test

#include "node/peer_path.h"

#include <gtest/gtest.h>

#include "node/opening.h"
#include "store/memory_kv.h"

namespace pando::node::peer_path_test {
namespace {

constexpr Time kNow{1'000'000, 1'700'000'000'000};

// A namespace without a disk: what it appends never becomes durable, what peers say is all there is.
class Alone {
 public:
  Alone() {
    auto opening = Opening::begin({.name = "ns"}, "dc1", kv_);
    OpenReport report;
    replica_ = (*opening)->finish(report);
    peers_.emplace(*replica_, config_);
  }

  PeerPath& peers() { return *peers_; }
  // A peer links up and says what it has.
  void meet(LinkId id, const std::string& name, const VersionVector& context) {
    peers_->open(id, {.dialed = false, .label = name}, kNow);
    repl::Hello hello;
    hello.origin = {name, 1};
    hello.ns = "ns";
    hello.context = context;
    hear(id, hello);
  }
  template <typename Said>
  void hear(LinkId id, const Said& said) {
    peers_->on_frame(id, repl::encode_frame(said), kNow, out_);
  }

 private:
  store::MemoryKv kv_;
  NodeConfig config_;
  std::unique_ptr<Replica> replica_;
  std::optional<PeerPath> peers_;
  Outputs out_;
};

VersionVector up_to(std::uint64_t seq) {
  VersionVector vector;
  vector.raise({"dc9", 1}, Seq(seq));
  return vector;
}

TEST(PeerPath, TellsWhereACommitIsDurable) {
  using Names = std::vector<std::string>;
  const Dot dot{{"dc9", 1}, Seq(5)};
  Alone node;
  EXPECT_FALSE(node.peers().take_acked());
  EXPECT_EQ(node.peers().durable_at(dot), Names{});
  node.meet(LinkId(1), "dc2", up_to(5));
  node.meet(LinkId(2), "dc3", up_to(4));
  EXPECT_TRUE(node.peers().take_acked());
  EXPECT_FALSE(node.peers().take_acked()) << "said once";
  EXPECT_EQ(node.peers().durable_at(dot), Names{"dc2"});

  node.hear(LinkId(2), repl::Ack{up_to(4)});
  EXPECT_FALSE(node.peers().take_acked()) << "nothing new";
  node.hear(LinkId(2), repl::Ack{up_to(6)});
  EXPECT_TRUE(node.peers().take_acked());
  EXPECT_EQ(node.peers().durable_at(dot), (Names{"dc2", "dc3"}));

  node.peers().close(LinkId(2));
  EXPECT_EQ(node.peers().durable_at(dot), (Names{"dc2", "dc3"})) << "durable there, reachable or not";
  node.meet(LinkId(3), "dc3", up_to(1));
  EXPECT_EQ(node.peers().durable_at(dot), Names{"dc2"}) << "its disk was restored from a backup";
}

}  // namespace
}  // namespace pando::node::peer_path_test

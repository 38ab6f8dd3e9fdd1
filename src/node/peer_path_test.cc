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
  explicit Alone(std::uint64_t incarnation = 0) {
    auto opening = Opening::begin({.name = "ns"}, "dc1", kv_);
    OpenReport report;
    replica_ = (*opening)->finish(report);
    peers_.emplace(*replica_, config_, incarnation);
  }

  PeerPath& peers() { return *peers_; }
  // A peer links up and says what it has.
  void meet(LinkId id, const std::string& name, const VersionVector& context) {
    repl::Hello hello;
    hello.origin = {name, 1};
    hello.context = context;
    meet(id, hello);
  }
  void meet(LinkId id, repl::Hello hello) {
    peers_->open(id, {.dialed = false, .label = hello.origin.node}, kNow);
    hello.ns = "ns";
    hear(id, hello);
  }
  // What it says to a peer that links up.
  repl::Hello greeting(LinkId id) {
    peers_->open(id, {.dialed = false, .label = "somebody"}, kNow);
    out_ = {};
    std::uint64_t read_id = 1;
    peers_->end_turn(kNow, read_id, out_);
    for (const LinkSend& sent : out_.link_sends) {
      if (sent.id == id) return *repl::decode_hello(sent.frame);
    }
    ADD_FAILURE() << "no Hello was sent";
    return {};
  }
  std::uint64_t epoch() const { return replica_->self().epoch; }
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

repl::Hello hello_of(const Origin& origin, std::uint64_t incarnation, std::vector<repl::Met> met = {}) {
  repl::Hello hello;
  hello.origin = origin;
  hello.incarnation = incarnation;
  hello.met = std::move(met);
  return hello;
}

TEST(PeerPath, SaysWhomItHasMetOfWhomNothingIsHere) {
  using Mets = std::vector<repl::Met>;
  Alone node;
  node.meet(LinkId(1), hello_of({"dc2", 1}, 20));
  node.meet(LinkId(2), hello_of({"dc3", 4}, 0));
  const repl::Hello said = node.greeting(LinkId(3));
  EXPECT_EQ(said.met, (Mets{{{"dc2", 1}, 20}, {{"dc3", 4}, 0}}));
  EXPECT_EQ(said.incarnation, 0u);

  // Another one under that epoch: it will go on as the next one, which is not to be used by a third.
  node.meet(LinkId(4), hello_of({"dc2", 1}, 21));
  EXPECT_EQ(node.greeting(LinkId(5)).met.front(), (repl::Met{{"dc2", 2}, 20}));
  node.meet(LinkId(6), hello_of({"dc2", 2}, 21));
  EXPECT_EQ(node.greeting(LinkId(7)).met.front(), (repl::Met{{"dc2", 2}, 21}));
}

TEST(PeerPath, LeavesTheEpochOfAnotherIncarnation) {
  const std::vector<repl::Met> met = {{{"dc1", 1}, 10}};
  Alone same(10);
  EXPECT_EQ(same.greeting(LinkId(1)).incarnation, 10u);
  same.meet(LinkId(2), hello_of({"dc2", 1}, 0, met));
  EXPECT_EQ(same.epoch(), 1u) << "that was this one";

  Alone other(11);
  other.meet(LinkId(1), hello_of({"dc2", 1}, 0, met));
  EXPECT_EQ(other.epoch(), 2u);
  other.meet(LinkId(2), hello_of({"dc3", 1}, 0, met));
  EXPECT_EQ(other.epoch(), 2u) << "that is past";

  Alone knows_its_past;
  knows_its_past.meet(LinkId(1), hello_of({"dc2", 1}, 0, met));
  EXPECT_EQ(knows_its_past.epoch(), 1u);
  knows_its_past.meet(LinkId(2), hello_of({"dc3", 1}, 0, {{{"dc1", 7}, 0}}));
  EXPECT_EQ(knows_its_past.epoch(), 8u) << "a later one is another's, whoever it was";
}

TEST(PeerPath, IsNotDrivenThroughEpochsByWords) {
  Alone node(10);
  const std::uint64_t far = limits::kEpochsAheadMax + 5;
  node.meet(LinkId(1), hello_of({"dc2", 1}, 0, {{{"dc1", far}, 0}}));
  EXPECT_EQ(node.epoch(), 1u);
  EXPECT_EQ(node.peers().close(LinkId(1)).reason.code(), StatusCode::kPermissionDenied);
  for (std::uint64_t i = 0; i < 3 * limits::kEpochsPerHourMax; ++i) {
    node.meet(LinkId(2 + i), hello_of({"dc2", 1}, 0, {{{"dc1", 1 + i}, 1}}));
  }
  EXPECT_EQ(node.epoch(), 1 + limits::kEpochsPerHourMax);
}

}  // namespace
}  // namespace pando::node::peer_path_test

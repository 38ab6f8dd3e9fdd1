// node/hostile_suite.h — a node and peers that say what a test has them say: for tests of what a node does about it.
#pragma once

#include <fmt/core.h>

#include "node/node_suite.h"
#include "repl/frame.h"

namespace pando::node {

// Commits of an origin that never says a word itself.
class HostileAuthor {
 public:
  explicit HostileAuthor(Origin origin) : origin_(std::move(origin)) {}
  Bytes next(std::int64_t wall_ms = 1'700'000'000'000, Bytes value = "v") {
    Commit commit;
    commit.dot = {origin_, Seq(++seq_)};
    commit.hlc = Hlc{Hlc::from_wall_ms(wall_ms).bits + seq_};
    commit.ops = {PutOp{{std::string(kTableKv), to_string(commit.dot), CellKind::kRegister, {}}, std::move(value), {}}};
    Bytes bytes = seal_commit(chain_, commit);
    chain_ = commit.chain;
    return bytes;
  }

 private:
  Origin origin_;
  std::uint64_t seq_ = 0;
  std::uint64_t chain_ = 0;
};

// Whole and well framed, and its chain does not follow: what a damaged disk or a forger sends.
inline Bytes forged(Bytes commit) {
  commit.back() = static_cast<char>(commit.back() ^ 1);
  return commit;
}

inline VersionVector vector_of(std::initializer_list<std::pair<Origin, std::uint64_t>> entries) {
  VersionVector vector;
  for (const auto& [origin, seq] : entries) vector.raise(origin, Seq(seq));
  return vector;
}

class HostilePeer : public testing::Test {
 protected:
  static constexpr char kNs[] = "ns";

  explicit HostilePeer(NamespaceConfig ns = {.name = kNs})
      : rig_([] {
          NodeConfig config;
          config.node_name = "dc1";
          config.accept_links = true;
          return config;
        }()) {
    rig_.open(std::move(ns));
  }

  void meet(LinkId id, const std::string& name, const VersionVector& context = {},
            std::optional<std::vector<std::string>> certificate = {}) {
    rig_.step(LinkUp{id, 0, name + ":1", std::move(certificate)});
    repl::Hello hello;
    hello.origin = {name, 1};
    hello.ns = kNs;
    hello.context = context;
    hello.features = features_;
    hello.publish = publishes_;
    hear(id, hello);
    hear(id, repl::Route{});
    if (!closed(id)) told_.clear();
  }
  template <typename Said>
  void hear(LinkId id, const Said& said) {
    hear_bytes(id, repl::encode_frame(said));
  }
  void hear_bytes(LinkId id, Bytes frame) {
    rig_.step(LinkFrame{id, std::move(frame)});
    take();
  }
  void bring(LinkId id, std::vector<repl::BodyItem> items) {
    hear(id, repl::Body{LogPos(1), std::move(items), ++sent_[id]});
  }
  // Time goes on, and these peers are alive.
  void pass(Duration time, const std::vector<LinkId>& alive) {
    for (const Instant end = instant_of(rig_.now) + time; instant_of(rig_.now) < end;) {
      rig_.pass(Duration::seconds(1));
      for (const LinkId id : alive) hear(id, repl::Heartbeat{{}, rig_.now.wall_ms, 0, {}, {}});
      take();
    }
  }
  // What the node has said on its links since the last look.
  void take() {
    for (LinkSend& sent : std::exchange(rig_.frames, {})) {
      rig_.step(LinkDrained{sent.id, sent.frame.size()});
      bytes_[sent.id] += sent.frame.size();
      Result<repl::Frame> frame = repl::decode_frame(sent.frame);
      ASSERT_TRUE(frame.has_value());
      if (const auto* want = std::get_if<repl::Want>(&*frame)) {
        for (const auto& range : want->ranges) {
          told_.push_back(fmt::format("{}: wants {} {}-{}", sent.id.value, to_string(range.origin),
                                      range.after.value + 1, range.upto.value));
        }
      } else if (const auto* lacks = std::get_if<repl::Quarantined>(&*frame)) {
        told_.push_back(fmt::format("{}: cannot take {}", sent.id.value, to_string(lacks->dot)));
      } else if (const auto* resync = std::get_if<repl::ResyncFrame>(&*frame)) {
        resync_.emplace_back(sent.id, *resync);
      } else if (const auto* refuse = std::get_if<repl::Refuse>(&*frame)) {
        told_.push_back(fmt::format("{}: refuses, {}", sent.id.value, code_name(refuse->reason.code())));
      }
    }
  }
  std::vector<std::string> told() { return std::exchange(told_, {}); }
  bool closed(LinkId id) const {
    return std::any_of(rig_.closes.begin(), rig_.closes.end(), [&](const LinkClose& close) { return close.id == id; });
  }
  StatsReply stats() { return *rig_.node().stats(kNs); }
  bool has(const Dot& dot) { return stats().context.covers(dot); }
  std::uint64_t refusals(std::string_view code) {
    for (const auto& [word, count] : stats().refusals) {
      if (word == code) return count;
    }
    return 0;
  }
  void expect_serving() {
    WriteRequest write;
    Mutation put;
    put.kind = Mutation::Kind::kPut;
    put.table = std::string(kTableKv);
    put.key = "mine";
    put.value = "w";
    write.mutations = {put};
    EXPECT_TRUE(rig_.ask(kNs, write).status.ok());
  }

  Rig rig_;
  std::map<LinkId, std::uint64_t> sent_;
  std::map<LinkId, std::size_t> bytes_;
  std::vector<std::string> told_;
  std::vector<std::pair<LinkId, repl::ResyncFrame>> resync_;  // that the node has said
  // Of the next peers that are met.
  std::uint64_t features_ = 0;
  bool publishes_ = true;
};

}  // namespace pando::node

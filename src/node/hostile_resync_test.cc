// Peers that mean ill, or are broken, in a resync: refused by name and counted, with memory bounded, and nobody else
// waits for them.
#include "node/hostile_suite.h"
#include "store/cell.h"
#include "store/cell_key.h"
#include "store/range_digest.h"

namespace pando::node::hostile_resync_test {
namespace {

using repl::ResyncFrame;
using Told = std::vector<std::string>;

const Origin kDc9{"dc9", 1};

// A cell as dc9's only commit has left it.
repl::Cells::Item cell_item(const Bytes& name, std::size_t value_bytes) {
  const Bytes key = store::cell_key({"kv", name, CellKind::kRegister, ""});
  store::Cell cell(CellKind::kRegister);
  cell.reg().put({kDc9, Seq(1)}, Hlc{1}, Bytes(value_bytes, 'v'), {});
  Bytes state;
  store::encode_cell_state(cell, state);
  return {key, state.size(), 0, state};
}

class HostileResync : public HostilePeer {
 protected:
  explicit HostileResync(NamespaceConfig ns = {.name = kNs}) : HostilePeer(std::move(ns)) {
    features_ = repl::kFeatureResync;
  }

  void say(LinkId id, const ResyncFrame& frame) { hear(id, frame); }
  // The last of a kind that the node has said on the link.
  template <typename T>
  std::optional<T> said(LinkId id) {
    for (auto at = resync_.rbegin(); at != resync_.rend(); ++at) {
      if (at->first != id) continue;
      if (const auto* one = std::get_if<T>(&at->second)) return *one;
    }
    return std::nullopt;
  }
  void wait(Duration time) {
    rig_.pass(time);
    take();
  }
  bool noted(std::string_view what) const {
    return std::any_of(rig_.notes.begin(), rig_.notes.end(),
                       [&](const std::string& note) { return note.find(what) != std::string::npos; });
  }
};

// What the node asks of who has the log.
class HostileHolder : public HostileResync {
 protected:
  static Cut cut() { return {vector_of({{kDc9, 1}}), {5}, Hlc{1}, {}}; }

  void offer(LinkId id, const std::string& name) {
    meet(id, name);
    say(id, repl::Gap{vector_of({{kDc9, 1}})});
  }
  void give(LinkId id, const Cut& cut) {
    wait(Duration::millis(1100));
    ASSERT_TRUE(said<repl::CutAsk>(id).has_value());
    say(id, repl::CutHeld{said<repl::CutAsk>(id)->round, cut});
  }
  // Up to where the node asks about all there is.
  repl::RangeAsk begin(LinkId id) {
    offer(id, "dc2");
    give(id, cut());
    return said<repl::RangeAsk>(id).value_or(repl::RangeAsk{});
  }
  // One cell where the node has none: it asks for all of them.
  repl::RangeAsk begin_cells(LinkId id) {
    const repl::RangeAsk ask = begin(id);
    say(id, repl::Digests{ask.round, ask.id, {{ask.to, 7, 1}}});
    wait(Duration::millis(2));
    EXPECT_EQ(said<repl::RangeAsk>(id)->cells_per_part, 0u);
    return *said<repl::RangeAsk>(id);
  }
};

TEST_F(HostileHolder, WhatWasNotAskedFor) {
  const repl::RangeAsk first = begin(LinkId(1));
  say(LinkId(1), repl::Cells{first.round, first.id, first.to, {}});
  EXPECT_EQ(told(), (Told{"1: refuses, invalid_argument"})) << "cells where digests were asked for";
  const repl::RangeAsk second = begin(LinkId(2));
  say(LinkId(2), repl::Digests{second.round, second.id + 5, {{second.to, 0, 0}}});
  EXPECT_EQ(told(), (Told{"2: refuses, invalid_argument"})) << "another ask's";
  const repl::RangeAsk third = begin(LinkId(3));
  say(LinkId(3), repl::Digests{third.round, third.id, {{third.to + "x", 0, 0}}});
  EXPECT_EQ(told(), (Told{"3: refuses, invalid_argument"})) << "beyond the range";
  EXPECT_EQ(refusals("invalid_argument"), 3u);
  expect_serving();
}

TEST_F(HostileHolder, CutsThatCannotBe) {
  struct Row {
    const char* why;
    Cut cut;
    const char* code;
  };
  const Hlc far = Hlc::from_wall_ms(rig_.now.wall_ms + 48 * 3'600'000);
  const Row rows[] = {
      {"less than its log needs of a reader: it would be asked for again for ever", {}, "invalid_argument"},
      {"stamps of the far future", {vector_of({{kDc9, 1}}), {5}, far, {}}, "out_of_range"},
      {"commits of the node's own that it never made",
       {vector_of({{kDc9, 1}, {Origin{"dc1", 1}, 9}}), {0, 0}, Hlc{1}, {}},
       "conflict"},
  };
  std::uint64_t id = 0;
  for (const Row& row : rows) {
    offer(LinkId(++id), "dc2");
    give(LinkId(id), row.cut);
    EXPECT_EQ(told(), (Told{fmt::format("{}: refuses, {}", id, row.code)})) << row.why;
    EXPECT_EQ(refusals(row.code), 1u) << row.why;
    rig_.step(LinkDown{LinkId(id), 0, "closed"});
  }
  EXPECT_TRUE(stats().context.empty());
  expect_serving();
}

TEST_F(HostileHolder, CellsThatItsCutHasNotSeen) {
  repl::RangeAsk ask = begin_cells(LinkId(1));
  store::Cell forged(CellKind::kRegister);
  forged.reg().put({{"dc8", 1}, Seq(1)}, Hlc{1}, "v", {});
  repl::Cells::Item item = cell_item("k", 1);
  item.piece.clear();
  store::encode_cell_state(forged, item.piece);
  item.size = item.piece.size();
  say(LinkId(1), repl::Cells{ask.round, ask.id, ask.to, {item}});
  EXPECT_EQ(told(), (Told{"1: refuses, data_loss"}));
  ask = begin_cells(LinkId(2));
  item.piece = "no state of a cell";
  item.size = item.piece.size();
  say(LinkId(2), repl::Cells{ask.round, ask.id, ask.to, {item}});
  EXPECT_EQ(told(), (Told{"2: refuses, data_loss"}));
  EXPECT_EQ(refusals("data_loss"), 2u);
  EXPECT_TRUE(stats().context.empty()) << "nothing of it counts";
}

TEST_F(HostileHolder, SendsFasterThanAnybodyCanLook) {
  const repl::RangeAsk ask = begin_cells(LinkId(1));
  // All of it within one turn.
  for (int i = 0; i < 100; ++i) {
    const repl::Cells::Item item = cell_item(fmt::format("k{:04}", i), 1 << 20);
    const ResyncFrame frame = repl::Cells{ask.round, ask.id, item.key + '\x01', {item}};
    rig_.node().accept(LinkFrame{LinkId(1), repl::encode_frame(frame)}, rig_.now, rig_.out);
  }
  wait(Duration::millis(1));
  EXPECT_EQ(told(), (Told{"1: refuses, overloaded"}));
  EXPECT_EQ(refusals("overloaded"), 1u);
  expect_serving();
}

TEST_F(HostileHolder, MoreThanCanBeHeldAside) {
  const repl::RangeAsk ask = begin_cells(LinkId(1));
  int sent = 0;
  for (; !said<repl::CutOver>(LinkId(1)) && sent < 1000; ++sent) {
    const repl::Cells::Item item = cell_item(fmt::format("k{:04}", sent), 1 << 20);
    say(LinkId(1), repl::Cells{ask.round, ask.id, item.key + '\x01', {item}});
    wait(Duration::millis(2));
  }
  EXPECT_LE(sent, 162);
  EXPECT_EQ(said<repl::CutOver>(LinkId(1))->why, repl::CutOver::Why::kTooLarge);
  EXPECT_FALSE(closed(LinkId(1))) << "the link is good for everything else";
  EXPECT_TRUE(noted("bytes of ns differ from the peer's"));
  EXPECT_TRUE(stats().context.empty());
}

TEST_F(HostileHolder, WhoDoesNotAnswerIsLeftForAnother) {
  offer(LinkId(1), "dc2");
  offer(LinkId(2), "dc3");
  wait(Duration::millis(1100));
  ASSERT_TRUE(said<repl::CutAsk>(LinkId(1)));
  EXPECT_FALSE(said<repl::CutAsk>(LinkId(2))) << "one at a time";
  pass(Duration::seconds(29), {LinkId(1), LinkId(2)});
  EXPECT_FALSE(said<repl::CutAsk>(LinkId(2)));
  pass(Duration::seconds(3), {LinkId(1), LinkId(2)});
  ASSERT_TRUE(said<repl::CutAsk>(LinkId(2)));
  EXPECT_TRUE(said<repl::CutOver>(LinkId(1))) << "it need hold nothing any more";
  EXPECT_FALSE(closed(LinkId(1)));
  say(LinkId(2), repl::CutHeld{said<repl::CutAsk>(LinkId(2))->round, cut()});
  const repl::RangeAsk ask = *said<repl::RangeAsk>(LinkId(2));
  say(LinkId(2), repl::Digests{ask.round, ask.id, {{ask.to, 0, 0}}});
  wait(Duration::millis(5));
  EXPECT_TRUE(has({kDc9, Seq(1)}));
}

// What is asked of the node, whose log is too much for whoever has nothing of it.
class HostileTaker : public HostileResync {
 protected:
  HostileTaker() : HostileResync({.name = kNs, .tail_bytes_max = 1}) {
    expect_serving();
    meet(LinkId(1), "dc2");
    take();
  }
  // Without taking what the node answers.
  void shout(const ResyncFrame& frame) { rig_.step(LinkFrame{LinkId(1), repl::encode_frame(frame)}); }
  std::size_t unread_bytes() const {
    std::size_t bytes = 0;
    for (const LinkSend& sent : rig_.frames) bytes += sent.frame.size();
    return bytes;
  }
};

TEST_F(HostileTaker, AsksAboutTooMuchAtATime) {
  ASSERT_TRUE(said<repl::Gap>(LinkId(1)));
  say(LinkId(1), repl::CutAsk{1});
  ASSERT_TRUE(said<repl::CutHeld>(LinkId(1)));
  const repl::RangeAsk all{1, 1, store::first_cell_key(), store::cell_keys_end(), 1};
  for (int i = 0; !closed(LinkId(1)) && i < 100'000; ++i) shout(all);
  EXPECT_TRUE(closed(LinkId(1)));
  EXPECT_EQ(refusals("overloaded"), 1u);
  EXPECT_LT(unread_bytes(), 64u << 10) << "nothing is made ready that the link does not take";
  expect_serving();
}

TEST_F(HostileTaker, AsksForCutsWithoutEnd) {
  for (std::uint64_t round = 1; round <= 20'000; ++round) shout(repl::CutAsk{round});
  EXPECT_LT(unread_bytes(), 64u << 10);
  EXPECT_FALSE(closed(LinkId(1)));
  expect_serving();
}

TEST_F(HostileTaker, AsksAboutWhatIsNoCell) {
  say(LinkId(1), repl::CutAsk{1});
  say(LinkId(1), repl::RangeAsk{1, 1, Bytes(1, '\0'), store::cell_keys_end(), 1});
  EXPECT_EQ(told(), (Told{"1: refuses, invalid_argument"}));
  EXPECT_EQ(refusals("invalid_argument"), 1u);
}

TEST_F(HostileTaker, WhoDoesNotPublishCannotOfferAResync) {
  publishes_ = false;
  meet(LinkId(2), "dc3");
  say(LinkId(2), repl::Gap{vector_of({{kDc9, 1}})});
  EXPECT_EQ(told(), (Told{"2: refuses, invalid_argument"}));
  EXPECT_EQ(refusals("invalid_argument"), 1u);
}

}  // namespace
}  // namespace pando::node::hostile_resync_test

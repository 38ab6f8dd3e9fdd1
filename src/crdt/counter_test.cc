#include "crdt/counter.h"

#include <gtest/gtest.h>

#include <limits>

namespace pando::crdt::counter_test {
namespace {

using namespace std::string_literals;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t kTotalMax = std::numeric_limits<std::uint64_t>::max();

const Origin kA{"a", 1};
const Origin kB{"b", 1};

Bytes bytes_of(const Counter& counter) {
  Bytes bytes;
  Writer out(bytes);
  encode(counter, out);
  return bytes;
}
Context seen(std::initializer_list<Dot> dots) {
  VersionVector vector;
  for (const Dot& d : dots) vector.raise(d.origin, d.seq);
  return Context(vector);
}
const CellPath kPath{"kv", "hits", CellKind::kCounter, ""};

// Adds as commit `seq` of `origin` would; returns the code of the decision.
StatusCode add(Counter& counter, const Origin& origin, std::uint64_t seq, std::int64_t delta) {
  const auto op = add_op(counter, kPath, {origin, Seq(seq)}, delta);
  if (!op) return op.error().code();
  counter.count(origin, op->birth, op->added, op->removed);
  return StatusCode::kOk;
}

TEST(Counter, AddsUpOverOrigins) {
  Counter counter;
  EXPECT_TRUE(counter.absent());
  EXPECT_EQ(counter.value(), 0);
  add(counter, kA, 4, 5);
  add(counter, kB, 9, 3);
  add(counter, kA, 5, -7);
  EXPECT_EQ(counter.value(), 1);
  EXPECT_EQ(counter.value_of(kA), -2);
  EXPECT_EQ(counter.value_of(kB), 3);
  EXPECT_EQ(counter.value_of({"c", 1}), 0);
  ASSERT_EQ(counter.slots().size(), 2u);
  EXPECT_EQ(counter.slots()[0], (Counter::Slot{kA, Seq(4), 5, 7, 0, 0}));
  EXPECT_EQ(counter.slot_of(kB)->birth, Seq(9));
  EXPECT_EQ(counter.slot_of({"0", 1}), nullptr);
  EXPECT_EQ(counter.slot_of({"c", 1}), nullptr);
}

TEST(Counter, TheNewestSlotOfAnOriginCounts) {
  Counter counter;
  counter.count(kA, Seq(2), 1, 0);
  counter.count(kA, Seq(7), 2, 0);
  counter.count({"a", 2}, Seq(1), 4, 0);
  EXPECT_EQ(counter.slot_of(kA)->birth, Seq(7));
  EXPECT_EQ(counter.value_of(kA), 3);
  EXPECT_EQ(counter.value(), 7);
}

TEST(Counter, OldTotalsChangeNothing) {
  Counter counter;
  counter.count(kA, Seq(1), 10, 4);
  const Counter newest = counter;
  for (const auto& [added, removed] : {std::pair(10, 4), std::pair(3, 0), std::pair(0, 4)}) {
    counter.count(kA, Seq(1), static_cast<std::uint64_t>(added), static_cast<std::uint64_t>(removed));
    EXPECT_EQ(counter, newest);
  }
}

TEST(Counter, ASlotThatWasGivenUpIsNotMadeAgain) {
  Counter counter;
  add(counter, kA, 4, 5);
  const Bytes before = bytes_of(counter);
  EXPECT_FALSE(counter.count_in_slot(kA, Seq(3), 9, 0));
  EXPECT_FALSE(counter.count_in_slot(kB, Seq(4), 9, 0));
  EXPECT_EQ(bytes_of(counter), before);
  EXPECT_TRUE(counter.count_in_slot(kA, Seq(4), 9, 1));
  EXPECT_EQ(counter.value(), 8);
  EXPECT_TRUE(counter.count_in_slot(kA, Seq(4), 7, 0)) << "lower totals are known already";
  EXPECT_EQ(counter.value(), 8);
}

TEST(Counter, ResetTakesWhatItsWriterSawAndReadsAsAbsent) {
  Counter counter;
  add(counter, kA, 1, 5);
  add(counter, kB, 1, -2);
  const CountResetOp reset = reset_op(counter, kPath);
  EXPECT_EQ(reset.observed, (std::vector<CountResetOp::Slot>{{kA, Seq(1), 5, 0}, {kB, Seq(1), 0, 2}}));
  Counter concurrent = counter;
  add(concurrent, kB, 2, 10);

  counter.reset(reset.observed);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_TRUE(counter.absent());
  EXPECT_FALSE(counter.empty()) << "the slots stay, to recognise late deliveries";

  concurrent.reset(reset.observed);
  EXPECT_EQ(concurrent.value(), 10) << "what the reset did not see remains";
  EXPECT_FALSE(concurrent.absent());

  add(counter, kA, 3, 1);
  EXPECT_EQ(counter.value(), 1);
  EXPECT_FALSE(counter.absent());
}

TEST(Counter, FiveUpFiveDownIsPresentAndZero) {
  Counter counter;
  add(counter, kA, 1, 5);
  add(counter, kA, 2, -5);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_FALSE(counter.absent());
}

TEST(Counter, AResetDoesNotBringBackARetiredSlot) {
  Counter counter;
  add(counter, kA, 1, 5);
  counter.reset({{kB, Seq(1), 3, 3}});
  ASSERT_EQ(counter.slots().size(), 1u);
  EXPECT_EQ(counter.value(), 5);
}

TEST(Counter, OverflowIsRefusedWhereItIsMade) {
  struct Row {
    std::int64_t before, delta;
    StatusCode expected;
    const char* why;
  };
  const Row rows[] = {
      {kMax - 1, 1, StatusCode::kOk, "up to the largest"},
      {kMax, 1, StatusCode::kOutOfRange, "not past it"},
      {kMax, 0, StatusCode::kOk, "adding nothing is always fine"},
      {kMax, kMin, StatusCode::kOk, "all the way down"},
      {kMin + 1, -1, StatusCode::kOk, "down to the smallest"},
      {kMin, -1, StatusCode::kOutOfRange, "not past it"},
      {0, kMin, StatusCode::kOk, "the smallest number has no positive twin"},
      {-1, kMin, StatusCode::kOutOfRange, "one too far"},
  };
  for (const Row& row : rows) {
    Counter counter;
    ASSERT_EQ(add(counter, kB, 1, row.before), StatusCode::kOk);
    const Counter before = counter;
    EXPECT_EQ(add(counter, kA, 1, row.delta), row.expected) << row.why;
    if (row.expected == StatusCode::kOk) {
      EXPECT_EQ(counter.value(), row.before + row.delta) << row.why;
    } else {
      EXPECT_EQ(counter, before) << row.why;
    }
  }
}

TEST(Counter, ATotalOfOneSlotIsRefusedAtItsEnd) {
  Counter counter;
  counter.count(kA, Seq(1), kTotalMax - 1, kTotalMax - 1);
  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(add(counter, kA, 2, 2), StatusCode::kOutOfRange);
  EXPECT_EQ(add(counter, kA, 2, -2), StatusCode::kOutOfRange);
  EXPECT_EQ(add(counter, kA, 2, 1), StatusCode::kOk);
  EXPECT_EQ(counter.value(), 1);
}

TEST(Counter, ConcurrentSumsBeyondTheRangeAreClampedButNotLost) {
  Counter counter;
  counter.count(kA, Seq(1), static_cast<std::uint64_t>(kMax), 0);
  counter.count(kB, Seq(1), static_cast<std::uint64_t>(kMax), 0);
  EXPECT_EQ(counter.value(), kMax);
  EXPECT_EQ(counter.exact(), Int128{kMax} * 2);
  EXPECT_EQ(add(counter, kA, 2, 1), StatusCode::kOutOfRange);
  EXPECT_EQ(add(counter, kA, 2, -kMax), StatusCode::kOk) << "towards the range is always allowed";
  EXPECT_EQ(counter.value(), kMax);
  EXPECT_EQ(add(counter, kA, 3, -5), StatusCode::kOk);
  EXPECT_EQ(counter.value(), kMax - 5);

  Counter low;
  low.count(kA, Seq(1), 0, kTotalMax);
  low.count(kB, Seq(1), 0, kTotalMax);
  EXPECT_EQ(low.value(), kMin);
  EXPECT_EQ(low.value_of(kA), kMin);
}

TEST(Counter, ForgedBaselinesAboveTheTotalsDoNoHarm) {
  Counter counter;
  counter.count(kA, Seq(1), 5, 0);
  counter.reset({{kA, Seq(1), kTotalMax, 0}});
  EXPECT_EQ(counter.value(), kMin);
  EXPECT_TRUE(counter.absent());
}

TEST(Counter, Join) {
  const auto make = [](std::initializer_list<Counter::Slot> slots) {
    Counter counter;
    for (const auto& slot : slots) {
      counter.count(slot.origin, slot.birth, slot.added, slot.removed);
      counter.reset({{slot.origin, slot.birth, slot.added_base, slot.removed_base}});
    }
    return counter;
  };
  const Dot a1{kA, Seq(1)};
  const Dot b1{kB, Seq(1)};
  struct Row {
    Counter left;
    Context seen_left;
    Counter right;
    Context seen_right;
    Counter joined;
    const char* why;
  };
  const Row rows[] = {
      {{}, {}, {}, {}, {}, "nothing and nothing"},
      {make({{kA, Seq(1), 5, 0, 0, 0}}), seen({a1}), {}, {}, make({{kA, Seq(1), 5, 0, 0, 0}}), "not seen yet"},
      {make({{kA, Seq(1), 5, 0, 0, 0}}), seen({a1}), {}, seen({a1}), {}, "retired over there"},
      {make({{kA, Seq(1), 5, 1, 2, 0}}), seen({a1}), make({{kA, Seq(1), 3, 4, 0, 3}}), seen({a1}),
       make({{kA, Seq(1), 5, 4, 2, 3}}), "each number by the larger"},
      {make({{kA, Seq(1), 5, 0, 0, 0}}), seen({a1}), make({{kB, Seq(1), 2, 0, 0, 0}}), seen({b1}),
       make({{kA, Seq(1), 5, 0, 0, 0}, {kB, Seq(1), 2, 0, 0, 0}}), "both origins"},
      {make({{kA, Seq(1), 5, 0, 0, 0}}), seen({a1}), make({{kA, Seq(3), 1, 0, 0, 0}}), seen({{kA, Seq(3)}}),
       make({{kA, Seq(3), 1, 0, 0, 0}}), "a slot retired and a new one born"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(join(row.left, row.seen_left, row.right, row.seen_right), row.joined) << row.why;
    EXPECT_EQ(join(row.right, row.seen_right, row.left, row.seen_left), row.joined) << row.why << " (swapped)";
  }
}

// clang-format off
TEST(Counter, GoldenBytes) {
  Counter counter;
  counter.count(kB, Seq(1), 200, 0);
  counter.count(kA, Seq(300), 5, 2);
  counter.reset({{kA, Seq(300), 4, 1}});
  EXPECT_EQ(bytes_of(counter), "\x02"                                               // two slots
                               "\x01" "a\x01\xAC\x02" "\x05\x02\x04\x01"           // a, born 300
                               "\x01" "b\x01\x01" "\xC8\x01\x00\x00\x00"s);         // b, born 1
}
// clang-format on

TEST(Counter, DecodingTakesBackWhatWasEncodedAndNothingElse) {
  Counter counter;
  counter.count(kA, Seq(1), 5, 2);
  counter.count(kB, Seq(1), kTotalMax, 0);
  const Bytes good = bytes_of(counter);
  Reader in(good);
  EXPECT_EQ(decode_counter(in), counter);
  EXPECT_TRUE(in.finish().ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    Reader cut(ByteSpan(good).substr(0, size));
    decode_counter(cut);
    EXPECT_FALSE(cut.finish().ok()) << "cut to " << size;
  }
  const Bytes descending =
      "\x02"
      "\x01"
      "b\x01\x01\x00\x00\x00\x00"
      "\x01"
      "a\x01\x01\x00\x00\x00\x00"s;
  Reader out_of_order(descending);
  decode_counter(out_of_order);
  EXPECT_NE(out_of_order.status().message().find("ascending"), std::string::npos);
}

}  // namespace
}  // namespace pando::crdt::counter_test

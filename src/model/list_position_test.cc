#include "model/list_position.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

#include "base/limits.h"

namespace pando::list_position_test {
namespace {

const Origin kA{"a", 1};
const Origin kB{"b", 1};

Bytes between(ByteSpan before, ByteSpan after, const Origin& origin, std::uint64_t seq, std::uint32_t index = 0) {
  const Result<Bytes> made = list_position_between(before, after, {origin, Seq(seq), index});
  EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
  return made ? *made : Bytes();
}

TEST(ListPosition, GoldenBytes) {
  const Bytes first = between("", "", kA, 1);
  EXPECT_EQ(first, Bytes("\x30"
                         "a\x00\x01\x01\x00\x20",
                         7));
  // On in the same run, however late.
  EXPECT_EQ(between(first, "", kA, 1000), Bytes("\x30"
                                                "a\x00\x01\xF1\x03\xE8\x00\x20",
                                                9));
  // Another origin goes below, to the right or the left of it.
  EXPECT_EQ(between(first, "", kB, 2), Bytes("\x30"
                                             "a\x00\x01\x01\x00\x30"
                                             "b\x00\x01\x02\x00\x20",
                                             13));
  EXPECT_EQ(between("", first, kB, 2), Bytes("\x30"
                                             "a\x00\x01\x01\x00\x10"
                                             "b\x00\x01\xFD\xFF\x20",
                                             13));
  // The same origin as the step before is left out.
  EXPECT_EQ(between("", first, kA, 2), Bytes("\x30"
                                             "a\x00\x01\x01\x00\x11\xFD\xFF\x20",
                                             10));
}

TEST(ListPosition, WhatIsNotOneIsSeen) {
  const Bytes good = between(between("", "", kA, 1), "", kB, 300, 7);
  ASSERT_TRUE(is_list_position(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(is_list_position(ByteSpan(good).substr(0, size))) << size;
  }
  EXPECT_FALSE(is_list_position(good + "\x20"));
  EXPECT_FALSE(is_list_position(Bytes("\x31\x01\x00\x20", 4))) << "no origin before it to be the same";
  EXPECT_FALSE(is_list_position(Bytes("\x30\x00\x01\x01\x00\x20", 6))) << "an origin without a name";
  EXPECT_FALSE(
      is_list_position(Bytes("\x30"
                             "a\x00\x01\xF0\x05\x00\x20",
                             8)))
      << "5 has a shorter form";
  EXPECT_FALSE(
      is_list_position(Bytes("\x30"
                             "a\x00\x01\x01\x00\x30"
                             "a\x00\x01\x02\x00\x20",
                             13)))
      << "the same origin has a shorter form";
}

TEST(ListPosition, OneWriterThatGoesOnMakesPositionsOfOneLength) {
  for (const bool front : {false, true}) {
    Bytes edge = between("", "", kA, 1);
    for (std::uint64_t seq = 2; seq < 100'000; ++seq) {
      const Bytes next = front ? between("", edge, kA, seq) : between(edge, "", kA, seq);
      ASSERT_TRUE(front ? next < edge : next > edge);
      edge = next;
    }
    EXPECT_LE(edge.size(), 14u);
  }
}

TEST(ListPosition, TypingInTheMiddleStaysShortInBothDirections) {
  const Bytes left = between("", "", kA, 1);
  const Bytes right = between(left, "", kA, 2);
  Bytes before = left;
  for (std::uint64_t seq = 3; seq < 1000; ++seq) before = between(before, right, kB, seq);
  EXPECT_LE(before.size(), 30u);
  Bytes after = right;
  for (std::uint64_t seq = 1000; seq < 2000; ++seq) after = between(left, after, kB, seq);
  EXPECT_LE(after.size(), 45u);
}

TEST(ListPosition, TooDeepIsRefusedByName) {
  Bytes low = between("", "", kA, 1);
  Bytes high = between(low, "", kA, 2);
  for (std::uint64_t seq = 3;; ++seq) {
    const Result<Bytes> made = list_position_between(low, high, {seq % 2 == 0 ? kA : kB, Seq(seq), 0});
    if (!made) {
      EXPECT_EQ(made.error().code(), StatusCode::kTooLarge);
      EXPECT_NE(made.error().message().find("the limit is 8192"), std::string::npos) << made.error().message();
      EXPECT_GT(seq, 500u);
      break;
    }
    ASSERT_LE(made->size(), limits::kElementBytesMax);
    ASSERT_LT(low, *made);
    ASSERT_LT(*made, high);
    (seq % 2 == 0 ? low : high) = *made;
  }
}

// Any insertion anywhere lands between its neighbours, is well formed and like no other, whoever makes it, whatever
// was removed meanwhile and whatever other sites inserted unseen.
RC_GTEST_PROP(ListPosition, AlwaysBetween, (const std::vector<std::tuple<std::uint8_t, std::uint8_t>>& steps)) {
  std::vector<std::vector<Bytes>> lists(3);
  std::set<Bytes> made;
  std::uint64_t seq = 0;
  for (const auto& [who, where] : steps) {
    std::vector<Bytes>& list = lists[who % lists.size()];
    const std::size_t at = where % (list.size() + 1);
    if (who / 3 % 4 == 0 && at < list.size()) {
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
      continue;
    }
    if (who / 3 % 4 == 1) {
      // Hears of all that another one has.
      for (const Bytes& position : lists[where % lists.size()]) {
        const auto place = std::lower_bound(list.begin(), list.end(), position);
        if (place == list.end() || *place != position) list.insert(place, position);
      }
      continue;
    }
    const Bytes before = at == 0 ? Bytes() : list[at - 1];
    const Bytes after = at == list.size() ? Bytes() : list[at];
    const Result<Bytes> position =
        list_position_between(before, after, {{std::string(1, static_cast<char>('a' + who % 3)), 1}, Seq(++seq), 0});
    RC_ASSERT(position.has_value());
    RC_ASSERT(is_list_position(*position));
    RC_ASSERT(before < *position);
    RC_ASSERT(after.empty() || *position < after);
    RC_ASSERT(made.insert(*position).second);
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), *position);
  }
}

}  // namespace
}  // namespace pando::list_position_test

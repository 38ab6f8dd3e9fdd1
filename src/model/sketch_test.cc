// deterministic: floating point, in what is compared with the truth.
#include "model/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace pando::sketch_test {
namespace {

SketchRanks sketch_of(int first, int last) {
  SketchRanks ranks(kSketchRegisters);
  for (int i = first; i < last; ++i) {
    const SketchPlace place = sketch_place("thing " + std::to_string(i));
    ranks[place.index] = std::max(ranks[place.index], place.rank);
  }
  return ranks;
}

TEST(Sketch, EstimatesWithinTwoPercent) {
  EXPECT_EQ(estimate(SketchRanks(kSketchRegisters)), 0u);
  for (const int count : {1, 10, 1'000, 100'000}) {
    const auto about = static_cast<double>(estimate(sketch_of(0, count)));
    EXPECT_NEAR(about, count, 0.02 * count) << count;
  }
}

TEST(Sketch, ThingsFallIntoRegisters) {
  SketchRanks ranks(kSketchRegisters);
  for (const std::string thing : {"a", "ab", "0123456789", "01234567", ""}) {
    const SketchPlace place = sketch_place(thing);
    EXPECT_LT(place.index, kSketchRegisters);
    EXPECT_GE(place.rank, 1);
    EXPECT_LE(place.rank, kSketchRankMax);
    ranks[place.index] = place.rank;
  }
  EXPECT_EQ(estimate(ranks), 5u);
}

TEST(Sketch, PartsHaveOneShortForm) {
  SketchRanks part(kSketchPartRegisters);
  EXPECT_EQ(encode_sketch_part(part.data()), "");
  part[3] = 7;
  part[255] = 51;
  EXPECT_EQ(encode_sketch_part(part.data()), Bytes("\x03\x07\xff\x33"));
  std::fill(part.begin(), part.begin() + 127, std::uint8_t{1});
  EXPECT_EQ(encode_sketch_part(part.data()).size(), kSketchPartRegisters) << "as long as all of them";
  for (const std::size_t there : {0, 1, 127, 128, 256}) {
    std::fill(part.begin(), part.end(), std::uint8_t{0});
    std::fill(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(there), std::uint8_t{9});
    SketchRanks again(kSketchPartRegisters);
    ASSERT_TRUE(raise_to_sketch_part(encode_sketch_part(part.data()), again.data()));
    EXPECT_EQ(again, part);
  }
}

TEST(Sketch, WhatIsNoPartRaisesNothing) {
  const Bytes cases[] = {Bytes("\x01"), Bytes("\x01\x34"), Bytes(255, '\x01'), Bytes(258, '\x01'), Bytes(256, '\x34')};
  for (const Bytes& bytes : cases) {
    SketchRanks ranks(kSketchPartRegisters);
    EXPECT_FALSE(raise_to_sketch_part(bytes, ranks.data())) << bytes.size();
    EXPECT_EQ(ranks, SketchRanks(kSketchPartRegisters));
  }
}

TEST(Sketch, RaisingCommutes) {
  SketchRanks low(kSketchPartRegisters, 3);
  SketchRanks high(kSketchPartRegisters, 2);
  high[7] = 9;
  SketchRanks a = low;
  SketchRanks b = high;
  ASSERT_TRUE(raise_to_sketch_part(encode_sketch_part(high.data()), a.data()));
  ASSERT_TRUE(raise_to_sketch_part(encode_sketch_part(low.data()), b.data()));
  EXPECT_EQ(a, b);
  EXPECT_EQ(a[7], 9);
  EXPECT_EQ(a[8], 3);
}

}  // namespace
}  // namespace pando::sketch_test

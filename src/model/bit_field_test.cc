#include "model/bit_field.h"

#include <gtest/gtest.h>

namespace pando::bit_field_test {
namespace {

TEST(BitField, ReadsAndWritesAnyBits) {
  Bytes text(4, '\0');
  for (const std::uint8_t bits : {1, 3, 7, 8, 12, 17}) {
    for (const std::uint64_t offset : {0, 1, 5, 8, 14}) {
      for (const bool is_signed : {false, true}) {
        const BitField field{is_signed, bits, offset};
        for (const std::int64_t number : {lowest_of(field), highest_of(field), std::int64_t{0}}) {
          text.assign(4, '\x5a');
          write_bits(text, field, number);
          EXPECT_EQ(read_bits(text, field), number) << int{bits} << " bits at " << offset;
          // Nothing else was touched.
          write_bits(text, field, read_bits(Bytes(4, '\x5a'), field));
          EXPECT_EQ(text, Bytes(4, '\x5a'));
        }
      }
    }
  }
}

TEST(BitField, BitsBehindTheEndAreZero) {
  EXPECT_EQ(read_bits("\xff", {false, 12, 4}), 0xf00);
  EXPECT_EQ(read_bits("", {true, 64, 100}), 0);
}

TEST(BitField, KeepsTheLowestBits) {
  EXPECT_EQ(wrapped({true, 8, 0}, 128), -128);
  EXPECT_EQ(wrapped({false, 8, 0}, 256 + 5), 5);
  EXPECT_EQ(wrapped({false, 8, 0}, -1), 255);
  EXPECT_EQ(wrapped({true, 64, 0}, Int128{INT64_MAX} + 1), INT64_MIN);
  EXPECT_EQ(wrapped({false, 63, 0}, Int128{INT64_MAX} + 1), 0);
  EXPECT_TRUE(fits({true, 64, 0}, INT64_MIN));
  EXPECT_FALSE(fits({true, 64, 0}, Int128{INT64_MAX} + 1));
  EXPECT_FALSE(fits({false, 63, 0}, -1));
}

}  // namespace
}  // namespace pando::bit_field_test

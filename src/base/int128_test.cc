#include "base/int128.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pando {
namespace {

TEST(Int128, HasText) {
  EXPECT_EQ(to_text(0), "0");
  EXPECT_EQ(to_text(-42), "-42");
  EXPECT_EQ(to_text(static_cast<Int128>(UInt128{1} << 127)), "-170141183460469231731687303715884105728");
}

TEST(Decimal, TextIsShortestAndPlain) {
  EXPECT_EQ(decimal_text(0), "0");
  EXPECT_EQ(decimal_text(12'500'000'000), "12.5");
  EXPECT_EQ(decimal_text(-1), "-0.000000001");
  EXPECT_EQ(decimal_text(kDecimalMax), "1000000000000000000000000");
}

TEST(Decimal, RefusesWhatIsNoPlainNumber) {
  for (const char* text :
       {"", "-", ".5", "1.", "1e3", "1,5", "1.2.3", " 1", "1 ", "+1", "0.0000000001", "1000000000000000000000000.1",
        "1000000000000000000000000000000", "99999999999999999999999999999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
  EXPECT_EQ(parse_decimal("1000000000000000000000000"), kDecimalMax);
  EXPECT_EQ(parse_decimal("0.000000001"), Int128{1});
  EXPECT_EQ(parse_decimal("-007.50"), Int128{-7'500'000'000});
}

RC_GTEST_PROP(Decimal, TextAndNumberAreOne, (std::int64_t units)) {
  RC_ASSERT(parse_decimal(decimal_text(units)) == std::optional<Int128>(units));
}

}  // namespace
}  // namespace pando

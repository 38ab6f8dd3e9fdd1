#include "model/json_scalar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace pando::json_scalar_test {
namespace {

TEST(JsonScalar, Numbers) {
  for (const char* number : {"0", "-0", "7", "-12.50", "1e3", "1E+3", "0.1e-7", "123456789012345678901234567890"}) {
    EXPECT_TRUE(is_json_number(number)) << number;
  }
  for (const char* other : {"", "-", "01", "1.", ".5", "1e", "+1", "1 ", "0x1", "\"1\"", "1e1.5", "--1",
                            "1e4\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2\xd2"}) {
    EXPECT_FALSE(is_json_number(other)) << other;
  }
}

TEST(JsonScalar, NumbersCompareExactly) {
  struct Row {
    const char* smaller;
    const char* larger;
    const char* why;
  };
  const Row rows[] = {
      {"9", "10", "not as text"},
      {"-10", "-9", "negative ones the other way round"},
      {"-1", "0", "zero is neither"},
      {"-0.5", "0.25", "signs first"},
      {"0.09", "0.1", "behind the point"},
      {"9007199254740992", "9007199254740993", "beyond what a double tells apart"},
      {"1e-400", "1e-399", "beyond its exponents too"},
      {"0", "1e-999999999999999999", "however small"},
      {"99e1", "1e3", "exponents count"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(compare_numbers(row.smaller, row.larger), std::strong_ordering::less) << row.why;
    EXPECT_EQ(compare_numbers(row.larger, row.smaller), std::strong_ordering::greater) << row.why;
  }
  for (const auto& [a, b] : {std::pair{"0.1", "1e-1"}, {"100", "1e2"}, {"-0", "0.0"}, {"12.50", "12.5"}}) {
    EXPECT_EQ(compare_numbers(a, b), std::strong_ordering::equal) << a << " " << b;
  }
}

TEST(JsonScalar, NumbersInBillionths) {
  struct Row {
    const char* number;
    const char* units;
    const char* why;
  };
  const Row rows[] = {
      {"12.5", "12500000000", "a decimal"},
      {"-1", "-1000000000", "a whole number"},
      {"1e-9", "1", "the smallest"},
      {"1e-10", "none", "below it"},
      {"1.0000000000", "1000000000", "zeros do not count"},
      {"1e24", "1000000000000000000000000000000000", "the largest"},
      {"1.000000000000000000000001e24", "none", "more than that"},
      {"1e25", "none", "far more"},
      {"1e999999999999999999999", "none", "absurdly more"},
      {"0e999999999999999999999", "0", "nothing, said oddly"},
      {"word", "none", "no number"},
  };
  for (const Row& row : rows) {
    const auto units = number_units(row.number);
    EXPECT_EQ(units ? to_text(*units) : "none", row.units) << row.why;
  }
}

RC_GTEST_PROP(JsonScalar, AgreesWithWholeNumbers, (std::int64_t a, std::int64_t b)) {
  RC_ASSERT(compare_numbers(std::to_string(a), std::to_string(b)) == (a <=> b));
  RC_ASSERT(number_units(std::to_string(a)) == Int128{a} * kDecimalUnit);
}

TEST(JsonScalar, Strings) {
  EXPECT_EQ(json_string_bytes(R"("a\"b\\c\n\u0001")"), Bytes("a\"b\\c\n\x01"));
  EXPECT_EQ(json_string_bytes("\"\""), Bytes());
  for (const char* bad : {"", "\"", "a", "\"a", "\"a\"b\"", R"("\x")", R"("\u00)", R"("\u20AC")", R"("\")"}) {
    EXPECT_FALSE(json_string_bytes(bad)) << bad;
  }
}

TEST(JsonScalar, ScalarsOfOneTypeCompare) {
  using Order = std::partial_ordering;
  EXPECT_EQ(compare_scalars("\"a\"", "\"b\""), Order::less);
  EXPECT_EQ(compare_scalars(R"("\n")", "\" \""), Order::less) << "by what they stand for";
  EXPECT_EQ(compare_scalars("10", "9.5"), Order::greater);
  EXPECT_EQ(compare_scalars("1", "1.0"), Order::equivalent);
  EXPECT_EQ(compare_scalars("false", "true"), Order::less);
  EXPECT_EQ(compare_scalars("null", "null"), Order::equivalent);
  EXPECT_EQ(compare_scalars("[1]", "[1]"), Order::equivalent);
  for (const auto& [a, b] : {std::pair{"1", "\"1\""}, {"null", "0"}, {"[1]", "[2]"}, {"true", "null"}}) {
    EXPECT_EQ(compare_scalars(a, b), Order::unordered) << a << " " << b;
  }
}

TEST(JsonScalar, ItemsOfAnArray) {
  using Items = std::vector<Bytes>;
  EXPECT_EQ(scalar_items("[]"), Items{});
  EXPECT_EQ(scalar_items(R"([1,"a,]\"",null,true])"), (Items{"1", R"("a,]\"")", "null", "true"}));
  for (const char* other : {"", "[", "1", "[[1]]", R"([{"a":1}])", "[1,]", "[,1]", R"(["a"b])", R"(["a])", "[x]"}) {
    EXPECT_FALSE(scalar_items(other)) << other;
  }
}

}  // namespace
}  // namespace pando::json_scalar_test

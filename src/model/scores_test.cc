#include "model/scores.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace pando::scores_test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Scores, BytesAreInTheOrderOfScores) {
  const double ascending[] = {-kInf,
                              -1e300,
                              -1.5,
                              -1,
                              -std::numeric_limits<double>::denorm_min(),
                              0,
                              std::numeric_limits<double>::denorm_min(),
                              0.1,
                              1,
                              2,
                              1e15,
                              1e300,
                              kInf};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    EXPECT_EQ(decode_score(encode_score(ascending[i])), ascending[i]);
    if (i > 0) {
      EXPECT_LT(encode_score(ascending[i - 1]), encode_score(ascending[i])) << ascending[i];
    }
  }
  EXPECT_EQ(encode_score(-0.0), encode_score(0.0));
  EXPECT_EQ(encode_score(1), Bytes("\xBF\xF0\0\0\0\0\0\0", 8));
}

TEST(Scores, BytesThatAreNoneReadAsZero) {
  EXPECT_EQ(decode_score(""), 0);
  EXPECT_EQ(decode_score("12345678901"), 0);
  EXPECT_EQ(decode_score(Bytes(8, '\xFF')), 0) << "a NaN";
}

RC_GTEST_PROP(Scores, AnyTwoCompareAsTheirBytes, (std::int64_t a, std::int64_t b, std::uint8_t shift)) {
  const double x = std::ldexp(static_cast<double>(a), shift % 64 - 32);
  const double y = std::ldexp(static_cast<double>(b), shift % 16 - 8);
  RC_ASSERT((x < y) == (encode_score(x) < encode_score(y)));
}

TEST(Scores, StepsAreBillionthsAndSumsAreExact) {
  struct Row {
    double step;
    std::string_view units;
  };
  for (const Row& row :
       {Row{1, "1000000000"}, Row{0.1, "100000000"}, Row{-2.5, "-2500000000"}, Row{1e15, "1000000000000000000000000"},
        Row{1e-9, "1"}, Row{0, "0"}, Row{123456789.987654321, "123456789987654328"}}) {
    const Result<Int128> units = score_step(row.step);
    ASSERT_TRUE(units) << row.step;
    EXPECT_EQ(to_text(*units), row.units) << row.step;
  }
  EXPECT_EQ(score_step(std::nan("")).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(score_step(kInf).error().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(score_step(-1.1e15).error().message(),
            "a step of -1100000000000000 is outside of ±1e15; set the score instead");
  EXPECT_EQ(score_step(1e-10).error().code(), StatusCode::kOutOfRange);

  EXPECT_EQ(add_to_score(0, *score_step(0.1) * 3), 0.3) << "not 0.30000000000000004";
  EXPECT_EQ(add_to_score(100, *score_step(5)), 105);
  EXPECT_EQ(add_to_score(kInf, 1), kInf);
  EXPECT_EQ(add_to_score(0, Int128{123'456'789'012'345'678} * 10), 1234567890.1234567) << "rounded once";
}

TEST(Scores, TextReadsBack) {
  struct Row {
    double score;
    std::string_view text;
  };
  for (const Row& row : {Row{3, "3"}, Row{-3, "-3"}, Row{0.1, "0.1"}, Row{1e300, "1e+300"}, Row{kInf, "inf"},
                         Row{-kInf, "-inf"}, Row{1e16, "10000000000000000"}, Row{0, "0"}}) {
    EXPECT_EQ(score_text(row.score), row.text);
    EXPECT_EQ(parse_score(row.text).value(), row.score);
  }
  EXPECT_EQ(parse_score("+inf").value(), kInf);
  EXPECT_EQ(parse_score("1e999").value(), kInf);
  EXPECT_EQ(parse_score("-1e999").value(), -kInf);
  EXPECT_EQ(parse_score("1e-999").value(), 0);
  for (const std::string_view bad : {"", "nan", "x", "1x", "++1", "+", "0x10", " 1"}) {
    EXPECT_FALSE(parse_score(bad)) << bad;
  }
}

}  // namespace
}  // namespace pando::scores_test

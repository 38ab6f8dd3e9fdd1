// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "model/scores.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace pando {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
constexpr Int128 kExactInDouble = Int128{1} << 53;

// The double nearest to `units` billionths.
double nearest(Int128 units) {
  // Both are exact then, and a division is rounded once.
  if (units > -kExactInDouble && units < kExactInDouble) {
    return static_cast<double>(static_cast<std::int64_t>(units)) / static_cast<double>(kDecimalUnit);
  }
  const std::string text = decimal_text(units);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::uint64_t ordered_score(double score) {
  if (score == 0) score = 0;
  const auto bits = std::bit_cast<std::uint64_t>(score);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double score_of_ordered(std::uint64_t ordered) {
  return std::bit_cast<double>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
}

Bytes encode_score(double score) {
  CHECK(!std::isnan(score));
  const std::uint64_t ordered = ordered_score(score);
  Bytes bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(ordered >> shift));
  return bytes;
}

double decode_score(ByteSpan bytes) {
  if (bytes.size() != sizeof(std::uint64_t)) return 0;
  std::uint64_t ordered = 0;
  for (const char c : bytes) ordered = ordered << 8 | static_cast<std::uint8_t>(c);
  const double score = score_of_ordered(ordered);
  return std::isnan(score) ? 0 : score;
}

double add_to_score(double base, Int128 billionths) { return billionths == 0 ? base : base + nearest(billionths); }

Result<Int128> score_step(double step) {
  if (std::isnan(step)) return fail(StatusCode::kInvalidArgument, "the step is not a number");
  if (step > kScoreStepMax || step < -kScoreStepMax) {
    return fail(StatusCode::kOutOfRange,
                fmt::format("a step of {} is outside of ±1e15; set the score instead", score_text(step)));
  }
  const auto whole = static_cast<std::int64_t>(step);
  const double rest = (step - static_cast<double>(whole)) * static_cast<double>(kDecimalUnit);
  const Int128 units = Int128{whole} * kDecimalUnit + static_cast<std::int64_t>(rest + (rest < 0 ? -0.5 : 0.5));
  if (units == 0 && step != 0) {
    return fail(StatusCode::kOutOfRange,
                fmt::format("a step of {} is smaller than a billionth; set the score instead", score_text(step)));
  }
  return units;
}

std::string score_text(double score) {
  if (std::isinf(score)) return score < 0 ? "-inf" : "inf";
  // Whole numbers without an exponent, as far as doubles count them all.
  if (score == std::trunc(score) && std::abs(score) < 1e17) return fmt::format("{}", static_cast<std::int64_t>(score));
  return fmt::format("{}", score);
}

Result<double> parse_score(std::string_view text) {
  const std::string_view digits = !text.empty() && text.front() == '+' ? text.substr(1) : text;
  double score = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), score);
  const bool whole = end == digits.data() + digits.size() && !digits.empty() && digits.front() != '+';
  if (error == std::errc::result_out_of_range && whole) {
    // Too large or too small for a double: the nearest there is.
    const bool small = digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos;
    const double size = small ? 0 : std::numeric_limits<double>::infinity();
    return digits.front() == '-' ? -size : size;
  }
  if (error != std::errc() || !whole || std::isnan(score)) {
    return fail(StatusCode::kInvalidArgument, fmt::format("\"{}\" is not a number", text.substr(0, 100)));
  }
  return score;
}

}  // namespace pando

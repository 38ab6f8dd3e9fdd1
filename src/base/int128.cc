#include "base/int128.h"

#include <algorithm>

namespace pando {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string digits_of(UInt128 value) {
  std::string text;
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

}  // namespace

std::string to_text(Int128 value) { return (value < 0 ? "-" : "") + digits_of(magnitude(value)); }

std::string decimal_text(Int128 units) {
  const UInt128 size = magnitude(units);
  std::string text = (units < 0 ? "-" : "") + digits_of(size / kDecimalUnit);
  std::string fraction = digits_of(size % kDecimalUnit);
  fraction.insert(0, static_cast<std::size_t>(kDecimalDigits) - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (!fraction.empty()) text += "." + fraction;
  return text;
}

std::optional<Int128> parse_decimal(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  Int128 units = 0;
  int fraction_digits = -1;  // before the point
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  for (const char c : text) {
    if (c == '.' && fraction_digits < 0) {
      fraction_digits = 0;
    } else if (is_digit(c) && fraction_digits < kDecimalDigits) {
      units = units * 10 + (c - '0');
      if (fraction_digits >= 0) ++fraction_digits;
      if (units > kDecimalMax) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  for (int i = std::max(fraction_digits, 0); i < kDecimalDigits; ++i) {
    units *= 10;
    if (units > kDecimalMax) return std::nullopt;
  }
  return negative ? -units : units;
}

}  // namespace pando

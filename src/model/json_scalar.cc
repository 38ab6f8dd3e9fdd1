#include "model/json_scalar.h"

#include <algorithm>
#include <cstdint>

namespace pando {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number 0.digits × 10^exponent. Neither leading nor trailing zeros; no digits is zero.
struct Decimal {
  bool negative = false;
  Bytes digits;
  std::int64_t exponent = 0;
};

// Beyond this, exponents make no difference that anyone could tell by looking at the digits.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;

std::size_t digits_end(ByteSpan text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

// Takes a number apart. Nothing when it is none.
std::optional<Decimal> parse(ByteSpan text) {
  Decimal number;
  std::size_t i = 0;
  if (text.starts_with('-')) {
    number.negative = true;
    i = 1;
  }
  const std::size_t whole = i;
  i = digits_end(text, i);
  if (i == whole || (text[whole] == '0' && i > whole + 1)) return std::nullopt;
  number.digits = Bytes(text.substr(whole, i - whole));
  number.exponent = static_cast<std::int64_t>(i - whole);
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = ++i;
    i = digits_end(text, i);
    if (i == fraction) return std::nullopt;
    number.digits += text.substr(fraction, i - fraction);
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    const bool down = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t power = i;
    i = digits_end(text, i);
    if (i == power) return std::nullopt;
    std::int64_t exponent = 0;
    for (const char c : text.substr(power, i - power)) exponent = std::min(exponent * 10 + (c - '0'), kExponentMax);
    number.exponent += down ? -exponent : exponent;
  }
  if (i != text.size()) return std::nullopt;
  const std::size_t first = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, first);
  number.exponent -= static_cast<std::int64_t>(first);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  if (number.digits.empty()) return Decimal{};
  return number;
}

// Of the numbers without their signs.
std::strong_ordering compare_sizes(const Decimal& a, const Decimal& b) {
  if (a.digits.empty() || b.digits.empty()) return a.digits.size() <=> b.digits.size();
  if (a.exponent != b.exponent) return a.exponent <=> b.exponent;
  return a.digits.compare(b.digits) <=> 0;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One escape at `i`, which stands on the backslash; moves past it.
std::optional<char> unescape(ByteSpan text, std::size_t& i) {
  if (i + 1 >= text.size()) return std::nullopt;
  const char c = text[i + 1];
  i += 2;
  switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return std::nullopt;
  }
  if (i + 4 > text.size() || text.substr(i, 2) != "00") return std::nullopt;
  const int high = hex_digit(text[i + 2]);
  const int low = hex_digit(text[i + 3]);
  if (high < 0 || high > 7 || low < 0) return std::nullopt;  // above U+007F it would be two bytes
  i += 4;
  return static_cast<char>(high * 16 + low);
}

bool is_word(ByteSpan text) { return text == "true" || text == "false" || text == "null"; }

// Past the string that begins at `i`; npos when it does not end.
std::size_t string_end(ByteSpan text, std::size_t i) {
  for (++i; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return ByteSpan::npos;
}

}  // namespace

bool is_json_number(ByteSpan text) { return parse(text).has_value(); }

std::strong_ordering compare_numbers(ByteSpan a, ByteSpan b) {
  const std::optional<Decimal> x = parse(a);
  const std::optional<Decimal> y = parse(b);
  if (!x || !y) return a <=> b;
  if (x->negative != y->negative) return x->negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return x->negative ? compare_sizes(*y, *x) : compare_sizes(*x, *y);
}

std::optional<Int128> number_units(ByteSpan number) {
  const std::optional<Decimal> parsed = parse(number);
  if (!parsed) return std::nullopt;
  if (parsed->digits.empty()) return 0;
  // digits × 10^(exponent - count) in units of 10^-kDecimalDigits.
  const std::int64_t zeros = parsed->exponent - static_cast<std::int64_t>(parsed->digits.size()) + kDecimalDigits;
  if (zeros < 0 || parsed->exponent + kDecimalDigits > 34) return std::nullopt;
  Int128 units = 0;
  for (const char c : parsed->digits) units = units * 10 + (c - '0');
  for (std::int64_t i = 0; i < zeros; ++i) units *= 10;
  if (units > kDecimalMax) return std::nullopt;
  return parsed->negative ? -units : units;
}

std::optional<Bytes> json_string_bytes(ByteSpan quoted) {
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return std::nullopt;
  const ByteSpan text = quoted.substr(1, quoted.size() - 2);
  Bytes bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') return std::nullopt;
    if (text[i] != '\\') {
      bytes.push_back(text[i++]);
      continue;
    }
    const std::optional<char> c = unescape(text, i);
    if (!c) return std::nullopt;
    bytes.push_back(*c);
  }
  return bytes;
}

std::partial_ordering compare_scalars(ByteSpan a, ByteSpan b) {
  if (a == b) return std::partial_ordering::equivalent;
  if (a.empty() || b.empty()) return std::partial_ordering::unordered;
  if (a.front() == '"' && b.front() == '"') {
    const std::optional<Bytes> x = json_string_bytes(a);
    const std::optional<Bytes> y = json_string_bytes(b);
    if (!x || !y) return std::partial_ordering::unordered;
    return x->compare(*y) <=> 0;
  }
  if (is_json_number(a) && is_json_number(b)) return compare_numbers(a, b);
  if (a == "false" && b == "true") return std::partial_ordering::less;
  if (a == "true" && b == "false") return std::partial_ordering::greater;
  return std::partial_ordering::unordered;
}

std::optional<std::vector<Bytes>> scalar_items(ByteSpan array) {
  if (array.size() < 2 || array.front() != '[' || array.back() != ']') return std::nullopt;
  std::vector<Bytes> items;
  const ByteSpan text = array.substr(0, array.size() - 1);
  for (std::size_t i = 1; i < text.size();) {
    const std::size_t end = text[i] == '"' ? string_end(text, i) : std::min(text.find(',', i), text.size());
    if (end == ByteSpan::npos) return std::nullopt;
    const ByteSpan item = text.substr(i, end - i);
    if (item.empty()) return std::nullopt;
    if (item.front() != '"' && !is_word(item) && !is_json_number(item)) return std::nullopt;
    items.emplace_back(item);
    if (end < text.size() && (text[end] != ',' || end + 1 == text.size())) return std::nullopt;
    i = end + 1;
  }
  return items;
}

}  // namespace pando

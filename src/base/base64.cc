#include "base/base64.h"

#include <fmt/core.h>

#include <array>

namespace pando {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNotInAlphabet = 0xFF;

constexpr std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kNotInAlphabet;
  for (std::uint8_t i = 0; i < 64; ++i) table[static_cast<std::uint8_t>(alphabet[i])] = i;
  return table;
}

constexpr auto kStandardReverse = reverse(kStandard);
constexpr auto kUrlReverse = reverse(kUrl);

// Appends `data` with `alphabet`; the last group is short of characters when data.size() % 3 != 0.
void append_groups(ByteSpan data, std::string_view alphabet, bool pad, Bytes& out) {
  const std::size_t whole = data.size() / 3;
  const std::size_t rest = data.size() % 3;
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<std::uint8_t>(data[i])}; };
  const std::size_t begin = out.size();
  out.resize(begin + whole * 4 + (rest == 0 ? 0 : pad ? 4 : rest + 1), '=');
  char* to = out.data() + begin;
  const char* digits = alphabet.data();
  for (std::size_t i = 0; i < whole * 3; i += 3, to += 4) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    to[0] = digits[group >> 18];
    to[1] = digits[group >> 12 & 0x3F];
    to[2] = digits[group >> 6 & 0x3F];
    to[3] = digits[group & 0x3F];
  }
  if (rest == 0) return;
  const std::uint32_t group = byte(whole * 3) << 16 | (rest == 2 ? byte(whole * 3 + 1) << 8 : 0);
  for (std::size_t c = 0; c <= rest; ++c) to[c] = digits[group >> (18 - 6 * c) & 0x3F];
}

Status illegal(std::size_t offset) {
  return Status(StatusCode::kInvalidArgument, fmt::format("illegal base64 data at input byte {}", offset));
}

// Appends what leading groups of four plain digits stand for, and returns how many characters that were.
std::size_t decode_groups(ByteSpan text, const std::array<std::uint8_t, 256>& table, Bytes& out) {
  const auto digit = [&](std::size_t i) { return std::uint32_t{table[static_cast<std::uint8_t>(text[i])]}; };
  out.resize(text.size() / 4 * 3);
  char* to = out.data();
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4, to += 3) {
    const std::uint32_t a = digit(i), b = digit(i + 1), c = digit(i + 2), d = digit(i + 3);
    if (((a | b | c | d) & 0xC0) != 0) break;  // kNotInAlphabet has these bits, no digit does
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    to[0] = static_cast<char>(group >> 16);
    to[1] = static_cast<char>(group >> 8);
    to[2] = static_cast<char>(group);
  }
  out.resize(i / 4 * 3);
  return i;
}

Result<Bytes> decode(ByteSpan text, const std::array<std::uint8_t, 256>& table, bool padded) {
  Bytes out;
  const std::size_t plain = decode_groups(text, table, out);
  std::uint32_t group = 0;
  int have = 0;
  int pads = 0;
  for (std::size_t i = plain; i < text.size(); ++i) {
    const char c = text[i];
    if (padded && (c == '\r' || c == '\n')) continue;
    if (padded && c == '=') {
      if (have < 2 || have + ++pads > 4) return fail(illegal(i));
      continue;
    }
    const std::uint8_t digit = table[static_cast<std::uint8_t>(c)];
    if (digit == kNotInAlphabet || pads > 0) return fail(illegal(i));
    group = group << 6 | digit;
    if (++have == 4) {
      out.push_back(static_cast<char>(group >> 16));
      out.push_back(static_cast<char>(group >> 8));
      out.push_back(static_cast<char>(group));
      group = 0;
      have = 0;
    }
  }
  if (have == 1 || (padded && have > 0 && have + pads != 4)) return fail(illegal(text.size()));
  if (have > 0) {
    group <<= 6 * (4 - have);
    // Bits beyond the last whole byte must be zero, or two texts would mean the same bytes.
    if ((group & (have == 2 ? 0xFFFFu : 0xFFu)) != 0) return fail(illegal(text.size()));
    out.push_back(static_cast<char>(group >> 16));
    if (have == 3) out.push_back(static_cast<char>(group >> 8));
  }
  return out;
}

}  // namespace

void base64_append(ByteSpan data, Bytes& out) { append_groups(data, kStandard, true, out); }

Bytes base64_encode(ByteSpan data) {
  Bytes out;
  base64_append(data, out);
  return out;
}

Result<Bytes> base64_decode(ByteSpan text) { return decode(text, kStandardReverse, true); }

Bytes base64url_encode(ByteSpan data) {
  Bytes out;
  append_groups(data, kUrl, false, out);
  return out;
}

Result<Bytes> base64url_decode(ByteSpan text) { return decode(text, kUrlReverse, false); }

}  // namespace pando

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
  out.reserve(out.size() + (data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const std::size_t have = data.size() - i < 3 ? data.size() - i : 3;
    std::uint32_t group = static_cast<std::uint32_t>(static_cast<std::uint8_t>(data[i])) << 16;
    if (have > 1) group |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(data[i + 1])) << 8;
    if (have > 2) group |= static_cast<std::uint8_t>(data[i + 2]);
    for (std::size_t c = 0; c <= have; ++c) out.push_back(alphabet[(group >> (18 - 6 * c)) & 0x3F]);
    if (pad) out.append(3 - have, '=');
  }
}

Status illegal(std::size_t offset) {
  return Status(StatusCode::kInvalidArgument, fmt::format("illegal base64 data at input byte {}", offset));
}

Result<Bytes> decode(ByteSpan text, const std::array<std::uint8_t, 256>& table, bool padded) {
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t group = 0;
  int have = 0;
  int pads = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
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

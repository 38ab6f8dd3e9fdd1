#include "api/json_text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/base64.h"

namespace pando::api {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(ByteSpan text, std::size_t i) {
  return i < text.size() && (static_cast<std::uint8_t>(text[i]) & 0xC0) == 0x80;
}

// Bytes of the well-formed UTF-8 sequence at `i` (Unicode table 3-7), 0 when there is none.
std::size_t sequence_size(ByteSpan text, std::size_t i) {
  const auto first = static_cast<std::uint8_t>(text[i]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (!is_continuation(text, i + 1)) return 0;
  const auto second = static_cast<std::uint8_t>(text[i + 1]);
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    if (first == 0xE0 && second < 0xA0) return 0;  // overlong
    if (first == 0xED && second > 0x9F) return 0;  // surrogate
    return is_continuation(text, i + 2) ? 3 : 0;
  }
  if (first == 0xF0 && second < 0x90) return 0;  // overlong
  if (first == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return is_continuation(text, i + 2) && is_continuation(text, i + 3) ? 4 : 0;
}

// Appends a character that JSON does not allow as it is.
void append_escaped(Bytes& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint8_t>(c)); return;
  }
}

bool is_plain(char c) { return static_cast<std::uint8_t>(c) >= 0x20 && c != '"' && c != '\\' && c != 0x7F; }

}  // namespace

bool is_utf8(ByteSpan bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

void append_json_string(Bytes& out, ByteSpan text) {
  out.push_back('"');
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t run = i;
    while (i < text.size() && static_cast<std::uint8_t>(text[i]) < 0x80 && is_plain(text[i])) ++i;
    out.append(text.substr(run, i - run));
    if (i == text.size()) break;
    if (static_cast<std::uint8_t>(text[i]) < 0x80) {
      append_escaped(out, text[i++]);
    } else if (const std::size_t size = sequence_size(text, i); size > 0) {
      out.append(text.substr(i, size));
      i += size;
    } else {
      out.append(kReplacement);
      ++i;
    }
  }
  out.push_back('"');
}

void append_json_base64(Bytes& out, ByteSpan bytes) {
  out.push_back('"');
  base64_append(bytes, out);
  out.push_back('"');
}

void append_json_key_field(Bytes& out, std::string_view name, ByteSpan bytes) {
  out.push_back('"');
  out.append(name);
  out += "\":";
  append_json_string(out, bytes);
  if (is_utf8(bytes)) return;
  out += ",\"";
  out.append(name);
  out += "_b64\":";
  append_json_base64(out, bytes);
}

void append_number(Bytes& out, std::uint64_t n) {
  const fmt::format_int text(n);
  out.append(text.data(), text.size());
}

void append_number(Bytes& out, std::int64_t n) {
  const fmt::format_int text(n);
  out.append(text.data(), text.size());
}

}  // namespace pando::api

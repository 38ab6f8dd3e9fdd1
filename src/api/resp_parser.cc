#include "api/resp_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/limits.h"

namespace pando::api {
namespace {

std::optional<long long> number(std::string_view text) {
  long long value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// "…123\r\n" at `at`, which moves behind it; -1 unless it is there whole and of few digits.
long long short_length(const char*& at, const char* end) {
  constexpr std::ptrdiff_t kDigitsMax = 6;
  if (end - at < 3) return -1;
  // Mostly one digit, or two.
  const unsigned first = static_cast<unsigned char>(at[0] - '0');
  if (first <= 9 && at[1] == '\r' && at[2] == '\n') {
    at += 3;
    return first;
  }
  if (const unsigned second = static_cast<unsigned char>(at[1] - '0');
      first <= 9 && second <= 9 && end - at > 3 && at[2] == '\r' && at[3] == '\n') {
    at += 4;
    return 10 * first + second;
  }
  const char* digit = at;
  const char* const stop = end - digit > kDigitsMax + 2 ? digit + kDigitsMax : end - 2;
  long long value = 0;
  for (; digit < stop && static_cast<unsigned char>(*digit - '0') <= 9; ++digit) value = value * 10 + (*digit - '0');
  if (digit == at || digit[0] != '\r' || digit[1] != '\n') return -1;
  at = digit + 2;
  return value;
}

// One quoted word; `at` stands behind the opening quote and ends behind the closing one.
std::optional<std::string> quoted(std::string_view line, std::size_t& at, char quote) {
  std::string word;
  while (at < line.size()) {
    const char c = line[at++];
    if (c == quote) {
      if (at < line.size() && !is_space(line[at])) return std::nullopt;
      return word;
    }
    if (c == '\\' && at < line.size()) {
      if (quote == '\'') {
        word += line[at] == '\'' ? line[at++] : c;
      } else if (line[at] == 'x' && at + 2 < line.size() && hex_digit(line[at + 1]) >= 0 &&
                 hex_digit(line[at + 2]) >= 0) {
        word += static_cast<char>(hex_digit(line[at + 1]) * 16 + hex_digit(line[at + 2]));
        at += 3;
      } else {
        word += unescaped(line[at++]);
      }
      continue;
    }
    word += c;
  }
  return std::nullopt;
}

}  // namespace

RespParser::Got RespParser::parse(ByteSpan bytes) {
  bytes_ = bytes;
  wanted_ = 0;
  if (!error_.empty()) return Got::kError;
  if (bytes.empty()) return Got::kMore;
  if (left_ < 0 && bytes.front() != '*') return parse_line();
  if (left_ < 0 && take_whole()) return finish();
  return parse_array();
}

RespParser::Got RespParser::refuse(std::string text) {
  error_ = "Protocol error: " + std::move(text);
  return Got::kError;
}

RespParser::Got RespParser::finish() {
  consumed_ = at_;
  at_ = line_scanned_ = 0;
  left_ = bulk_bytes_ = -1;
  return Got::kCommand;
}

// The line at at_, without its end; at_ moves behind it.
RespParser::Line RespParser::take_line(std::string_view& line) {
  const std::size_t end = bytes_.find('\n', std::max(at_, line_scanned_));
  if (end == ByteSpan::npos) {
    line_scanned_ = bytes_.size();
    return bytes_.size() - at_ > limits::kRespLineBytesMax ? Line::kTooLong : Line::kMore;
  }
  if (end - at_ > limits::kRespLineBytesMax) return Line::kTooLong;
  line = bytes_.substr(at_, end - at_);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  at_ = end + 1;
  return Line::kWhole;
}

std::optional<long long> RespParser::take_length() {
  if (at_ == bytes_.size()) return std::nullopt;
  const char* at = bytes_.data() + at_ + 1;
  const long long value = short_length(at, bytes_.data() + bytes_.size());
  if (value < 0) return std::nullopt;
  at_ = static_cast<std::size_t>(at - bytes_.data());
  return value;
}

bool RespParser::take_whole() {
  const char* at = bytes_.data() + 1;
  const char* const end = bytes_.data() + bytes_.size();
  const long long count = short_length(at, end);
  if (count <= 0 || count > static_cast<long long>(limits::kRespArgsMax)) return false;
  args_.clear();
  for (long long i = 0; i < count; ++i) {
    if (at == end || *at != '$') return false;
    ++at;
    const long long length = short_length(at, end);
    if (length < 0 || end - at < length + 2) return false;
    // The one that refuses it says why.
    if (at - bytes_.data() + length > static_cast<std::ptrdiff_t>(limits::kRespCommandBytesMax)) return false;
    args_.emplace_back(at, static_cast<std::size_t>(length));
    at += length + 2;
  }
  at_ = static_cast<std::size_t>(at - bytes_.data());
  return true;
}

RespParser::Got RespParser::parse_line() {
  std::string_view line;
  switch (take_line(line)) {
    case Line::kMore: return Got::kMore;
    case Line::kTooLong: return refuse("too big inline request");
    case Line::kWhole: break;
  }
  if (!split(line)) return refuse("unbalanced quotes in request");
  args_.assign(words_.begin(), words_.end());
  return finish();
}

bool RespParser::split(std::string_view line) {
  words_.clear();
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_space(line[at])) ++at;
    if (at == line.size()) return true;
    std::string word;
    while (at < line.size() && !is_space(line[at])) {
      const char c = line[at++];
      if (c != '"' && c != '\'') {
        word += c;
        continue;
      }
      auto rest = quoted(line, at, c);
      if (!rest) return false;
      word += *rest;
    }
    words_.push_back(std::move(word));
  }
}

RespParser::Got RespParser::parse_array() {
  std::string_view line;
  if (left_ < 0) {
    auto count = take_length();
    if (!count) {
      switch (take_line(line)) {
        case Line::kMore: return Got::kMore;
        case Line::kTooLong: return refuse("too big mbulk count string");
        case Line::kWhole: break;
      }
      count = number(line.substr(1));
    }
    if (!count || *count > static_cast<long long>(limits::kRespArgsMax)) return refuse("invalid multibulk length");
    args_.clear();
    places_.clear();
    if (*count <= 0) return finish();
    left_ = *count;
  }
  while (left_ > 0) {
    if (bulk_bytes_ < 0) {
      if (at_ < bytes_.size() && bytes_[at_] != '$') return refuse(fmt::format("expected '$', got '{}'", bytes_[at_]));
      auto length = take_length();
      if (!length) {
        switch (take_line(line)) {
          case Line::kMore: return Got::kMore;
          case Line::kTooLong: return refuse("too big bulk count string");
          case Line::kWhole: break;
        }
        length = number(line.substr(1));
      }
      if (!length || *length < 0 || *length > static_cast<long long>(limits::kRespCommandBytesMax)) {
        return refuse("invalid bulk length");
      }
      if (at_ + static_cast<std::size_t>(*length) > limits::kRespCommandBytesMax) {
        return refuse(fmt::format("command over the limit of {} bytes", limits::kRespCommandBytesMax));
      }
      bulk_bytes_ = *length;
    }
    const auto length = static_cast<std::size_t>(bulk_bytes_);
    if (bytes_.size() - at_ < length + 2) {
      wanted_ = at_ + length + 2 - bytes_.size();
      return Got::kMore;
    }
    places_.emplace_back(at_, length);
    at_ += length + 2;
    bulk_bytes_ = -1;
    --left_;
  }
  for (const auto& [place, length] : places_) args_.push_back(bytes_.substr(place, length));
  return finish();
}

}  // namespace pando::api

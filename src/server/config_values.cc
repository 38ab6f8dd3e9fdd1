#include "server/config_values.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "base/limits.h"

namespace pando::server {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Takes the leading decimal digits off `text`. False when there are none or they do not fit.
bool take_number(std::string_view& text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::string_view take_letters(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && !is_digit(text[n]) && text[n] != '.') ++n;
  const std::string_view word = text.substr(0, n);
  text.remove_prefix(n);
  return word;
}

std::uint64_t unit_us(std::string_view unit) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> kUnits{{
      {"us", 1},
      {"\xC2\xB5s", 1},
      {"ms", 1'000},
      {"s", 1'000'000},
      {"m", 60'000'000},
      {"h", 3'600'000'000},
  }};
  for (const auto& [name, us] : kUnits) {
    if (name == unit) return us;
  }
  return 0;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto refuse = [&] {
    return fail(StatusCode::kInvalidArgument, fmt::format("wants a size like \"16MB\", not \"{}\"", text));
  };
  std::string_view rest = text;
  std::uint64_t number = 0;
  if (!take_number(rest, number)) return refuse();
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);

  static constexpr std::array<std::pair<std::string_view, int>, 11> kUnits{{
      {"", 0},
      {"b", 0},
      {"kb", 10},
      {"kib", 10},
      {"k", 10},
      {"mb", 20},
      {"mib", 20},
      {"m", 20},
      {"gb", 30},
      {"gib", 30},
      {"g", 30},
  }};
  for (const auto& [name, shift] : kUnits) {
    if (lower(rest) != name) continue;
    if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return refuse();
    return number << shift;
  }
  return refuse();
}

Result<Duration> parse_duration(std::string_view text) {
  const auto refuse = [&] {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("wants a duration like \"20ms\" or \"1h30m\", not \"{}\"", text));
  };
  if (text == "0") return Duration{};
  std::string_view rest = text;
  std::uint64_t total_us = 0;
  constexpr std::uint64_t kMaxUs = std::numeric_limits<std::int64_t>::max() / 2;
  if (rest.empty()) return refuse();
  while (!rest.empty()) {
    std::uint64_t whole = 0;
    if (!take_number(rest, whole)) return refuse();
    // Millionths of the unit, so that "1.5h" is exact.
    std::uint64_t fraction = 0;
    if (!rest.empty() && rest.front() == '.') {
      rest.remove_prefix(1);
      std::uint64_t place = 100'000;
      if (rest.empty() || !is_digit(rest.front())) return refuse();
      for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), place /= 10) {
        fraction += place * static_cast<std::uint64_t>(rest.front() - '0');
      }
    }
    const std::uint64_t unit = unit_us(take_letters(rest));
    if (unit == 0 || whole > kMaxUs / unit) return refuse();
    total_us += whole * unit + fraction * unit / 1'000'000;
    if (total_us > kMaxUs) return refuse();
  }
  return Duration::micros(static_cast<std::int64_t>(total_us));
}

Status validate_address(std::string_view text) {
  const Status refused(StatusCode::kInvalidArgument, fmt::format("wants host:port, not \"{}\"", text));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return refused;
  const std::string_view host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos && (host.front() != '[' || host.back() != ']')) return refused;
  if (host.find_first_of(" \t/") != std::string_view::npos) return refused;
  std::string_view port = text.substr(colon + 1);
  std::uint64_t number = 0;
  if (!take_number(port, number) || !port.empty() || number == 0 || number > 65535) return refused;
  return {};
}

Status validate_ip(std::string_view text) {
  const std::string address(text);
  in6_addr ignored{};
  if (::inet_pton(AF_INET, address.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, address.c_str(), &ignored) == 1)
    return {};
  return Status(StatusCode::kInvalidArgument, fmt::format("wants an IP address like \"127.0.0.1\", not \"{}\"", text));
}

Status validate_namespace_name(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    return Status(StatusCode::kInvalidArgument, fmt::format("namespace \"{}\" {}", text, why));
  };
  if (text.empty()) return refused("is empty");
  if (text.size() > limits::kNamespaceBytesMax) {
    return refused(fmt::format("is longer than {} bytes", limits::kNamespaceBytesMax));
  }
  if (text.front() == '.') return refused("starts with a dot");
  // Files of the node itself: server/data_dir.h.
  if (text == "LOCK" || text == "node_name" || text == "backup") return refused("is a reserved name");
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '.' && c != '_' && c != '-') {
      return refused("has a character other than A-Z a-z 0-9 . _ -");
    }
  }
  return {};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.substr(0, 4) == "127.";
}

}  // namespace pando::server

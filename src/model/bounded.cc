#include "model/bounded.h"

#include <fmt/core.h>

#include <charconv>

namespace pando {
namespace {

// Takes a number off the front of `text`; nothing when there is none.
std::optional<std::uint64_t> number(ByteSpan& text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

bool dot(ByteSpan& text) {
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string_view name_of(Way way) { return way == Way::kTake ? "take" : "give"; }

Bytes to_string(const ReservationName& name) {
  return fmt::format("{}~{}.{}.{}", to_string(name.origin), name.expires_at_ms, name.seq.value, name.index);
}

std::optional<ReservationName> parse_reservation(ByteSpan text) {
  const std::size_t tilde = text.find('~');
  if (tilde == ByteSpan::npos) return std::nullopt;
  const std::optional<Origin> origin = parse_origin(text.substr(0, tilde));
  ByteSpan rest = text.substr(tilde + 1);
  const auto expires = number(rest);
  if (!origin || !expires || *expires > static_cast<std::uint64_t>(INT64_MAX) || !dot(rest)) return std::nullopt;
  const auto seq = number(rest);
  if (!seq || *seq == 0 || !dot(rest)) return std::nullopt;
  const auto index = number(rest);
  if (!index || !rest.empty()) return std::nullopt;
  ReservationName name{*origin, static_cast<std::int64_t>(*expires), Seq(*seq), *index};
  // One text for each: "07" is not "7".
  if (to_string(name) != text) return std::nullopt;
  return name;
}

}  // namespace pando

#include "model/terms.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace pando {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

// "dc1:17" or "dc1#2:17".
std::optional<Dot> parse_dot(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> seq = whole_number(text.substr(colon + 1));
  std::optional<Origin> origin = parse_origin(text.substr(0, colon));
  if (!seq || *seq == 0 || !origin) return std::nullopt;
  return Dot{*std::move(origin), Seq(*seq)};
}

}  // namespace

std::string to_string(const Durability& durability) {
  switch (durability.level) {
    case Durability::Level::kMemory: return "memory";
    case Durability::Level::kOs: return "os";
    case Durability::Level::kFsync: return "fsync";
    case Durability::Level::kSites: return fmt::format("sites:{}", durability.sites);
    case Durability::Level::kSite: return "site:" + durability.site;
  }
  return "fsync";
}

Result<Durability> parse_durability(std::string_view text) {
  using Level = Durability::Level;
  if (text == "memory") return Durability{Level::kMemory, 0, {}};
  if (text == "os") return Durability{Level::kOs, 0, {}};
  if (text == "fsync") return Durability{Level::kFsync, 0, {}};
  if (text.starts_with("sites:")) {
    const auto count = whole_number(text.substr(6));
    if (count && *count >= 1 && *count <= limits::kOriginsMax) {
      return Durability{Level::kSites, static_cast<std::uint32_t>(*count), {}};
    }
  }
  if (text.starts_with("site:") && validate_node_name(text.substr(5)).ok()) {
    return Durability{Level::kSite, 0, std::string(text.substr(5))};
  }
  return fail(StatusCode::kInvalidArgument,
              fmt::format("durability \"{}\" is none of memory, os, fsync, sites:N, site:NAME", text.substr(0, 100)));
}

std::string to_string(const CausalToken& token) {
  std::string text;
  for (const Dot& dot : token) text += (text.empty() ? "" : ",") + to_string(dot);
  return text;
}

Result<CausalToken> parse_causal_token(std::string_view text) {
  CausalToken token;
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t comma = std::min(text.find(',', offset), text.size());
    const std::optional<Dot> dot = parse_dot(text.substr(offset, comma - offset));
    if (!dot) {
      return fail(StatusCode::kInvalidArgument, fmt::format("causal token: no \"origin:number\" at byte {}", offset));
    }
    if (!token.empty() && token.back().origin >= dot->origin) {
      return fail(StatusCode::kInvalidArgument, fmt::format("causal token: origins out of order at byte {}", offset));
    }
    if (token.size() == limits::kTokenDotsMax) {
      return fail(StatusCode::kInvalidArgument,
                  fmt::format("causal token: more than {} origins", limits::kTokenDotsMax));
    }
    token.push_back(*dot);
    offset = comma + 1;
  }
  return token;
}

void merge(CausalToken& into, const CausalToken& other) {
  for (const Dot& dot : other) {
    const auto at = std::lower_bound(into.begin(), into.end(), dot.origin,
                                     [](const Dot& held, const Origin& origin) { return held.origin < origin; });
    if (at == into.end() || at->origin != dot.origin) {
      into.insert(at, dot);
    } else {
      at->seq = std::max(at->seq, dot.seq);
    }
  }
}

std::uint64_t fingerprint_of(ByteSpan request) {
  return std::max<std::uint64_t>(1, XXH3_64bits(request.data(), request.size()));
}

}  // namespace pando

#include "engine/catalog.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "model/expiry.h"
#include "model/terms.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

using Entry = crdt::Register::Entry;

constexpr std::pair<std::string_view, Resolver> kResolvers[] = {
    {"lww", Resolver::kLww},
    {"max", Resolver::kMax},
    {"min", Resolver::kMin},
    {"first-wins", Resolver::kFirstWins},
    {"origin-priority", Resolver::kOriginPriority},
    {"multi", Resolver::kMulti},
};
constexpr std::pair<std::string_view, Wins> kSetWins[] = {{"add", Wins::kAdd}, {"remove", Wins::kRemove}};
constexpr std::pair<std::string_view, Wins> kFlagWins[] = {{"enable", Wins::kAdd}, {"disable", Wins::kRemove}};
constexpr std::pair<std::string_view, bool> kSwitch[] = {{"true", true}, {"false", false}};
constexpr std::pair<std::string_view, ValueType> kTypes[] = {
    {"value", ValueType::kValue},       {"counter", ValueType::kCounter},   {"decimal", ValueType::kDecimal},
    {"flag", ValueType::kFlag},         {"bounded", ValueType::kBounded},   {"row", ValueType::kRow},
    {"set", ValueType::kSet},           {"sorted-set", ValueType::kScores}, {"list", ValueType::kList},
    {"document", ValueType::kDocument}, {"presence", ValueType::kPresence}, {"sketch", ValueType::kSketch},
    {"stream", ValueType::kStream},
};

template <typename T, std::size_t N>
std::string_view word_of(const std::pair<std::string_view, T> (&words)[N], T value) {
  for (const auto& [word, meaning] : words) {
    if (meaning == value) return word;
  }
  return words[0].first;
}

template <typename T, std::size_t N>
Status set_word(const std::pair<std::string_view, T> (&words)[N], std::string_view name, std::string_view text,
                T& value) {
  std::string allowed;
  for (const auto& [word, meaning] : words) {
    if (word == text) {
      value = meaning;
      return {};
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(word);
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("table property {}: \"{}\" is none of {}", name, text.substr(0, 100), allowed));
}

Status set_ttl(std::string_view text, std::optional<std::int64_t>& ttl_ms) {
  if (text == "none") {
    ttl_ms.reset();
    return {};
  }
  const Result<std::int64_t> span = parse_span_ms(text);
  if (!span) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("table property ttl: neither none nor a time: {}", span.error().message()));
  }
  ttl_ms = *span;
  return {};
}

Status set_origins(std::string_view text, std::vector<std::string>& origins) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    names.emplace_back(text.substr(0, comma));
    if (Status status = validate_node_name(names.back()); !status.ok()) {
      return status.with_context("table property origins");
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  origins = std::move(names);
  return {};
}

// Numbers compare as such, and stand below all else, so that the order is total.
bool smaller(ByteSpan a, ByteSpan b) {
  const std::optional<Int128> as_number = parse_decimal(a);
  const std::optional<Int128> bs_number = parse_decimal(b);
  if (as_number && bs_number && *as_number != *bs_number) return *as_number < *bs_number;
  if (as_number.has_value() != bs_number.has_value()) return as_number.has_value();
  return a < b;
}

bool later(const Entry& a, const Entry& b) {
  return std::tie(a.hlc, a.dot.origin, a.value) > std::tie(b.hlc, b.dot.origin, b.value);
}

}  // namespace

Result<Catalog> Catalog::load(const store::Cells& cells) {
  Catalog catalog;
  std::vector<Bytes> names;
  {
    store::CellCursor at = cells.scan(kTableTables, {}, {});
    for (; at.valid(); at.skip_key()) names.push_back(at.key());
    PANDO_RETURN_IF_ERROR(at.status());
  }
  for (const Bytes& name : names) PANDO_RETURN_IF_ERROR(catalog.note_change(cells, name));
  Result<RetiredNodes> retired = RetiredNodes::load(cells);
  if (!retired) return fail(retired.error());
  catalog.retired_ = *std::move(retired);
  return catalog;
}

const TableDeclaration& Catalog::of(std::string_view table) const {
  if (tables_.empty()) return defaults_;
  const auto at = tables_.find(table);
  return at == tables_.end() ? defaults_ : at->second;
}

Status Catalog::note_change(const store::Cells& cells, std::string_view table) {
  TableDeclaration declaration;
  bool found = false;
  store::CellCursor at = cells.scan_key(kTableTables, table);
  for (; at.valid(); at.next()) {
    if (at.path().kind != CellKind::kField) continue;
    const Entry* entry = at.cell().reg().resolve();
    if (entry == nullptr) continue;
    found = true;
    (void)set_property(declaration, at.path().element, entry->value);
  }
  PANDO_RETURN_IF_ERROR(at.status());
  if (found) {
    tables_.insert_or_assign(std::string(table), std::move(declaration));
  } else if (const auto known = tables_.find(table); known != tables_.end()) {
    tables_.erase(known);
  }
  return {};
}

std::vector<std::pair<std::string_view, std::string>> properties_of(const TableDeclaration& declaration) {
  std::string origins;
  for (const std::string& origin : declaration.origins) origins += (origins.empty() ? "" : ",") + origin;
  return {
      {"resolver", std::string(word_of(kResolvers, declaration.resolver))},
      {"origins", origins},
      {"sets", std::string(word_of(kSetWins, declaration.sets))},
      {"flags", std::string(word_of(kFlagWins, declaration.flags))},
      {"grow_only", std::string(word_of(kSwitch, declaration.grow_only))},
      {"ttl", declaration.ttl_ms ? fmt::format("{}ms", *declaration.ttl_ms) : "none"},
      {"durability", declaration.durability.value_or("default")},
      {"default_type", declaration.default_type ? std::string(word_of(kTypes, *declaration.default_type)) : "any"},
      {"publish", std::string(word_of(kSwitch, declaration.publish))},
      {"subscribe", std::string(word_of(kSwitch, declaration.subscribe))},
  };
}

Status set_property(TableDeclaration& declaration, std::string_view name, std::string_view text) {
  if (name == "resolver") return set_word(kResolvers, name, text, declaration.resolver);
  if (name == "origins") return set_origins(text, declaration.origins);
  if (name == "sets") return set_word(kSetWins, name, text, declaration.sets);
  if (name == "flags") return set_word(kFlagWins, name, text, declaration.flags);
  if (name == "grow_only") return set_word(kSwitch, name, text, declaration.grow_only);
  if (name == "ttl") return set_ttl(text, declaration.ttl_ms);
  if (name == "publish") return set_word(kSwitch, name, text, declaration.publish);
  if (name == "subscribe") return set_word(kSwitch, name, text, declaration.subscribe);
  if (name == "durability") {
    declaration.durability.reset();
    if (text == "default") return {};
    const Result<Durability> durability = parse_durability(text);
    if (!durability) return durability.error().with_context("table property durability");
    declaration.durability = to_string(*durability);
    return {};
  }
  if (name == "default_type") {
    declaration.default_type.reset();
    if (text == "any") return {};
    ValueType type = ValueType::kValue;
    PANDO_RETURN_IF_ERROR(set_word(kTypes, name, text, type));
    declaration.default_type = type;
    return {};
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("a table has no property \"{}\"; known are resolver, origins, sets, flags, grow_only, ttl, "
                            "durability, default_type, publish, subscribe",
                            name.substr(0, 100)));
}

const Entry* resolve(const crdt::Register& reg, const TableDeclaration& table) {
  if (table.resolver == Resolver::kLww || reg.entries().size() < 2) return reg.resolve();
  const auto rank = [&](const Entry& entry) {
    return std::find(table.origins.begin(), table.origins.end(), entry.dot.origin.node) - table.origins.begin();
  };
  // True when `a` is shown rather than `b`; total, so every site picks the same one.
  const auto before = [&](const Entry& a, const Entry& b) {
    switch (table.resolver) {
      case Resolver::kMax:
        if (a.value != b.value) return smaller(b.value, a.value);
        break;
      case Resolver::kMin:
        if (a.value != b.value) return smaller(a.value, b.value);
        break;
      case Resolver::kFirstWins: return later(b, a);
      case Resolver::kOriginPriority:
        if (rank(a) != rank(b)) return rank(a) < rank(b);
        break;
      case Resolver::kLww:
      case Resolver::kMulti: break;
    }
    return later(a, b);
  };
  const Entry* winner = &reg.entries().front();
  for (const Entry& entry : reg.entries()) {
    if (before(entry, *winner)) winner = &entry;
  }
  return winner;
}

}  // namespace pando::engine

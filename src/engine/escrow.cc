#include "engine/escrow.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

using Elements = std::vector<std::pair<Bytes, Bytes>>;  // element, value

Result<std::vector<Escrow::Incarnation>> incarnations_in(View& view, const EscrowKey& where) {
  std::vector<Escrow::Incarnation> found;
  const Result<const crdt::Register*> declared = view.find_register(escrow_path(where, {}));
  if (!declared) return fail(declared.error());
  if (*declared == nullptr) return found;
  for (const crdt::Register::Entry& entry : (*declared)->entries()) {
    Result<EscrowDeclaration> declaration = decode_escrow_declaration(entry.value);
    if (declaration) found.push_back({entry.dot, entry.hlc, *std::move(declaration)});
  }
  return found;
}

// The two places an escrow is read from.
class FromView {
 public:
  explicit FromView(View& view) : view_(view) {}
  View& view() { return view_; }
  Result<std::vector<Escrow::Incarnation>> incarnations(const EscrowKey& where) {
    return incarnations_in(view_, where);
  }
  Result<Elements> elements(const EscrowKey& where, ByteSpan prefix) {
    Elements found;
    store::CellCursor at = view_.cells().scan_elements(where.table, where.key, CellKind::kBound, prefix, {});
    for (; at.valid(); at.next()) {
      if (const auto* entry = at.cell().reg().resolve()) found.emplace_back(at.path().element, entry->value);
    }
    PANDO_RETURN_IF_ERROR(view_.note(at));
    return found;
  }

 private:
  View& view_;
};

class FromDraft {
 public:
  explicit FromDraft(Draft& draft) : draft_(draft) {}
  View& view() { return draft_.view(); }
  Result<std::vector<Escrow::Incarnation>> incarnations(const EscrowKey& where) {
    const auto written = draft_.written(where.table, where.key, CellKind::kBound);
    if (const auto own = written.find(Bytes()); own != written.end()) {
      std::vector<Escrow::Incarnation> found;
      if (!own->second) return found;
      Result<EscrowDeclaration> declaration = decode_escrow_declaration(*own->second);
      // Its stamp is not known yet, and there is no other to compare it with.
      if (declaration) found.push_back({draft_.dot(), {}, *std::move(declaration)});
      return found;
    }
    if (draft_.cleared(escrow_path(where, {}))) return std::vector<Escrow::Incarnation>();
    return incarnations_in(draft_.view(), where);
  }
  Result<Elements> elements(const EscrowKey& where, ByteSpan prefix) {
    Elements found;
    const auto names = draft_.elements_after(where.table, where.key, CellKind::kBound, prefix, {}, SIZE_MAX);
    if (!names) return fail(names.error());
    for (const Bytes& name : *names) {
      Result<std::optional<Bytes>> value = draft_.value_after(escrow_path(where, name));
      if (!value) return fail(value.error());
      if (*value) found.emplace_back(name, **std::move(value));
    }
    return found;
  }

 private:
  Draft& draft_;
};

}  // namespace

std::uint64_t clamp_u64(Int128 n) {
  if (n <= 0) return 0;
  return n >= Int128{UINT64_MAX} ? UINT64_MAX : static_cast<std::uint64_t>(n);
}

CellPath escrow_path(const EscrowKey& where, Bytes element) {
  return {where.table, where.key, CellKind::kBound, std::move(element)};
}

Result<std::vector<Origin>> origins_of(Draft& draft, const std::vector<std::string>& nodes) {
  if (nodes.size() > limits::kEscrowSitesMax) {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("{} sites, the limit is {}", nodes.size(), limits::kEscrowSitesMax));
  }
  std::vector<Origin> origins;
  for (const std::string& node : nodes) {
    if (Status status = validate_node_name(node); !status.ok()) return fail(status.with_context("sites"));
    Origin origin{node, node == draft.dot().origin.node ? draft.dot().origin.epoch : 1};
    for (const auto& entry : draft.view().cells().context().entries()) {
      if (entry.first.node == node) origin.epoch = std::max(origin.epoch, entry.first.epoch);
    }
    origins.push_back(std::move(origin));
  }
  std::sort(origins.begin(), origins.end());
  origins.erase(std::unique(origins.begin(), origins.end()), origins.end());
  return origins;
}

template <typename Source>
Result<std::optional<Escrow>> Escrow::load_from(Source& source, const Origin& self, const EscrowKey& where) {
  Result<std::vector<Incarnation>> declared = source.incarnations(where);
  if (!declared) return fail(declared.error());
  if (declared->empty()) return std::nullopt;
  std::map<std::string, std::uint64_t> epochs{{self.node, self.epoch}};
  for (const auto& entry : source.view().cells().context().entries()) {
    std::uint64_t& last = epochs[entry.first.node];
    last = std::max(last, entry.first.epoch);
  }
  for (const auto& [node, retired] : source.view().catalog().retired().nodes()) {
    std::uint64_t& last = epochs[node];
    last = std::max(last, retired.epoch + 1);
  }

  std::vector<Escrow> all;
  for (Incarnation& incarnation : *declared) {
    Escrow one;
    one.incarnation_ = std::move(incarnation);
    one.epochs_ = epochs;
    Result<Elements> parts = source.elements(where, part_prefix(where.subject, one.incarnation_.dot));
    if (!parts) return fail(parts.error());
    for (const auto& [element, value] : *parts) {
      const std::optional<PartName> name = parse_part(element);
      Result<EscrowPart> part = decode_escrow_part(value);
      if (name && part) one.parts_.emplace(name->origin, *std::move(part));
    }
    all.push_back(std::move(one));
  }
  const auto first = std::min_element(all.begin(), all.end(), [](const Escrow& a, const Escrow& b) {
    return std::tie(a.incarnation_.hlc, a.incarnation_.dot) < std::tie(b.incarnation_.hlc, b.incarnation_.dot);
  });
  Escrow current = std::move(*first);
  all.erase(first);
  current.lost_ = std::move(all);
  return current;
}

Result<std::optional<Escrow>> Escrow::load(Draft& draft, const EscrowKey& where) {
  FromDraft source(draft);
  return load_from(source, draft.dot().origin, where);
}

Result<std::optional<Escrow>> Escrow::load(View& view, const Origin& self, const EscrowKey& where) {
  FromView source(view);
  return load_from(source, self, where);
}

const EscrowPart& Escrow::part(const Origin& origin) const {
  static const EscrowPart kNone;
  const auto at = parts_.find(origin);
  return at == parts_.end() ? kNone : at->second;
}

std::vector<Origin> Escrow::origins() const {
  std::vector<Origin> all = incarnation_.declaration.sites;
  if (all.empty()) all.push_back(incarnation_.dot.origin);
  for (const auto& entry : parts_) all.push_back(entry.first);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

bool Escrow::locked(const Origin& origin) const {
  const auto at = epochs_.find(origin.node);
  return at != epochs_.end() && at->second > origin.epoch;
}

Int128 Escrow::received(const Origin& origin, Way way) const {
  Int128 sum = 0;
  for (const auto& [from, part] : parts_) {
    if (from != origin) sum += part.granted(origin, way);
  }
  return sum;
}

Int128 Escrow::balance(const Origin& origin, Way way) const {
  Int128 sum = received(origin, way);
  sum += incarnation_.declaration.share(way, origin, incarnation_.dot.origin);
  for (const auto& [from, part] : parts_) {
    for (const EscrowPart::Transfer& taken_over : part.reclaimed) {
      if (taken_over.origin == origin) sum -= taken_over.amount[index_of(way)];
      if (from == origin) sum += taken_over.amount[index_of(way)];
    }
  }
  for (const EscrowPart::Transfer& grant : part(origin).grants) {
    if (grant.origin != origin) sum -= grant.amount[index_of(way)];
  }
  return sum;
}

std::optional<Int128> Escrow::rights(const Origin& origin, Way way) const {
  if (!incarnation_.declaration.rights(way)) return std::nullopt;
  const EscrowPart& mine = part(origin);
  return balance(origin, way) + mine.used[index_of(opposite(way))] - mine.used[index_of(way)] -
         mine.held[index_of(way)];
}

std::int64_t Escrow::value() const {
  const auto* bounds = std::get_if<Bounds>(&incarnation_.declaration.terms);
  Int128 sum = bounds == nullptr ? 0 : bounds->initial;
  for (const auto& [origin, part] : parts_) {
    sum += part.used[index_of(Way::kGive)];
    sum -= part.used[index_of(Way::kTake)];
  }
  return static_cast<std::int64_t>(std::clamp(sum, Int128{INT64_MIN}, Int128{INT64_MAX}));
}

}  // namespace pando::engine

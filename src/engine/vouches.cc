#include "engine/vouches.h"

#include <algorithm>

#include "base/codec.h"
#include "model/expiry.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

constexpr std::uint8_t kVouchOfAllTables = 1;
constexpr std::uint8_t kVouchWithScope = 2;

CellPath vouch_path(const Origin& origin) {
  return {std::string(kTableVouches), Bytes(to_string(origin)), CellKind::kRegister, {}};
}

// Makes no commits any more. Epochs of a node are neighbours in a context, the latest comes last.
bool is_over(const std::vector<VersionVector::Entry>& entries, std::size_t i, const RetiredNodes& retired) {
  const Origin& origin = entries[i].first;
  return (i + 1 < entries.size() && entries[i + 1].first.node == origin.node) || retired.has(origin);
}

VersionVector least_of(const VersionVector& a, const VersionVector& b) {
  VersionVector least;
  for (const auto& [origin, seq] : a.entries()) {
    if (const Seq both = std::min(seq, b.get(origin)); both.value != 0) least.raise(origin, both);
  }
  return least;
}

// Whether the other site knows of the same origins as this one, as far as it matters.
bool same_origins(const VersionVector& here, const VersionVector& there, const RetiredNodes& retired) {
  if (!there.covers(retired.said())) return false;
  const auto& entries = here.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_over(entries, i, retired) && there.get(entries[i].first) != entries[i].second) return false;
  }
  return std::all_of(there.entries().begin(), there.entries().end(),
                     [&](const auto& entry) { return here.get(entry.first).value != 0; });
}

}  // namespace

Bytes encode_vouch(const Vouch& vouch) {
  Bytes bytes;
  Writer out(bytes);
  // An earlier release knows the first version only, and takes a vouch of the second for none: it frees nothing while
  // somebody speaks for some tables, rather than too much.
  out.u8(vouch.scope.whole() ? kVouchOfAllTables : kVouchWithScope);
  out.u64(static_cast<std::uint64_t>(vouch.clock_ms));
  encode(vouch.seen, out);
  if (!vouch.scope.whole()) encode(vouch.scope, out);
  return bytes;
}

std::optional<Vouch> decode_vouch(ByteSpan bytes) {
  Reader in(bytes);
  const std::uint8_t version = in.u8("vouch.version");
  if (version != kVouchOfAllTables && version != kVouchWithScope) return std::nullopt;
  Vouch vouch;
  vouch.clock_ms = static_cast<std::int64_t>(in.u64("vouch.clock_ms"));
  vouch.seen = decode_version_vector(in);
  if (version == kVouchWithScope) vouch.scope = decode_table_scope(in);
  if (!in.finish().ok() || vouch.clock_ms < 0) return std::nullopt;
  return vouch;
}

Result<std::optional<Vouch>> vouch_of(store::Cells& cells, const Origin& origin) {
  const Result<const crdt::Register*> found = cells.find_register(vouch_path(origin));
  if (!found) return fail(found.error());
  // Its origin alone writes it, so there is one value. Of several nobody knows which one holds.
  if (*found == nullptr || (*found)->conflicted()) return std::nullopt;
  const crdt::Register::Entry& said = (*found)->entries().front();
  return said.dot.origin == origin ? decode_vouch(said.value) : std::nullopt;
}

Result<std::optional<Dot>> dot_of_vouch(store::Cells& cells, const Origin& origin) {
  const Result<const crdt::Register*> found = cells.find_register(vouch_path(origin));
  if (!found) return fail(found.error());
  if (*found == nullptr || (*found)->conflicted()) return std::nullopt;
  return (*found)->entries().front().dot;
}

Result<std::int64_t> promised_clock_ms(store::Cells& cells, std::string_view node) {
  std::int64_t latest = 0;
  store::CellCursor at = cells.scan(kTableVouches, {}, {});
  for (; at.valid(); at.next()) {
    if (is_counter(at.path().kind)) continue;
    for (const crdt::Register::Entry& entry : at.cell().reg().entries()) {
      const std::optional<Vouch> said = decode_vouch(entry.value);
      if (entry.dot.origin.node == node && said) latest = std::max(latest, said->clock_ms);
    }
  }
  PANDO_RETURN_IF_ERROR(at.status());
  return latest;
}

Result<std::int64_t> clock_to_follow_ms(store::Cells& cells, const Origin& self) {
  const Result<std::optional<Vouch>> own = vouch_of(cells, self);
  if (!own) return fail(own.error());
  std::int64_t latest = 0;
  store::CellCursor at = cells.scan(kTableVouches, {}, {});
  for (; at.valid(); at.next()) {
    if (is_counter(at.path().kind)) continue;
    for (const crdt::Register::Entry& entry : at.cell().reg().entries()) {
      const std::optional<Vouch> said = decode_vouch(entry.value);
      if (!said || entry.dot.origin == self || (*own && (*own)->seen.covers(entry.dot))) continue;
      latest = std::max(latest, clock_of(*said, entry.hlc));
    }
  }
  PANDO_RETURN_IF_ERROR(at.status());
  return latest;
}

Status vouch(Draft& draft, std::int64_t clock_ms, const TableScope& scope) {
  store::Cells& cells = draft.view().cells();
  const Result<std::optional<Vouch>> before = vouch_of(cells, draft.dot().origin);
  if (!before) return before.error();
  const Vouch said{std::max(clock_ms, *before ? (*before)->clock_ms : 0), cells.context(), scope};
  return draft.put(vouch_path(draft.dot().origin), encode_vouch(said));
}

Status introduce(Draft& draft, const TableScope& scope) {
  return draft.put(vouch_path(draft.dot().origin), encode_vouch({0, {}, scope}));
}

Result<bool> vouch_is_outdated(store::Cells& cells, const Origin& self, const RetiredNodes& retired,
                               const TableScope& scope) {
  return vouch_of(cells, self).map([&](const std::optional<Vouch>& said) {
    return said && (said->scope != scope || !same_origins(cells.context(), said->seen, retired));
  });
}

Result<bool> owes_word(store::Cells& cells, const Origin& self, const RetiredNodes& retired) {
  if (!retired.any_open()) return false;
  return vouch_of(cells, self).map([&](const std::optional<Vouch>& said) {
    return !said || !said->seen.covers(retired.said());
  });
}

Result<bool> none_has_more(store::Cells& cells, const RetiredNodes& retired, std::string_view node,
                           const std::set<std::string>& partial) {
  const auto& entries = cells.context().entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_over(entries, i, retired) || partial.contains(entries[i].first.node)) continue;
    const Result<std::optional<Vouch>> said = vouch_of(cells, entries[i].first);
    if (!said) return fail(said.error());
    if (!*said || !(*said)->seen.covers(retired.said())) return false;
    const auto& seen = (*said)->seen.entries();
    const bool knows_others = std::any_of(seen.begin(), seen.end(), [&](const auto& there) {
      return there.first.node != node && cells.context().get(there.first).value == 0;
    });
    if (knows_others) return false;
    if ((*said)->scope.subscribe.all && (*said)->seen.has_more_of(node, cells.context())) return false;
  }
  return true;
}

Result<bool> holds_most(store::Cells& cells, const RetiredNodes& retired, const Origin& origin,
                        const TableSet& tables) {
  const auto& entries = cells.context().entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_over(entries, i, retired)) continue;
    const Result<std::optional<Vouch>> said = vouch_of(cells, entries[i].first);
    if (!said) return fail(said.error());
    if (!*said || (*said)->scope.subscribe.all || tables.includes((*said)->scope.subscribe)) continue;
    if ((*said)->seen.get(origin) > cells.context().get(origin)) return false;
  }
  return true;
}

namespace {

// Calls visit(path, dot, value) for all that the cells of the key, or of a field of it, hold: the entries of registers,
// and slots of counters by what made them, without a value.
template <typename Visit>
Status visit_dots(const store::Cells& cells, std::string_view table, ByteSpan key, ByteSpan field, Visit visit) {
  const auto take = [&](const store::CellCursor& at) -> Status {
    if (is_counter(at.path().kind)) {
      for (const auto& slot : at.cell().counter().slots()) visit(at.path(), slot.born(), ByteSpan());
    } else {
      for (const auto& entry : at.cell().reg().entries()) visit(at.path(), entry.dot, ByteSpan(entry.value));
    }
    return {};
  };
  const Result<LogPos> visited = field.empty() ? store::visit_part(cells, table, key, 0, {}, take)
                                               : store::visit_field(cells, table, key, field, take);
  return visited ? Status() : visited.error();
}

}  // namespace

Result<FreeingNeeds> needs_of(const store::Cells& cells, std::string_view table, ByteSpan key, std::int64_t end_ms,
                              ByteSpan field) {
  FreeingNeeds needs{{}, end_ms};
  PANDO_RETURN_IF_ERROR(visit_dots(cells, table, key, field, [&](const CellPath&, const Dot& dot, ByteSpan) {
    needs.seen.raise(dot.origin, dot.seq);
  }));
  return needs;
}

Result<bool> counts_in(const store::Cells& cells, std::string_view table, ByteSpan key, ByteSpan field) {
  bool counts = false;
  const Result<LogPos> visited = store::visit_field(cells, table, key, field, [&](const store::CellCursor& at) {
    counts = counts || is_counter(at.path().kind);
    return Status();
  });
  return visited ? Result<bool>(counts) : fail(visited.error());
}

Result<bool> holds_of(const store::Cells& cells, std::string_view table, ByteSpan key, std::string_view node,
                      ByteSpan field) {
  bool holds = false;
  PANDO_RETURN_IF_ERROR(visit_dots(cells, table, key, field, [&](const CellPath&, const Dot& dot, ByteSpan) {
    holds = holds || dot.origin.node == node;
  }));
  return holds;
}

Result<bool> may_be_freed(const store::Cells& cells, std::string_view table, ByteSpan key, const VersionVector& before,
                          std::int64_t now_ms, ByteSpan field) {
  bool here = false;
  std::optional<std::int64_t> end;
  PANDO_RETURN_IF_ERROR(visit_dots(cells, table, key, field, [&](const CellPath& path, const Dot& dot, ByteSpan value) {
    if (!before.covers(dot)) return;
    here = true;
    if (path.kind != CellKind::kExpiry || path.element != field) return;
    end = std::max(end.value_or(0), decode_expiry(value).value_or(kNeverExpires));
  }));
  if (here) return end && *end <= now_ms;
  return field.empty() ? cells.has_freed(table) : cells.has_freed_fields(table);
}

Result<Stable> Stable::of(store::Cells& cells, const RetiredNodes& retired) {
  return of_those(cells, retired, [](const auto&, const auto&) { return true; });
}

Result<Stable> Stable::of_those_who_see(store::Cells& cells, std::string_view table, const Origin& maker,
                                        const RetiredNodes& retired) {
  return of_those(cells, retired, [&](const Origin& origin, const std::optional<Vouch>& said) {
    return origin != maker && !(said && said->only_reports(table));
  });
}

template <typename Asked>
Result<Stable> Stable::of_those(store::Cells& cells, const RetiredNodes& retired, Asked&& asked) {
  Stable stable;
  const VersionVector here = cells.context();
  const auto& entries = here.entries();
  std::optional<Vouch> common;
  bool decided = true;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Result<std::optional<Vouch>> said = vouch_of(cells, entries[i].first);
    if (!said) return fail(said.error());
    if (*said) stable.all_.push_back(**said);
    if (is_over(entries, i, retired)) continue;
    if (*said && !(*said)->scope.whole()) stable.partial_.emplace_back(entries[i].first.node, **said);
    if (!asked(entries[i].first, *said)) continue;
    if (!*said || !same_origins(here, (*said)->seen, retired)) {
      decided = false;
    } else if (!common) {
      common = **said;
    } else {
      common = Vouch{std::min(common->clock_ms, (*said)->clock_ms), least_of(common->seen, (*said)->seen), {}};
    }
  }
  if (decided) stable.common_ = std::move(common);
  return stable;
}

bool Stable::names(const Origin& origin) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Vouch& said) { return said.seen.get(origin).value != 0; });
}

bool Stable::all_see(const FreeingNeeds& needs, std::string_view table) const {
  return std::all_of(partial_.begin(), partial_.end(), [&](const auto& one) {
    if (!one.second.only_reports(table)) return true;
    const auto& made = needs.seen.entries();
    return std::all_of(made.begin(), made.end(), [&](const auto& entry) { return entry.first.node == one.first; });
  });
}

bool Stable::freed_without(const FreeingNeeds& needs, std::string_view node) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Vouch& said) {
    if (said.clock_ms < needs.clock_ms) return false;
    const auto& made = needs.seen.entries();
    return std::any_of(made.begin(), made.end(), [&](const auto& entry) {
      return entry.first.node == node && said.seen.get(entry.first).value == 0;
    });
  });
}

}  // namespace pando::engine

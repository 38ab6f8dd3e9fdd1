#include "apply/conflicts.h"

#include <algorithm>

#include "base/limits.h"
#include "model/table_declaration.h"
#include "store/cell_cursor.h"

namespace pando::apply {
namespace {

using Entry = crdt::Register::Entry;

// Of one commit and cell, with however many others it is concurrent.
constexpr std::size_t kLinesOfOnePutMax = 64;

// Kinds of which a value that is not shown is a value that somebody misses.
bool can_lose(CellKind kind) {
  switch (kind) {
    case CellKind::kRegister:
    case CellKind::kField:
    case CellKind::kScore:
    case CellKind::kItem:
    case CellKind::kLeaf:
    case CellKind::kEntry: return true;
    default: return false;
  }
}

std::optional<Bytes> kept(ByteSpan value) {
  return value.size() <= limits::kLedgerValueBytesMax ? std::optional(Bytes(value)) : std::nullopt;
}

Conflict::Side side_of(const Entry& entry) { return {entry.dot, entry.hlc, std::nullopt, kept(entry.value)}; }

// By whom a counter was begun, where only one site has counted in it; when is not known of any.
Dot sole_writer(const crdt::Counter& counter) {
  return counter.slots().size() == 1 ? counter.slots().front().born() : Dot{};
}

}  // namespace

void ConflictFinder::note_put(const CellPath& path, const crdt::Register& reg) {
  if (!can_lose(path.kind) || is_internal_table(path.table) || path.table == kTableLob) return;
  if (path.kind == CellKind::kEntry && path.element.empty()) return;  // a number that only grows
  const auto mine = std::find_if(reg.entries().begin(), reg.entries().end(),
                                 [&](const Entry& entry) { return entry.dot == commit_.dot; });
  const Entry* shown = reg.resolve(&commit_.dot);
  if (mine == reg.entries().end() || shown == nullptr) return;
  const auto file = [&](const Entry& other) {
    if (other.value == mine->value) return;  // written twice, nothing is lost
    const bool wins = crdt::wins_over(*mine, other);
    Conflict line;
    line.kind = Conflict::Kind::kValue;
    line.path = path;
    line.winner = side_of(wins ? *mine : other);
    line.loser = side_of(wins ? other : *mine);
    add(std::move(line));
  };
  file(*shown);
  // Which one reads have shown is for the table's resolver to say, if it has one: so that whoever loses by it is named,
  // each of the others makes a line, as far as people would read them.
  if (reg.entries().size() == 2 || !cells_.scan_key(kTableTables, path.table).valid()) return;
  std::size_t lines = 1;
  for (const Entry& other : reg.entries()) {
    if (&other == shown || &other == &*mine) continue;
    if (++lines > kLinesOfOnePutMax) return;
    file(other);
  }
}

bool ConflictFinder::takes_away(const CellPath& path) {
  if (!taken_) {
    taken_.emplace();
    for (const Op& op : commit_.ops) {
      if (!std::holds_alternative<PutOp>(op) && !std::holds_alternative<CountOp>(op)) {
        taken_->emplace(table_of(op), key_of(op));
      }
    }
  }
  return taken_->contains({path.table, path.key});
}

Status ConflictFinder::look_for_clash(const CellPath& path, const Bytes* value) {
  const std::optional<ValueType> type = type_of(path.kind);
  if (!type || commit_.dot.origin == cells_.meta().self || is_internal_table(path.table) || path.table == kTableLob) {
    return {};
  }
  if (clashed_.contains({path.table, path.key})) return {};
  if (takes_away(path)) return {};
  std::optional<Conflict::Side> other;
  auto kind = static_cast<std::uint8_t>(CellKind::kRegister);
  while (kind <= kCellKindMax) {
    store::CellCursor at = cells_.scan_kinds(path.table, path.key, static_cast<CellKind>(kind));
    while (at.valid() && (!at.visible() || !type_of(at.path().kind))) at.next();
    PANDO_RETURN_IF_ERROR(at.status());
    if (!at.valid()) break;
    const ValueType there = *type_of(at.path().kind);
    if (there == *type) return {};  // it was told when the first of them met
    if (!other || there < *other->type) {
      other = Conflict::Side{{}, {}, there, std::nullopt};
      if (is_counter(at.path().kind)) {
        other->dot = sole_writer(at.cell().counter());
      } else {
        const Entry& entry = *at.cell().reg().resolve();
        other->dot = entry.dot;
        other->hlc = entry.hlc;
        if (can_lose(at.path().kind)) other->value = kept(entry.value);
      }
    }
    kind = static_cast<std::uint8_t>(at.path().kind) + 1;
  }
  if (!other) return {};
  Conflict::Side mine{commit_.dot, commit_.hlc, *type, std::nullopt};
  if (value != nullptr && can_lose(path.kind)) mine.value = kept(*value);
  Conflict line;
  line.kind = Conflict::Kind::kTypeClash;
  line.path = path;
  const bool wins = *type < *other->type;
  line.winner = wins ? mine : *other;
  line.loser = wins ? *other : mine;
  clashed_.emplace(path.table, path.key);
  add(std::move(line));
  return {};
}

void ConflictFinder::add(Conflict conflict) {
  conflict.id = {pos_, static_cast<std::uint32_t>(found_.size())};
  conflict.hlc = commit_.hlc;
  found_.push_back(std::move(conflict));
}

std::uint64_t ConflictFinder::file() {
  for (Conflict& line : found_) cells_.ledger().add(std::move(line));
  return found_.size();
}

}  // namespace pando::apply

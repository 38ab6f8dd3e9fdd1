#include "apply/changes.h"

#include <algorithm>
#include <optional>

namespace pando::apply {
namespace {

// What one op is for a watcher; the larger wins within a run.
enum class Effect {
  kExpire,
  kReset,
  kRemoveFields,
  kDisable,
  kRemoveMembers,
  kDelete,
  kEnable,
  kAddMembers,
  kCount,
  kUpdate,
  kPut
};

Effect effect_of(const Op& op) {
  struct Visitor {
    Effect operator()(const PutOp& o) const {
      switch (o.path.kind) {
        case CellKind::kMember:
        case CellKind::kLease: return Effect::kAddMembers;
        case CellKind::kGuardedMember: return o.value == kGuardOn ? Effect::kAddMembers : Effect::kRemoveMembers;
        case CellKind::kFlag: return Effect::kEnable;
        case CellKind::kGuard: return o.value == kGuardOn ? Effect::kEnable : Effect::kDisable;
        case CellKind::kExpiry: return Effect::kExpire;
        case CellKind::kRegister: return Effect::kPut;
        // Of a row beside other types in one table: what it is then is said by the type, not by the table.
        case CellKind::kField: return o.path.table == kTableRow ? Effect::kPut : Effect::kUpdate;
        default: return Effect::kUpdate;
      }
    }
    Effect operator()(const RemoveOp& o) const {
      switch (o.path.kind) {
        case CellKind::kField: return o.path.table == kTableRow ? Effect::kRemoveFields : Effect::kUpdate;
        case CellKind::kMember:
        case CellKind::kGuardedMember:
        case CellKind::kLease: return Effect::kRemoveMembers;
        case CellKind::kFlag:
        case CellKind::kGuard: return Effect::kDisable;
        case CellKind::kExpiry: return Effect::kExpire;
        case CellKind::kRegister: return Effect::kDelete;
        default: return Effect::kUpdate;
      }
    }
    Effect operator()(const ClearOp& o) const { return o.prefix.empty() ? Effect::kDelete : Effect::kUpdate; }
    Effect operator()(const CountOp& o) const { return is_number(o.path) ? Effect::kCount : Effect::kUpdate; }
    Effect operator()(const CountResetOp& o) const { return is_number(o.path) ? Effect::kReset : Effect::kUpdate; }
    // The whole key is one number.
    static bool is_number(const CellPath& path) {
      return path.kind == CellKind::kCounter || path.kind == CellKind::kDecimal;
    }
  };
  return std::visit(Visitor{}, op);
}

ChangeKind kind_of(Effect effect, std::string_view table) {
  switch (effect) {
    case Effect::kExpire: return ChangeKind::kExpire;
    case Effect::kUpdate: return ChangeKind::kUpdate;
    case Effect::kReset: return ChangeKind::kReset;
    case Effect::kRemoveFields: return ChangeKind::kDeleteColumns;
    case Effect::kDelete: return table == kTableRow ? ChangeKind::kDeleteRow : ChangeKind::kDelete;
    case Effect::kCount: return ChangeKind::kIncrement;
    case Effect::kPut: return ChangeKind::kPut;
    case Effect::kAddMembers: return ChangeKind::kAddMembers;
    case Effect::kRemoveMembers: return ChangeKind::kRemoveMembers;
    case Effect::kEnable: return ChangeKind::kEnable;
    case Effect::kDisable: return ChangeKind::kDisable;
  }
  return ChangeKind::kPut;
}

// The bytes a watcher is given: of registers, but not the manifest of a large object.
const Bytes* shown_value(const Op& op) {
  const auto* put = std::get_if<PutOp>(&op);
  const bool shown = put != nullptr && put->path.kind == CellKind::kRegister && put->path.table != kTableLob;
  return shown ? &put->value : nullptr;
}

bool is_member(CellKind kind) {
  return kind == CellKind::kMember || kind == CellKind::kGuardedMember || kind == CellKind::kLease;
}

// The member of a set or a presence that an op adds or removes; null for other ops.
const Bytes* member_of(const Op& op) {
  const CellPath* path = nullptr;
  if (const auto* put = std::get_if<PutOp>(&op)) path = &put->path;
  if (const auto* remove = std::get_if<RemoveOp>(&op)) path = &remove->path;
  return path != nullptr && is_member(path->kind) ? &path->element : nullptr;
}

bool same_run(const Op& a, const Op& b) {
  if (!same_bytes(key_of(a), key_of(b)) || !same_bytes(table_of(a), table_of(b))) return false;
  const bool members = member_of(a) != nullptr;
  if (members != (member_of(b) != nullptr)) return false;
  return !members || effect_of(a) == effect_of(b);
}

// Takes away what nobody sees any more, so nobody is told: what had ended, before something new is written, or slots
// that stand at nothing and that their origin gives up (engine/retire.h).
bool is_unseen(const Op& op) {
  const auto* clear = std::get_if<ClearOp>(&op);
  return clear != nullptr && clear->forget_counters;
}

bool is_silent(const Op& op) { return is_internal_table(table_of(op)) || is_unseen(op); }

// Calls visit(first, last) for every run; between them may lie silent ops.
template <typename Visit>
void for_each_run(const std::vector<Op>& ops, Visit visit) {
  std::optional<std::size_t> first;
  std::size_t last = 0;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (is_silent(ops[i])) continue;
    const bool same = first && same_run(ops[*first], ops[i]);
    if (first && !same) visit(*first, last);
    if (!same) first = i;
    last = i;
  }
  if (first) visit(*first, last);
}

}  // namespace

std::vector<Change> list_changes(const Commit& commit, LogPos pos, std::uint64_t first_number) {
  std::vector<Change> changes;
  for_each_run(commit.ops, [&](std::size_t first, std::size_t last) {
    Change change{.number = first_number + changes.size(),
                  .pos = pos,
                  .index = static_cast<std::uint32_t>(changes.size()),
                  .dot = commit.dot,
                  .hlc = commit.hlc,
                  .table = std::string(table_of(commit.ops[first])),
                  .key = Bytes(key_of(commit.ops[first])),
                  .kind = ChangeKind::kPut,
                  .value = std::nullopt,
                  .members = {}};
    Effect effect = Effect::kExpire;
    for (std::size_t i = first; i <= last; ++i) {
      if (is_silent(commit.ops[i])) continue;
      effect = std::max(effect, effect_of(commit.ops[i]));
      if (const Bytes* value = shown_value(commit.ops[i]); value != nullptr) change.value = *value;
      if (const Bytes* member = member_of(commit.ops[i]); member != nullptr) change.members.push_back(*member);
    }
    change.kind = kind_of(effect, change.table);
    changes.push_back(std::move(change));
  });
  return changes;
}

std::uint64_t count_changes(const Commit& commit) {
  std::uint64_t count = 0;
  for_each_run(commit.ops, [&](std::size_t, std::size_t) { ++count; });
  return count;
}

Status fill_counter_values(std::vector<Change>& changes, store::Cells& cells) {
  for (Change& change : changes) {
    if (change.kind != ChangeKind::kIncrement && change.kind != ChangeKind::kReset) continue;
    const auto counter = cells.find_counter({change.table, change.key, CellKind::kCounter, {}});
    if (!counter) return counter.error();
    if (*counter != nullptr && !(*counter)->absent()) {
      change.value = std::to_string((*counter)->value());
      continue;
    }
    const auto decimal = cells.find_counter({change.table, change.key, CellKind::kDecimal, {}});
    if (!decimal) return decimal.error();
    change.value = *decimal == nullptr ? "0" : decimal_text((*decimal)->exact());
  }
  return {};
}

}  // namespace pando::apply

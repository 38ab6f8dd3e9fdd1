#include "apply/apply.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "apply/changes.h"
#include "apply/conflicts.h"
#include "base/check.h"
#include "model/lob_manifest.h"
#include "store/cell_cursor.h"

namespace pando::apply {
namespace {

using store::Cell;
using store::Cells;

// One run of apply(): prepare() every op, which reads and may fail, then perform() every op, which cannot.
class Applier {
 public:
  // Only ops of such tables.
  using Tables = std::function<bool(std::string_view table)>;

  Applier(const Commit& commit, LogPos pos, Cells& cells, Tables tables = {})
      : commit_(commit),
        pos_(pos),
        cells_(cells),
        tables_(std::move(tables)),
        hold_(cells),
        conflicts_(commit, pos, cells) {}

  Status prepare() {
    targets_.reserve(commit_.ops.size());
    foresee();
    for (const Op& op : commit_.ops) {
      if (tables_ && !tables_(table_of(op))) {
        targets_.push_back(nullptr);
        continue;
      }
      PANDO_RETURN_IF_ERROR(std::visit([this](const auto& o) { return prepare(o); }, op));
    }
    return {};
  }

  std::uint64_t perform() {
    for (std::size_t i = 0; i < commit_.ops.size(); ++i) {
      if (tables_ && !tables_(table_of(commit_.ops[i]))) continue;
      std::visit([&](const auto& op) { perform(op, targets_[i]); }, commit_.ops[i]);
    }
    CHECK(next_cleared_ == cleared_.size());
    return conflicts_.file();
  }

 private:
  // Elements that are new have not been looked at by who decided the commit, as what they replace has.
  void foresee() const {
    if (commit_.ops.size() < 2) return;
    Cells::Foresight near(cells_);
    for (const Op& op : commit_.ops) {
      const auto* put = std::get_if<PutOp>(&op);
      if (put == nullptr || !put->replaces.empty() || put->path.element.empty()) continue;
      near.add({put->path.table, put->path.key, put->path.kind, put->path.element});
    }
    near.bring();
  }

  template <typename CellOp>
  Status prepare(const CellOp& op) {
    const auto cell = cells_.load(op.path);
    if (!cell) return cell.error();
    targets_.push_back(*cell);
    if constexpr (std::is_same_v<CellOp, PutOp> || std::is_same_v<CellOp, CountOp>) {
      if ((*cell)->empty()) return conflicts_.look_for_clash(op);
    }
    return {};
  }

  Status prepare(const ClearOp& op) {
    std::vector<Bytes> keys;
    const auto take = [&](const store::CellCursor& at) -> Status {
      const std::optional<bool> goes_whole = loses(op, at.cell());
      if (!goes_whole) return {};
      keys.emplace_back(at.cell_key());
      cells_.preserve(at.cell_key(), at.cell());
      // A cell that goes away whole need not be in memory for that, unless we must look at what it held.
      if (*goes_whole && op.table != kTableLob) return {};
      const auto cell = cells_.load(at.path());
      return cell ? Status() : cell.error();
    };
    const Result<LogPos> visited = store::visit_part(cells_, op.table, op.key, op.kinds, op.prefix, take, op.exact);
    targets_.push_back(nullptr);
    cleared_.push_back(std::move(keys));
    return visited ? Status() : visited.error();
  }

  // Nothing when the cell keeps all it has; otherwise whether it goes away whole.
  static std::optional<bool> loses(const ClearOp& op, const Cell& cell) {
    if (is_counter(cell.kind())) {
      crdt::Counter left = op.forget_counters ? cell.counter() : crdt::Counter();
      if (!op.forget_counters || !left.forget(op.observed)) return std::nullopt;
      return left.empty();
    }
    crdt::Register left = cell.reg();
    if (!left.clear(op.observed)) return std::nullopt;
    return left.empty();
  }

  void perform(const PutOp& op, Cell* target) {
    Cell& cell = *target;
    change_register(op.path.table, cell,
                    [&](crdt::Register& reg) { reg.put(commit_.dot, commit_.hlc, op.value, op.replaces); });
    if (cell.reg().conflicted()) conflicts_.note_put(op.path, cell.reg());
  }
  void perform(const RemoveOp& op, Cell* target) {
    change_register(op.path.table, *target, [&](crdt::Register& reg) { reg.remove(op.replaces); });
  }
  void perform(const ClearOp& op, Cell*) {
    for (const Bytes& key : cleared_[next_cleared_++]) {
      if (Cell* cell = cells_.hot(key); cell == nullptr) {
        cells_.erase(key, pos_);
      } else if (is_counter(cell->kind())) {
        cell->counter().forget(op.observed);
        cells_.changed(*cell, pos_);
      } else {
        change_register(op.table, *cell, [&](crdt::Register& reg) { reg.clear(op.observed); });
      }
    }
  }
  void perform(const CountOp& op, Cell* target) {
    // A slot that was born before this commit and is not here was given up, with all that is counted in it.
    crdt::Counter& counter = target->counter();
    if (op.birth < commit_.dot.seq) {
      if (!counter.count_in_slot(commit_.dot.origin, op.birth, op.added, op.removed)) return;
    } else {
      counter.count(commit_.dot.origin, op.birth, op.added, op.removed);
    }
    cells_.changed(*target, pos_);
  }
  void perform(const CountResetOp& op, Cell* target) {
    target->counter().reset(op.observed);
    cells_.changed(*target, pos_);
  }

  template <typename Change>
  void change_register(std::string_view table, Cell& cell, Change change) {
    if (table != kTableLob) {
      change(cell.reg());
      cells_.changed(cell, pos_);
      return;
    }
    const std::vector<crdt::Register::Entry> before = cell.reg().entries();
    change(cell.reg());
    cells_.changed(cell, pos_);
    const auto& after = cell.reg().entries();
    for (const crdt::Register::Entry& entry : before) {
      if (std::find(after.begin(), after.end(), entry) == after.end()) erase_chunks(entry.value);
    }
  }

  // A value that is not a manifest (a peer may write anything) has no chunks.
  void erase_chunks(ByteSpan manifest_bytes) {
    const auto manifest = decode_lob_manifest(manifest_bytes);
    if (!manifest) return;
    for (std::uint64_t i = 0; i < manifest->chunk_count; ++i) {
      const CellPath chunk = chunk_path(manifest->upload, i);
      cells_.preserve_erased(chunk);
      cells_.erase(store::cell_key(chunk), pos_);
    }
  }

  const Commit& commit_;
  const LogPos pos_;
  Cells& cells_;
  const Tables tables_;
  Cells::Hold hold_;
  std::vector<Cell*> targets_;  // of each op the cell it changes; null for a ClearOp
  // Of each ClearOp the keys of the cells that lose something.
  std::vector<std::vector<Bytes>> cleared_;
  std::size_t next_cleared_ = 0;
  ConflictFinder conflicts_;
};

// Names what an op refers to that the commit's writer cannot have seen; nullopt when there is nothing.
class UnseenReference {
 public:
  UnseenReference(const Dot& dot, const VersionVector& seen)
      : dot_(dot), seen_(seen), seen_of_own_(seen.get(dot.origin)) {}

  std::optional<std::string> operator()(const PutOp& op) const { return first_unseen(op.replaces); }
  std::optional<std::string> operator()(const RemoveOp& op) const { return first_unseen(op.replaces); }
  std::optional<std::string> operator()(const ClearOp& op) const {
    for (const auto& [origin, seq] : op.observed.entries()) {
      if (seq > seen_.get(origin)) return to_string(Dot{origin, seq});
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const CountOp& op) const {
    if (op.birth > dot_.seq) return to_string(Dot{dot_.origin, op.birth});
    return std::nullopt;
  }
  std::optional<std::string> operator()(const CountResetOp& op) const {
    for (const CountResetOp::Slot& slot : op.observed) {
      if (const Dot born{slot.origin, slot.birth}; !known(born)) return to_string(born);
    }
    return std::nullopt;
  }

 private:
  // An op may also refer to an earlier op of its own commit.
  bool known(const Dot& dot) const {
    if (dot.origin == dot_.origin) return dot.seq <= seen_of_own_ || dot.seq == dot_.seq;
    return seen_.covers(dot);
  }
  std::optional<std::string> first_unseen(const std::vector<Dot>& dots) const {
    for (const Dot& dot : dots) {
      if (!known(dot)) return to_string(dot);
    }
    return std::nullopt;
  }

  const Dot& dot_;
  const VersionVector& seen_;
  const Seq seen_of_own_;
};

}  // namespace

Status check_causal(const Commit& commit, const VersionVector& seen) {
  const Seq expected = seen.get(commit.dot.origin).next();
  if (commit.first_seq() > expected || commit.dot.seq < expected) {
    return Status(StatusCode::kDataLoss, fmt::format("commit {}: arrives where {} is next", to_string(commit.dot),
                                                     to_string(Dot{commit.dot.origin, expected})));
  }
  const UnseenReference find{commit.dot, seen};
  for (std::size_t i = 0; i < commit.ops.size(); ++i) {
    if (const auto unseen = std::visit(find, commit.ops[i])) {
      return Status(StatusCode::kDataLoss, fmt::format("commit {}: op {} refers to {}, which was not seen before it",
                                                       to_string(commit.dot), i, *unseen));
    }
  }
  return {};
}

Result<ApplyOutcome> apply(const Commit& commit, LogPos pos, Cells& cells) {
  ApplyOutcome outcome;
  outcome.changes = count_changes(commit);
  if (pos <= cells.applied()) return outcome;
  if (cells.context().covers(commit.dot)) {
    cells.applied_record(pos, outcome.changes);
    return outcome;
  }
  PANDO_RETURN_IF_ERROR(check_causal(commit, cells.context()));
  Applier::Tables held;
  if (cells.meta().any_arrives()) held = [&](std::string_view table) { return !cells.meta().arrives(table); };
  Applier applier(commit, pos, cells, std::move(held));
  PANDO_RETURN_IF_ERROR(applier.prepare());
  outcome.conflicts = applier.perform();
  outcome.applied = true;
  cells.applied_commit(commit, pos, outcome.changes);
  return outcome;
}

Result<std::uint64_t> apply_again(const Commit& commit, LogPos pos, Cells& cells,
                                  const std::function<bool(std::string_view)>& tables) {
  Applier applier(commit, pos, cells, tables);
  PANDO_RETURN_IF_ERROR(applier.prepare());
  return applier.perform();
}

}  // namespace pando::apply

#include "node/restore_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/expiry.h"
#include "node/difference.h"
#include "store/cell_key.h"

namespace pando::node {

Status RestoreTable::check(const BackupHeader& header) const {
  if (is_internal_table(table_) || table_ == kTableLob) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("table \"{}\" cannot be restored by itself: clone the backup (pando restore --as clone) "
                              "and read it there",
                              table_));
  }
  if (!replica_.config().writable) {
    return Status(StatusCode::kReadOnly, "restoring a table writes it again: ask a node that takes writes");
  }
  const std::uint64_t unknown = commits_beyond(header.cut.context, replica_.cells().context());
  if (unknown == 0) return {};
  return Status(
      StatusCode::kConflict,
      fmt::format("the backup knows {} commits that are not here, and what they counted would come twice when "
                  "they come: restore all of it first, then this table",
                  unknown));
}

Status RestoreTable::take(const std::vector<CutCell>& cells, bool dry_run, Time now) {
  for (const CutCell& cell : cells) {
    if (store::table_of_cell_key(cell.key) != table_) continue;
    Result<CellPath> path = store::decode_cell_key(cell.key);
    if (!path) return path.error();
    if (key_ && key_->key != path->key) PANDO_RETURN_IF_ERROR(settle_key(dry_run, now));
    if (!key_) key_ = std::move(*path);
    cells_.push_back(cell);
  }
  return {};
}

Status RestoreTable::finish(bool dry_run, Time now) { return settle_key(dry_run, now); }

Status RestoreTable::settle_key(bool dry_run, Time now) {
  if (!key_) return {};
  const Result<std::optional<ValueType>> here = replica_.view(now).type_of(key_->table, key_->key);
  if (!here) return here.error();
  Result<std::optional<std::vector<Op>>> ops = std::optional<std::vector<Op>>();
  if (!*here) ops = ops_of_key(now);
  if (!ops) return ops.error();
  key_.reset();
  cells_.clear();
  if (!*ops) return {};
  if ((*ops)->empty()) {
    ++left_out_;
    return {};
  }
  if (!dry_run) {
    const Result<LogPos> pos = replica_.commit(std::move(**ops), now);
    if (!pos && pos.error().code() == StatusCode::kTooLarge) {
      ++left_out_;
      return {};
    }
    if (!pos) return pos.error().with_context(fmt::format("{} keys are written again, then", written_));
  }
  ++written_;
  return {};
}

Result<std::optional<std::vector<Op>>> RestoreTable::ops_of_key(Time now) {
  std::vector<Op> ops;
  // Whatever was seen of the key and is still held somewhere, ended or freed, is not part of what comes now.
  if (replica_.cells().may_expire(key_->table)) {
    ops.emplace_back(ClearOp{
        .table = key_->table, .key = key_->key, .observed = replica_.cells().context(), .forget_counters = true});
  }
  const std::size_t before = ops.size();
  for (const CutCell& cell : cells_) {
    const Result<CellPath> path = store::decode_cell_key(cell.key);
    if (!path) return fail(path.error());
    if (path->kind == CellKind::kBound) return std::optional(std::vector<Op>());
    Result<std::optional<Op>> op = op_of(cell, *path);
    if (!op) return fail(op.error());
    if (!*op) continue;
    if (path->kind == CellKind::kExpiry && path->element.empty()) {
      const std::optional<std::int64_t> end = decode_expiry(std::get<PutOp>(**op).value);
      if (end && *end <= replica_.now_ms(now)) return std::optional<std::vector<Op>>();
    }
    ops.push_back(std::move(**op));
  }
  if (ops.size() == before) return std::optional<std::vector<Op>>();
  return std::optional(std::move(ops));
}

Result<std::optional<Op>> RestoreTable::op_of(const CutCell& cell, const CellPath& path) {
  const Result<store::Cell> then = store::decode_cell_state(cell.key, *cell.state);
  if (!then) return fail(then.error());
  if (is_counter(path.kind)) {
    if (then->counter().absent()) return std::optional<Op>();
    const Result<const crdt::Counter*> left = replica_.cells().find_counter(path);
    if (!left) return fail(left.error());
    // Of a table whose keys end, the clear in front forgets what is left of it.
    const bool forgotten = replica_.cells().may_expire(path.table);
    const crdt::Counter before = *left == nullptr || forgotten ? crdt::Counter() : **left;
    Result<CountOp> op = crdt::add_op(before, path, replica_.next_dot(), then->counter().exact());
    if (!op) return fail(op.error());
    return std::optional<Op>(std::move(*op));
  }
  const crdt::Register& reg = then->reg();
  if (reg.empty()) return std::optional<Op>();
  const crdt::Register::Entry* shown = engine::resolve(reg, replica_.catalog().of(path.table));
  if (shown == nullptr) return std::optional<Op>();
  // Of what is left here nothing is shown; it goes.
  const Result<const crdt::Register*> left = replica_.cells().find_register(path);
  if (!left) return fail(left.error());
  std::vector<Dot> replaces = *left == nullptr ? std::vector<Dot>() : (*left)->dots();
  return std::optional<Op>(PutOp{path, shown->value, std::move(replaces)});
}

}  // namespace pando::node

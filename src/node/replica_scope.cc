// Replica: the scope changes while the node runs, and tables that are taken anew arrive
// (docs/design/017-parts-of-a-namespace.md).

#include <fmt/format.h>

#include <algorithm>

#include "apply/arrive.h"
#include "engine/retire.h"
#include "node/replica.h"
#include "store/cell_cursor.h"

namespace pando::node {
namespace {

// Commits that wait for the tables they are of; with more, what was got so far is compared with a newer cut.
constexpr std::size_t kTailBytesMax = limits::kResyncWaitingBytesMax;

// Whether somebody of that name wrote what is in the cell.
bool is_by(const store::Cell& cell, std::string_view node) {
  if (is_counter(cell.kind())) {
    const auto& slots = cell.counter().slots();
    return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) { return slot.origin.node == node; });
  }
  const auto& entries = cell.reg().entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.dot.origin.node == node; });
}

std::string in_words(const TableScope& scope) {
  return fmt::format("publishes {} and subscribes to {}", to_string(scope.publish), to_string(scope.subscribe));
}

}  // namespace

Status Replica::check_arrived(std::string_view table) const {
  if (!any_arrives() || !arrives(table)) return {};
  return Status(
      StatusCode::kUnavailable,
      fmt::format("table \"{}\" is arriving: this node has begun to take it, and what was written of it before "
                  "is not here yet",
                  ruling_table(table)));
}

// An edit of the configuration counts, and so does what was set at run time since the last one.
Status Replica::settle_tables() {
  const TableScope asked = config_.tables;
  if (asked != growth().configured) {
    const Status status = put_scope(asked, asked, false);
    if (status.code() != StatusCode::kConflict) return status;
    tables_refused_ =
        fmt::format("the configuration is not followed as far as it asks for more tables: {}; this node {}",
                    status.message(), in_words(tables()));
    const TableScope less{both(tables().publish, asked.publish), both(tables().subscribe, asked.subscribe)};
    return less == tables() ? Status() : put_scope(less, growth().configured, false);
  }
  if (asked != tables()) {
    tables_refused_ = fmt::format(
        "the scope was changed at run time: this node {}, though the configuration says that it {}; an edit of the "
        "configuration counts again",
        in_words(tables()), in_words(asked));
  }
  return {};
}

// What is given up is written, so it goes first: a table may be one that is only read from here on, or arrives.
Status Replica::check_settled() const {
  PANDO_RETURN_IF_ERROR(serving());
  if (!has_met_keys()) return {};
  return Status(StatusCode::kUnavailable,
                "a site that has just been met wrote to keys that may have ended here, and these are settled first: "
                "try again in a moment");
}

Status Replica::set_scope(const TableScope& scope, bool discard) {
  PANDO_RETURN_IF_ERROR(check_settled());
  return put_scope(scope, growth().configured, discard);
}

Result<bool> Replica::nearly_empty(std::size_t cells_max) const {
  store::CellCursor at = cells_->scan_all();
  for (std::size_t cells = 0; at.valid(); at.next()) {
    if (!ruling_table(at.path().table).empty() && ++cells > cells_max) return false;
  }
  if (!at.status().ok()) return pando::fail(at.status());
  return true;
}

// As giving up all tables and taking them again, in one step; but the log goes on to have them.
Status Replica::take_anew() {
  PANDO_RETURN_IF_ERROR(check_settled());
  TableGrowth next = growth();
  next.holds = TableSet::of({});
  if (!patchy_log()) next.before = tables().subscribe;
  next.upto = cells_->context();
  next.at = cells_->applied();
  return put_growth(tables(), std::move(next));
}

Status Replica::check_own_data(const TableScope& scope, bool discard) const {
  const TableScope& now = tables();
  // A table that was this node's own until now, or is about to be replaced by what arrives of it.
  const auto is_own = [&](std::string_view table) {
    if (ruling_table(table).empty() || holds().has(table)) return false;
    return !now.publish.has(table) || (growth().discards && now.subscribe.has(table));
  };
  const auto concerns = [&](std::string_view table) {
    return is_own(table) &&
           ((scope.subscribe.has(table) && !discard) || (scope.publish.has(table) && !scope.subscribe.has(table)));
  };
  const auto goes_on = [&](std::string_view table) { return now.subscribe.has(table) && scope.subscribe.has(table); };
  const bool all = scope.publish.all || scope.subscribe.all;
  std::vector<std::string> names = either(scope.publish, scope.subscribe).names;
  for (std::size_t i = 0; all ? i < 1 : i < names.size(); ++i) {
    if (!all && (!concerns(names[i]) || goes_on(names[i]))) continue;
    store::CellCursor at = all ? cells_->scan_all() : cells_->scan(names[i], {}, {});
    for (; at.valid(); at.next()) {
      const std::string& table = at.path().table;
      if (!concerns(table) || goes_on(table) || !is_by(at.cell(), self_.node)) continue;
      const std::string_view ruling = ruling_table(table);
      if (scope.subscribe.has(table)) {
        return Status(
            StatusCode::kConflict,
            fmt::format("table \"{}\" holds what was written at this node and may be nowhere else; it would be "
                        "replaced by what the others have: say discard if it may go",
                        ruling));
      }
      return Status(
          StatusCode::kConflict,
          fmt::format("table \"{}\" holds what was written while it was this node's own, of which others will "
                      "never hear: delete it first, or subscribe to the table too",
                      ruling));
    }
    PANDO_RETURN_IF_ERROR(at.status());
  }
  return {};
}

Status Replica::put_scope(const TableScope& scope, const TableScope& configured, bool discard) {
  const TableScope before = tables();
  if (scope == before && configured == growth().configured) return {};
  // Of a directory that nothing is in, nothing has to arrive.
  const bool fresh = cells_->context().empty();
  if (!fresh) PANDO_RETURN_IF_ERROR(check_own_data(scope, discard));
  TableGrowth next = growth();
  next.configured = configured;
  next.holds = fresh ? scope.subscribe : both(next.holds, scope.subscribe);
  if (!before.subscribe.includes(scope.subscribe) && !fresh) {
    next.before = both(patchy_log() ? next.before : before.subscribe, before.subscribe);
    next.upto = cells_->context();
    next.at = cells_->applied();
    next.discards = next.discards || discard;
  } else if (!patchy_log()) {
    next.before = scope.subscribe;
    next.upto = {};
    next.at = {};
  }
  if (next.holds == scope.subscribe) next.discards = false;
  return put_growth(scope, std::move(next));
}

Status Replica::put_growth(const TableScope& scope, TableGrowth&& next) {
  const bool as_ever = next == TableGrowth::none(scope);
  Bytes body;
  if (as_ever) {
    Writer out(body);
    encode(scope, out);
  } else {
    body = encode_scope_record({scope, next});
  }
  const Result<LogPos> pos = append_note(as_ever ? log::RecordKind::kTables : log::RecordKind::kScope, body);
  if (!pos) return pos.error().with_context("cannot note which tables are held");
  cells_->set_tables(scope, std::move(next));
  ++scope_version_;
  restart_tail();
  return {};
}

std::optional<TableGrowth> Replica::patchy_log() const {
  const TableGrowth& growth = cells_->meta().growth;
  if (growth.upto.empty() || index_.first() > growth.at) return std::nullopt;
  return growth;
}

void Replica::restart_tail() {
  late_.clear();
  late_bytes_ = 0;
  tail_from_ = cells_->context();
}

void Replica::note_tail(const Commit& commit) {
  Commit part = commit;
  part.sections.clear();
  std::erase_if(part.ops, [this](const Op& op) { return !arrives(table_of(op)); });
  if (part.ops.empty()) return;
  late_bytes_ += encode_commit(part).size() + sizeof(Commit);
  late_.push_back(std::move(part));
  if (late_bytes_ > kTailBytesMax) restart_tail();
}

Status Replica::append_tail(const TableSet& tables, const Cut& cut, std::vector<Commit>& commits) {
  for (const Commit& kept : late_) {
    if (cut.context.covers(kept.dot)) continue;
    Commit commit = kept;
    std::erase_if(commit.ops, [&](const Op& op) { return !tables.has(table_of(op)); });
    if (commit.ops.empty()) continue;
    const Result<LogPos> pos = append_note(log::RecordKind::kAgain, encode_commit(commit));
    if (!pos) return pos.error();
    commits.push_back(std::move(commit));
  }
  return {};
}

Status Replica::arrive_part(const Cut& cut, const std::vector<CutCell>& cells) {
  PANDO_RETURN_IF_ERROR(serving());
  ArrivalRecord record{0, 0, TableSet::of({}), cut};
  PANDO_RETURN_IF_ERROR(append_cut_cells(cells, record.cells));
  const Result<LogPos> pos = appender_.append(log::RecordKind::kArrived, encode_arrival_record(record));
  if (!pos) return pos.error();
  if (const auto arrived = apply::arrive(*cells_, record.tables, cut, cells, {}, *pos); !arrived) {
    fail(arrived.error().with_context("cannot take over a part of a table that arrives"));
    return serving();
  }
  pending_.push_back({*pos, std::nullopt, cut.hlc_floor, {}});
  return {};
}

Status Replica::arrive(const TableSet& tables, const Cut& cut, const std::vector<CutCell>& cells) {
  PANDO_RETURN_IF_ERROR(serving());
  CHECK(cut.context.covers(tail_from_) && cells_->context().covers(cut.context));
  // Records that none of an arrival follows mean nothing: a failure in here leaves no trace but them.
  ArrivalRecord record{0, 0, tables, cut};
  PANDO_RETURN_IF_ERROR(append_cut_cells(cells, record.cells));
  std::vector<Commit> commits;
  PANDO_RETURN_IF_ERROR(append_tail(tables, cut, commits));
  record.commits = commits.size();
  const Result<LogPos> pos = appender_.append(log::RecordKind::kArrived, encode_arrival_record(record));
  if (!pos) return pos.error();
  // What is durable here has no stamp beyond this from here on, and what is written next is to lie above it.
  clock_.witness(cut.hlc_floor);
  const Result<std::uint64_t> conflicts = apply::arrive(*cells_, tables, cut, cells, commits, *pos);
  if (!conflicts) {
    fail(conflicts.error().with_context("cannot take over tables that have arrived"));
    return serving();
  }
  conflicts_ += *conflicts;
  Status noted;
  for (const CutCell& cell : cells) {
    if (noted.ok()) noted = note_joined(cell, cells_->context(), false);
  }
  for (const Commit& commit : commits) {
    for (const Op& op : commit.ops) {
      note_escrow(op, commit.dot.origin == self_);
      note_reset(op);
    }
  }
  if (!noted.ok()) {
    fail(std::move(noted));
    return serving();
  }
  ++scope_version_;
  std::erase_if(late_, [&](Commit& commit) {
    std::erase_if(commit.ops, [&](const Op& op) { return !arrives(table_of(op)); });
    return commit.ops.empty();
  });
  if (!any_arrives()) restart_tail();
  pending_.push_back({*pos, std::nullopt, cut.hlc_floor, {}});
  return {};
}

}  // namespace pando::node

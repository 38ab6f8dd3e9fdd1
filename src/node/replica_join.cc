// Replica::join(): the other way in by the one door, for what nobody has as commits any more.

#include <fmt/core.h>

#include <algorithm>

#include "apply/join_cut.h"
#include "node/replica.h"
#include "store/cell_key.h"

namespace pando::node {
namespace {

// Of one record: small enough to go out with others, large enough to make few.
constexpr std::size_t kCutRecordBytes = 512 * 1024;
// Keys that one commit gives up.
constexpr std::size_t kGivenUpAtOnce = 256;

// Whether the cell of a cut holds what one whom `by` picks wrote and `before` does not cover. What was counted in a
// slot that was there is not told apart from what was known of it.
Result<bool> holds_news(const CutCell& cell, const VersionVector& before, const std::function<bool(const Dot&)>& by) {
  if (!cell.state) return false;
  const Result<store::Cell> theirs = store::decode_cell_state(cell.key, *cell.state);
  if (!theirs) return pando::fail(theirs.error());
  if (is_counter(theirs->kind())) {
    const auto& slots = theirs->counter().slots();
    return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) { return by(slot.born()); });
  }
  const auto& entries = theirs->reg().entries();
  return std::any_of(entries.begin(), entries.end(),
                     [&](const auto& entry) { return by(entry.dot) && !before.covers(entry.dot); });
}

}  // namespace

Status Replica::append_cut_cells(const std::vector<CutCell>& cells, std::uint64_t& records) {
  Bytes packed;
  Writer out(packed);
  std::uint64_t count = 0;
  const auto append = [&]() -> Status {
    const Result<LogPos> pos = append_note(log::RecordKind::kCutCells, encode_cut_cells(count, packed));
    if (!pos) return pos.error();
    ++records;
    count = 0;
    packed.clear();
    return {};
  };
  for (const CutCell& cell : cells) {
    const std::size_t more = cell.key.size() + (cell.state ? cell.state->size() : 0);
    if (count > 0 && packed.size() + more > kCutRecordBytes) PANDO_RETURN_IF_ERROR(append());
    encode(cell, out);
    ++count;
  }
  return count == 0 ? Status() : append();
}

Status Replica::join(const Cut& cut, const std::vector<CutCell>& cells, Time now, CutRecord::How how) {
  PANDO_RETURN_IF_ERROR(serving());
  if (how == CutRecord::How::kMerge) PANDO_RETURN_IF_ERROR(give_up_before(cut, cells, now));
  // Cell records that no cut follows mean nothing: a failure in here leaves no trace but them.
  std::uint64_t records = 0;
  PANDO_RETURN_IF_ERROR(append_cut_cells(cells, records));
  const Result<LogPos> pos = appender_.append(log::RecordKind::kCut, encode_cut_record({records, cut, how}));
  if (!pos) return pos.error();
  clock_.witness(cut.hlc_floor);
  seen_since_own_.merge(cut.context);
  const VersionVector before = cells_->context();
  const Result<std::uint64_t> changed = apply::join_cut(*cells_, cut, cells, *pos, how);
  if (!changed) {
    fail(changed.error().with_context("cannot merge in a cut of another node"));
    return serving();
  }
  const Result<bool> met = how == CutRecord::How::kMerge ? note_strangers(before, cut.context) : Result<bool>(false);
  if (!met) {
    fail(met.error());
    return serving();
  }
  for (const CutCell& cell : cells) {
    if (Status status = note_joined(cell, before, *met); !status.ok()) {
      fail(std::move(status));
      return serving();
    }
  }
  end_catching_up();
  // Who made them had perhaps heard of this node, and not by those that they replace.
  if (Status status = follow_vouches(); !status.ok()) {
    fail(std::move(status));
    return serving();
  }
  note_shared();
  // What these commits did to tables that are arriving has not come with them.
  restart_tail();
  pending_.push_back({*pos, std::nullopt, cut.hlc_floor, cut.context});
  // Where the disk is full now: before the next commit comes in.
  (void)say_met();
  return {};
}

// A cut is joined all at once, so what it brings of those who are retired goes out in one piece with what is given up.
Status Replica::give_up_before(const Cut& cut, const std::vector<CutCell>& cells, Time now) {
  if (!is_news_of_retired(cut.context)) return {};
  const VersionVector before = cells_->context();
  std::set<MetKey> keys;
  for (const CutCell& cell : cells) {
    const Result<CellPath> path = store::decode_cell_key(cell.key);
    if (!path) return path.error();
    const Result<bool> news = holds_news(cell, before, [&](const Dot& dot) { return retired().has(dot.origin); });
    if (!news) return news.error();
    if (!*news) continue;
    if (std::optional<MetKey> key = may_be_freed(*path)) keys.insert(*std::move(key));
  }
  while (!keys.empty()) {
    std::vector<MetKey> some;
    while (!keys.empty() && some.size() < kGivenUpAtOnce) some.push_back(std::move(keys.extract(keys.begin()).value()));
    PANDO_RETURN_IF_ERROR(give_up(some, before, now));
  }
  return {};
}

// The same as note_changes() of the commits whose place this cell takes. `before`: what was here before the cut;
// `met`: it brings news of strangers.
Status Replica::note_joined(const CutCell& cell, const VersionVector& before, bool met) {
  const Result<CellPath> path = store::decode_cell_key(cell.key);
  if (!path) return path.error();
  PANDO_RETURN_IF_ERROR(note_kept(path->table, path->key));
  if (met) {
    const Result<bool> news = holds_news(cell, before, [&](const Dot& dot) { return by_stranger(dot); });
    if (!news) return news.error();
    if (*news) note_met(*path);
  }
  if (catches_up()) {
    note_end(*path);
    note_met(*path);
  }
  if (!config_.writable) return {};
  if (path->kind == CellKind::kBound && path->table != kTableLimits) {
    const std::optional<engine::PartName> part = engine::parse_part(path->element);
    if (part) escrow_touched_.insert({path->table, path->key, part->subject});
  }
  if (is_counter(path->kind) && reset_counters_.size() < kResetCountersMax) {
    const Result<const crdt::Counter*> counter = cells_->find_counter(*path);
    if (!counter) return counter.error();
    if (*counter != nullptr && (*counter)->slot_of(self_) != nullptr && (*counter)->absent()) {
      reset_counters_.insert(*path);
    }
  }
  return {};
}

}  // namespace pando::node

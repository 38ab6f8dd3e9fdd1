#include "apply/join_cut.h"

#include <fmt/core.h>

#include <algorithm>

#include "apply/join.h"

namespace pando::apply {
namespace {

Status unseen_by_cut(const CutCell& cell, const Dot& dot) {
  return Status(StatusCode::kDataLoss, fmt::format("cell {} holds what {} wrote, which its cut has not seen",
                                                   store::describe_cell(cell.key), to_string(dot)));
}

}  // namespace

Status check_cut_cell(const CutCell& cell, const Cut& cut) {
  const Result<CellPath> path = store::decode_cell_key(cell.key);
  if (!path) return path.error();
  if (!cell.state) return {};
  const Result<store::Cell> decoded = store::decode_cell_state(cell.key, *cell.state);
  if (!decoded) return decoded.error();
  if (is_counter(decoded->kind())) {
    for (const crdt::Counter::Slot& slot : decoded->counter().slots()) {
      if (!cut.context.covers(slot.born())) return unseen_by_cut(cell, slot.born());
    }
    return {};
  }
  for (const crdt::Register::Entry& entry : decoded->reg().entries()) {
    if (!cut.context.covers(entry.dot)) return unseen_by_cut(cell, entry.dot);
    if (entry.hlc > cut.hlc_floor) {
      return Status(StatusCode::kDataLoss,
                    fmt::format("cell {} has a stamp beyond the largest of its cut", store::describe_cell(cell.key)));
    }
  }
  return {};
}

Result<std::uint64_t> join_cut(store::Cells& into, const Cut& cut, const std::vector<CutCell>& cells, LogPos pos,
                               CutRecord::How how) {
  // As though neither had seen what the other has: nothing counts as taken away.
  JoinContexts contexts;
  if (how == CutRecord::How::kMerge) contexts = {Context(into.context()), Context(cut.context)};
  std::uint64_t changed = 0;
  for (const CutCell& cell : cells) {
    const Result<CellPath> path = store::decode_cell_key(cell.key);
    if (!path) return fail(path.error());
    std::optional<store::Cell> theirs;
    if (cell.state) {
      Result<store::Cell> decoded = store::decode_cell_state(cell.key, *cell.state);
      if (!decoded) return fail(decoded.error());
      theirs.emplace(std::move(*decoded));
    }
    const Result<bool> differs = join_cell(into, *path, theirs ? &*theirs : nullptr, contexts, pos);
    if (!differs) return fail(differs.error());
    changed += *differs ? 1 : 0;
  }
  for (const auto& [table, freed] : cut.marks) into.mark_table(table, freed);
  store::CheckpointMeta theirs;
  theirs.context = cut.context;
  theirs.hlc_floor = cut.hlc_floor;
  const auto& entries = cut.context.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) theirs.set_chain(entries[i].first, cut.chains.at(i));
  into.applied_join(theirs, pos);
  return changed;
}

Result<bool> would_merge(ByteSpan cell_key, const std::optional<ByteSpan>& ours, const std::optional<ByteSpan>& theirs,
                         const JoinContexts& contexts) {
  if (ours == theirs) return false;
  const Result<CellPath> path = store::decode_cell_key(cell_key);
  if (!path) return fail(path.error());
  const auto cell_of = [&](const std::optional<ByteSpan>& state) -> Result<store::Cell> {
    if (!state) return store::Cell(path->kind);
    return store::decode_cell_state(cell_key, *state);
  };
  const Result<store::Cell> here = cell_of(ours);
  if (!here) return fail(here.error());
  const Result<store::Cell> there = cell_of(theirs);
  if (!there) return fail(there.error());
  return join_changes(*here, *there, contexts);
}

Result<bool> would_mend(store::Cells& cells, const CutCell& theirs) {
  if (!theirs.state) return false;
  const Result<CellPath> path = store::decode_cell_key(theirs.key);
  if (!path) return fail(path.error());
  const Result<store::Cell> there = store::decode_cell_state(theirs.key, *theirs.state);
  if (!there) return fail(there.error());
  store::Cell ours(path->kind);
  if (is_counter(path->kind)) {
    const Result<const crdt::Counter*> here = cells.find_counter(*path);
    if (!here) return fail(here.error());
    if (*here != nullptr) ours.counter() = **here;
  } else {
    const Result<const crdt::Register*> here = cells.find_register(*path);
    if (!here) return fail(here.error());
    if (*here != nullptr) ours.reg() = **here;
  }
  return join_changes(ours, *there, {});
}

}  // namespace pando::apply

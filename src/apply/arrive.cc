#include "apply/arrive.h"

#include "apply/apply.h"

namespace pando::apply {
namespace {

Status replace_cell(store::Cells& into, const CutCell& cell, LogPos pos) {
  const Result<CellPath> path = store::decode_cell_key(cell.key);
  if (!path) return path.error();
  const Result<store::Cell*> here = into.load(*path);
  if (!here) return here.error();
  if (!cell.state) {
    if (!(*here)->empty()) into.erase(cell.key, pos);
    return {};
  }
  Result<store::Cell> theirs = store::decode_cell_state(cell.key, *cell.state);
  if (!theirs) return theirs.error();
  if (is_counter(path->kind)) {
    (*here)->counter() = std::move(theirs->counter());
  } else {
    (*here)->reg() = std::move(theirs->reg());
  }
  into.changed(**here, pos);
  return {};
}

}  // namespace

Result<std::uint64_t> arrive(store::Cells& into, const TableSet& tables, const Cut& cut,
                             const std::vector<CutCell>& cells, const std::vector<Commit>& commits, LogPos pos) {
  const store::CheckpointMeta before = into.meta();
  const auto arriving = [&](std::string_view table) { return before.arrives(table) && tables.has(table); };
  for (const CutCell& cell : cells) PANDO_RETURN_IF_ERROR(replace_cell(into, cell, pos));
  for (const auto& [table, freed] : cut.marks) {
    if (arriving(table)) into.mark_table(table, freed);
  }
  std::uint64_t conflicts = 0;
  for (const Commit& commit : commits) {
    const Result<std::uint64_t> made = apply_again(commit, pos, into, arriving);
    if (!made) return fail(made.error());
    conflicts += *made;
  }
  TableGrowth growth = before.growth;
  growth.holds = either(growth.holds, both(before.tables.subscribe, tables));
  if (growth.holds == before.tables.subscribe) growth.discards = false;
  into.set_tables(before.tables, std::move(growth));
  into.raise_hlc_floor(cut.hlc_floor);
  into.applied_record(pos, 0);
  return conflicts;
}

}  // namespace pando::apply

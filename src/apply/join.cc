#include "apply/join.h"

#include <optional>
#include <vector>

#include "store/cell_cursor.h"

namespace pando::apply {
namespace {

using store::Cell;
using store::CellCursor;
using store::Cells;

// Cells looked at between two changes: a cursor must not live while its cells are changed.
constexpr std::size_t kPageCells = 1'000;

struct Pair {
  CellPath path;
  std::optional<Cell> theirs;
};

Cell joined(const Cell& ours, const Cell& theirs, const JoinContexts& contexts) {
  Cell both(ours.kind());
  if (is_counter(ours.kind())) {
    both.counter() = join(ours.counter(), contexts.here, theirs.counter(), contexts.there);
  } else {
    both.reg() = join(ours.reg(), contexts.here, theirs.reg(), contexts.there);
  }
  return both;
}

bool same(const Cell& a, const Cell& b) {
  return is_counter(a.kind()) ? a.counter() == b.counter() : a.reg() == b.reg();
}

// The next cells of either side, from `from` on, which is moved past them. Empty at the end.
Result<std::vector<Pair>> next_page(const Cells& ours, const Cells& theirs, Bytes& from) {
  std::vector<Pair> page;
  CellCursor here = ours.scan_from(from);
  CellCursor there = theirs.scan_from(from);
  while (page.size() < kPageCells && (here.valid() || there.valid())) {
    const bool from_here = here.valid() && (!there.valid() || here.cell_key() <= there.cell_key());
    const bool from_there = there.valid() && (!here.valid() || there.cell_key() <= here.cell_key());
    const CellCursor& at = from_here ? here : there;
    page.push_back({at.path(), from_there ? std::optional(there.cell()) : std::nullopt});
    from = Bytes(at.cell_key()) + '\x00';
    if (from_here) here.next();
    if (from_there) there.next();
  }
  PANDO_RETURN_IF_ERROR(here.status());
  PANDO_RETURN_IF_ERROR(there.status());
  return page;
}

}  // namespace

bool join_changes(const Cell& ours, const Cell& theirs, const JoinContexts& contexts) {
  return !same(joined(ours, theirs, contexts), ours);
}

Result<bool> join_cell(Cells& into, const CellPath& path, const Cell* theirs, const JoinContexts& contexts,
                       LogPos pos) {
  const Result<Cell*> ours = into.load(path);
  if (!ours) return fail(ours.error());
  Cell both = joined(**ours, theirs == nullptr ? Cell(path.kind) : *theirs, contexts);
  if (same(both, **ours)) return false;
  if (is_counter(path.kind)) {
    (*ours)->counter() = std::move(both.counter());
  } else {
    (*ours)->reg() = std::move(both.reg());
  }
  into.changed(**ours, pos);
  return true;
}

void finish_join(Cells& into, const Cells& from, LogPos pos) {
  for (const auto& [table, freed] : from.expiry().marks()) into.mark_table(table, freed);
  into.applied_join(from.meta(), pos);
}

Result<JoinOutcome> join(Cells& into, const Cells& from, LogPos pos) {
  const JoinContexts contexts{Context(into.context()), Context(from.context())};
  JoinOutcome outcome;
  Bytes next(1, store::kCellPrefix);
  for (;;) {
    const Result<std::vector<Pair>> page = next_page(into, from, next);
    if (!page) return fail(page.error());
    if (page->empty()) break;
    for (const Pair& pair : *page) {
      const Result<bool> changed = join_cell(into, pair.path, pair.theirs ? &*pair.theirs : nullptr, contexts, pos);
      if (!changed) return fail(changed.error());
      outcome.changed += *changed ? 1 : 0;
    }
    outcome.compared += page->size();
  }
  finish_join(into, from, pos);
  return outcome;
}

}  // namespace pando::apply

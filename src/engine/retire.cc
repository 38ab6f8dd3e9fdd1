#include "engine/retire.h"

#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

// Looked at to be sure that a counter is given up alone.
constexpr std::size_t kNeighboursMax = 64;

bool has_slot_of(const crdt::Counter& counter, const Origin& origin) { return counter.slot_of(origin) != nullptr; }

// Whether no other counter that begins with this element has a slot of the origin.
Result<bool> alone(Draft& draft, const CellPath& path) {
  if (path.element.empty()) return true;  // a kind without elements has one cell
  store::CellCursor at =
      draft.view().cells().scan_elements(path.table, path.key, path.kind, path.element, path.element);
  for (std::size_t i = 0; at.valid(); at.next(), ++i) {
    if (i == kNeighboursMax || has_slot_of(at.cell().counter(), draft.dot().origin)) return false;
  }
  PANDO_RETURN_IF_ERROR(draft.view().note(at));
  return true;
}

}  // namespace

Status retire(Draft& draft, const CellPath& path) {
  const Result<crdt::Counter> counter = draft.counter_after(path);
  if (!counter) return counter.error();
  if (!counter->absent() || !has_slot_of(*counter, draft.dot().origin)) return {};
  const Result<bool> exact = alone(draft, path);
  if (!exact) return exact.error();
  return *exact ? draft.give_up(path) : Status();
}

}  // namespace pando::engine

#include "node/escrow_walk.h"

#include "base/limits.h"
#include "model/limiter.h"
#include "store/cell_cursor.h"
#include "store/range_digest.h"

namespace pando::node {

void EscrowWalk::begin() {
  under_way_ = true;
  next_ = store::first_cell_key();
}

Result<std::vector<engine::EscrowKey>> EscrowWalk::next(const store::Cells& cells) {
  std::vector<engine::EscrowKey> found;
  if (!under_way_) return found;
  store::CellCursor at = cells.scan_from(next_);
  std::size_t looked = 0;
  for (; at.valid() && looked < limits::kResyncSliceCells; ++looked) {
    next_ = Bytes(at.cell_key()) + '\x00';
    const CellPath& path = at.path();
    // Its declaration, which comes before its parts. Limiters lend no rights.
    const bool bounded = path.kind == CellKind::kBound && path.element.empty() && path.table != kTableLimits;
    if (bounded) {
      found.push_back({path.table, path.key});
      at.skip_key();
    } else {
      at.next();
    }
  }
  PANDO_RETURN_IF_ERROR(at.status());
  under_way_ = at.valid();
  if (at.valid()) next_ = Bytes(at.cell_key());
  return found;
}

}  // namespace pando::node

// node/cut_cells.h — cells of a cut, while they are compared with those here and kept until it is merged in: what a
// resync and a restored backup have in common.
#pragma once

#include <optional>
#include <vector>

#include "model/cut.h"
#include "model/table_scope.h"
#include "store/range_digest.h"
#include "store/snapshots.h"

namespace pando::node {

bool lets_through(const TableFilter& filter, ByteSpan cell_key);
// About what it takes in memory to keep a cell that differs.
std::size_t cost_of_differing(ByteSpan cell_key, const std::optional<ByteSpan>& state);
// What differed when it was compared with the snapshot, and, as they were then, the cells that were changed here since:
// joining the cut into what they were changed nothing, so that has all that the cut has of them.
std::vector<CutCell> cells_to_merge(const store::Overlay& differing, const store::Snapshots& snapshots,
                                    store::Snapshots::Id snapshot, const TableFilter& filter);

}  // namespace pando::node

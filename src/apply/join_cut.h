// apply/join_cut.h — merges what another node held at a cut into the cells here: all that differs, in one step.
//
// `cells` are the cells that differ, or changed here since they were compared. Of every other cell both sides hold the
// same, and joining equal states changes nothing; so this is apply::join() without looking at what is equal anyway.
// Large objects that were removed at the other side while its cut was open may come without some of their chunks
// (store/snapshots.h), and lose those here.
//
// Done again with the same arguments on the same state (the log, replayed) it gives the same state.
#pragma once

#include <optional>
#include <vector>

#include "apply/join.h"
#include "model/cut.h"
#include "store/cells.h"

namespace pando::apply {

// kDataLoss naming the cell when its bytes are no cell, or it was written by what `cut` has not seen: to be asked of
// each cell of a peer before it is kept.
Status check_cut_cell(const CutCell& cell, const Cut& cut);

// `pos` is that of the cut's record in this node's log. How many cells changed. On failure some may have changed and
// nothing may be built on the state: replaying the log tries again.
Result<std::uint64_t> join_cut(store::Cells& into, const Cut& cut, const std::vector<CutCell>& cells, LogPos pos,
                               CutRecord::How how = CutRecord::How::kMerge);

// Whether joining `theirs` into `ours` would change it; both as states, none: no such cell.
Result<bool> would_merge(ByteSpan cell_key, const std::optional<ByteSpan>& ours, const std::optional<ByteSpan>& theirs,
                         const JoinContexts& contexts);

// Whether mending with this cell (CutRecord::How::kMend) would change the one here.
Result<bool> would_mend(store::Cells& cells, const CutCell& theirs);

}  // namespace pando::apply

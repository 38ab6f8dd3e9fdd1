// apply/join.h — the other way to catch up: what another replica holds is merged in, cell by cell, without its log.
//
// The joined state has seen what both have seen. What one side lacks although it has seen it was taken away there, and
// goes; what it has not seen is new, and stays. Joining and delivering the same commits in order give the same bytes
// (laws: small_worlds_test.cc). Keys that the other side freed after their end go here too; a key that had ended and is
// written anew afterwards must be cleared for third parties, so marks of tables (store/expiry_index.h) come along.
//
// Cells of any range may be joined by themselves with join_cell(); `context` may only be raised by finish_join() once
// all cells have been joined, as it says "seen" of all of them. Nothing here is in the log: the caller makes it durable
// by a checkpoint before anybody is told.
#pragma once

#include "store/cells.h"

namespace pando::apply {

// What both sides have seen, as the joins need it.
struct JoinContexts {
  Context here;
  Context there;
};

// Joins `theirs`, which is null where the other side has none, into the cell here. True when it changed.
Result<bool> join_cell(store::Cells& into, const CellPath& path, const store::Cell* theirs,
                       const JoinContexts& contexts, LogPos pos);
// Whether that would change a cell that is `ours`.
bool join_changes(const store::Cell& ours, const store::Cell& theirs, const JoinContexts& contexts);
// After the last cell: takes over what the other side had seen, its running hashes where it is further, its stamps.
void finish_join(store::Cells& into, const store::Cells& from, LogPos pos);

struct JoinOutcome {
  std::uint64_t compared = 0;
  std::uint64_t changed = 0;
};
// All of another replica. `pos` is above everything applied. On failure some cells may have been joined already; that
// harms nothing, and doing it again is right.
Result<JoinOutcome> join(store::Cells& into, const store::Cells& from, LogPos pos);

}  // namespace pando::apply

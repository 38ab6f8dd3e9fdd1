// apply/arrive.h — tables that were not held here become what another node held of them at a cut.
//
//   the cells of the tables     set to those of the cut: nothing that was here of them before counts
//   then the commits            that came meanwhile and that the cut has not seen, in the order of this node's log
//
// Without `tables`: nothing has arrived, only some cells of tables that arrive are those of the cut already.
//
// The context does not change: it covers the cut already (the caller's affair), so that from here on it is true of
// these tables too. Done again with the same arguments on the same state (the log, replayed) it gives the same state.
#pragma once

#include <vector>

#include "model/cut.h"
#include "store/cells.h"

namespace pando::apply {

// `cells`: those that differ from the cells here, of arriving tables only. `commits`: in log order. On failure some
// cells may have changed and nothing may be built on the state: replaying the log tries again. How many lines it made
// in the conflict ledger.
Result<std::uint64_t> arrive(store::Cells& into, const TableSet& tables, const Cut& cut,
                             const std::vector<CutCell>& cells, const std::vector<Commit>& commits, LogPos pos);

}  // namespace pando::apply

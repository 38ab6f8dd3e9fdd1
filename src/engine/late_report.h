// engine/late_report.h — keys that have ended and are here still, when somebody writes to them who takes nothing away
// of what others wrote there: who only reports their table (engine/vouches.h), and who had not heard of them.
//
// Whoever had not heard of that one has perhaps freed the key: there it reads as what that one writes, here as that on
// top of what has ended. So what others wrote goes first. It is freed, once all who see the table have vouched for it:
// each of them has freed the key by then, or will clear it when that write reaches them. Before that a node that may
// write to the table clears it by a commit (node/replica.h). docs/design/010-expiry.md, "Who sees a part".
#pragma once

#include <vector>

#include "engine/vouches.h"

namespace pando::engine {

struct Over {
  Bytes field;  // empty: the whole key
  FreeingNeeds needs;
};
// The key, and the fields around the cell, outermost first: those that have ended by `now_ms` and hold what others than
// `node` wrote.
Result<std::vector<Over>> over_of_others(const store::Cells& cells, const CellPath& path, std::string_view node,
                                         std::int64_t now_ms);

// Before `commit` is applied, which another node made: frees what has ended of the same keys. Decided by nothing but
// what is in the cells, so that a log that is replayed does the same. Does nothing where the maker has vouched for
// seeing the table, nor where it has not vouched and somebody has who had heard of it.
Status free_before(store::Cells& cells, const Commit& commit);

}  // namespace pando::engine

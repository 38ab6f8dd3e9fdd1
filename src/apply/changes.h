// apply/changes.h — what watchers are told of a commit. Depends on nothing but the commit.
//
// Runs of ops on the same key of the same visible table are one change:
//
//   PutOp (register or field)            kPut              value: the bytes of the last register put; none for
//                                                          a row or a large object
//   CountOp                              kIncrement        value: see fill_counter_values
//   ClearOp, RemoveOp of a register      kDelete           kDeleteRow in table `row`
//   RemoveOp of fields                   kDeleteColumns
//   CountResetOp                         kReset            value: see fill_counter_values
//   PutOp of members of a set            kAddMembers       members: theirs
//   RemoveOp of members                  kRemoveMembers    members: theirs
//   PutOp, RemoveOp of a flag            kEnable, kDisable
//   PutOp, RemoveOp of an expiry         kExpire: the end of the key or of one field was set, moved or taken away. When
//                                        the time has come, and when cells are freed, there is no commit and no change
//   any of a composite type              kUpdate           a sorted set, list, document, bounded counter, presence
//
// Additions to a set and removals from it are runs of their own: members that come and members that go are
// never in one change.
//
// A run with several of these is the topmost of them: clearing a key and resetting its counter is one kDelete;
// deleting a row and putting columns into it is one kPut. Clearing a key or a field whose time has run out (a ClearOp
// with forget_counters) makes no change: it was over before. Internal tables (`.lob`, `.merge`) make no changes.
#pragma once

#include <vector>

#include "model/change.h"
#include "model/commit.h"
#include "store/cells.h"

namespace pando::apply {

// Their numbers are first_number, first_number + 1, …; their indexes 0, 1, …
std::vector<Change> list_changes(const Commit& commit, LogPos pos, std::uint64_t first_number);
// list_changes(commit, …).size(), without making them.
std::uint64_t count_changes(const Commit& commit);

// Fills in the value of kIncrement and kReset with the counter's value here and now, in decimal; "0" for one
// that reads as absent. Leaves the others alone.
Status fill_counter_values(std::vector<Change>& changes, store::Cells& cells);

}  // namespace pando::apply

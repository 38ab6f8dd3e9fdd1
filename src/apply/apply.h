// apply/apply.h — Commit × cells → cells′: the only place where state changes, at its origin and everywhere else.
//
// A commit is applied whole or not at all: everything it needs is read first, then changed without reading.
// A commit that the context covers changes nothing, so repetition is harmless. Commits of one origin must
// come in order, without gaps: reading any node's log front to back does that.
//
// Derived changes, the same at every site: when a manifest leaves the register of a large object (replaced,
// removed or cleared), the chunk cells of its upload are deleted. Upload ids are never reused.
//
// Ops of tables that are arriving (CheckpointMeta::arrives()) change nothing: apply/arrive.h comes back to them.
//
// What loses (a value beside a concurrent one, a type beside another under one key) goes into the conflict ledger.
#pragma once

#include <functional>

#include "model/commit.h"
#include "store/cells.h"

namespace pando::apply {

struct ApplyOutcome {
  bool applied = false;         // false: the context covered the commit already
  std::uint64_t conflicts = 0;  // lines this commit made in the conflict ledger
  std::uint64_t changes = 0;    // count_changes(commit)
};

// What every commit must keep so that all sites end up equal, whatever a peer sends: the next number of its
// origin, and no reference to what `seen` (the context before it) does not cover. To be asked before a peer's
// commit is taken into the log; apply() asks again. kDataLoss naming the commit and the op.
Status check_causal(const Commit& commit, const VersionVector& seen);

// `pos` is that of the commit's record in this node's log; above all earlier ones, or replayed: a record that
// the checkpoint covers is passed over.
// kDataLoss  a cell it needs is damaged (named), or check_causal() refuses the commit
// other      the Kv could not be read; try again
// After a failure nothing has changed.
Result<ApplyOutcome> apply(const Commit& commit, LogPos pos, store::Cells& cells);

// Of a commit that was applied while these tables were arriving: what it does to them. Its context was booked then;
// each is to be given once, in the order of the log. How many lines it made in the conflict ledger.
Result<std::uint64_t> apply_again(const Commit& commit, LogPos pos, store::Cells& cells,
                                  const std::function<bool(std::string_view table)>& tables);

}  // namespace pando::apply

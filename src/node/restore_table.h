// node/restore_table.h — what a backup has of one table and is not here any more, written again.
//
// A merge brings nothing back that was deleted, and a part of a cut cannot be merged: its context would say "seen" of
// all the rest. So who wants a table back as it was gets new writes of this node: a key that reads as absent here is
// written with what the backup shows of it, all of it in one commit. A key that is here stays as it is, so doing it
// again writes nothing; a counter comes back with its value, counted once.
//
// Only where everything the backup has seen is known here: of commits that may still come from elsewhere the counts
// would come twice. Left out, and counted: keys with rights of sites (bounded counters, limiters), whose rights are
// spent elsewhere; keys too large for one commit. Not of `lob`, whose chunks go with their deletion. One thread.
#pragma once

#include <optional>
#include <vector>

#include "model/backup.h"
#include "model/op.h"
#include "node/replica.h"

namespace pando::node {

class RestoreTable {
 public:
  RestoreTable(Replica& replica, std::string table) : replica_(replica), table_(std::move(table)) {}

  // kInvalidArgument, kReadOnly, kConflict: why this cannot be done with this table, or this backup.
  Status check(const BackupHeader& header) const;
  // Cells of the backup, in order; what is complete is written, unless it is only counted.
  Status take(const std::vector<CutCell>& cells, bool dry_run, Time now);
  // After the last one.
  Status finish(bool dry_run, Time now);

  std::uint64_t written() const { return written_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  Status settle_key(bool dry_run, Time now);
  // The ops that write the key again; empty: cannot be done. Nothing: it has ended.
  Result<std::optional<std::vector<Op>>> ops_of_key(Time now);
  Result<std::optional<Op>> op_of(const CutCell& cell, const CellPath& path);

  Replica& replica_;
  std::string table_;
  std::optional<CellPath> key_;  // of the cells gathered
  std::vector<CutCell> cells_;
  std::uint64_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace pando::node

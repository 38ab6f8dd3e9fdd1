// node/rebuild.h — a namespace that begins with a backup: what a new directory holds before a node opens it.
//
// The cells go into a store that is empty, with the backup's context; the log begins behind them, and its first segment
// says so: whoever lacks any of it is brought there by resync. Nobody is named: the node that opens it commits under an
// epoch that the backup does not know (node/replica.cc).
//
//   merge   the node is one of the cluster the backup is of, and joins the others again
//   clone   a cluster of its own: it and what it was made of refuse each other's links from then on. Of a clone a part
//           may be left out, as nobody takes what is absent there for deleted elsewhere
//
// Made aside and moved into place when it is whole: until then nothing counts. Memory: a few blocks. One thread.
#pragma once

#include <string>

#include "model/backup.h"
#include "store/cells.h"

namespace pando::node {

struct RebuildOptions {
  std::string cluster;  // of a clone its name; else that of the backup
  std::string table;    // of a clone: only this one and what belongs to it; empty: all
};

class Rebuild {
 public:
  // Over an empty `kv`, which outlives this.
  static Result<std::unique_ptr<Rebuild>> begin(store::Kv& kv, const BackupHeader& header, RebuildOptions options);

  // Cells of the backup, in order.
  Status take(const std::vector<CutCell>& cells);
  // After the last one: the store is whole.
  Status finish();
  // The bytes of the log's first segment.
  Bytes first_segment() const;

  std::uint64_t cells() const { return count_; }

 private:
  Rebuild(store::Kv& kv, BackupHeader header, RebuildOptions options, std::unique_ptr<store::Cells> cells);
  bool kept(std::string_view table) const;
  Status save();

  store::Kv& kv_;
  BackupHeader header_;
  RebuildOptions options_;
  std::unique_ptr<store::Cells> cells_;
  std::uint64_t count_ = 0;
};

}  // namespace pando::node

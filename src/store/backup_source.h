// store/backup_source.h — the bytes of a backup (model/backup.h), from a Kv that is written on meanwhile.
//
// A checkpoint is one atomic batch of cells and the record that says which commits are in them. So whatever a cursor
// sees that stands on one state of the Kv is a causal cut, exactly the commits of that record: nothing is stopped,
// copied or held in memory for a backup, and it may take as long as it likes.
//
// Left out: the conflict ledger (what one site has filed), and what is made from the cells (hints of ends). One thread,
// which may be another one than that of whoever writes the Kv.
#pragma once

#include <memory>

#include "model/backup.h"
#include "store/kv.h"

namespace pando::store {

class BackupSource {
 public:
  // As `kv`, which outlives this, is now, made by `node`. kNotFound: there has been no checkpoint. kDataLoss as of
  // reading the Kv.
  static Result<BackupSource> open(const Kv& kv, std::string ns, Origin node, TableFilter shared, std::int64_t at_ms);

  const BackupHeader& header() const { return header_; }
  std::uint64_t cells() const { return cells_; }
  // The next bytes of the file, some kBackupBlockBytes; empty behind the last ones.
  Result<Bytes> next();

 private:
  BackupSource() = default;

  std::unique_ptr<KvCursor> at_;
  BackupHeader header_;
  BackupWriter writer_;
  std::uint64_t cells_ = 0;
  enum class Stage : std::uint8_t { kHead, kCells, kOver } stage_ = Stage::kHead;
};

}  // namespace pando::store

// server/backup_file.h — backups as files: written whole or not at all, and read back.
//
// A backup is written as NAME.partial, synced and renamed, so that a file of its name is always a whole one. An
// unfinished one of an earlier attempt is written over.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "model/backup.h"
#include "node/io.h"
#include "store/kv.h"

namespace pando::server {

// kConflict: there is a file of that name. Given up with kUnavailable when `ending` becomes true.
Result<BackupTakenReply> take_backup(const store::Kv& kv, const std::string& backup_root, const node::BackupTake& job,
                                     const std::atomic<bool>& ending);

// As many bytes as asked for, or fewer at the end. kNotFound naming the file.
Result<Bytes> read_backup(const std::string& backup_root, const node::RestoreRead& job);

// Restores into a directory that no process has open. -----------------------------------------------------

struct OfflineRestore {
  std::string file;
  std::string into;   // a data directory, made when missing
  std::string ns;     // empty: as the backup says; another one only for a clone
  std::string table;  // of a clone; empty: all
  bool clone = false;
};
struct OfflineRestored {
  BackupHeader header;
  std::string ns;
  std::string cluster;
  std::uint64_t cells = 0;
  std::uint64_t bytes = 0;
};
// Told how far it is, now and then: bytes read and bytes in all.
using RestoreProgress = std::function<void(std::uint64_t, std::uint64_t)>;
// Makes the namespace in `into`. It is not there before it is whole; what an attempt that ended early left is removed
// by the next. kConflict: the directory has such a namespace. kDataLoss naming the place: the file is damaged or cut
// off.
Result<OfflineRestored> restore_offline(const OfflineRestore& restore, const RestoreProgress& progress);

// `pando restore --into`: the same for people; the exit code.
int run_offline_restore(const OfflineRestore& restore, bool json);

}  // namespace pando::server

// io/disk/directory_lock.h — one process per data directory: flock(2) on <base_dir>/LOCK.
//
// The kernel drops the lock with the process, however it dies, so a stale file is harmless. The file holds
// the owner's pid for people.
#pragma once

#include <string>

#include "base/status.h"
#include "io/disk/file.h"

namespace pando::io::disk {

class DirectoryLock {
 public:
  // Creates `base_dir` when missing. kUnavailable "data directory /x is in use by process 123" when another
  // process (or another lock of this one) holds it.
  static Result<DirectoryLock> acquire(const std::string& base_dir);

 private:
  explicit DirectoryLock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace pando::io::disk

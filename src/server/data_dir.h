// server/data_dir.h — the directory a node owns: locked while it runs, and where its name lives.
//
//   <base_dir>/LOCK                 held by the running process
//   <base_dir>/node_name            this node's name, made up at the first start unless configured
//   <base_dir>/<namespace>/log      segments      (io/disk/log_dir.h)
//   <base_dir>/<namespace>/store    RocksDB       (io/rocks/rocks_kv.h)
//   <base_dir>/backup               unless [http] backup_root says otherwise
#pragma once

#include <string>
#include <utility>

#include "base/status.h"
#include "io/disk/directory_lock.h"

namespace pando::server {

class DataDir {
 public:
  // Creates the directory, locks it, and settles the node's name: the one in the file, else `configured`, else
  // "n-" and eight random hex digits; kept durably, with a checksum, before it is used. A file that does not fit its
  // checksum is kDataLoss. A name in the file that differs from the
  // configured one is kInvalidArgument: commits carry it, and two names would be two nodes.
  static Result<DataDir> open(const std::string& path, const std::string& configured_name);

  const std::string& path() const { return path_; }
  const std::string& node_name() const { return node_name_; }

 private:
  DataDir(std::string path, std::string node_name, io::disk::DirectoryLock lock)
      : path_(std::move(path)), node_name_(std::move(node_name)), lock_(std::move(lock)) {}

  std::string path_;
  std::string node_name_;
  io::disk::DirectoryLock lock_;
};

// Writes the whole file so that a reader sees the old bytes or the new ones, also after a crash.
Status write_file_atomically(const std::string& path, ByteSpan bytes);

}  // namespace pando::server

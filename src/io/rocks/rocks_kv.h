// io/rocks/rocks_kv.h — the Kv port over RocksDB.
//
// RocksDB's own write-ahead log is off: what is lost in a crash is replayed from our log. A write is one
// WriteBatch, which RocksDB never splits over memtables, followed by a flush: its table file joins the
// manifest in one synced step, so a crash leaves all of the batch or none, and the write is durable when it
// returns. Every read verifies checksums.
//
// After a failed write (disk full) RocksDB pauses writes; the next write() asks it to resume first. It keeps no log
// file of its own beside the data: one more file to fail, and failing to write it ends the process (7.8, assertions
// on). Threads: as store/kv.h; backup() and scan() may run beside everything else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/kv.h"

namespace rocksdb {
class Env;
}

namespace pando::io {

struct RocksOptions {
  std::size_t block_cache_bytes = 128 << 20;   // filled by reading
  std::size_t write_buffer_bytes = 64 << 20;   // allocated as needed; freed after every write
  rocksdb::Env* env = nullptr;                 // tests inject failing disks; must outlive the database
  std::function<void(std::string_view)> warn;  // what RocksDB has to complain about, a line each; from any thread
};

struct BackupFile {
  std::string name;  // relative to the backup's directory
  std::uint64_t bytes = 0;
};

class RocksKv final : public store::Kv {
 public:
  // Creates the directory when it does not exist. kUnavailable when another process has it open.
  static Result<std::unique_ptr<RocksKv>> open(const std::filesystem::path& directory,
                                               const RocksOptions& options = {});
  ~RocksKv() override;

  Result<std::optional<Bytes>> get(ByteSpan key) const override;
  Status write(const store::Batch& batch) override;
  std::unique_ptr<store::KvCursor> scan(ByteSpan from, ByteSpan to) const override;

  // A consistent copy that can be opened like the original. `directory` must not exist; its parent must.
  // Hard links where the file system allows, so it costs little. Sorted by name.
  Result<std::vector<BackupFile>> backup(const std::filesystem::path& directory) const;

 private:
  struct Impl;
  explicit RocksKv(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pando::io

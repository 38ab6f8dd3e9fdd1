#include "io/rocks/rocks_kv.h"

#include <fmt/core.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <system_error>
#include <thread>
#include <vector>

#include "io/rocks/table_check.h"

namespace pando::io {
namespace {

using store::Batch;

rocksdb::Slice slice(ByteSpan bytes) { return {bytes.data(), bytes.size()}; }
ByteSpan span(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

Status status_of(const rocksdb::Status& s, std::string_view doing) {
  if (s.ok()) return {};
  const std::string text = fmt::format("store: {}: {}", doing, s.ToString());
  if (s.IsCorruption()) return Status(StatusCode::kDataLoss, text);
  if (s.IsInvalidArgument()) return Status(StatusCode::kInvalidArgument, text);
  if (s.IsNoSpace() || s.IsBusy() || s.IsTryAgain() || s.IsTimedOut() || s.IsShutdownInProgress()) {
    return Status(StatusCode::kUnavailable, text);
  }
  return Status(StatusCode::kIoError, text);
}

// What RocksDB keeps of a write beside key and value: a tag and two lengths.
constexpr std::size_t kWriteBytes = 1 + 2 * 5;

// Blob files hold values from this size on, so that compactions do not copy the chunks of large objects.
constexpr std::uint64_t kBlobBytesMin = 32 << 10;

rocksdb::CompressionType best_compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  for (const auto wanted : {rocksdb::kLZ4Compression, rocksdb::kZSTD, rocksdb::kSnappyCompression}) {
    if (std::find(supported.begin(), supported.end(), wanted) != supported.end()) return wanted;
  }
  return rocksdb::kNoCompression;
}

// RocksDB would try to recover by itself, every few seconds, and refuse to be asked meanwhile. Whoever writes
// asks often enough.
class NoSelfRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

class Complaints final : public rocksdb::Logger {
 public:
  explicit Complaints(std::function<void(std::string_view)> warn)
      : rocksdb::Logger(rocksdb::WARN_LEVEL), warn_(std::move(warn)) {}
  using rocksdb::Logger::Logv;
  void LogHeader(const char*, va_list) override {}
  void Logv(const char* format, va_list arguments) override {
    if (!warn_) return;
    std::array<char, 1024> line;
    const int bytes = std::vsnprintf(line.data(), line.size(), format, arguments);
    if (bytes > 0) warn_({line.data(), std::min(static_cast<std::size_t>(bytes), line.size() - 1)});
  }

 private:
  std::function<void(std::string_view)> warn_;
};

rocksdb::Options database_options(const RocksOptions& options) {
  rocksdb::Options db;
  db.create_if_missing = true;
  db.paranoid_checks = true;
  db.listeners.push_back(std::make_shared<NoSelfRecovery>());
  if (options.env != nullptr) db.env = options.env;

  // One batch fills one memtable, which is flushed before write() returns.
  db.write_buffer_size = options.write_buffer_bytes;
  db.max_write_buffer_number = 2;
  db.avoid_flush_during_shutdown = true;  // nothing is ever left to flush
  db.compression = best_compression();
  db.enable_blob_files = true;
  db.min_blob_size = kBlobBytesMin;
  db.enable_blob_garbage_collection = true;

  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  // One shard: a cache in 64 parts has no room for a block that is larger than a part, and reads it anew every time.
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes, 0);
  table.cache_index_and_filter_blocks = true;  // so that the cache bounds them too
  // In parts of a few KiB: a whole filter is over a megabyte, to be read and checked for one key.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 8 << 10;
  db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  // A quiet, small neighbour: several namespaces share a process and a disk.
  db.max_background_jobs = 2;
  db.max_open_files = 256;
  db.bytes_per_sync = 1 << 20;
  db.skip_stats_update_on_db_open = true;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.info_log = std::make_shared<Complaints>(options.warn);
  return db;
}

// Flushes and makes sure of it. Flush() alone is not enough: RocksDB 7.8 returns ok before the flush when an
// earlier Resume() had failed. What counts is that no entry is left in memory, as only write() puts any there.
rocksdb::Status flush_all(rocksdb::DB& db) {
  constexpr int kRoundsMax = 100;
  constexpr int kPollsPerRound = 100;  // a millisecond apart: ten seconds in all
  const auto left_in_memory = [&db] {
    std::uint64_t active = 0;
    std::uint64_t immutable = 0;
    const bool known = db.GetIntProperty(rocksdb::DB::Properties::kNumEntriesActiveMemTable, &active) &&
                       db.GetIntProperty(rocksdb::DB::Properties::kNumImmutableMemTable, &immutable);
    return !known || active + immutable > 0;
  };
  for (int round = 0; round < kRoundsMax; ++round) {
    if (const rocksdb::Status flushed = db.Flush(rocksdb::FlushOptions()); !flushed.ok()) return flushed;
    for (int poll = 0; poll < kPollsPerRound; ++poll) {
      if (!left_in_memory()) return rocksdb::Status::OK();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return rocksdb::Status::TimedOut("the flush does not finish");
}

class Cursor final : public store::KvCursor {
 public:
  Cursor(rocksdb::DB& db, ByteSpan from, ByteSpan to) : from_(from), to_(to), lower_(slice(from_)), upper_(slice(to_)) {
    rocksdb::ReadOptions read;
    read.verify_checksums = true;
    read.iterate_lower_bound = &lower_;
    if (!to_.empty()) read.iterate_upper_bound = &upper_;
    iterator_.reset(db.NewIterator(read));
    iterator_->Seek(slice(from_));
  }

  bool valid() const override { return iterator_->Valid(); }
  ByteSpan key() const override { return span(iterator_->key()); }
  ByteSpan value() const override { return span(iterator_->value()); }
  void next() override { iterator_->Next(); }
  void seek(ByteSpan key) override { iterator_->Seek(slice(std::max(key, ByteSpan(from_)))); }
  void prev() override { iterator_->Prev(); }
  void seek_before(ByteSpan key) override {
    if (key.empty() || (!to_.empty() && ByteSpan(to_) < key)) key = to_;
    if (key.empty()) return iterator_->SeekToLast();
    iterator_->SeekForPrev(slice(key));
    if (iterator_->Valid() && span(iterator_->key()) == key) iterator_->Prev();
  }
  Status status() const override { return status_of(iterator_->status(), "scan"); }

 private:
  const Bytes from_;
  const Bytes to_;
  const rocksdb::Slice lower_;
  const rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

Status failed_to(std::string_view doing, const std::filesystem::path& path, const std::error_code& error) {
  return Status(StatusCode::kIoError, fmt::format("store: {} {}: {}", doing, path.string(), error.message()));
}

}  // namespace

struct RocksKv::Impl {
  std::unique_ptr<rocksdb::DB> db;
  bool paused = false;  // a write failed; only write() looks at it
};

RocksKv::RocksKv(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksKv::~RocksKv() = default;

Result<std::unique_ptr<RocksKv>> RocksKv::open(const std::filesystem::path& directory, const RocksOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(failed_to("create", directory, error));
  PANDO_RETURN_IF_ERROR(check_tables(directory));
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(database_options(options), directory.string(), &db);
  if (!opened.ok()) {
    Status status = status_of(opened, fmt::format("open {}", directory.string()));
    const bool locked = opened.IsIOError() && opened.ToString().find("LOCK") != std::string::npos;
    if (locked) status = Status(StatusCode::kUnavailable, status.message() + " (another process has it open)");
    return fail(std::move(status));
  }
  auto impl = std::make_unique<Impl>();
  impl->db.reset(db);
  return std::unique_ptr<RocksKv>(new RocksKv(std::move(impl)));
}

Result<std::optional<Bytes>> RocksKv::get(ByteSpan key) const {
  rocksdb::ReadOptions read;
  read.verify_checksums = true;
  rocksdb::PinnableSlice value;
  const rocksdb::Status found = impl_->db->Get(read, impl_->db->DefaultColumnFamily(), slice(key), &value);
  if (found.IsNotFound()) return std::nullopt;
  if (!found.ok()) return fail(status_of(found, "get"));
  return Bytes(span(value));
}

Status RocksKv::write(const Batch& batch) {
  if (impl_->paused) {
    PANDO_RETURN_IF_ERROR(status_of(impl_->db->Resume(), "resume after a failed write"));
    impl_->paused = false;
  }
  // A memtable takes keys in their order at a fraction of what it asks for others.
  std::vector<Batch::Entry> ordered(batch.begin(), batch.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  rocksdb::WriteBatch writes(batch.bytes() + batch.size() * kWriteBytes);
  for (const auto& [key, value] : ordered) {
    const rocksdb::Status taken = value ? writes.Put(slice(key), slice(*value)) : writes.Delete(slice(key));
    if (!taken.ok()) return status_of(taken, "collect");
  }
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  rocksdb::Status done = impl_->db->Write(unlogged, &writes);
  if (done.ok()) done = flush_all(*impl_->db);
  impl_->paused = !done.ok();
  return status_of(done, "write");
}

std::unique_ptr<store::KvCursor> RocksKv::scan(ByteSpan from, ByteSpan to) const {
  return std::make_unique<Cursor>(*impl_->db, from, to);
}

Result<std::vector<BackupFile>> RocksKv::backup(const std::filesystem::path& directory) const {
  rocksdb::Checkpoint* made = nullptr;
  PANDO_RETURN_IF_ERROR(status_of(rocksdb::Checkpoint::Create(impl_->db.get(), &made), "backup"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  PANDO_RETURN_IF_ERROR(
      status_of(checkpoint->CreateCheckpoint(directory.string()), fmt::format("backup to {}", directory.string())));
  std::vector<BackupFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    files.push_back({entry.path().filename().string(), entry.file_size(error)});
  }
  if (error) return fail(failed_to("list", directory, error));
  std::sort(files.begin(), files.end(), [](const BackupFile& a, const BackupFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace pando::io

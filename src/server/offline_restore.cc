// Restoring into a directory that no process has open: `pando restore --into`.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "io/disk/directory_lock.h"
#include "io/disk/file.h"
#include "io/rocks/rocks_kv.h"
#include "log/segment.h"
#include "node/rebuild.h"
#include "server/backup_file.h"
#include "server/data_dir.h"

namespace pando::server {
namespace {

namespace fs = std::filesystem;
using io::disk::File;

constexpr std::uint64_t kReadAtOnce = 1 << 20;

std::string new_cluster_name() {
  std::random_device random;
  return fmt::format("clone-{:08x}", random());
}

Status check_options(const OfflineRestore& restore, const BackupHeader& header) {
  if (restore.clone) return {};
  if (!restore.table.empty()) {
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("a part of a backup cannot be merged: its context would say that the rest was taken away. "
                    "Clone it (--as clone --table {0}), or ask a running node to write again what is not there "
                    "any more (pando restore --table {0}, without --into)",
                    restore.table));
  }
  if (restore.ns.empty() || restore.ns == header.ns) return {};
  return Status(StatusCode::kInvalidArgument,
                fmt::format("the backup is of namespace '{}', not of '{}': only a clone may go by another name "
                            "(--as clone)",
                            header.ns, restore.ns));
}

// Reads the file block by block; what it says first makes the store.
class Rebuilding {
 public:
  Rebuilding(const OfflineRestore& restore, const RestoreProgress& progress) : restore_(restore), progress_(progress) {}

  Result<OfflineRestored> run();

 private:
  Status take(BackupReader::Block&& block);
  Status begin(BackupHeader&& header);
  Status finish();
  std::string aside() const { return restore_.into + "/.restoring-" + done_.ns; }

  const OfflineRestore& restore_;
  const RestoreProgress& progress_;
  OfflineRestored done_;
  std::unique_ptr<io::RocksKv> kv_;
  std::unique_ptr<node::Rebuild> rebuild_;
};

Status Rebuilding::begin(BackupHeader&& header) {
  PANDO_RETURN_IF_ERROR(check_options(restore_, header));
  done_.ns = restore_.ns.empty() ? header.ns : restore_.ns;
  done_.cluster = restore_.clone ? new_cluster_name() : header.cluster;
  std::error_code error;
  if (fs::exists(restore_.into + "/" + done_.ns, error)) {
    return Status(
        StatusCode::kConflict,
        fmt::format("{} has namespace '{}' already: move that away, or merge the backup into the running node "
                    "(pando restore without --into)",
                    restore_.into, done_.ns));
  }
  fs::remove_all(aside(), error);
  PANDO_RETURN_IF_ERROR(io::disk::make_directories(aside() + "/log"));
  Result<std::unique_ptr<io::RocksKv>> kv = io::RocksKv::open(aside() + "/store", {});
  if (!kv) return kv.error();
  kv_ = std::move(*kv);
  Result<std::unique_ptr<node::Rebuild>> rebuild = node::Rebuild::begin(*kv_, header, {done_.cluster, restore_.table});
  if (!rebuild) return rebuild.error();
  rebuild_ = std::move(*rebuild);
  done_.header = std::move(header);
  return {};
}

Status Rebuilding::take(BackupReader::Block&& block) {
  if (auto* header = std::get_if<BackupHeader>(&block)) return begin(std::move(*header));
  if (const auto* cells = std::get_if<std::vector<CutCell>>(&block)) return rebuild_->take(*cells);
  return {};
}

Status Rebuilding::finish() {
  PANDO_RETURN_IF_ERROR(rebuild_->finish());
  done_.cells = rebuild_->cells();
  const std::string segment = aside() + "/log/" + log::segment_file_name(log::kFirstSegmentId);
  PANDO_RETURN_IF_ERROR(write_file_atomically(segment, rebuild_->first_segment()));
  rebuild_.reset();
  kv_.reset();
  PANDO_RETURN_IF_ERROR(io::disk::sync_directory(aside()));
  PANDO_RETURN_IF_ERROR(io::disk::rename_file(aside(), restore_.into + "/" + done_.ns));
  return io::disk::sync_directory(restore_.into);
}

Result<OfflineRestored> Rebuilding::run() {
  const Result<File> file = File::open(restore_.file, O_RDONLY);
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = file->size();
  if (!size) return fail(size.error());
  BackupReader reader;
  while (done_.bytes < *size) {
    const Result<Bytes> bytes = file->read_at(done_.bytes, kReadAtOnce);
    if (!bytes) return fail(bytes.error());
    if (bytes->empty()) break;
    done_.bytes += bytes->size();
    reader.add(*bytes);
    for (;;) {
      Result<std::optional<BackupReader::Block>> block = reader.next();
      if (!block) return fail(block.error());
      if (!*block) break;
      PANDO_RETURN_IF_ERROR(take(std::move(**block)));
    }
    if (progress_) progress_(done_.bytes, *size);
  }
  PANDO_RETURN_IF_ERROR(reader.finish());
  PANDO_RETURN_IF_ERROR(finish());
  return done_;
}

std::string megabytes(std::uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

std::string day_of(std::int64_t at_ms) {
  const std::time_t at = at_ms / 1000;
  std::tm utc{};
  gmtime_r(&at, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

void tell(const OfflineRestore& restore, const OfflineRestored& done) {
  fmt::print("Restored namespace '{}' into {}: {} cells, {} read.\n", done.ns, restore.into, done.cells,
             megabytes(done.bytes));
  fmt::print("The backup was made by {} on {} and holds {}.\n", to_string(done.header.node), day_of(done.header.at_ms),
             to_string(done.header.cut.context));
  if (restore.clone) {
    fmt::print(
        "It is a cluster of its own, {}: nodes of the one it was made of refuse its links, and it theirs.\n"
        "Start a node on it; others that follow it begin empty.\n",
        done.cluster);
  } else {
    fmt::print(
        "Start a node on it and let it reach its peers before it takes writes. It commits under a new epoch, and gets\n"
        "from them what was written since.\n");
  }
}

}  // namespace

Result<OfflineRestored> restore_offline(const OfflineRestore& restore, const RestoreProgress& progress) {
  const Result<io::disk::DirectoryLock> lock = io::disk::DirectoryLock::acquire(restore.into);
  if (!lock) return fail(lock.error());
  Result<OfflineRestored> done = Rebuilding(restore, progress).run();
  if (done) return done;
  // What was made so far is of no use to anybody.
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(restore.into, error)) {
    if (entry.path().filename().string().rfind(".restoring-", 0) == 0) fs::remove_all(entry.path(), error);
  }
  const bool of_file = done.error().code() == StatusCode::kDataLoss;
  return of_file ? fail(done.error().with_context(fmt::format("backup {}", restore.file))) : done;
}

int run_offline_restore(const OfflineRestore& restore, bool json) {
  const bool shows = isatty(STDERR_FILENO) != 0;
  auto last = std::chrono::steady_clock::now();
  const RestoreProgress progress = [&](std::uint64_t bytes, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!shows || (now - last < std::chrono::milliseconds(200) && bytes < total)) return;
    last = now;
    fmt::print(stderr, "\r{} of {} ({} %)\033[K{}", megabytes(bytes), megabytes(total),
               total == 0 ? 100 : bytes * 100 / total, bytes == total ? "\n" : "");
    std::fflush(stderr);
  };
  const Result<OfflineRestored> done = restore_offline(restore, progress);
  if (!done) {
    fmt::print(stderr, "pando: {}\n", done.error().message());
    return 1;
  }
  if (json) {
    nlohmann::json answer = {{"namespace", done->ns},
                             {"cells", done->cells},
                             {"bytes", done->bytes},
                             {"cluster", done->cluster},
                             {"node", to_string(done->header.node)},
                             {"atMs", done->header.at_ms}};
    for (const auto& [origin, seq] : done->header.cut.context.entries()) {
      answer["context"][to_string(origin)] = seq.value;
    }
    fmt::print("{}\n", answer.dump(2));
  } else {
    tell(restore, *done);
  }
  return 0;
}

}  // namespace pando::server

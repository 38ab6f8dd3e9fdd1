#include "server/backup_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "io/disk/file.h"
#include "store/backup_source.h"

namespace pando::server {
namespace {

using io::disk::File;

// Removes what is not wanted, when this ends.
struct Unfinished {
  std::string path;
  bool keep = false;
  ~Unfinished() {
    if (!keep) (void)io::disk::remove_file(path);
  }
};

Status write_blocks(store::BackupSource& source, const File& file, std::uint64_t& bytes,
                    const std::atomic<bool>& ending) {
  for (;;) {
    if (ending) return Status(StatusCode::kUnavailable, "the node is stopping");
    const Result<Bytes> block = source.next();
    if (!block) return block.error();
    if (block->empty()) return file.fsync();
    PANDO_RETURN_IF_ERROR(file.write_at(bytes, *block));
    bytes += block->size();
  }
}

}  // namespace

Result<BackupTakenReply> take_backup(const store::Kv& kv, const std::string& backup_root, const node::BackupTake& job,
                                     const std::atomic<bool>& ending) {
  const std::filesystem::path path = std::filesystem::path(backup_root) / job.path;
  PANDO_RETURN_IF_ERROR(io::disk::make_directories(path.parent_path().string()));
  std::error_code none;
  if (std::filesystem::exists(path, none)) {
    return fail(StatusCode::kConflict, fmt::format("{} is there already: give the backup another name", path.string()));
  }
  Result<store::BackupSource> source = store::BackupSource::open(kv, job.ns, job.node, job.shared, job.at_ms);
  if (!source) return fail(source.error());
  Unfinished unfinished{path.string() + ".partial"};
  Result<File> file = File::open(unfinished.path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return fail(file.error());
  BackupTakenReply reply;
  PANDO_RETURN_IF_ERROR(write_blocks(*source, *file, reply.bytes, ending));
  PANDO_RETURN_IF_ERROR(io::disk::rename_file(unfinished.path, path.string()));
  unfinished.keep = true;
  PANDO_RETURN_IF_ERROR(io::disk::sync_directory(path.parent_path().string()));
  reply.path = job.path;
  reply.cells = source->cells();
  reply.context = source->header().cut.context;
  reply.pos = source->header().pos;
  return reply;
}

Result<Bytes> read_backup(const std::string& backup_root, const node::RestoreRead& job) {
  const std::string path = (std::filesystem::path(backup_root) / job.path).string();
  const Result<File> file = File::open(path, O_RDONLY);
  if (!file && file.error().code() == StatusCode::kNotFound) {
    return fail(StatusCode::kNotFound, fmt::format("there is no file {}", path));
  }
  if (!file) return fail(file.error());
  return file->read_at(job.offset, job.bytes_max);
}

}  // namespace pando::server

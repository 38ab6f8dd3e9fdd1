#include "server/data_dir.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "base/crc32c.h"
#include "io/disk/file.h"
#include "model/origin.h"

namespace pando::server {
namespace {

constexpr std::uint64_t kNameFileBytesMax = 4096;

std::string random_name() {
  std::random_device random;
  return fmt::format("n-{:08x}", random());
}

// "dc1 1f2e3d4c\n". The checksum tells a flipped bit, which would make this node another one, from a name.
std::string name_file(const std::string& name) { return fmt::format("{} {:08x}\n", name, crc32c(name)); }

// The name in the file, or empty when there is none yet. A name alone, as a person may write it, is taken too.
Result<std::string> read_name(const std::string& path) {
  Result<io::disk::File> file = io::disk::File::open(path, O_RDONLY);
  if (!file && file.error().code() == StatusCode::kNotFound) return std::string();
  if (!file) return fail(file.error());
  Result<Bytes> bytes = file->read_at(0, kNameFileBytesMax);
  if (!bytes) return fail(bytes.error());
  std::string name = bytes->substr(0, bytes->find_first_of(" \n"));
  if (const Status valid = validate_node_name(name); !valid.ok()) {
    return fail(StatusCode::kDataLoss, fmt::format("{}: {}", path, valid.message()));
  }
  if (*bytes == name || *bytes == name + "\n") return name;
  if (*bytes != name_file(name)) {
    return fail(
        StatusCode::kDataLoss,
        fmt::format("{}: the name \"{}\" does not fit its checksum: the file is damaged. The log's commits carry "
                    "the right name (pando log inspect); write it there, alone in the file",
                    path, name));
  }
  return name;
}

Result<std::string> settle_name(const std::string& base_dir, const std::string& configured) {
  const std::string path = base_dir + "/node_name";
  Result<std::string> kept = read_name(path);
  if (!kept) return kept;
  if (!kept->empty() && !configured.empty() && *kept != configured) {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("node_name: configured \"{}\", but {} belongs to node \"{}\": its commits carry that name. "
                            "Use it, or an empty base_dir",
                            configured, base_dir, *kept));
  }
  if (!kept->empty()) return kept;
  std::string name = configured.empty() ? random_name() : configured;
  PANDO_RETURN_IF_ERROR(write_file_atomically(path, name_file(name)));
  return name;
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path, const std::string& configured_name) {
  Result<io::disk::DirectoryLock> lock = io::disk::DirectoryLock::acquire(path);
  if (!lock) return fail(lock.error());
  Result<std::string> name = settle_name(path, configured_name);
  if (!name) return fail(name.error());
  return DataDir(path, std::move(*name), std::move(*lock));
}

Status write_file_atomically(const std::string& path, ByteSpan bytes) {
  const std::string unfinished = path + ".tmp";
  {
    Result<io::disk::File> file = io::disk::File::open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!file) return file.error();
    PANDO_RETURN_IF_ERROR(file->write_at(0, bytes));
    PANDO_RETURN_IF_ERROR(file->fsync());
  }
  PANDO_RETURN_IF_ERROR(io::disk::rename_file(unfinished, path));
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return io::disk::sync_directory(parent.empty() ? "." : parent.string());
}

}  // namespace pando::server

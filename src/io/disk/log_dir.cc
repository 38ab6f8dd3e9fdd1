#include "io/disk/log_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/limits.h"
#include "log/segment.h"

namespace pando::io::disk {
namespace {

// Files being made; a name that no segment has.
constexpr std::string_view kUnfinished = ".unfinished";
constexpr std::size_t kZeroBytes = 256 * 1024;
constexpr std::uint64_t kCopyBytes = 4 * 1024 * 1024;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (!directory) return fail(errno_status(errno, "opendir", path));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) names.emplace_back(entry->d_name);
  if (errno != 0) return fail(errno_status(errno, "readdir", path));
  std::sort(names.begin(), names.end());
  return names;
}

Status fill_with_zeros(const File& file, std::uint64_t bytes_total) {
  static const Bytes kZeros(kZeroBytes, '\0');
  for (std::uint64_t at = 0; at < bytes_total; at += kZeroBytes) {
    PANDO_RETURN_IF_ERROR(file.write_at(at, ByteSpan(kZeros).substr(0, std::min(kZeroBytes, bytes_total - at))));
  }
  return {};
}

Status copy_bytes(const File& from, const File& to, std::uint64_t bytes) {
  for (std::uint64_t at = 0; at < bytes; at += kCopyBytes) {
    const std::uint64_t wanted = std::min(kCopyBytes, bytes - at);
    const Result<Bytes> part = from.read_at(at, wanted);
    if (!part) return part.error();
    if (part->size() != wanted) {
      return Status(StatusCode::kDataLoss, fmt::format("{} ends before offset {}", from.path(), at + wanted));
    }
    PANDO_RETURN_IF_ERROR(to.write_at(at, *part));
  }
  return {};
}

// Makes `path` out of a file that `fill` wrote: complete and durable, or not there at all.
template <typename Fill>
Status make_file(const std::string& path, Fill fill) {
  const std::string unfinished = path + std::string(kUnfinished);
  const auto make = [&]() -> Status {
    Result<File> file = File::open(unfinished, O_RDWR | O_CREAT | O_TRUNC);
    if (!file) return file.error();
    PANDO_RETURN_IF_ERROR(fill(*file));
    PANDO_RETURN_IF_ERROR(file->fsync());
    return rename_file(unfinished, path);
  };
  if (Status status = make(); !status.ok()) {
    static_cast<void>(remove_file(unfinished));  // the first failure is the one to report
    return status;
  }
  return sync_directory(path.substr(0, path.find_last_of('/')));
}

Status validate_file_name(const std::string& ns) {
  const bool plain = !ns.empty() && ns.size() <= limits::kNamespaceBytesMax && ns != "." && ns != ".." &&
                     ns.find('/') == std::string::npos && ns.find('\0') == std::string::npos;
  if (plain) return {};
  return Status(StatusCode::kInvalidArgument, fmt::format("namespace '{}' cannot be the name of a directory", ns));
}

}  // namespace

Result<LogDir> LogDir::open(const std::string& base_dir, const std::string& ns) {
  PANDO_RETURN_IF_ERROR(validate_file_name(ns));
  LogDir dir(base_dir + "/" + ns + "/log");
  PANDO_RETURN_IF_ERROR(make_directories(dir.path_));
  const Result<std::vector<std::string>> names = names_in(dir.path_);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (ends_with(name, kUnfinished)) PANDO_RETURN_IF_ERROR(remove_file(dir.path_ + "/" + name));
  }
  return dir;
}

std::string LogDir::segment_path(std::uint64_t id) const { return path_ + "/" + log::segment_file_name(id); }

Result<std::vector<SegmentFile>> LogDir::list() const {
  const Result<std::vector<std::string>> names = names_in(path_);
  if (!names) return fail(names.error());
  std::vector<SegmentFile> segments;
  for (const std::string& name : *names) {
    const std::optional<std::uint64_t> id = log::parse_segment_file_name(name);
    if (!id) continue;
    const Result<File> file = File::open(path_ + "/" + name, O_RDONLY);
    if (!file) return fail(file.error());
    const Result<std::uint64_t> bytes = file->size();
    if (!bytes) return fail(bytes.error());
    segments.push_back({*id, *bytes});
  }
  return segments;  // the names have leading zeros: sorted by name is sorted by id
}

Result<Bytes> LogDir::read(std::uint64_t id) const {
  const Result<File> file = File::open(segment_path(id), O_RDWR);
  if (!file) return fail(file.error());
  PANDO_RETURN_IF_ERROR(file->fsync());
  file->drop_cache();
  const Result<std::uint64_t> bytes = file->size();
  if (!bytes) return fail(bytes.error());
  return file->read_at(0, *bytes);
}

Result<Bytes> LogDir::read_header(std::uint64_t id) const {
  const Result<File> file = File::open(segment_path(id), O_RDONLY);
  if (!file) return fail(file.error());
  Result<Bytes> block = file->read_at(0, log::kSegmentHeaderBytes);
  if (!block) return block;
  const std::uint64_t all = log::segment_header_bytes(*block).value_or(log::kSegmentHeaderBytes);
  return all == log::kSegmentHeaderBytes ? block : file->read_at(0, all);
}

Result<Bytes> LogDir::read_range(std::uint64_t id, std::uint64_t offset, std::uint64_t bytes) const {
  const Result<File> file = File::open(segment_path(id), O_RDONLY);
  if (!file) return fail(file.error());
  Result<Bytes> found = file->read_at(offset, bytes);
  if (found && found->size() != bytes) {
    return fail(StatusCode::kDataLoss, fmt::format("{} ends before offset {}", file->path(), offset + bytes));
  }
  return found;
}

Status LogDir::prepare(std::uint64_t id, std::uint64_t bytes_total) const {
  return make_file(segment_path(id), [&](const File& file) { return fill_with_zeros(file, bytes_total); });
}

Status LogDir::write(std::uint64_t id, std::uint64_t offset, ByteSpan bytes) {
  PANDO_RETURN_IF_ERROR(put(id, offset, bytes));
  return sync();
}

Status LogDir::put(std::uint64_t id, std::uint64_t offset, ByteSpan bytes) {
  if (writing_id_ != id || !writing_.is_open()) {
    Result<File> file = File::open(segment_path(id), O_WRONLY);
    if (!file) return file.error();
    writing_ = std::move(*file);
    writing_id_ = id;
  }
  return writing_.write_at(offset, bytes);
}

Status LogDir::remove(std::uint64_t id) const {
  PANDO_RETURN_IF_ERROR(remove_file(segment_path(id)));
  return sync_directory(path_);
}

Result<std::vector<LogDir::Copied>> LogDir::copy_to(const std::string& directory,
                                                    const std::vector<SegmentFile>& segments) const {
  PANDO_RETURN_IF_ERROR(make_directories(directory));
  std::vector<Copied> copied;
  for (const SegmentFile& segment : segments) {
    const Result<File> from = File::open(segment_path(segment.id), O_RDONLY);
    if (!from) return fail(from.error());
    const std::string name = log::segment_file_name(segment.id);
    PANDO_RETURN_IF_ERROR(
        make_file(directory + "/" + name, [&](const File& to) { return copy_bytes(*from, to, segment.bytes); }));
    copied.push_back({name, segment.bytes});
  }
  return copied;
}

}  // namespace pando::io::disk

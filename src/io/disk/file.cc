#include "io/disk/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pando::io::disk {
namespace {

Status last_error(std::string_view call, std::string_view path) { return errno_status(errno, call, path); }

}  // namespace

Status errno_status(int error, std::string_view call, std::string_view path) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  char buffer[128];
  // The GNU variant: the text may or may not be in the buffer.
  const char* text = ::strerror_r(error, buffer, sizeof buffer);
  const std::string message = fmt::format("{}{} {}: {}", is_full ? "disk full: " : "", call, path, text);
  return Status(is_full ? StatusCode::kUnavailable : StatusCode::kIoError, message);
}

Result<File> File::open(const std::string& path, int flags, unsigned mode) {
  File file;
  file.path_ = path;
  do {
    file.fd_ = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (file.fd_ < 0 && errno == EINTR);
  if (file.fd_ >= 0) return file;
  if (errno == ENOENT) return fail(StatusCode::kNotFound, fmt::format("{} does not exist", path));
  return fail(last_error("open", path));
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);  // what had to be durable was synced, so nothing can be learned here
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

Result<std::uint64_t> File::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return fail(last_error("stat", path_));
  return static_cast<std::uint64_t>(info.st_size);
}

Result<Bytes> File::read_at(std::uint64_t offset, std::uint64_t bytes) const {
  Bytes out(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t n = ::pread(fd_, out.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(last_error("read", path_));
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

Status File::write_at(std::uint64_t offset, ByteSpan bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Status File::fdatasync() const { return ::fdatasync(fd_) == 0 ? Status() : last_error("fdatasync", path_); }

Status File::fsync() const { return ::fsync(fd_) == 0 ? Status() : last_error("fsync", path_); }

void File::drop_cache() const { static_cast<void>(::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED)); }

Status sync_directory(const std::string& path) {
  Result<File> directory = File::open(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return directory.error();
  return directory->fsync();
}

Status make_directories(const std::string& path) {
  if (path.empty() || path == "/") return {};
  if (::mkdir(path.c_str(), 0750) == 0) {
    const std::size_t slash = path.find_last_of('/');
    return sync_directory(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
  }
  if (errno == ENOENT) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos || slash == 0) return errno_status(ENOENT, "mkdir", path);
    PANDO_RETURN_IF_ERROR(make_directories(path.substr(0, slash)));
    return slash + 1 == path.size() ? Status() : make_directories(path);
  }
  if (errno != EEXIST) return last_error("mkdir", path);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return last_error("stat", path);
  return S_ISDIR(info.st_mode) ? Status() : errno_status(ENOTDIR, "mkdir", path);
}

Status rename_file(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? Status() : last_error("rename", from);
}

Status remove_file(const std::string& path) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status() : last_error("remove", path);
}

}  // namespace pando::io::disk

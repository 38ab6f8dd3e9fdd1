// io/disk/file.h — a file descriptor that closes itself, and system calls that answer with a Status.
//
// Short transfers and EINTR are dealt with here, once.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"

namespace pando::io::disk {

// kUnavailable "disk full: write /x: No space left on device" for ENOSPC and EDQUOT, else
// kIoError "write /x: Input/output error".
Status errno_status(int error, std::string_view call, std::string_view path);

class File {
 public:
  File() = default;
  // open(2) with O_CLOEXEC. A file that does not exist is kNotFound.
  static Result<File> open(const std::string& path, int flags, unsigned mode = 0640);
  ~File();
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept;

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  Result<std::uint64_t> size() const;
  // Up to `bytes` bytes from `offset`; fewer only at the end of the file.
  Result<Bytes> read_at(std::uint64_t offset, std::uint64_t bytes) const;
  Status write_at(std::uint64_t offset, ByteSpan bytes) const;
  Status fdatasync() const;
  Status fsync() const;
  // Drops the clean pages of the file from the page cache. Best effort.
  void drop_cache() const;

 private:
  int fd_ = -1;
  std::string path_;
};

// Makes the names in a directory durable.
Status sync_directory(const std::string& path);
// Creates the directory and those above it that are missing, each durably.
Status make_directories(const std::string& path);
Status rename_file(const std::string& from, const std::string& to);
Status remove_file(const std::string& path);

}  // namespace pando::io::disk

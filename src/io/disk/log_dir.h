// io/disk/log_dir.h — the log files of one namespace: <base_dir>/<namespace>/log/<20 digits>.log
//
// Carries out what log/ asks for; what the bytes mean is none of its business. Every call blocks until it is
// done, so it runs on a thread of server/. write() and put() by one thread at a time, sync() by one while put() into
// the same segment may run on another; the others may run at any time, on any thread. Nothing throws.
//
// Failures: ENOSPC and EDQUOT are kUnavailable "disk full: …"; every other errno is kIoError with the call,
// the path and the errno text. After a failed fsync the page cache may claim data is there that is not on the
// disk; nothing here retries one, and read() goes to the disk itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "io/disk/file.h"

namespace pando::io::disk {

struct SegmentFile {
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
};

class LogDir {
 public:
  // Creates the directory (durably) when it does not exist, and removes what a crash during prepare() left.
  // kInvalidArgument for a namespace name that is not a plain file name.
  static Result<LogDir> open(const std::string& base_dir, const std::string& ns);
  LogDir(LogDir&&) noexcept = default;
  LogDir& operator=(LogDir&&) noexcept = default;

  // Ids ascending.
  Result<std::vector<SegmentFile>> list() const;

  // The whole file. Flushes what an earlier, killed process left in the page cache and drops that cache
  // first, so what is returned is what the disk holds, and stays.
  Result<Bytes> read(std::uint64_t id) const;
  // The header only, all of it (log/segment.h).
  Result<Bytes> read_header(std::uint64_t id) const;
  // Exactly `bytes` bytes, or kDataLoss when the file ends before.
  Result<Bytes> read_range(std::uint64_t id, std::uint64_t offset, std::uint64_t bytes) const;

  // Makes the file: `bytes_total` zeros, really written, durable, also its directory entry. Replaces a file of
  // that name. On failure nothing is left behind.
  Status prepare(std::uint64_t id, std::uint64_t bytes_total) const;
  // Writes into a prepared segment and makes it durable. A failure is final (see above).
  Status write(std::uint64_t id, std::uint64_t offset, ByteSpan bytes);
  // The two halves of that: the operating system has the bytes, and then the disk has all of that segment. Into another
  // segment only after a sync().
  Status put(std::uint64_t id, std::uint64_t offset, ByteSpan bytes);
  Status sync() const { return writing_.fdatasync(); }
  Status remove(std::uint64_t id) const;

  // Copies the first `bytes` bytes of each segment into `directory`, durably; it is created when missing.
  // Returns the files written, `path` being the file's name. A file of that name is replaced.
  struct Copied {
    std::string path;
    std::uint64_t bytes = 0;
  };
  Result<std::vector<Copied>> copy_to(const std::string& directory, const std::vector<SegmentFile>& segments) const;

  const std::string& path() const { return path_; }

 private:
  explicit LogDir(std::string path) : path_(std::move(path)) {}
  std::string segment_path(std::uint64_t id) const;

  std::string path_;
  std::uint64_t writing_id_ = 0;  // the segment that writing_ is open on
  File writing_;
};

}  // namespace pando::io::disk

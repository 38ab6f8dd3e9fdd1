#include "io/disk/directory_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace pando::io::disk {
namespace {

// The pid that the holder wrote, for the message only; the lock itself is the kernel's.
std::string owner_of(const File& file) {
  const Result<Bytes> text = file.read_at(0, 32);
  if (!text) return "another process";
  const std::string digits = text->substr(0, text->find_first_not_of("0123456789"));
  return digits.empty() ? "another process" : "process " + digits;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& base_dir) {
  PANDO_RETURN_IF_ERROR(make_directories(base_dir));
  Result<File> file = File::open(base_dir + "/LOCK", O_RDWR | O_CREAT);
  if (!file) return fail(file.error());
  while (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail(errno_status(errno, "flock", file->path()));
    return fail(StatusCode::kUnavailable, fmt::format("data directory {} is in use by {}", base_dir, owner_of(*file)));
  }
  if (::ftruncate(file->fd(), 0) != 0) return fail(errno_status(errno, "truncate", file->path()));
  PANDO_RETURN_IF_ERROR(file->write_at(0, fmt::format("{}\n", ::getpid())));
  return DirectoryLock(std::move(*file));
}

}  // namespace pando::io::disk

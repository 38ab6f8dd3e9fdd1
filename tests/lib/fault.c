// fault.c — fails, or ends the world at, the n-th system call that changes files below a directory.
//
// Loaded into a process with LD_PRELOAD; it stands before the C library's functions. (strace can inject errors too, but
// counts per thread; here all threads count together, so that "every n-th" means every one.)
//
//   FAULT_UNDER=DIR        only calls on files below it count, in the order in which they happen
//   FAULT_LOG=FILE         one line per call counted: its name and the file's path below DIR
//   FAULT_CALLS=a,b,…      of these: write pwrite fdatasync fsync sync_range truncate allocate open rename unlink mkdir
//   FAULT_AT=N             the N-th of them (from 1)…
//   FAULT_FOR=M            …and the M-1 after it (1 unless given; 0: all after it)
//   FAULT_DO=WHAT          EIO, ENOSPC: it does nothing and fails so
//                          short: a write writes half; further ones fail with ENOSPC, as on a disk that just filled
//                          kill, kill-after: SIGKILL before or after it
//                          cut, cut-after: the file system below DIR is shut down, then SIGKILL
//                          nothing: it does nothing and reports success (a disk that lies)
//
// Written for glibc on Linux. Everything else passes through untouched.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kFilesMax = 65536, kPathMax = 4096 };
enum Deed { kPass, kFail, kShort, kPretend };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char* under;
static const char* calls;
static const char* what;
static int log_fd = -1;
static long at, span, seen;
static char below[kFilesMax];  // file descriptors that are open on files of interest

#define REAL(name) __typeof__(name)* real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)

static void configure(void) {
  under = getenv("FAULT_UNDER");
  calls = getenv("FAULT_CALLS");
  what = getenv("FAULT_DO");
  const char* text = getenv("FAULT_AT");
  at = text ? atol(text) : 0;
  text = getenv("FAULT_FOR");
  span = text ? atol(text) : 1;
  const char* log = getenv("FAULT_LOG");
  REAL(open);
  if (log) log_fd = real(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int is_below(const char* path) {
  pthread_once(&once, configure);
  if (!under || !path) return 0;
  const size_t bytes = strlen(under);
  return strncmp(path, under, bytes) == 0 && (path[bytes] == '/' || path[bytes] == '\0');
}

static int is_listed(const char* call) {
  if (!calls) return 1;
  const size_t bytes = strlen(call);
  for (const char* found = calls; (found = strstr(found, call)) != NULL; found += bytes) {
    const int starts = found == calls || found[-1] == ',';
    if (starts && (found[bytes] == ',' || found[bytes] == '\0')) return 1;
  }
  return 0;
}

static void cut_the_power(void) {
  const unsigned lose_log = 2;
  REAL(open);
  const int root = real(under, O_RDONLY | O_DIRECTORY);
  if (root < 0 || ioctl(root, _IOR('X', 125, uint32_t), &lose_log) != 0) _exit(97);
}

static void end(const char* how) {
  if (strncmp(how, "cut", 3) == 0) cut_the_power();
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Counts a call; what is to become of it. `*after` is set when the world ends once it is done; it then holds the mutex.
static enum Deed judge(const char* call, const char* path, int* after) {
  *after = 0;
  if (!is_listed(call)) return kPass;
  pthread_mutex_lock(&mutex);
  const long number = ++seen;
  if (log_fd >= 0) {
    char line[kPathMax + 64];
    const int bytes = snprintf(line, sizeof line, "%s %s\n", call, path + strlen(under));
    REAL(write);
    if (real(log_fd, line, (size_t)bytes) < 0) _exit(98);
  }
  enum Deed deed = kPass;
  if (what && at > 0 && number >= at && (span == 0 || number < at + span)) {
    if (strcmp(what, "kill") == 0 || strcmp(what, "cut") == 0) end(what);
    if (strcmp(what, "kill-after") == 0 || strcmp(what, "cut-after") == 0) {
      *after = 1;
      return kPass;
    }
    deed = kFail;
    errno = EIO;
    if (strcmp(what, "nothing") == 0) deed = kPretend;
    if (strcmp(what, "ENOSPC") == 0) errno = ENOSPC;
    if (strcmp(what, "short") == 0) {
      errno = ENOSPC;
      deed = number == at ? kShort : kFail;
    }
  }
  pthread_mutex_unlock(&mutex);
  return deed;
}

static const char* path_of(int fd, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t bytes = readlink(link, path, kPathMax - 1);
  path[bytes > 0 ? bytes : 0] = '\0';
  return path;
}

static int is_watched(int fd) { return fd >= 0 && fd < kFilesMax && below[fd]; }

static int opened(int fd, const char* path) {
  if (fd >= 0 && fd < kFilesMax) below[fd] = (char)is_below(path);
  return fd;
}

#define ON_FILE(call, fd, failed, pretended, carry_out)            \
  char path[kPathMax];                                             \
  int after = 0;                                                   \
  if (is_watched(fd)) {                                            \
    const enum Deed deed = judge(call, path_of(fd, path), &after); \
    if (deed == kFail || deed == kShort) return failed;            \
    if (deed == kPretend) return pretended;                        \
  }                                                                \
  __typeof__(carry_out) result = carry_out;                        \
  if (after) end(what);                                            \
  return result

#define ON_WRITE(call, fd, bytes, carry_out, carry_out_half)         \
  char path[kPathMax];                                               \
  int after = 0;                                                     \
  if (is_watched(fd)) {                                              \
    const enum Deed deed = judge(call, path_of(fd, path), &after);   \
    if (deed == kFail || (deed == kShort && (bytes) < 2)) return -1; \
    if (deed == kShort) return carry_out_half;                       \
    if (deed == kPretend) return (ssize_t)(bytes);                   \
  }                                                                  \
  const ssize_t result = carry_out;                                  \
  if (after) end(what);                                              \
  return result

#define ON_PATH(call, path, carry_out)                \
  int after = 0;                                      \
  if (is_below(path)) {                               \
    const enum Deed deed = judge(call, path, &after); \
    if (deed == kFail || deed == kShort) return -1;   \
    if (deed == kPretend) return 0;                   \
  }                                                   \
  const int result = carry_out;                       \
  if (after) end(what);                               \
  return result

ssize_t write(int fd, const void* from, size_t bytes) {
  REAL(write);
  ON_WRITE("write", fd, bytes, real(fd, from, bytes), real(fd, from, bytes / 2));
}
ssize_t pwrite(int fd, const void* from, size_t bytes, off_t offset) {
  REAL(pwrite);
  ON_WRITE("pwrite", fd, bytes, real(fd, from, bytes, offset), real(fd, from, bytes / 2, offset));
}
ssize_t pwrite64(int fd, const void* from, size_t bytes, off64_t offset) {
  REAL(pwrite64);
  ON_WRITE("pwrite", fd, bytes, real(fd, from, bytes, offset), real(fd, from, bytes / 2, offset));
}
int fdatasync(int fd) {
  REAL(fdatasync);
  ON_FILE("fdatasync", fd, -1, 0, real(fd));
}
int fsync(int fd) {
  REAL(fsync);
  ON_FILE("fsync", fd, -1, 0, real(fd));
}
int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags) {
  REAL(sync_file_range);
  ON_FILE("sync_range", fd, -1, 0, real(fd, offset, bytes, flags));
}
int ftruncate(int fd, off_t bytes) {
  REAL(ftruncate);
  ON_FILE("truncate", fd, -1, 0, real(fd, bytes));
}
int ftruncate64(int fd, off64_t bytes) {
  REAL(ftruncate64);
  ON_FILE("truncate", fd, -1, 0, real(fd, bytes));
}
int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  REAL(fallocate);
  ON_FILE("allocate", fd, -1, 0, real(fd, mode, offset, bytes));
}
int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) {
  REAL(fallocate64);
  ON_FILE("allocate", fd, -1, 0, real(fd, mode, offset, bytes));
}
int rename(const char* from, const char* to) {
  REAL(rename);
  ON_PATH("rename", to, real(from, to));
}
int unlink(const char* name) {
  REAL(unlink);
  ON_PATH("unlink", name, real(name));
}
int mkdir(const char* name, mode_t mode) {
  REAL(mkdir);
  ON_PATH("mkdir", name, real(name, mode));
}

// Only opens that create or empty a file change anything.
#define ON_OPEN(name, flags, carry_out)                         \
  int after = 0;                                                \
  if (((flags) & (O_CREAT | O_TRUNC)) != 0 && is_below(name)) { \
    if (judge("open", name, &after) != kPass) return -1;        \
  }                                                             \
  const int fd = opened(carry_out, name);                       \
  if (after) end(what);                                         \
  return fd

static mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char* name, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  REAL(open);
  ON_OPEN(name, flags, real(name, flags, mode));
}
int open64(const char* name, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  REAL(open64);
  ON_OPEN(name, flags, real(name, flags, mode));
}
FILE* fopen64(const char* name, const char* mode) {
  REAL(fopen64);
  FILE* file = real(name, mode);
  if (file) opened(fileno(file), name);
  return file;
}
int close(int fd) {
  REAL(close);
  if (fd >= 0 && fd < kFilesMax) below[fd] = 0;
  return real(fd);
}

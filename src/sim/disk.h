// sim/disk.h — the log directory of one namespace on one machine: what is written, and what is safe.
//
//   write()   the bytes are there for readers, and lost or torn by a power cut
//   sync()    they survive a power cut
//
// A power cut leaves of every unsynced write any subset of its 512-byte sectors (so holes occur), or any
// prefix of its bytes; where it is lost the old bytes are back. Of a sector that was written more than once some
// version is there: the system writes sectors out as they are, so a later write does not outlive an earlier one. A
// killed process loses nothing that was written. Creating a segment is atomic, as a rename makes it.
//
// Not here: time. The machine (sim/machine.h) decides when each call happens.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/prng.h"
#include "base/status.h"

namespace pando::sim {

inline constexpr std::size_t kSectorBytes = 512;

enum class CrashKind : std::uint8_t {
  kProcess,  // kill -9: the operating system still has every write
  kPower,    // unsynced bytes are lost or torn
};

class Disk {
 public:
  // A file of zeros, replacing one of that id. kUnavailable when full.
  Status prepare(std::uint64_t segment_id, std::uint64_t bytes_total);
  // The file is gone; kept aside for whoever checks what once was.
  void remove(std::uint64_t segment_id);
  // kIoError when the segment does not exist or the write leaves it.
  Status write(std::uint64_t segment_id, std::uint64_t offset, ByteSpan bytes);
  // kIoError when told to fail; what was unsynced then stays so for ever, as on Linux.
  Status sync();
  // Fewer bytes than asked for at the end of the segment.
  Result<Bytes> read(std::uint64_t segment_id, std::uint64_t offset, std::uint64_t bytes) const;

  void crash(CrashKind kind, Prng& rng);

  // Faults.
  void set_full(bool full) { full_ = full; }
  bool full() const { return full_; }
  void fail_syncs(bool fail) { fail_syncs_ = fail; }
  // Answers sync() without doing it.
  void lie_about_syncs(bool lie) { lie_about_syncs_ = lie; }
  // The last `bytes` bytes that are not zero become zero, synced or not.
  void cut_tail(std::uint64_t bytes);
  void flip_bit(std::uint64_t segment_id, std::uint64_t offset, unsigned bit);

  const std::map<std::uint64_t, Bytes>& segments() const { return segments_; }
  // Those that were removed.
  const std::map<std::uint64_t, Bytes>& removed() const { return removed_; }
  std::uint64_t unsynced_bytes() const;
  // Rises with everything that may change what is on it.
  std::uint64_t change_count() const { return change_count_; }

 private:
  // What a write replaced, kept until a sync that covers it.
  struct Unsynced {
    std::uint64_t segment_id = 0;
    std::uint64_t offset = 0;
    Bytes before;
  };

  // Of each unsynced write these bytes of its segment.
  void lose(const std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>>& lost);

  std::map<std::uint64_t, Bytes> segments_;
  std::map<std::uint64_t, Bytes> removed_;
  std::vector<Unsynced> unsynced_;
  bool full_ = false;
  bool fail_syncs_ = false;
  bool lie_about_syncs_ = false;
  std::uint64_t change_count_ = 0;
};

}  // namespace pando::sim

#include "sim/disk.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace pando::sim {

Status Disk::prepare(std::uint64_t segment_id, std::uint64_t bytes_total) {
  ++change_count_;
  if (full_) return Status(StatusCode::kUnavailable, fmt::format("segment {}: no space left on device", segment_id));
  segments_[segment_id] = Bytes(bytes_total, '\0');
  unsynced_.erase(std::remove_if(unsynced_.begin(), unsynced_.end(),
                                 [&](const Unsynced& write) { return write.segment_id == segment_id; }),
                  unsynced_.end());
  return {};
}

void Disk::remove(std::uint64_t segment_id) {
  ++change_count_;
  const auto at = segments_.find(segment_id);
  if (at == segments_.end()) return;
  removed_[segment_id] = std::move(at->second);
  segments_.erase(at);
  unsynced_.erase(std::remove_if(unsynced_.begin(), unsynced_.end(),
                                 [&](const Unsynced& write) { return write.segment_id == segment_id; }),
                  unsynced_.end());
}

Status Disk::write(std::uint64_t segment_id, std::uint64_t offset, ByteSpan bytes) {
  ++change_count_;
  const auto it = segments_.find(segment_id);
  if (it == segments_.end()) return Status(StatusCode::kIoError, fmt::format("segment {} does not exist", segment_id));
  Bytes& file = it->second;
  if (offset > file.size() || bytes.size() > file.size() - offset) {
    return Status(StatusCode::kIoError, fmt::format("segment {}: write of {} bytes at {} leaves its {} bytes",
                                                    segment_id, bytes.size(), offset, file.size()));
  }
  unsynced_.push_back({segment_id, offset, file.substr(offset, bytes.size())});
  file.replace(offset, bytes.size(), bytes);
  return {};
}

Status Disk::sync() {
  if (fail_syncs_) return Status(StatusCode::kIoError, "fsync: Input/output error");
  if (!lie_about_syncs_) unsynced_.clear();
  return {};
}

Result<Bytes> Disk::read(std::uint64_t segment_id, std::uint64_t offset, std::uint64_t bytes) const {
  const auto it = segments_.find(segment_id);
  if (it == segments_.end()) return fail(StatusCode::kIoError, fmt::format("segment {} does not exist", segment_id));
  if (offset > it->second.size()) {
    return fail(StatusCode::kIoError,
                fmt::format("segment {}: read at {} of {} bytes", segment_id, offset, it->second.size()));
  }
  return it->second.substr(offset, bytes);
}

namespace {

// Puts old bytes back into parts of [offset, offset + before.size()).
void lose_sectors(Bytes& file, std::uint64_t offset, const Bytes& before, Prng& rng) {
  const std::uint64_t end = offset + before.size();
  for (std::uint64_t at = offset; at < end;) {
    const std::uint64_t sector_end = std::min<std::uint64_t>(end, (at / kSectorBytes + 1) * kSectorBytes);
    if (rng.chance(1, 2)) file.replace(at, sector_end - at, before, at - offset, sector_end - at);
    at = sector_end;
  }
}

}  // namespace

void Disk::crash(CrashKind kind, Prng& rng) {
  ++change_count_;
  if (kind == CrashKind::kProcess) return;  // the page cache outlives the process, and stays unsynced
  // Newest first, so that bytes written twice end as some version that once was there.
  for (auto it = unsynced_.rbegin(); it != unsynced_.rend(); ++it) {
    Bytes& file = segments_.at(it->segment_id);
    switch (rng.below(4)) {
      case 0: break;  // all of it made it
      case 1: {
        const std::uint64_t kept = rng.below(it->before.size() + 1);
        file.replace(it->offset + kept, it->before.size() - kept, it->before, kept);
        break;
      }
      default: lose_sectors(file, it->offset, it->before, rng);
    }
  }
  unsynced_.clear();
}

void Disk::cut_tail(std::uint64_t bytes) {
  ++change_count_;
  for (auto it = segments_.rbegin(); it != segments_.rend(); ++it) {
    Bytes& file = it->second;
    const std::size_t last = file.find_last_not_of('\0');
    if (last == Bytes::npos) continue;
    const std::size_t from = last + 1 - std::min<std::size_t>(bytes, last + 1);
    std::fill(file.begin() + static_cast<std::ptrdiff_t>(from), file.end(), '\0');
    return;
  }
}

void Disk::flip_bit(std::uint64_t segment_id, std::uint64_t offset, unsigned bit) {
  ++change_count_;
  Bytes& file = segments_.at(segment_id);
  CHECK(offset < file.size() && bit < 8);
  file[offset] = static_cast<char>(static_cast<unsigned char>(file[offset]) ^ (1u << bit));
}

std::uint64_t Disk::unsynced_bytes() const {
  std::uint64_t sum = 0;
  for (const Unsynced& write : unsynced_) sum += write.before.size();
  return sum;
}

}  // namespace pando::sim

#include "sim/disk.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

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

using Range = std::pair<std::uint64_t, std::uint64_t>;  // bytes of a segment, [first, second)

// Of [from, to) what is in random sectors.
std::vector<Range> lose_sectors(std::uint64_t from, std::uint64_t to, Prng& rng) {
  std::vector<Range> lost;
  while (from < to) {
    const std::uint64_t sector_end = std::min<std::uint64_t>(to, (from / kSectorBytes + 1) * kSectorBytes);
    if (rng.chance(1, 2)) lost.emplace_back(from, sector_end);
    from = sector_end;
  }
  return lost;
}

}  // namespace

// A sector that is on the disk holds all that was written to it before: what a write loses of a sector, later ones lose
// with it.
void Disk::lose(const std::vector<std::vector<Range>>& lost) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> sectors;  // of segments; what older writes have lost of them
  std::vector<std::vector<Range>> all(unsynced_.size());
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    const Unsynced& write = unsynced_[i];
    const std::uint64_t end = write.offset + write.before.size();
    all[i] = lost[i];
    for (std::uint64_t at = write.offset / kSectorBytes; at * kSectorBytes < end; ++at) {
      if (!sectors.contains({write.segment_id, at})) continue;
      all[i].emplace_back(std::max(write.offset, at * kSectorBytes), std::min(end, (at + 1) * kSectorBytes));
    }
    for (const auto& [from, to] : lost[i]) {
      for (std::uint64_t at = from / kSectorBytes; at * kSectorBytes < to; ++at) sectors.insert({write.segment_id, at});
    }
  }
  // Newest first, so that bytes written twice end as some version that once was there.
  for (std::size_t i = unsynced_.size(); i-- > 0;) {
    const Unsynced& write = unsynced_[i];
    Bytes& file = segments_.at(write.segment_id);
    for (const auto& [from, to] : all[i]) file.replace(from, to - from, write.before, from - write.offset, to - from);
  }
}

void Disk::crash(CrashKind kind, Prng& rng) {
  ++change_count_;
  if (kind == CrashKind::kProcess) return;  // the page cache outlives the process, and stays unsynced
  std::vector<std::vector<Range>> lost(unsynced_.size());
  for (std::size_t i = unsynced_.size(); i-- > 0;) {
    const Unsynced& write = unsynced_[i];
    const std::uint64_t end = write.offset + write.before.size();
    switch (rng.below(4)) {
      case 0: break;  // all of it made it
      case 1: {
        const std::uint64_t from = write.offset + rng.below(write.before.size() + 1);
        if (from < end) lost[i] = {{from, end}};
        break;
      }
      default: lost[i] = lose_sectors(write.offset, end, rng);
    }
  }
  lose(lost);
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

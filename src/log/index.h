// log/index.h — where records lie: LogPos → (segment, offset).
//
// Per segment what its header says, and a sparse list of record offsets, one about every 64 KiB, for what
// was appended or scanned in this run. Segments known only by their header are walked from their start.
// Holds durable records only: Recovery fills it, Appender extends it when a write is durable.
// Memory: one header with its version vector per segment, 16 bytes per 64 KiB of log.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "log/segment.h"

namespace pando::log {

// One record that begins every so many bytes is remembered.
inline constexpr std::uint64_t kIndexEveryBytes = 64 * 1024;

struct Location {
  LogPos pos;
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;
};

class Index {
 public:
  struct Mark {
    LogPos pos;
    std::uint64_t offset = 0;
  };
  struct Segment {
    SegmentHeader header;
    LogPos last;              // of its durable records; header.first - 1 while there is none
    std::uint64_t bytes = 0;  // durable, header included
    std::vector<Mark> marks;  // ascending
  };

  // Oldest first, ids without gaps. Empty in a fresh log.
  const std::deque<Segment>& segments() const { return segments_; }
  // Last durable record; LogPos(0) in a fresh log.
  LogPos last() const { return segments_.empty() ? LogPos(0) : segments_.back().last; }
  // First record still in the log; last().next() when there is none.
  LogPos first() const { return segments_.empty() ? LogPos(1) : segments_.front().header.first; }
  // Sum over segments of `bytes`.
  std::uint64_t bytes() const;

  // Of the records from the segment of `pos` on, which must lie within [first(), last()].
  std::uint64_t bytes_from(LogPos pos) const;

  // The segment that holds `pos`, which must lie within [first(), last()].
  const Segment& segment_of(LogPos pos) const;
  // The known record start at or before `pos`, closest to it.
  Location floor(LogPos pos) const;
  // Where a reader that has all of `context` must start: the first record of the last segment before which
  // everything is covered. Nothing before it is news to that reader. Nothing when `context` lacks commits
  // from before the oldest segment: this log cannot serve that reader.
  std::optional<LogPos> first_lacking(const VersionVector& context) const;

  // A segment whose header is durable. Its first record follows last().
  void open(SegmentHeader header);
  // The last segment now durably holds records up to `last`, and `bytes` bytes.
  void extend(LogPos last, std::uint64_t bytes);
  // The oldest segment is no longer part of the log. Never the newest one.
  void drop_oldest();
  // A record starts here. Kept when far enough from its neighbours; any order, duplicates are fine.
  void mark(const Location& location);

 private:
  std::deque<Segment> segments_;
};

}  // namespace pando::log

// log/recovery.h — reads the log of a namespace back after a start, and decides where it ends.
//
// Fed with every segment that exists, ids ascending: whole files from first_whole_segment on, of older ones
// at least kSegmentHeaderBytes. Hands on each record behind `covered`, in order, each exactly once, and only
// records that are whole. What it never does: skip a record, or guess.
//
// Damage (a segment missing from the sequence, a broken record that a later one or a later segment proves
// was durable, a log that ends before what the store covers) ends the reading; Recovered::damage names the
// place. A torn tail is cut: appending goes on in a new segment, whose header pins the cut. Where only zeros
// follow the last record there is nothing to cut, and appending goes on in the same segment.
#pragma once

#include <functional>
#include <optional>

#include "log/appender.h"
#include "log/index.h"
#include "log/scan.h"

namespace pando::log {

struct RecoveryOptions {
  LogPos covered;  // the store holds every record up to here
  std::uint64_t first_whole_segment = kFirstSegmentId;
};

struct Recovered {
  LogPos last;                   // last whole record
  bool clean = false;            // it is a close record (or the log is fresh)
  std::uint64_t torn_bytes = 0;  // cut off the end
  Status damage;                 // not ok: nothing may be appended
  Index index;
  AppendPoint append_at;
};

class Recovery {
 public:
  // A failure (say a commit that does not decode) becomes damage, named by place.
  using Sink = std::function<Status(const RecordView&)>;

  Recovery(const RecoveryOptions& options, Sink sink);

  // Returns damage() as it is known so far; further segments are then ignored.
  Status feed(std::uint64_t segment_id, ByteSpan bytes);
  const Status& damage() const { return damage_; }
  // Ends the reading. Nothing may be fed afterwards.
  Recovered finish();

 private:
  // The first segment without a header. Only others without one may follow it.
  struct Unused {
    std::uint64_t id = 0;
    std::uint64_t bytes = 0;
    bool zeros = false;  // ready for use as it is
    std::uint64_t torn_bytes = 0;
    Status why;  // what it is, should a used one follow after all
  };

  Status feed_used(SegmentHeader header, ByteSpan bytes, bool whole);
  Status feed_unused(std::uint64_t segment_id, ByteSpan bytes, const Status& why, bool whole);
  Status check_follows(const SegmentHeader& header);
  Status check_end() const;
  AppendPoint append_point() const;

  RecoveryOptions options_;
  Sink sink_;
  LogPos emitted_;  // the last record handed on, or covered
  Status damage_;
  Index index_;
  std::uint64_t fed_last_ = 0;    // id of the last segment fed
  std::optional<Scan> scan_;      // of the last used segment, when it was whole
  std::uint64_t file_bytes_ = 0;  // its size
  std::optional<Unused> unused_;
};

}  // namespace pando::log

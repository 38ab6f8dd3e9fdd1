// log/appender.h — makes records durable: in order, many per fsync.
//
// Never touches a file. take_write() hands out bytes and a position; whoever drives it (io/disk, sim/disk)
// does the I/O and reports back with written(). One write in flight at a time, so group commit needs no
// timer: whatever arrives during an fsync goes in the next one.
//
// Where somebody waits only for the operating system to have his write, the next may be handed out as soon as that has
// the one before: run_ahead(). Then several are in flight, in one segment; they become durable in order.
//
//   durable() <= handed out <= appended()        survives a power cut / may not / only in memory
//
// Segments have the ids 1, 2, 3, … and are prepared (zero-filled, durable) ahead of need: take_prepare() asks
// for the next one once the current one is a quarter full. A record that needs a segment still being prepared
// is taken and waits; when preparing fails because the disk is full, records that fit the current segment
// are still taken, others answer kUnavailable until prepared() reports success on a later try.
// A failed write is final: nobody knows what reached the disk, so nothing more is taken, ever.
//
// Format: docs/formats/log.md. One thread. append() is a copy and two checksums.
#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "base/time.h"
#include "log/index.h"
#include "log/record.h"
#include "log/tail.h"

namespace pando::log {

struct AppenderOptions {
  std::uint64_t segment_bytes = 16 << 20;  // a record that needs more gets a larger segment
  std::size_t pending_bytes_max = limits::kLogPendingBytesMax;
  std::size_t write_bytes_max = limits::kLogWriteBytesMax;  // or one record, if that is larger
  Duration prepare_retry = Duration::seconds(1);
};

// Where appending goes on; made by Recovery. The default is a fresh log.
struct AppendPoint {
  LogPos next{1};
  std::uint64_t segment_id = 0;      // the last one used; 0: none yet
  std::uint64_t segment_offset = 0;  // its valid bytes
  std::uint64_t segment_bytes = 0;   // its size when appending may go on in it, else 0
  std::uint64_t prepared_bytes = 0;  // size of segment_id + 1 when that is ready for use, else 0
};

struct SegmentWrite {
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;
  Bytes bytes;
};

struct SegmentAsk {
  std::uint64_t segment_id = 0;  // replaces a file of that id, if there is one
  std::uint64_t bytes_total = 0;
};

class Appender {
 public:
  // Called inside append(), only when the record opens a new segment: what is in the log before that record.
  // So the caller updates its context after append(), not before.
  using StartSource = std::function<SegmentStart()>;

  // `index` and `tail` outlive the appender and are extended as writes become durable.
  Appender(const AppendPoint& at, Index& index, Tail& tail, StartSource start, const AppenderOptions& options = {});

  // Copies one body in and returns where it will live: appended().next(). On failure nothing was taken:
  //   kOverloaded   pending_bytes_max is reached
  //   kUnavailable  the disk is full and the current segment too
  //   kTooLarge     over kRecordBodyBytesMax
  //   otherwise     the failure of an earlier write, as it was reported
  Result<LogPos> append(RecordKind kind, ByteSpan body);

  // From here on records say less of what was durable before them, so that they may be handed out earlier.
  void run_ahead() { runs_ahead_ = true; }

  // The next write, unless one is in flight, nothing is pending, its segment is not ready, or writing failed. With
  // `ahead` also while some are in flight, all of them with the operating system and in the same segment, if this one's
  // records were appended after run_ahead().
  std::optional<SegmentWrite> take_write(bool ahead = false);
  // The operating system has all that was handed out.
  void handed_over() { with_system_ = true; }
  // The oldest write in flight is durable, or not.
  void written(const Status& status);

  // The segment to prepare now, if any. At most one is being prepared at a time.
  std::optional<SegmentAsk> take_prepare(Instant now);
  void prepared(std::uint64_t segment_id, const Status& status, Instant now);
  // When take_prepare() has to be called again though nothing else happens: after a full disk.
  std::optional<Instant> retry_at() const { return retry_at_; }

  LogPos appended() const { return next_.value == 0 ? LogPos(0) : LogPos(next_.value - 1); }
  LogPos durable() const { return durable_; }
  bool write_in_flight() const { return !in_flight_.empty(); }
  // The last record in flight; durable() when there is none.
  LogPos handed_out() const { return in_flight_.empty() ? durable_ : in_flight_.back().block.last; }
  // Nothing pending, nothing in flight: all that was appended is durable.
  bool idle() const { return pending_.empty() && in_flight_.empty(); }
  std::size_t pending_bytes() const { return pending_bytes_; }
  // Not ok once a write failed.
  const Status& failure() const { return failure_; }
  // kUnavailable, with the reason, while the next segment cannot be prepared; it is asked for again every now and then.
  const Status& prepare_failure() const { return prepare_failure_; }

 private:
  // Consecutive records that go out in one write.
  struct Batch {
    Block block;  // its bytes are set when handed out
    Bytes bytes;
    // All before this one is durable when it is handed out, and its records say so: the first of it, or an earlier one.
    LogPos base;
    std::optional<SegmentHeader> header;  // when it begins with one
    std::vector<Index::Mark> marks;
  };
  // The segment that append() fills.
  struct Current {
    std::uint64_t id = 0;
    std::uint64_t offset = 0;    // behind the last record appended
    std::uint64_t capacity = 0;  // 0: takes no more
    std::uint64_t mark_at = 0;   // the next record at or behind this offset is indexed
    SegmentSeed seed{0};
  };

  Status refusal(std::size_t record_size) const;
  bool fits(std::size_t record_size) const { return current_.offset + record_size <= current_.capacity; }
  std::uint64_t needed_bytes(std::size_t record_size) const;
  void open_segment(std::size_t record_size);
  Batch& batch_for(std::size_t record_size);

  Index& index_;
  Tail& tail_;
  StartSource start_;
  AppenderOptions options_;

  LogPos next_;
  LogPos durable_;
  Current current_;
  std::deque<Batch> pending_;
  std::deque<Batch> in_flight_;
  bool with_system_ = false;  // all of in_flight_
  bool runs_ahead_ = false;
  std::size_t pending_bytes_ = 0;  // in pending_ and in_flight_
  Status failure_;

  // wanted_ holds the sizes of segments that append() opened and that are not ready yet: ready_id_ + 1, and so on
  // up to current_.id. Their batches wait in pending_.
  std::uint64_t ready_id_ = 0;     // the newest segment prepared
  std::uint64_t ready_bytes_ = 0;  // its size
  std::deque<std::uint64_t> wanted_;
  std::optional<SegmentAsk> asked_;
  Status prepare_failure_;
  std::optional<Instant> retry_at_;
};

}  // namespace pando::log

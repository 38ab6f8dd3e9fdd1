// notify/watch.h — one reader of a namespace's log, with a filter.
//
// A watch buffers nothing on behalf of a slow reader: it hands out one batch, then stands still in the log until
// that batch was taken. A slow watcher is simply further back.
//
//   state        next_read()            leaves it by
//   reading      the next record        a full batch, or the end of the durable log: take() → waiting
//   waiting      nothing                ready() → reading
//
// Pure; one thread. Knows nothing of who reads the log: records are offered to it, in order, none left out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/change.h"
#include "model/request.h"
#include "notify/cursor.h"

namespace pando::notify {

// The same two members as node::WatchEvent.
struct Event {
  Change change;
  std::string cursor;  // resumes right behind this event

  friend bool operator==(const Event&, const Event&) = default;
};

bool matches(const WatchFilter& filter, const Change& change);

// One record of the log as its readers see it. Borrowed.
struct Record {
  LogPos pos;
  const std::optional<Dot>& dot;  // absent: not a commit, then no changes either
  const std::vector<Change>& changes;
};

// Appends the events of one record that `filter` lets through and moves `at` behind it: what a reader without
// flow control (ZeroMQ) does. record.pos is the one after at.pos.
void follow(Cursor& at, std::string_view ns, const Record& record, const WatchFilter& filter, std::vector<Event>& out);

struct BatchLimits {
  std::size_t bytes_max;  // a batch may go over by its last event, so that one large value still passes
  std::size_t events_max;
};

// Cursor texts behind the changes of one record, shared by the watches that stand at the same place.
class RecordCursors {
 public:
  RecordCursors(std::string_view ns, const Record& record) : ns_(ns), record_(record) {}

  // The text of the cursor behind change `index`, for a reader that came to this record with `before`.
  std::string text(const Cursor& before, std::uint32_t index);

 private:
  std::string compute(const Cursor& before, std::uint32_t index) const;

  std::string_view ns_;
  const Record& record_;
  std::optional<Cursor> base_;      // whose texts are kept
  std::vector<std::string> texts_;  // by index; empty: not asked for yet
};

class Watch {
 public:
  Watch(WatchFilter filter, Cursor start, BatchLimits limits);

  const WatchFilter& filter() const { return filter_; }

  // The record to offer next; none while a batch waits to be taken or was taken and not acknowledged.
  std::optional<LogPos> next_read() const;
  // Takes what matches. After this the watch stands behind the record, or inside it when the batch became full;
  // then the same record is offered again later.
  void offer(const Record& record, RecordCursors& cursors);

  bool full() const;
  bool has_events() const { return !batch_.empty(); }
  // The batch gathered so far, not empty. From now on waiting.
  std::vector<Event> take();
  bool waiting() const { return waiting_; }
  void ready() { waiting_ = false; }

  // The records read whole.
  const Cursor& cursor() const { return at_; }

 private:
  WatchFilter filter_;
  Cursor at_;                 // behind the last record read whole
  std::uint32_t inside_ = 0;  // changes of the next record that an earlier batch had
  BatchLimits limits_;
  std::vector<Event> batch_;
  std::size_t batch_bytes_ = 0;
  bool waiting_ = false;
};

}  // namespace pando::notify

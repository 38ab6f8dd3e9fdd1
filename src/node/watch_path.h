// node/watch_path.h — who is told of changes of one namespace: watches at their own pace, notifiers as it happens.
//
// A watch is a position in the log (notify/hub.h). This class reads the log for them, from memory near the end,
// from disk further back (one read under way), and knows the number of the first change of every record it
// shows, which a record does not carry: numbers are counted forward from a place where they are known.
//
// Notifiers (ZeroMQ) get every durable change once, as Notify; what they lose from there on is theirs. One thread.
#pragma once

#include <map>

#include "node/disk_read.h"
#include "node/replica.h"
#include "notify/hub.h"

namespace pando::node {

class WatchPath {
 public:
  explicit WatchPath(Replica& replica);

  void open(WatchOpen&& request, Outputs& out);
  void ready(WatchId id) { hub_.ready(id); }
  void close(WatchId id) { hub_.close(id); }
  // Tells every watch that it is over.
  void end_all(const Status& reason, Outputs& out);
  std::size_t size() const { return hub_.size(); }

  // In log order, each durable commit once.
  void on_durable(const DurableCommit& durable, Outputs& out);
  // A cut was merged in there, with all that this covers.
  void on_cut(LogPos pos, const VersionVector& context);
  // The segment that is being read from disk.
  std::optional<std::uint64_t> reading_segment() const { return read_.segment(); }
  // True when that read is ours.
  bool reading(std::uint64_t read_id) const { return read_.is(read_id); }
  void on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out);
  // Once a turn: reads on, hands out batches.
  void end_turn(std::uint64_t& next_read_id, Outputs& out);

 private:
  notify::LogState log_state() const;
  // The closest place at or before `pos` where the number of changes before it is known.
  std::pair<LogPos, std::uint64_t> known_before(LogPos pos) const;
  void remember(LogPos pos, std::uint64_t changes_before);
  // Shows the records to the watches that want them; `changes_before` is the number of changes before the first.
  Status offer(const log::Run& run, std::uint64_t changes_before);
  Status offer_cut(const log::RecordView& record);
  Status offer_arrival(const log::RecordView& record);
  void fail(const Status& status, Outputs& out);
  void read_on(std::uint64_t& next_read_id, Outputs& out);

  Replica& replica_;
  notify::Hub hub_;
  std::optional<notify::Cursor> notified_;  // how far Notify is; only with a notifier
  std::map<LogPos, std::uint64_t> changes_before_;
  std::vector<WatchId> cut_off_;  // to be told that the log does not go on for them
  DiskRead read_;
  std::uint64_t plan_changes_before_ = 0;  // before the record that read_ wants
};

}  // namespace pando::node

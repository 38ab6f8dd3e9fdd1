// node/retention_path.h — lets go of the oldest segments of a log that nobody needs any more (log/retention.h).
//
// One at a time, the oldest first, the next once that file is gone: so what a crash leaves is a log that begins later,
// without a hole. A segment is out of the index before its file is removed, and nothing that is being read or copied
// is touched; so no reader ever meets a missing file. A removal that fails is tried again. One thread.
#pragma once

#include <map>

#include "log/retention.h"
#include "node/replica.h"

namespace pando::node {

class RetentionPath {
 public:
  RetentionPath(Replica& replica, const log::Retention& retention, Time now)
      : replica_(replica), retention_(retention), started_(instant_of(now)) {}

  // What must stay although its time has come, and whether every peer there may be has told what it has.
  struct Needed {
    std::optional<std::uint64_t> segment;  // this one and those behind it are being read
    std::optional<LogPos> pos;             // records from here on are waited for
    bool knows_all = false;
    bool by_lease = true;  // false: nobody could come back by resync, so all of it stays until all have it
    // Every peer has all of this.
    std::function<bool(const VersionVector&)> all_have;
  };
  void end_turn(const Needed& needed, Time now, Outputs& out);
  void on_removed(std::uint64_t segment_id, const Status& status, Time now, Outputs& out);
  // A copy of segments from here on is under way, until it is done.
  void begin_copy(RequestId id, std::uint64_t first_segment) { copies_.emplace(id, first_segment); }
  void end_copy(RequestId id) { copies_.erase(id); }

  std::uint64_t removed() const { return removed_; }
  std::optional<Instant> next_deadline() const;

 private:
  bool may_go(const Needed& needed, Instant now) const;
  void note_filled(Instant now);
  void wait_for_time(Instant now);

  Replica& replica_;
  const log::Retention retention_;
  const Instant started_;
  std::map<std::uint64_t, Instant> filled_at_;  // when a later segment was first seen behind it
  std::map<RequestId, std::uint64_t> copies_;   // from which segment on
  std::optional<std::uint64_t> removing_;       // out of the index, its file not yet known to be gone
  bool ask_again_ = false;
  Instant look_at_{0};  // not before
  std::optional<Instant> wake_at_;
  bool failing_ = false;
  std::uint64_t removed_ = 0;
};

}  // namespace pando::node

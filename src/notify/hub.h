// notify/hub.h — the watches of one namespace on one node, and what of the log they need next.
//
// Watches that stand at the same record are fed together, so at the tail a commit is decoded once for all of
// them. The caller drives it whenever records became durable or a watch was opened or became ready:
//
//   while (auto pos = hub.next_read(durable)) hub.offer({*pos, dot, changes});   // pos ≤ durable only
//   for (auto& batch : hub.take_batches(durable)) send(batch);
//
// The loop may stop in between (the record must come from disk first) and go on later; nothing is lost.
// Memory: at most watches_max batches of BatchLimits; a batch that was taken is the receiver's.
//
// Pure; one thread; everything goes by WatchId order.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"
#include "model/table_scope.h"
#include "notify/watch.h"

namespace pando::notify {

struct HubOptions {
  std::size_t watches_max = limits::kWatchesMax;
  BatchLimits batch{limits::kWatchBatchBytes, limits::kWatchBatchEvents};
};

struct Batch {
  WatchId id;
  std::vector<Event> events;  // not empty
};

class Hub {
 public:
  explicit Hub(std::string ns, HubOptions options = {});

  // Starts a watch at `start`, whose `pos` counts in this node's log (see rebase). Returns the text of that
  // cursor. kOverloaded when there are watches_max already; the id must be new.
  Result<std::string> open(WatchId id, WatchFilter filter, Cursor start);
  // False when there is no such watch (any more).
  bool close(WatchId id);
  // The last batch was taken in; the watch reads on. Unknown ids are ignored: the watch may have ended meanwhile.
  void ready(WatchId id);

  // The lowest record at or before `durable` that some watch wants.
  std::optional<LogPos> next_read(LogPos durable) const;
  // Feeds the record to the watches that want record.pos.
  void offer(const Record& record);
  // The batches that are full, and those of watches that have read everything up to `durable`.
  std::vector<Batch> take_batches(LogPos durable);

  // Ends the watches that need a record before `oldest`, the first one the log still has. They cannot go on
  // without a gap, and must be told so.
  std::vector<WatchId> drop_before(LogPos oldest);
  // Ends the watches that stand at `pos`, where the log goes on behind commits it does not have as commits, and that
  // have not seen all of `context`. They cannot go on without a gap either.
  std::vector<WatchId> drop_lacking(LogPos pos, const VersionVector& context);
  // Ends those that are to read the record at `pos` next and watch one of these tables, or all.
  std::vector<WatchId> drop_watching(LogPos pos, const TableSet& tables);
  // Ends all of them.
  std::vector<WatchId> drop_all();

  std::size_t size() const { return watches_.size(); }
  // The lowest record that some watch has not read whole yet; none without watches. For lag metrics.
  std::optional<LogPos> slowest() const;

 private:
  using Group = std::set<WatchId>;

  void want(WatchId id, const Watch& watch);
  void unwant(WatchId id, const Watch& watch);

  std::string ns_;
  HubOptions options_;
  std::map<WatchId, Watch> watches_;
  std::map<LogPos, Group> wanted_;  // exactly the watches with a next_read(), by it
  std::set<WatchId> gathered_;      // exactly the watches with events not taken
};

}  // namespace pando::notify

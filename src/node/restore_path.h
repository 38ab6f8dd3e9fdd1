// node/restore_path.h — merging a backup into a namespace that serves: a cut of a peer, read from a file.
//
//   idle       nothing under way                                           → reading on handle()
//   reading    the file comes block by block; each cell of it is compared  → joined when its end was read, whole
//              with the one here, and kept where joining would change that
//   joined     all that was kept went into the log with the cut, in one step   → answered once that is durable
//
// As for a resync (node/resync_path.h): nothing is replaced, what was seen here and taken away stays away, counters are
// joined slot by slot by the larger totals, and the backup's context counts only with its last cell. So doing it again
// changes nothing, and nothing changes before the file was found whole. Of a backup that has seen nothing new every
// join is without effect; then its cells are only checked.
//
// With a table: node/restore_table.h.
//
// Memory: cells that differ, at most limits::kResyncBytesMax; beyond that it is refused by name. A crash in any state
// but the last loses what was read. Slices of work pause as those of a resync do. One restore at a time. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "model/backup.h"
#include "node/peer_path.h"
#include "node/replica.h"
#include "node/restore_table.h"
#include "store/past_kv.h"
#include "store/range_digest.h"

namespace pando::node {

class RestorePath {
 public:
  RestorePath(Replica& replica, PeerPath& peers, Duration clock_ahead_max)
      : replica_(replica), peers_(peers), clock_ahead_max_(clock_ahead_max) {}
  ~RestorePath() { drop(); }
  RestorePath(const RestorePath&) = delete;
  RestorePath& operator=(const RestorePath&) = delete;

  // Answered in time: RestoreReply, or why nothing was changed. kOverloaded while another one is under way.
  void handle(RequestId id, RestoreRequest&& request, Outputs& out);
  void on_read(RestoreReadDone&& read);
  void end_turn(Time now, Outputs& out);
  std::optional<Instant> next_deadline() const;
  void end_all(const Status& reason, Outputs& out);

 private:
  struct Task {
    RequestId id;
    RestoreRequest request;
    RestoreReply reply = {};
    BackupReader reader = {};
    std::optional<BackupHeader> header = {};
    std::uint64_t offset = 0;  // of the file, read so far
    bool reading = false;      // a read is under way
    bool at_end = false;       // the file has no more
    Status failed = {};
    // Comparing.
    TableFilter filter = {};
    bool nothing_new = false;
    std::optional<store::Snapshots::Id> snapshot = {};
    std::optional<store::PastKv> here = {};
    std::map<Bytes, Bytes> block = {};  // cells of the file, not compared yet
    std::optional<Bytes> upto = {};     // all the file has below this is in `block` or was compared; absent: no block
    Bytes at = {};                      // cells here below this were compared
    store::Overlay got = {};
    std::size_t got_bytes = 0;
    std::optional<RestoreTable> table = {};
  };

  void refuse(RequestId id, Status status, Outputs& out);
  Status work(Time now, Outputs& out);
  Status take_head(BackupHeader&& header, Time now);
  Status take_block(BackupReader::Block&& block, Time now);
  Status compare_slice();
  Status look_at(ByteSpan key, const std::optional<ByteSpan>& ours, const std::optional<ByteSpan>& theirs);
  void open_snapshot();
  // The cells changed too much meanwhile for the snapshot to be kept.
  void begin_again();
  Status finish(Time now, Outputs& out);
  void drop();

  Replica& replica_;
  PeerPath& peers_;
  const Duration clock_ahead_max_;
  std::unique_ptr<Task> task_;
  bool busy_ = false;
  Instant pause_until_{0};
};

// Whether a backup may be merged in here; `foreign`: see RestoreRequest.
Status check_backup(const BackupHeader& header, const Replica& replica, bool foreign, Hlc hlc_max);

}  // namespace pando::node

// node/node.h — one database process, as a state machine: step(Input, now) → Outputs.
//
// A node holds namespaces; each has its own log, store, links and watches (node/replica.h). The node routes
// inputs to them, answers for merge groups, which look across namespaces, and dials the configured links.
//
// What always holds: no ReplyOut, WatchSend, Notify or LinkSend shows a commit whose record is not durable;
// a namespace whose log failed or is damaged answers kUnavailable and says why, the others go on.
//
// No thread, clock, file or socket in here; one thread drives it. The same code runs in server/ and sim/.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "engine/retired_nodes.h"
#include "log/retention.h"
#include "model/table_scope.h"
#include "node/io.h"
#include "repl/release.h"
#include "store/kv.h"

namespace pando::node {

struct NamespaceConfig {
  std::string name;
  bool writable = true;  // false on a relayer: clients' writes answer kReadOnly
  // For tests of fleets that are brought to a newer release one by one: as of which one it commits and speaks to peers.
  // Who holds parts only, or is of a clone, speaks as of now.
  repl::Release release = repl::kReleaseNow;
  bool notify = false;  // hand out Notify for every durable change
  std::uint64_t segment_bytes = 16 << 20;
  log::Retention retention = {};  // how much of the log stays
  // A peer that lacks more of the log than tail_bytes_max gets by resync what it lacks, not by the log; so does one
  // that lacks more than tail_bytes_min, where that is much more than all cells weigh (node/way_back.h): ten million
  // increments of a thousand keys are a thousand cells.
  std::uint64_t tail_bytes_max = 256 << 20;
  std::uint64_t tail_bytes_min = 4 << 20;
  // Of the order of a large key, cells that are looked at in a turn (node/order_path.h).
  std::size_t order_slice_cells = 4096;
  // Of a checkpoint, cells that are copied in a turn (node/checkpoint_path.h).
  std::size_t checkpoint_slice_cells = 256;
  // Changed cells that no checkpoint has brought to the store: so many begin one (limits::kDirtyTimesSlow).
  std::size_t checkpoint_dirty_bytes = limits::kDirtyBytesCheckpoint;
  // A table that arrives comes in parts of so much, each on disk before the next is asked for (node/resync_path.h).
  std::size_t arrival_part_bytes = 64 << 20;
  // How often all cells are compared with each peer, when both have seen the same; 0: never.
  Duration equality_interval = Duration::seconds(600);
  Durability durability = {};  // of writes that say nothing, in tables that are not declared otherwise
  TableScope tables = {};      // a directory that has left out a table once goes on to
};

// A link this node dials and keeps dialling, with backoff. Links that peers dial need no configuration here.
struct LinkConfig {
  std::string config_name;
  std::string address;  // host:port
  std::string ns;
  bool publish = true;              // send our commits
  bool subscribe = true;            // take theirs
  std::size_t bytes_per_s_max = 0;  // for each direction; 0: any
};

struct MergeGroupConfig {
  std::string name;
  std::vector<std::string> namespaces;
};

struct NodeConfig {
  std::string node_name;  // the origin of this node's commits; unique in the fleet, never changes
  std::vector<LinkConfig> links;
  std::vector<MergeGroupConfig> merge_groups;
  bool accept_links = true;  // false: every LinkUp that is not an answer to a Dial is refused
  Duration transaction_idle_max = Duration::seconds(120);
  Duration transaction_age_max = Duration::seconds(900);
  // Idempotency keys are known for at least this long, and while no more than so many younger ones were used.
  Duration idempotency_age_max = Duration::seconds(24 * 3600);
  std::size_t idempotency_keys_max = limits::kOnceKeysMax;
  Duration checkpoint_interval = Duration::seconds(5);
  // A log that has grown by so much since the last checkpoint is not kept waiting for the next one.
  std::uint64_t checkpoint_log_bytes = 1 << 30;
  // Stamps further ahead of the wall clock than this are refused where they are accepted.
  Duration clock_ahead_max = Duration::seconds(24 * 3600);
  // Where nobody writes, a node says every so often how late it is, so that Replica::frontier() follows the clock; 0:
  // only when something there waits for it (Replica::want_frontier).
  Duration frontier_lag_max{0};
  // How long after its end a key is hidden before it may be freed.
  Duration free_after = Duration::seconds(60);
  // What each peer may have sent of commits that are not durable here yet.
  std::size_t link_unacked_bytes_max = limits::kLinkUnackedBytesMax;
  std::uint64_t seed = 1;  // transaction ids, backoff jitter: unpredictable in production, fixed in the simulator
};

// What recovery found, for the log that people read.
struct OpenReport {
  LogPos last;                   // last whole record
  std::uint64_t replayed = 0;    // records applied over the store's checkpoint
  bool clean = false;            // the log ends with a close record
  std::uint64_t torn_bytes = 0;  // cut off the end
  Status damage;                 // not ok: the namespace serves nothing; names segment and offset
};

class Node {
 public:
  explicit Node(NodeConfig config);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Opening a namespace, before the first step or later:
  //   1. begin_open() reads the store's checkpoint from `kv` (which outlives the node) and says from which
  //      segment the log must be read whole; of earlier ones the first log::kSegmentHeaderBytes suffice.
  //   2. feed_segment() for every segment that exists, ids ascending.
  //   3. finish_open(). From then on inputs for the namespace are taken.
  // A failure of 1 or 2 that names a place on disk becomes OpenReport::damage; others are returned.
  Result<std::uint64_t> begin_open(const NamespaceConfig& config, store::Kv& kv);
  Status feed_segment(std::string_view ns, std::uint64_t segment_id, ByteSpan bytes);
  Result<OpenReport> finish_open(std::string_view ns, Time now, Outputs& out);

  // Takes one input. What it adds up to with others of the same turn (log writes, frames, watch batches)
  // is handed out by end_turn(), so that whatever arrived together travels together.
  void accept(Input input, Time now, Outputs& out);
  // The same of what a client asks. What is left of it is the caller's.
  void accept(ClientRequest&& asked, Time now, Outputs& out);
  void end_turn(Time now, Outputs& out);
  // A turn of one input.
  void step(Input input, Time now, Outputs& out) {
    accept(std::move(input), now, out);
    end_turn(now, out);
  }

  // While held, end_turn() hands out no log write of `ns`: the driver expects more requests at once, which then
  // share it. Everything else goes on. The driver bounds how long. A namespace that stops is not held.
  void hold_log(std::string_view ns, bool hold);

  // Stops taking writes, finishes what was taken, checkpoints, appends a close record, ends watches and links.
  void begin_stop(Time now, Outputs& out);
  // True once everything of begin_stop is durable.
  bool stopped() const;

  // Names in configuration order; the reason when a namespace does not serve.
  struct Health {
    std::string ns;
    Status status;
  };
  std::vector<Health> health() const;
  // What of the namespace is durable; null when there is none of that name.
  const VersionVector* durable_context(std::string_view ns) const;
  // What it publishes and takes now, and who is retired as far as is known here. Null: as above.
  const TableScope* tables(std::string_view ns) const;
  const engine::RetiredNodes* retired(std::string_view ns) const;
  // Whether it reads as it will to all who have the same commits: nothing waits to be given up.
  bool at_rest(std::string_view ns) const;
  // For metrics; cheap enough to call every second.
  Result<StatsReply> stats(std::string_view ns) const;
  // Links that peers opened and that were refused before they belonged to a namespace, since start, by reason.
  const std::map<StatusCode, std::uint64_t>& strangers_refused() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pando::node

// node/namespace.h — one namespace that serves: its replica and the paths that lead to and from it.
//
//   serving     takes everything                              → stopping on begin_stop(), failed when its log or state
//   fails stopping    finishes what was taken: log, close record, checkpoint, in that order → stopped failed answers
//   every request with the reason; final stopped     all durable; only waits to be destroyed
//
// Knows which path an input belongs to, and nothing else. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/backup_path.h"
#include "node/checkpoint_path.h"
#include "node/conflict_path.h"
#include "node/drain_path.h"
#include "node/durability_path.h"
#include "node/escrow_path.h"
#include "node/expiry_path.h"
#include "node/explain_path.h"
#include "node/give_up_path.h"
#include "node/order_path.h"
#include "node/peer_path.h"
#include "node/pipeline_path.h"
#include "node/read_path.h"
#include "node/replica.h"
#include "node/restore_path.h"
#include "node/retention_path.h"
#include "node/retire_path.h"
#include "node/session_path.h"
#include "node/watch_path.h"
#include "node/write_path.h"

namespace pando::node {

class Namespace {
 public:
  // `incarnation`: as of repl::Hello.
  Namespace(std::unique_ptr<Replica> replica, const NodeConfig& config, std::uint64_t seed, std::uint64_t incarnation,
            Time now);

  Replica& replica() { return *replica_; }
  const Replica& replica() const { return *replica_; }
  PeerPath& peers() { return peers_; }
  const PeerPath& peers() const { return peers_; }
  WatchPath& watches() { return watches_; }

  // `group`: see ReadPath.
  void on_request(ClientRequest&& asked, const std::vector<Replica*>& group, Time now, Outputs& out);
  void on_log_written(const Status& status, Outputs& out);
  void on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out);
  void on_checkpoint_written(const Status& status, Time now, Outputs& out) {
    checkpoints_.on_written(status, now, out);
  }

  void on_segment_removed(std::uint64_t segment_id, const Status& status, Time now, Outputs& out) {
    retention_.on_removed(segment_id, status, now, out);
  }
  void on_backup_written(RequestId id) { retention_.end_copy(id); }
  void on_backup_taken(BackupTaken&& taken, Outputs& out) { backups_.on_taken(std::move(taken), out); }
  void on_restore_read(RestoreReadDone&& read) { restores_.on_read(std::move(read)); }

  // Where an earlier process may have lost commits whose numbers it had told.
  void begin_epoch_if_due(Outputs& out);
  Status discard_leftovers(Time now) { return writes_.discard_leftovers(now); }
  void end_turn(Time now, std::uint64_t& next_read_id, Outputs& out);
  void hold_log(bool hold) { log_held_ = hold; }
  std::optional<Instant> next_deadline() const;

  void begin_stop(Time now, Outputs& out);
  bool stopped() const;

  StatsReply stats() const;

 private:
  // Its token is covered, and the orders it needs are there or small.
  void handle(ClientRequest&& asked, const std::vector<Replica*>& group, Time now, Outputs& out);
  void handle_in_transaction(ClientRequest&& asked, Time now, Outputs& out);
  void advance_stop(Time now);
  void let_go_of_log(Time now, Outputs& out);
  void announce_failure(Outputs& out);
  void answer_scope(RequestId id, const ScopeRequest& request, Outputs& out);
  // kUnavailable while a table that is asked for is arriving.
  Status check_arrived(const Request& request, const std::vector<Replica*>& group) const;
  void plan_backup(RequestId id, BackupLogRequest&& request, Outputs& out);

  std::unique_ptr<Replica> replica_;
  EscrowPath escrow_;
  ExpiryPath expiry_;
  GiveUpPath give_ups_;
  SessionPath sessions_;
  OrderPath orders_;
  PeerPath peers_;
  DurabilityPath answers_;
  WritePath writes_;
  ReadPath reads_;
  ExplainPath explains_;
  PipelinePath pipelines_;
  WatchPath watches_;
  ConflictPath conflicts_;
  CheckpointPath checkpoints_;
  BackupPath backups_;
  RestorePath restores_;
  RetentionPath retention_;
  DrainPath drains_;
  RetirePath retires_;
  const Duration frontier_lag_max_;
  bool stopping_ = false;
  bool log_held_ = false;
  bool close_appended_ = false;
  bool failure_announced_ = false;
};

}  // namespace pando::node

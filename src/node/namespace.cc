#include "node/namespace.h"

#include <fmt/core.h>

#include <algorithm>
#include <variant>

namespace pando::node {
namespace {

WritePath::Options write_options(const NodeConfig& config, std::uint64_t seed) {
  return {{config.transaction_idle_max, config.transaction_age_max, seed},
          {config.idempotency_age_max, config.idempotency_keys_max}};
}

void keep_earlier(std::optional<Instant>& earliest, std::optional<Instant> at) {
  if (at && (!earliest || *at < *earliest)) earliest = at;
}

// What the write path answers.
template <typename T>
constexpr bool kIsWrite =
    std::is_same_v<T, WriteRequest> || std::is_same_v<T, TxBeginRequest> || std::is_same_v<T, TxAppendRequest> ||
    std::is_same_v<T, TxAppendLobRequest> || std::is_same_v<T, TxDeleteLobRequest> ||
    std::is_same_v<T, TxCommitRequest> || std::is_same_v<T, TxAbortRequest> || std::is_same_v<T, TxRequest>;
// About the conflict ledger.
template <typename T>
constexpr bool kIsAboutConflicts = std::is_same_v<T, ListConflictsRequest> || std::is_same_v<T, RestoreConflictRequest>;
// What needs the merge group.
template <typename T>
constexpr bool kIsGroupRead = std::is_same_v<T, GetRequest> || std::is_same_v<T, GetMergedRequest>;

}  // namespace

Namespace::Namespace(std::unique_ptr<Replica> replica, const NodeConfig& config, std::uint64_t seed,
                     std::uint64_t incarnation, Time now)
    : replica_(std::move(replica)),
      escrow_(*replica_),
      expiry_(*replica_, config.free_after),
      give_ups_(*replica_),
      sessions_(*replica_),
      orders_(*replica_),
      peers_(*replica_, config, incarnation),
      answers_(*replica_, peers_),
      writes_(*replica_, escrow_, answers_, write_options(config, seed)),
      reads_(*replica_),
      explains_(*replica_, reads_),
      pipelines_(*replica_, writes_, answers_),
      watches_(*replica_),
      conflicts_(*replica_, reads_, writes_),
      checkpoints_(*replica_, {config.checkpoint_interval, config.checkpoint_log_bytes}, now),
      backups_(*replica_, checkpoints_),
      restores_(*replica_, peers_, config.clock_ahead_max),
      retention_(*replica_, replica_->config().retention, now),
      drains_(*replica_, escrow_, writes_, peers_),
      retires_(*replica_, peers_),
      frontier_lag_max_(config.frontier_lag_max) {}

void Namespace::on_request(ClientRequest&& asked, const std::vector<Replica*>& group, Time now, Outputs& out) {
  // What a failed namespace can still tell.
  if (std::holds_alternative<StatsRequest>(asked.request)) {
    out.replies.push_back({asked.id, Reply{{}, stats(), {}}});
    return;
  }
  if (Status status = replica_->serving(); !status.ok()) {
    out.replies.push_back({asked.id, Reply::failure(std::move(status))});
    return;
  }
  const bool conditional = asked.terms.if_match || asked.terms.if_none_match;
  if (conditional && !std::holds_alternative<WriteRequest>(asked.request)) {
    const Status status(StatusCode::kInvalidArgument, "If-Match and If-None-Match are taken by writes of one key only");
    out.replies.push_back({asked.id, Reply::failure(status)});
    return;
  }
  if (sessions_.keep(asked, group, now, out) || orders_.keep(asked, group, now, out)) return;
  handle(std::move(asked), group, now, out);
}

void Namespace::handle(ClientRequest&& asked, const std::vector<Replica*>& group, Time now, Outputs& out) {
  if (Status status = check_arrived(asked.request, group); !status.ok()) {
    out.replies.push_back({asked.id, Reply::failure(std::move(status))});
    return;
  }
  if (asked.terms.transaction) return handle_in_transaction(std::move(asked), now, out);
  const RequestId id = asked.id;
  const Terms& terms = asked.terms;
  std::visit(
      [&](auto&& request) {
        using Asked = std::decay_t<decltype(request)>;
        if constexpr (std::is_same_v<Asked, BackupLogRequest>) {
          plan_backup(id, std::move(request), out);
        } else if constexpr (std::is_same_v<Asked, BackupStoreRequest>) {
          replica_->begin_sharing();  // and never ends: who made the copy knows when it is used
          out.backup_stores.push_back({id, replica_->name(), std::move(request.path)});
        } else if constexpr (std::is_same_v<Asked, BackupRequest>) {
          backups_.handle(id, std::move(request), now);
        } else if constexpr (std::is_same_v<Asked, RestoreRequest>) {
          restores_.handle(id, std::move(request), out);
        } else if constexpr (kIsWrite<Asked>) {
          writes_.handle(id, std::move(request), terms, now, out);
        } else if constexpr (std::is_same_v<Asked, PipelineRequest>) {
          pipelines_.handle(id, std::move(request), terms, now, out);
        } else if constexpr (std::is_same_v<Asked, ReachedRequest>) {
          answers_.handle(id, request, now, out);
        } else if constexpr (std::is_same_v<Asked, ResyncRequest>) {
          peers_.handle(id, request, out);
        } else if constexpr (std::is_same_v<Asked, ScopeRequest>) {
          answer_scope(id, request, out);
        } else if constexpr (std::is_same_v<Asked, DrainRequest>) {
          drains_.handle(id, request, now, out);
        } else if constexpr (std::is_same_v<Asked, ListNodesRequest> || std::is_same_v<Asked, RetireNodeRequest>) {
          retires_.handle(id, request, now, out);
        } else if constexpr (std::is_same_v<Asked, DigestRequest>) {
          reads_.handle(id, request, now, out);
        } else if constexpr (kIsAboutConflicts<Asked>) {
          conflicts_.handle(id, std::move(request), terms, now, out);
        } else if constexpr (std::is_same_v<Asked, ExplainRequest>) {
          explains_.handle(id, request, terms, now, out);
        } else if constexpr (kIsGroupRead<Asked>) {
          reads_.handle(id, request, group, terms, now, out);
        } else if constexpr (engine::Readable<Asked>) {
          reads_.answer_from_cells(id, request, terms, now, out);
        } else if constexpr (!std::is_same_v<Asked, StatsRequest>) {
          reads_.handle(id, request, out);
        }
      },
      std::move(asked.request));
}

void Namespace::handle_in_transaction(ClientRequest&& asked, Time now, Outputs& out) {
  const RequestId id = asked.id;
  const Terms& terms = asked.terms;
  const auto refuse = [&](Status status) { out.replies.push_back({id, Reply::failure(std::move(status))}); };
  std::visit(
      [&](auto&& request) {
        using Asked = std::decay_t<decltype(request)>;
        // Of an object that is replaced meanwhile not all chunks may be kept, and the ledger is of now.
        constexpr bool kOfNow = std::is_same_v<Asked, LobStatRequest> || std::is_same_v<Asked, LobChunkRequest> ||
                                std::is_same_v<Asked, ListConflictsRequest>;
        if constexpr (std::is_same_v<Asked, WriteRequest>) {
          writes_.append(id, std::move(request), terms, now, out);
        } else if constexpr (std::is_same_v<Asked, RestoreConflictRequest>) {
          Result<WriteRequest> write = writes_.restoring(request);
          if (!write) return refuse(write.error());
          writes_.append(id, *std::move(write), terms, now, out);
        } else if constexpr (engine::Readable<Asked> && !kOfNow) {
          LogPos depends_on;
          const Result<Scratch*> picture = writes_.picture(*terms.transaction, depends_on, now);
          if (!picture) return refuse(picture.error());
          reads_.answer_from((*picture)->view(), depends_on, id, request, terms, out);
        } else {
          refuse(Status(StatusCode::kInvalidArgument, "this is not done within transactions"));
        }
      },
      std::move(asked.request));
}

void Namespace::begin_epoch_if_due(Outputs& out) {
  if (!replica_->may_have_lost() || !replica_->config().writable || !replica_->serving().ok()) return;
  const Status status = replica_->begin_epoch_above(replica_->self().epoch);
  out.notes.push_back({Note::Level::kWarning, replica_->name(),
                       status.ok()
                           ? fmt::format("the last process answered writes before they were durable and did not "
                                         "end cleanly: goes on as {}",
                                         to_string(replica_->self()))
                           : fmt::format("cannot begin a new epoch: {}", status.message())});
}

void Namespace::plan_backup(RequestId id, BackupLogRequest&& request, Outputs& out) {
  BackupLog plan{id, replica_->name(), std::move(request.directory), {}};
  for (const log::Index::Segment& segment : replica_->index().segments()) {
    if (segment.header.segment_id > request.after_segment) {
      plan.segments.push_back({segment.header.segment_id, segment.bytes});
    }
  }
  replica_->begin_sharing();  // and never ends, as for the copy of the store
  if (!plan.segments.empty()) retention_.begin_copy(id, plan.segments.front().id);
  out.backup_logs.push_back(std::move(plan));
}

void Namespace::on_log_written(const Status& status, Outputs& out) {
  replica_->on_written(status,
                       {[&](const DurableCommit& durable) { watches_.on_durable(durable, out); },
                        [&](LogPos pos, const VersionVector& context) { watches_.on_cut(pos, context); }},
                       out);
}

void Namespace::on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out) {
  // Whoever did not ask for this read ignores it; only one of them takes the bytes.
  if (watches_.reading(read_id)) {
    watches_.on_log_read(read_id, status, std::move(bytes), out);
  } else if (explains_.reading(read_id)) {
    explains_.on_log_read(read_id, status, std::move(bytes), out);
  } else {
    peers_.on_log_read(read_id, status, std::move(bytes), out);
  }
}

void Namespace::end_turn(Time now, std::uint64_t& next_read_id, Outputs& out) {
  if (replica_->failure().ok()) {
    for (SessionPath::Waiting& ready : sessions_.take_ready()) {
      if (!orders_.keep(ready.asked, ready.group, now, out)) handle(std::move(ready.asked), ready.group, now, out);
    }
    sessions_.on_time(now, out);
    for (OrderPath::Waiting& ready : orders_.end_turn(now)) handle(std::move(ready.asked), ready.group, now, out);
    writes_.withdraw_contested(peers_, now, out);
    writes_.on_time(now);
    if (frontier_lag_max_.us > 0) {
      replica_->want_frontier(Hlc::from_wall_ms(now.wall_ms - frontier_lag_max_.millis()));
    }
    if (!stopping_) peers_.settle_retired(now, out);
    if (!stopping_) retires_.end_turn(now, out);
    if (!stopping_) drains_.end_turn(now, out);
    if (!stopping_) escrow_.end_turn(now);
    if (!stopping_) give_ups_.end_turn(now);
    if (!stopping_) expiry_.end_turn(now, peers_, out);
    if (stopping_) advance_stop(now);
    restores_.end_turn(now, out);
    backups_.end_turn(now, out);
    conflicts_.end_turn(now, out);
    answers_.end_turn(peers_.take_acked(), now, out);
    checkpoints_.end_turn(now, out);
    const bool may_go = checkpoints_.lets_log_go(instant_of(now)) && !log_held_;
    if (may_go || stopping_) {
      const std::size_t before = out.log_writes.size();
      replica_->hand_out(now, out);
      if (out.log_writes.size() > before) checkpoints_.on_log_handed_out(instant_of(now));
    }
    watches_.end_turn(next_read_id, out);
    explains_.end_turn(now, next_read_id, out);
    let_go_of_log(now, out);
  }
  if (!replica_->failure().ok() && !failure_announced_) announce_failure(out);
  peers_.end_turn(now, next_read_id, out);
}

void Namespace::let_go_of_log(Time now, Outputs& out) {
  RetentionPath::Needed needed;
  needed.segment = peers_.reading_segment();
  for (const auto read : {watches_.reading_segment(), explains_.reading_segment()}) {
    if (read && (!needed.segment || *read < *needed.segment)) needed.segment = read;
  }
  needed.pos = peers_.resync().serving().held();
  needed.by_lease = replica_->holds().all;
  needed.knows_all = peers_.met_all_dialed();
  // Of a node that holds some tables only nobody can take a resync, so those who have it must be able to bring it.
  needed.all_have = [this](const VersionVector& context) {
    return peers_.all_have(context) && (replica_->holds().all || peers_.somebody_whole_has(context));
  };
  retention_.end_turn(needed, now, out);
}

void Namespace::announce_failure(Outputs& out) {
  failure_announced_ = true;
  out.notes.push_back({Note::Level::kError, replica_->name(), replica_->failure().message()});
  replica_->end_waiting(out);
  answers_.end_all(replica_->serving(), out);
  sessions_.end_all(replica_->serving(), out);
  orders_.end_all(replica_->serving(), out);
  watches_.end_all(replica_->serving(), out);
  explains_.end_all(replica_->serving(), out);
  backups_.end_all(replica_->serving(), out);
  restores_.end_all(replica_->serving(), out);
  retires_.end_all(replica_->serving(), out);
  conflicts_.refuse_waiting(replica_->serving(), out);
  peers_.refuse_all(replica_->serving());
}

std::optional<Instant> Namespace::next_deadline() const {
  std::optional<Instant> earliest = peers_.next_deadline();
  if (!replica_->failure().ok()) return earliest;
  keep_earlier(earliest, writes_.next_deadline());
  if (!stopping_) keep_earlier(earliest, escrow_.next_deadline());
  if (!stopping_) keep_earlier(earliest, expiry_.next_deadline());
  keep_earlier(earliest, sessions_.next_deadline());
  keep_earlier(earliest, orders_.next_deadline());
  keep_earlier(earliest, answers_.next_deadline());
  keep_earlier(earliest, checkpoints_.next_deadline());
  keep_earlier(earliest, conflicts_.next_deadline());
  keep_earlier(earliest, explains_.next_deadline());
  keep_earlier(earliest, backups_.next_deadline());
  keep_earlier(earliest, restores_.next_deadline());
  keep_earlier(earliest, retention_.next_deadline());
  if (!stopping_) keep_earlier(earliest, drains_.next_deadline());
  if (!stopping_) keep_earlier(earliest, retires_.next_deadline());
  keep_earlier(earliest, replica_->next_deadline());
  return earliest;
}

void Namespace::begin_stop(Time now, Outputs& out) {
  if (stopping_) return;
  stopping_ = true;
  const Status reason(StatusCode::kUnavailable, "the node is stopping");
  sessions_.end_all(reason, out);
  orders_.end_all(reason, out);
  answers_.end_all(reason, out);
  watches_.end_all(reason, out);
  explains_.end_all(reason, out);
  backups_.end_all(reason, out);
  restores_.end_all(reason, out);
  retires_.end_all(reason, out);
  conflicts_.end_waiting(now, out);
  peers_.refuse_all(reason);
  advance_stop(now);
}

void Namespace::advance_stop(Time now) {
  if (!close_appended_) {
    // Behind everything that was taken. When even this finds no room (disk full), the next start replays a
    // log without it: slower, nothing lost.
    (void)replica_->append_close();
    close_appended_ = true;
  }
  if (replica_->appender().idle()) checkpoints_.hurry(now);
}

bool Namespace::stopped() const {
  if (!stopping_) return false;
  if (!replica_->failure().ok()) return true;
  return close_appended_ && replica_->appender().idle() && checkpoints_.complete();
}

StatsReply Namespace::stats() const {
  StatsReply stats;
  stats.appended = replica_->appended();
  stats.durable = replica_->durable();
  stats.checkpointed = replica_->cells().checkpointed();
  for (const auto& entry : replica_->durable_context().entries()) stats.commits += entry.second.value;
  stats.changes = replica_->durable_changes();
  stats.log_segments = replica_->index().segments().size();
  stats.log_bytes = replica_->index().bytes();
  stats.log_first = replica_->index().first();
  stats.segments_removed = retention_.removed();
  stats.resyncs = peers_.resync().taken().finished;
  stats.resync_cells = peers_.resync().taken().differing;
  stats.resyncs_served = peers_.resync().serving().cuts_served();
  if (stats.log_segments > 0) {
    stats.segment_id = replica_->index().segments().back().header.segment_id;
    stats.segment_offset = replica_->index().segments().back().bytes;
  }
  stats.dirty_cells = replica_->cells().dirty_cells();
  stats.open_transactions = writes_.open_transactions();
  stats.malformed_payloads = writes_.malformed_payloads();
  stats.conflicts = replica_->conflicts();
  stats.ended_freed = expiry_.freed();
  stats.ended_waiting = expiry_.waiting();
  stats.order_waiting = orders_.waiting();
  stats.order_waits = orders_.waits();
  peers_.add_stats(stats);
  stats.tables = replica_->tables();
  stats.origin = replica_->self();
  stats.draining = replica_->draining();
  for (const auto& [node, retired] : replica_->retired().nodes()) {
    if (peers_.gone(node)) stats.retired.emplace_back(node, retired.epoch);
  }
  stats.context = replica_->durable_context();
  stats.frontier = replica_->frontier();
  return stats;
}

}  // namespace pando::node

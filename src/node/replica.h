// node/replica.h — one namespace at one node: its log and its state, and the one door by which they change.
//
// A commit is made here (commit()) or was made elsewhere (admit()); both become a record of the log and, in
// the same step, part of the cells. So later requests of the same turn see it; but nothing that shows it leaves
// before its record is durable: replies wait in `held`, and peers and watchers read only the durable log.
//
//   appended >= durable     cells().context() covers the appended commits, durable_context() the durable ones
//
// The exception are replies that were asked for with less: see begin_relaxed() and node/durability_path.h. Peers and
// watchers are never shown what is not durable.
//
// When the log fails (a write that did not reach the disk) or the state cannot take a record, the replica has
// failed for good: every request is answered with the reason, links and watches are ended by their paths.
//
// A crash loses at most what was appended and not durable, of which nothing was shown but those replies. One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/escrow_part.h"
#include "engine/once.h"
#include "engine/view.h"
#include "engine/vouches.h"
#include "log/appender.h"
#include "log/reader.h"
#include "log/recovery.h"
#include "model/commit.h"
#include "model/cut.h"
#include "node/io.h"
#include "node/meeting.h"
#include "node/node.h"
#include "repl/frontier.h"
#include "store/cells.h"

namespace pando::node {

class Replica;

// What a read depends on: it may be answered once `pos` is durable in `replica`.
struct Dependency {
  Replica* replica = nullptr;
  LogPos pos;
};

// A commit that has just become durable, in log order. Borrowed for the call.
struct DurableCommit {
  LogPos pos;
  std::uint64_t first_change = 0;  // Change::number of its first change
  const Commit& commit;
};

class Replica {
 public:
  // Both come from an Opening, which has replayed the log over the cells.
  Replica(const NamespaceConfig& config, std::string node_name, std::unique_ptr<store::Cells> cells,
          log::Recovered recovered);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  const NamespaceConfig& config() const { return config_; }
  const std::string& name() const { return config_.name; }
  // Under which commits are made here.
  const Origin& self() const { return self_; }
  // The wall clock, but never before what this node has promised to be past, nor what those have who had not heard of
  // it (engine/vouches.h).
  std::int64_t now_ms(Time now) const { return std::max(now.wall_ms, clock_floor_ms_); }
  void raise_clock_floor(std::int64_t at_ms) { clock_floor_ms_ = std::max(clock_floor_ms_, at_ms); }
  std::int64_t clock_floor_ms() const { return clock_floor_ms_; }
  // What clients see of it at an instant.
  engine::View view(Time now) {
    engine::View view(*cells_, catalog_, now_ms(now), &indexes_);
    if (has_unshared()) view.set_unshared({&self_, shared_upto_});
    if (may_lack_own()) view.set_may_lack_own(tables());
    return view;
  }
  // Some of what was committed here nobody else can have seen.
  bool has_unshared() const { return sharing_ == 0; }
  // While a link is up or a backup is taken, what is committed here may be seen by others. Calls nest.
  void begin_sharing() { ++sharing_; }
  void end_sharing() {
    CHECK(sharing_ > 0);
    if (--sharing_ == 0) note_shared();
  }
  const engine::Catalog& catalog() const { return catalog_; }
  const engine::OnceWindow& once() const { return once_; }

  // It takes some tables only, and has made commits under an earlier epoch: View::may_lack_own().
  bool may_lack_own() const;

  // Tables (model/table_scope.h, docs/design/017-parts-of-a-namespace.md). -----------------------------------

  // What counts: what the configuration said when it was edited last, or what was set at run time since.
  const TableScope& tables() const { return cells_->meta().tables; }
  const TableGrowth& growth() const { return cells_->meta().growth; }
  // What of that is here: all others of tables().subscribe are arriving.
  const TableSet& holds() const { return cells_->meta().growth.holds; }
  bool arrives(std::string_view table) const { return cells_->meta().arrives(table); }
  bool any_arrives() const { return cells_->meta().any_arrives(); }
  // kUnavailable naming the table while it is arriving.
  Status check_arrived(std::string_view table) const;
  // What is configured and not done, or done otherwise at run time, for people; empty when all is as configured.
  const std::string& tables_refused() const { return tables_refused_; }
  // From here on these. Tables that were not taken before arrive, unless what is here of them was never anywhere else
  // and `discard` does not say that it may go: kConflict naming the table. All links are to say Hello anew.
  Status set_scope(const TableScope& scope, bool discard);
  // Whether next to nothing is here of the tables that clients write: at most so many cells.
  Result<bool> nearly_empty(std::size_t cells_max) const;
  // All that is taken arrives, as though none of it had been taken before: for who has too little to bring what the
  // others have by one cut. kUnavailable while that has to wait. All links are to say Hello anew.
  Status take_anew();
  // Others' commits that the log has only in parts: who lacks any of `upto` gets from here no more of them than
  // `before`. Empty when all is whole as far as tables() go.
  std::optional<TableGrowth> patchy_log() const;

  // Tables that arrive, while any do: what had been seen when commits began to come with them. A cut of a peer can be
  // taken only if it covers that, and arrive() only once all of the cut is seen here.
  const VersionVector& tail_from() const { return tail_from_; }
  // Changes when what was got for an arrival is of no use any more.
  std::uint64_t scope_version() const { return scope_version_; }
  // The tables of the set become what the cut has: `cells` are those that differ from the cells here. One step, as for
  // join().
  Status arrive(const TableSet& tables, const Cut& cut, const std::vector<CutCell>& cells);
  // Some of the cells of tables that are arriving become those of the cut. Nothing is told of it, as nothing is shown
  // of such tables: what comes later is compared with what is here then.
  Status arrive_part(const Cut& cut, const std::vector<CutCell>& cells);
  // What is written here goes to others. Not where the table is declared local.
  bool publishes(std::string_view table) const;
  // A replicator, and not one that only subscribes to the table.
  bool may_write(std::string_view table) const;
  // What of this node's cells is the same elsewhere.
  TableFilter shared() const;

  store::Cells& cells() { return *cells_; }
  const store::Cells& cells() const { return *cells_; }
  log::Reader& reader() { return reader_; }
  const log::Index& index() const { return index_; }
  const log::Appender& appender() const { return appender_; }
  const VersionVector& durable_context() const { return durable_context_; }
  LogPos durable() const { return appender_.durable(); }
  LogPos appended() const { return appender_.appended(); }
  // Commits of others that came after the last one made here: that one stands for everything before it.
  const VersionVector& seen_since_own() const { return seen_since_own_; }
  // Number of the last change that is durable.
  std::uint64_t durable_changes() const { return durable_changes_; }

  // Not ok: serves nothing any more, and why.
  const Status& failure() const { return failure_; }
  // kUnavailable naming the namespace, when failed or stopping.
  Status serving() const;
  // The reason a health check should hear; ok while all is well.
  Status health() const;

  // The door. ------------------------------------------------------------------------------------------------

  // What the next local commit will be called.
  Dot next_dot() const;
  // kOverloaded, kUnavailable, or the failure. On failure nothing happened.
  Result<LogPos> commit(std::vector<Op> ops, Time now, std::optional<Bytes> idempotency_key = {});
  // A commit from a peer that repl::examine() found to be next; `encoded` are its very bytes. kDataLoss when it
  // refers to what it cannot have seen: that is found before it reaches the log, where it would stay.
  Status admit(Commit commit, ByteSpan encoded, Time now);
  // Merges in what another node held at `cut`: `cells` are all that were found to differ from the cells here, or
  // changed here since they were compared; whatever is not among them is the same on both sides. All of it is one step:
  // before it nothing is seen of the cut, after it everything. kOverloaded, kUnavailable as for commits; then nothing
  // happened.
  Status join(const Cut& cut, const std::vector<CutCell>& cells, Time now, CutRecord::How how = CutRecord::How::kMerge);
  // Of a node that holds nothing: from here on it is of a cluster that began as a clone.
  Status join_cluster(const std::string& cluster);
  // From here on this node commits under an epoch above `epoch`.
  Status begin_epoch_above(std::uint64_t epoch);
  // A stamp that a peer has seen: commits made here from now on have larger ones.
  void witness(Hlc stamp) { clock_.witness(stamp); }
  // From here on this process may tell of commits before they are durable: makes sure that a later one knows. The first
  // such answer waits until that is on the disk itself.
  Status begin_relaxed();
  // Before the first commit of a process: an earlier one did so and did not end cleanly, so that numbers it told may be
  // lost. Calls for a new epoch.
  bool may_have_lost() const { return cells_->meta().relaxed; }
  // The last record of a clean shutdown. Nothing is appended after it.
  Status append_close();
  // How far this node has everything that anybody made: repl::Frontier::get(). No commit with such a stamp or a
  // lower one will become durable here any more.
  Hlc frontier() const { return frontier_.get(); }
  const repl::Frontier& frontier_of_all() const { return frontier_; }
  void leave_out_of_frontier(const Origin& origin) { frontier_.leave_out(origin); }
  void on_claim(const repl::Claim& claim) { frontier_.on_claim(claim, durable_context_); }
  // Somebody here waits until frontier() >= upto. Writes move it by themselves; where nobody writes, a node says how
  // late it is with a record of its own, by the first turn after its clock has passed `upto`, at most one a second.
  // All nodes that may write must want it. Asked again and again is fine.
  void want_frontier(Hlc upto) { wanted_frontier_ = std::max(wanted_frontier_, upto); }
  // The bounded counters and limiters that commits have touched since the last call.
  std::set<engine::EscrowKey> take_escrow_touched() { return std::exchange(escrow_touched_, {}); }
  // Files a peer's commit that was not taken in the conflict ledger, once until another of its origin is.
  void file_refused_stamp(const Dot& dot, Hlc hlc, const Status& reason);
  // Counters with slots of this node that a reset has touched since the last call, bounded in number.
  std::set<CellPath> take_reset_counters() { return std::exchange(reset_counters_, {}); }
  // This origin has written before anybody with this context knew of it. Until all of that has arrived, ends that come
  // with it are noted: others may have freed those keys without what was written here.
  void catch_up_with(const VersionVector& theirs);
  bool catches_up() const { return !meeting_.catching_up.empty(); }
  // No peer that was met says any more that it has more than this: the rest is lost, and not waited for.
  void catch_up_within(const VersionVector& theirs);
  // Whether commits of that node are among what has not come yet.
  bool catches_up_on(const std::string& node) const;
  // A peer has said what it has seen. If this node is in it, it knows of this node whatever it commits after that.
  void heard_by(const Origin& peer, const VersionVector& seen);
  // Keys that those have written who had not heard of this origin, where something ends, and what was here before they
  // were met: at most so many, each once.
  std::vector<MetKey> first_met_keys(std::size_t count_max) const;
  void forget_met_keys(const std::vector<MetKey>& done);
  std::size_t met_keys() const { return meeting_.keys.size(); }
  bool has_met_keys() const { return !meeting_.keys.empty(); }
  const VersionVector& before_meeting() const { return meeting_.before; }
  // Goes on with what an earlier process had noted and not settled.
  void resume_meeting(Meeting meeting);
  // The next checkpoint has what was noted up to now.
  void keep_meeting();
  // Whether any of it was made by those, or may have come while this node catches up: what is given up of the key later
  // on, as far as it was here before, may be a part of it.
  bool may_part(const VersionVector& made) const;
  // Clears what may have been freed here of these keys, as far as `before` covers it, by a commit of this node.
  Status give_up(const std::vector<MetKey>& keys, const VersionVector& before, Time now);
  const engine::RetiredNodes& retired() const { return catalog_.retired(); }
  // This node takes no writes of clients any more until it is told otherwise: it is going to be stopped.
  void drain(bool draining) { draining_ = draining; }
  bool draining() const { return draining_; }
  // Keys and fields that somebody who had not heard of this node has given up, as they had ended, and whose end, which
  // counted here, goes with that. Each with what this node had committed by then: what it wrote to the key would live
  // on where the end was not looked at in between.
  struct ClearedEnd {
    CellPath end;
    VersionVector own;
  };
  std::vector<ClearedEnd> take_cleared_ends(std::size_t count_max);
  bool has_cleared_ends() const { return !meeting_.cleared.empty(); }
  // Whether the end was one of them; from then on it is not.
  bool take_unseen_end(const CellPath& end) { return meeting_.unseen.erase(end) > 0; }
  std::uint64_t conflicts() const { return conflicts_; }
  std::uint64_t commits_appended() const { return commits_appended_; }

  // Replies. -------------------------------------------------------------------------------------------------

  // Hands the reply out once all dependencies are durable; at once when they are.
  void reply_when_durable(ReplyOut&& reply, std::vector<Dependency> dependencies, Outputs& out);
  void reply_when_durable(ReplyOut&& reply, LogPos pos, Outputs& out);
  // The same for kMemory (at once) and kOs (written) in a process that has begun to run ahead of its disk; durable
  // otherwise.
  void reply_when(Durability::Level level, ReplyOut&& reply, LogPos pos, Outputs& out);

  // Driving. -------------------------------------------------------------------------------------------------

  // A commit, or a cut that was merged in, became durable.
  struct DurableSink {
    std::function<void(const DurableCommit&)> commit;
    std::function<void(LogPos, const VersionVector&)> cut;
  };
  // The write in flight is done: tells `sink` of each commit that became durable, releases replies.
  void on_written(const Status& status, const DurableSink& sink, Outputs& out);
  // The write in flight is with the operating system.
  void on_handed_over(Outputs& out);
  void on_prepared(std::uint64_t segment_id, const Status& status, Time now, Outputs& out);
  // Hands out the next log write and segment preparation, if any.
  void hand_out(Time now, Outputs& out);
  // The oldest segment is no longer part of the log; its number. Not the only one.
  std::uint64_t drop_oldest_segment();
  // When hand_out() has something to do though nothing else happened.
  std::optional<Instant> next_deadline() const { return appender_.retry_at(); }

  // From here on nothing is served. The first reason stays.
  void fail(Status reason);
  // Answers everything that waits with the failure.
  void end_waiting(Outputs& out);

 private:
  struct Pending {
    LogPos pos;
    std::optional<Commit> commit;  // absent for other records
    Hlc floor = {};                // of a floor record, or of a cut
    VersionVector cut = {};        // what a cut brought
    std::uint64_t changes = 0;     // of the commit
  };
  struct Held {
    LogPos pos;
    ReplyOut reply;
    std::vector<Dependency> rest;
  };

  Status enter(Commit commit, LogPos pos);
  Status settle_tables();
  Status check_settled() const;
  Status put_scope(const TableScope& scope, const TableScope& configured, bool discard);
  Status put_growth(const TableScope& scope, TableGrowth&& next);
  // kConflict when the scope would lose what was written here and is nowhere else, or publish it.
  Status check_own_data(const TableScope& scope, bool discard) const;
  // Commits that come from now on are kept until the tables have arrived.
  void restart_tail();
  void note_tail(const Commit& commit);
  Status append_tail(const TableSet& tables, const Cut& cut, std::vector<Commit>& commits);
  // kReadOnly naming a table that is only taken from others.
  Status check_tables(const std::vector<Op>& ops) const;
  // What does not leave this node, and what is to be hashed apart. Clears reach only as far as this node has seen.
  void divide_by_tables(Commit& commit) const;
  // What is kept beside the cells follows them.
  Status note_changes(const Commit& commit);
  // A record that is about this node and no commit: in the log in its order, pending until it is durable.
  // kUnavailable when the log takes nothing.
  Result<LogPos> append_note(log::RecordKind kind, ByteSpan body, Hlc stamp = {});
  void state_floor(Time now);
  void note_escrow(const Op& op, bool own);
  void note_reset(const Op& op);
  void note_end(const CellPath& path);
  // Declarations and what was done under idempotency keys, of which an index is kept.
  Status note_kept(std::string_view table, ByteSpan key);
  // What a commit that is about to come in, and stands in no log yet, shows of those who made it.
  Status note_meeting(const Commit& commit);
  Status note_met_ends(const Commit& commit);
  Status note_cleared_ends(const Commit& commit);
  void note_met(const CellPath& path);
  void note_met_stranger(const Origin& origin, Seq upto);
  void begin_meeting(VersionVector before);
  void end_catching_up();
  // Appends what was noted since the last time, where anything ends.
  Status say_met();
  // Of a commit that is about to come in: whether its origin is a stranger, from now on.
  void note_stranger(const Dot& dot);
  // The same of those whose first commits a cut has brought. True when there are any.
  Result<bool> note_strangers(const VersionVector& before, const VersionVector& brought);
  bool by_stranger(const Dot& dot) const;
  // Who has seen that has heard of this node, and of what it had vouched for.
  bool has_heard(const VersionVector& seen, const VersionVector& vouched) const;
  // Who vouches for having seen this node's commits is none any more.
  void note_vouch(const Commit& commit);
  Status note_own_vouches();
  // What somebody vouches for who has not heard of this origin may have been freed without it, by anybody: it counts as
  // ended here from now on, whatever the clock says.
  void follow_vouch(const engine::Vouch& said, Hlc stamp);
  // The same of all that this origin cannot be known to have looked at.
  Status follow_vouches();
  // Before something comes in that those wrote who are retired here (engine/retired.h), not knowing what has been freed
  // without them, or who only report the table and see nothing of others in it: gives up what may have been freed of
  // the same keys. It stands before it in the log, so that no crash leaves the one without the other. Nothing happened
  // to the keys when this fails.
  Status give_up_before(const Commit& news, Time now);
  Status give_up_before(const Cut& cut, const std::vector<CutCell>& cells, Time now);
  Result<std::optional<Op>> give_up_field(const MetKey& met, const VersionVector& before, Time now) const;
  bool is_news_of_retired(const VersionVector& context) const;
  std::optional<MetKey> may_be_freed(const CellPath& path) const;
  Status append_cut_cells(const std::vector<CutCell>& cells, std::uint64_t& records);
  Status note_joined(const CutCell& cell, const VersionVector& before, bool met);
  // Of one turn: those beyond keep their slots until they are reset again.
  static constexpr std::size_t kResetCountersMax = 10'000;
  static constexpr std::size_t kUnseenEndsMax = 100'000;
  static constexpr std::size_t kStrangersMax = 1'000;
  static void hold(std::deque<Held>& all, LogPos pos, ReplyOut&& reply, std::vector<Dependency> rest = {});
  // Answers all that waits for durability; the records themselves go on.
  void refuse_held(const Status& reason, Outputs& out);
  void release(Outputs& out);
  void release_for_os(Outputs& out);

  // All that is committed here so far counts as seen by others.
  void note_shared() { shared_upto_ = cells_->context().get(self_); }

  NamespaceConfig config_;
  Origin self_;
  std::unique_ptr<store::Cells> cells_;
  engine::Catalog catalog_;
  engine::Indexes indexes_;
  engine::OnceWindow once_;
  log::Index index_;
  log::Tail tail_;
  log::Appender appender_;
  log::Reader reader_;

  std::string tables_refused_;
  VersionVector tail_from_;
  std::vector<Commit> late_;  // since then, of tables that are arriving
  std::size_t late_bytes_ = 0;
  std::uint64_t scope_version_ = 0;
  VersionVector durable_context_;
  VersionVector seen_since_own_;
  std::uint64_t durable_changes_ = 0;
  HlcClock clock_;
  repl::Frontier frontier_;
  Hlc durable_hlc_;  // the largest stamp in the durable log
  Hlc wanted_frontier_;
  Hlc stated_floor_;                  // of the last floor record
  std::deque<Pending> pending_;       // appended, not durable
  std::deque<Held> held_;             // ascending by pos
  std::deque<Held> held_for_os_;      // until handed over, ascending by pos
  LogPos handed_over_;                // what the operating system has, or more
  std::optional<LogPos> relaxed_at_;  // of the record of begin_relaxed() in this process
  Status failure_;
  bool closed_ = false;
  bool disk_full_noted_ = false;
  std::set<engine::EscrowKey> escrow_touched_;  // of the turn
  std::set<CellPath> reset_counters_;           // likewise
  std::int64_t clock_floor_ms_ = 0;
  Meeting meeting_;
  MeetingNews meeting_news_;   // of that, what is not in the log yet
  VersionVector own_vouches_;  // the last one of each epoch
  std::size_t sharing_ = 0;
  Seq shared_upto_;  // of self_, when that was 0 last; before this process anything may have been
  bool draining_ = false;
  std::uint64_t conflicts_ = 0;
  std::map<Origin, Seq> refused_stamps_;  // the last one filed
  std::uint64_t commits_appended_ = 0;
};

}  // namespace pando::node

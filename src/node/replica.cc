#include "node/replica.h"

#include <fmt/core.h>

#include <algorithm>

#include "apply/apply.h"
#include "apply/changes.h"
#include "base/check.h"
#include "engine/late_report.h"
#include "model/field_end.h"

namespace pando::node {
namespace {

constexpr std::size_t kRefusedStampsMax = 1'000;

}  // namespace

Replica::Replica(const NamespaceConfig& config, std::string node_name, std::unique_ptr<store::Cells> cells,
                 log::Recovered recovered)
    : config_(config),
      self_(cells->meta().self),
      cells_(std::move(cells)),
      index_(std::move(recovered.index)),
      appender_(recovered.append_at, index_, tail_,
                [this] {
                  return log::SegmentStart{self_, cells_->context(), cells_->meta().changes};
                },
                {.segment_bytes = config.segment_bytes}),
      reader_(index_, tail_),
      durable_context_(cells_->context()),
      seen_since_own_(cells_->context()),
      durable_changes_(cells_->meta().changes),
      clock_(cells_->meta().hlc_floor),
      frontier_(durable_context_),
      durable_hlc_(cells_->meta().hlc_floor),
      failure_(recovered.damage) {
  if (self_.node != node_name) self_ = Origin{std::move(node_name), 1};
  if (Result<engine::Catalog> catalog = engine::Catalog::load(*cells_)) {
    catalog_ = *std::move(catalog);
  } else {
    fail(catalog.error().with_context("cannot read the table declarations"));
  }
  cells_->observe(&indexes_);
  if (Result<engine::OnceWindow> once = engine::OnceWindow::load(*cells_)) {
    once_ = *std::move(once);
  } else {
    fail(once.error().with_context("cannot read what was done under idempotency keys"));
  }
  // A node that was called otherwise before goes on under its new name, as a new origin.
  cells_->set_self(self_);
  if (failure_.ok()) {
    if (Status status = settle_tables(); !status.ok()) fail(std::move(status));
  }
  if (failure_.ok()) {
    if (Status status = note_own_vouches(); !status.ok()) fail(std::move(status));
    if (Status status = follow_vouches(); !status.ok()) fail(std::move(status));
  }
  restart_tail();
  note_shared();
  if (config_.writable) frontier_.on_own(self_, durable_hlc_);
}

Status Replica::serving() const {
  if (!failure_.ok()) {
    return Status(StatusCode::kUnavailable, fmt::format("namespace {}: {}", name(), failure_.message()));
  }
  if (closed_) return Status(StatusCode::kUnavailable, fmt::format("namespace {}: stopping", name()));
  return {};
}

Status Replica::health() const {
  if (Status serves = serving(); !serves.ok()) return serves;
  if (!appender_.prepare_failure().ok()) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("namespace {}: {}", name(), appender_.prepare_failure().message()));
  }
  if (tables().subscribe.all && holds() == TableSet::of({})) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("namespace {}: all tables are arriving from a peer; GET /scope says how far", name()));
  }
  return {};
}

Dot Replica::next_dot() const { return {self_, cells_->context().get(self_).next()}; }

Result<LogPos> Replica::commit(std::vector<Op> ops, Time now, std::optional<Bytes> idempotency_key) {
  PANDO_RETURN_IF_ERROR(serving());
  CHECK(config_.writable);
  Commit commit;
  commit.dot = next_dot();
  commit.hlc = clock_.tick(now.wall_ms);
  commit.idempotency_key = std::move(idempotency_key);
  commit.ops = std::move(ops);
  PANDO_RETURN_IF_ERROR(check_tables(commit.ops));
  if (config_.release >= repl::Release::kParts) divide_by_tables(commit);
  const Bytes encoded = seal_commit(cells_->meta().chain(self_), commit);
  if (encoded.size() > limits::kCommitBytesMax) {
    return pando::fail(StatusCode::kTooLarge,
                       fmt::format("commit has {} bytes, the limit is {}", encoded.size(), limits::kCommitBytesMax));
  }
  const Result<LogPos> pos = appender_.append(log::RecordKind::kCommit, encoded);
  if (!pos) return pos;
  PANDO_RETURN_IF_ERROR(enter(std::move(commit), *pos));
  seen_since_own_ = {};
  return pos;
}

Status Replica::admit(Commit commit, ByteSpan encoded, Time now) {
  PANDO_RETURN_IF_ERROR(serving());
  PANDO_RETURN_IF_ERROR(apply::check_causal(commit, cells_->context()));
  PANDO_RETURN_IF_ERROR(give_up_before(commit, now));
  // All vouch for what goes: it may, also where the commit does not come in after all.
  Status noted = engine::free_before(*cells_, commit);
  if (noted.ok()) noted = note_meeting(commit);
  if (!noted.ok()) {
    fail(std::move(noted));
    return serving();
  }
  PANDO_RETURN_IF_ERROR(say_met());
  const Result<LogPos> pos = appender_.append(log::RecordKind::kCommit, encoded);
  if (!pos) return pos.error();
  clock_.witness(commit.hlc);
  seen_since_own_.raise(commit.dot.origin, commit.dot.seq);
  return enter(std::move(commit), *pos);
}

Status Replica::enter(Commit commit, LogPos pos) {
  const Result<apply::ApplyOutcome> outcome = apply::apply(commit, pos, *cells_);
  if (!outcome) {
    // The record is in the log and its effect is not in the cells: nothing may be built on that. Replaying
    // the log after a restart tries again.
    fail(outcome.error().with_context(fmt::format("cannot apply {}", to_string(commit.dot))));
    return serving();
  }
  if (Status status = note_changes(commit); !status.ok()) {
    fail(std::move(status));
    return serving();
  }
  if (any_arrives()) note_tail(commit);
  conflicts_ += outcome->conflicts;
  ++commits_appended_;
  pending_.push_back({pos, std::move(commit), {}, {}, outcome->changes});
  return {};
}

void Replica::note_escrow(const Op& op, bool own) {
  const auto* put = std::get_if<PutOp>(&op);
  const auto* clear = std::get_if<ClearOp>(&op);
  const bool may_tell = put == nullptr ? clear != nullptr : put->path.kind == CellKind::kBound;
  if (!may_tell || !config_.writable || arrives(table_of(op))) return;
  if (put != nullptr) {
    // What others count in a limiter asks nothing of this site.
    if (!own && put->path.table == kTableLimits) return;
    const std::optional<engine::PartName> part = engine::parse_part(put->path.element);
    if (part) escrow_touched_.insert({put->path.table, put->path.key, part->subject});
  } else if (!own) {
    // It may have left what this site counted meanwhile.
    if (clear->includes(CellKind::kBound, {})) escrow_touched_.insert({clear->table, clear->key, {}});
  }
}

void Replica::note_reset(const Op& op) {
  const auto* reset = std::get_if<CountResetOp>(&op);
  if (reset == nullptr || !config_.writable || reset_counters_.size() >= kResetCountersMax) return;
  if (arrives(reset->path.table)) return;
  for (const CountResetOp::Slot& slot : reset->observed) {
    if (slot.origin == self_) reset_counters_.insert(reset->path);
  }
}

Status Replica::note_kept(std::string_view table, ByteSpan key) {
  if (table == kTableTables) {
    Status status = catalog_.note_change(*cells_, key);
    if (!status.ok()) return status.with_context("cannot read a table declaration");
  } else if (table == engine::kTableNodes) {
    Status status = catalog_.retired().note_change(*cells_, key);
    if (!status.ok()) return status.with_context("cannot read which nodes are retired");
  } else if (table == kTableOnce) {
    Status status = once_.note_change(*cells_, key);
    if (!status.ok()) return status.with_context("cannot read what was done under an idempotency key");
  }
  return {};
}

std::optional<MetKey> Replica::may_be_freed(const CellPath& path) const {
  // What this node only reads it has not written: nothing of it would come alive elsewhere.
  if (!may_write(path.table) || is_internal_table(path.table) || !cells_->may_expire(path.table)) return std::nullopt;
  const bool part = !fields_around(path).empty();
  return MetKey{path.table, path.key, part ? path.kind : CellKind::kRegister, part ? path.element : Bytes()};
}

bool Replica::is_news_of_retired(const VersionVector& context) const {
  if (retired().empty()) return false;
  const auto& entries = context.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return retired().has(entry.first) && cells_->context().get(entry.first) < entry.second;
  });
}

Status Replica::note_changes(const Commit& commit) {
  const bool own = commit.dot.origin == self_;
  for (const Op& op : commit.ops) {
    note_escrow(op, own);
    note_reset(op);
    PANDO_RETURN_IF_ERROR(note_kept(table_of(op), key_of(op)));
  }
  if (!own) end_catching_up();
  note_vouch(commit);
  return {};
}

void Replica::file_refused_stamp(const Dot& dot, Hlc hlc, const Status& reason) {
  // A peer tries again with every new link.
  const auto [at, fresh] = refused_stamps_.emplace(dot.origin, dot.seq);
  if (!fresh && at->second == dot.seq) return;
  at->second = dot.seq;
  if (refused_stamps_.size() > kRefusedStampsMax) refused_stamps_.erase(refused_stamps_.begin());
  Conflict line;
  line.kind = Conflict::Kind::kRefusedStamp;
  line.id = {appended(), cells_->ledger().next_index(appended())};
  line.hlc = hlc;
  line.loser = {dot, hlc, std::nullopt, std::nullopt};
  line.reason = reason.message().substr(0, limits::kLedgerReasonBytesMax);
  cells_->ledger().add(std::move(line));
  ++conflicts_;
}

Result<LogPos> Replica::append_note(log::RecordKind kind, ByteSpan body, Hlc stamp) {
  const Result<LogPos> pos = appender_.append(kind, body);
  if (!pos) return pos;
  cells_->applied_record(*pos, 0);
  pending_.push_back({*pos, std::nullopt, stamp, {}});
  return pos;
}

Status Replica::begin_epoch_above(std::uint64_t epoch) {
  PANDO_RETURN_IF_ERROR(serving());
  const Origin next{self_.node, std::max(self_.epoch, epoch) + 1};
  Bytes body;
  Writer writer(body);
  encode(next, writer);
  const Result<LogPos> pos = append_note(log::RecordKind::kIdentity, body);
  if (!pos) return pos.error();
  if (const Seq last = cells_->context().get(self_); last.value != 0) seen_since_own_.raise(self_, last);
  self_ = next;
  if (config_.writable) frontier_.on_own(self_, Hlc{});
  cells_->set_self(next);
  cells_->set_relaxed(false);
  relaxed_at_.reset();
  note_shared();
  if (Status status = follow_vouches(); !status.ok()) fail(std::move(status));
  return {};
}

// Where nobody writes, stamps do not rise by themselves.
void Replica::state_floor(Time now) {
  constexpr std::int64_t kFloorEveryMs = 1000;
  const Hlc stamp = Hlc::from_wall_ms(now.wall_ms);
  if (!config_.writable || !serving().ok() || wanted_frontier_ > stamp ||
      cells_->meta().hlc_floor >= wanted_frontier_) {
    return;
  }
  if (now.wall_ms < stated_floor_.wall_ms() + kFloorEveryMs) return;
  Bytes body;
  Writer(body).u64(stamp.bits);
  // The disk is full: asked again by the next turn.
  if (!append_note(log::RecordKind::kFloor, body, stamp)) return;
  stated_floor_ = stamp;
  clock_.witness(stamp);
  cells_->raise_hlc_floor(stamp);
}

Status Replica::begin_relaxed() {
  if (relaxed_at_) return {};
  PANDO_RETURN_IF_ERROR(serving());
  const Result<LogPos> pos = append_note(log::RecordKind::kRelaxed, {});
  if (!pos) return pos.error();
  relaxed_at_ = *pos;
  appender_.run_ahead();
  cells_->set_relaxed(true);
  return {};
}

Status Replica::append_close() {
  PANDO_RETURN_IF_ERROR(serving());
  if (const Result<LogPos> pos = append_note(log::RecordKind::kClose, {}); !pos) return pos.error();
  cells_->set_relaxed(false);
  closed_ = true;
  return {};
}

void Replica::reply_when_durable(ReplyOut&& reply, std::vector<Dependency> dependencies, Outputs& out) {
  while (!dependencies.empty()) {
    const Dependency next = dependencies.back();
    dependencies.pop_back();
    if (next.pos <= next.replica->durable()) continue;
    hold(next.replica->held_, next.pos, std::move(reply), std::move(dependencies));
    return;
  }
  out.replies.push_back(std::move(reply));
}

void Replica::reply_when_durable(ReplyOut&& reply, LogPos pos, Outputs& out) {
  if (pos <= durable()) {
    out.replies.push_back(std::move(reply));
  } else {
    hold(held_, pos, std::move(reply));
  }
}

void Replica::reply_when(Durability::Level level, ReplyOut&& reply, LogPos pos, Outputs& out) {
  if (level >= Durability::Level::kFsync || !relaxed_at_) return reply_when_durable(std::move(reply), pos, out);
  // Until it is known on the disk that answers run ahead of it, none does.
  if (*relaxed_at_ > durable()) return reply_when_durable(std::move(reply), std::max(pos, *relaxed_at_), out);
  if (level == Durability::Level::kMemory || pos <= handed_over_ || pos <= durable()) {
    out.replies.push_back(std::move(reply));
    return;
  }
  hold(held_for_os_, pos, std::move(reply));
}

void Replica::on_handed_over(Outputs& out) {
  appender_.handed_over();
  handed_over_ = appender_.handed_out();
  release_for_os(out);
}

void Replica::release_for_os(Outputs& out) {
  while (!held_for_os_.empty() && held_for_os_.front().pos <= std::max(handed_over_, durable())) {
    out.replies.push_back(std::move(held_for_os_.front().reply));
    held_for_os_.pop_front();
  }
}

void Replica::hold(std::deque<Held>& all, LogPos pos, ReplyOut&& reply, std::vector<Dependency> rest) {
  auto at = all.end();
  while (at != all.begin() && std::prev(at)->pos > pos) --at;
  all.insert(at, Held{pos, std::move(reply), std::move(rest)});
}

void Replica::on_written(const Status& status, const DurableSink& sink, Outputs& out) {
  appender_.written(status);
  if (!status.ok()) {
    fail(status.with_context("log write failed, nothing more is taken"));
    return;
  }
  while (!pending_.empty() && pending_.front().pos <= durable()) {
    const Pending record = std::move(pending_.front());
    pending_.pop_front();
    durable_hlc_ = std::max(durable_hlc_, record.commit ? record.commit->hlc : record.floor);
    for (const auto& [origin, seq] : record.cut.entries()) {
      if (durable_context_.get(origin) < seq) frontier_.on_durable({origin, seq}, Hlc{});
    }
    if (!record.cut.empty()) {
      durable_context_.merge(record.cut);
      sink.cut(record.pos, record.cut);
    }
    if (!record.commit) continue;
    durable_context_.raise(record.commit->dot.origin, record.commit->dot.seq);
    frontier_.on_durable(record.commit->dot, record.commit->hlc);
    sink.commit(DurableCommit{record.pos, durable_changes_ + 1, *record.commit});
    durable_changes_ += record.changes;
  }
  if (config_.writable) frontier_.on_own(self_, durable_hlc_);
  release(out);
}

void Replica::release(Outputs& out) {
  while (!held_.empty() && held_.front().pos <= durable()) {
    Held& held = held_.front();
    if (held.rest.empty()) {
      out.replies.push_back(std::move(held.reply));
      held_.pop_front();
      continue;
    }
    Held moved = std::move(held);
    held_.pop_front();
    reply_when_durable(std::move(moved.reply), std::move(moved.rest), out);
  }
  release_for_os(out);
}

std::uint64_t Replica::drop_oldest_segment() {
  const std::uint64_t id = index_.segments().front().header.segment_id;
  index_.drop_oldest();
  return id;
}

void Replica::on_prepared(std::uint64_t segment_id, const Status& status, Time now, Outputs& out) {
  appender_.prepared(segment_id, status, instant_of(now));
  if (status.ok()) {
    if (disk_full_noted_) out.notes.push_back({Note::Level::kInfo, name(), "the next log segment is ready again"});
    disk_full_noted_ = false;
  } else if (!disk_full_noted_) {
    disk_full_noted_ = true;
    out.notes.push_back({Note::Level::kError, name(),
                         fmt::format("cannot prepare log segment {}: {}; trying again", segment_id, status.message())});
  }
}

void Replica::hand_out(Time now, Outputs& out) {
  if (!appender_.failure().ok()) return;
  state_floor(now);
  const bool ahead = !held_for_os_.empty() && held_for_os_.back().pos > appender_.handed_out();
  if (auto write = appender_.take_write(ahead)) {
    const bool tell_written = !held_for_os_.empty() && held_for_os_.front().pos <= appender_.handed_out();
    const bool awaited = !held_.empty() && held_.front().pos <= appender_.handed_out();
    out.log_writes.push_back(
        {name(), write->segment_id, write->offset, std::move(write->bytes), tell_written, awaited});
  }
  if (auto ask = appender_.take_prepare(instant_of(now))) {
    out.segment_prepares.push_back({name(), ask->segment_id, ask->bytes_total});
  }
  // Records that were taken and have no segment to go to: they go out when the disk has room, and nobody waits
  // for that without being told.
  const bool stuck = !appender_.prepare_failure().ok() && !appender_.write_in_flight() && !appender_.idle();
  if (stuck) refuse_held(appender_.prepare_failure(), out);
}

void Replica::fail(Status reason) {
  if (failure_.ok()) failure_ = std::move(reason);
}

void Replica::refuse_held(const Status& reason, Outputs& out) {
  for (std::deque<Held>* waiting : {&held_, &held_for_os_}) {
    for (const Held& held : *waiting) {
      out.replies.push_back({held.reply.id, Reply::failure(reason.with_context("outcome unknown"))});
    }
    waiting->clear();
  }
}

void Replica::end_waiting(Outputs& out) {
  refuse_held(serving(), out);
  pending_.clear();
}

}  // namespace pando::node

#include "node/write_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/etag.h"
#include "engine/restore.h"
#include "node/peer_path.h"
#include "store/cell_cursor.h"

namespace pando::node {
namespace {

// Rights that are missing to take something back are asked for, and waited for, this long.
constexpr Duration kWithdrawAgain = Duration::seconds(1);

}  // namespace

Status WritePath::writable() const {
  PANDO_RETURN_IF_ERROR(replica_.serving());
  if (!replica_.config().writable) return Status(StatusCode::kReadOnly, "this node is read-only");
  // Changes that no checkpoint has taken yet live in memory; past this, taking more would be unbounded.
  const std::size_t most = limits::kDirtyTimesMax * replica_.config().checkpoint_dirty_bytes;
  if (replica_.cells().dirty_bytes() > most) {
    return Status(StatusCode::kOverloaded,
                  fmt::format("{} bytes wait for a checkpoint, the limit is {}", replica_.cells().dirty_bytes(), most));
  }
  return {};
}

Status WritePath::takes_writes() const {
  PANDO_RETURN_IF_ERROR(writable());
  if (!replica_.draining()) return {};
  return Status(StatusCode::kUnavailable,
                fmt::format("{} is being drained, to be stopped, and takes no writes: send them to another node (an "
                            "operator undoes it with: pando drain --undo)",
                            replica_.self().node));
}

Status WritePath::takes(const WriteRequest& write) const {
  const bool settles =
      !write.mutations.empty() &&
      std::all_of(write.mutations.begin(), write.mutations.end(), [](const Mutation& mutation) {
        return mutation.kind == Mutation::Kind::kDetail && std::holds_alternative<SettleBounded>(mutation.detail);
      });
  return settles ? writable() : takes_writes();
}

engine::Draft WritePath::draft(Time now) { return engine::Draft(replica_.next_dot(), replica_.view(now), parser_); }

bool WritePath::may_leave_unshared(const WriteRequest& write, const Terms& terms) const {
  if (!replica_.has_unshared()) return false;
  const auto adds = [](const Mutation& mutation) { return mutation.kind == Mutation::Kind::kAddMembers; };
  if (std::none_of(write.mutations.begin(), write.mutations.end(), adds)) return false;
  // Who waits for other sites waits for a commit of its own.
  if (terms.durability) return !is_far(*terms.durability);
  return std::none_of(write.mutations.begin(), write.mutations.end(),
                      [&](const Mutation& mutation) { return is_far_in(mutation.table, replica_); });
}

Result<LogPos> WritePath::commit(engine::Draft& draft, Time now, const std::optional<Bytes>& idempotency_key) {
  malformed_payloads_ += draft.malformed_payloads();
  // Nothing to change: but what made it nothing (say an earlier delete) may not be durable yet.
  if (draft.empty()) return replica_.appended();
  return replica_.commit(draft.take_ops(), now, idempotency_key);
}

void WritePath::refuse(RequestId id, Status status, Outputs& out, Refusal refusal) {
  Reply reply = Reply::failure(std::move(status));
  reply.refusal = std::move(refusal);
  out.replies.push_back({id, std::move(reply)});
}

void WritePath::tell_demands(engine::Draft& draft, Time now) {
  for (engine::EscrowDemand& demand : draft.take_demands()) escrow_.on_demand(std::move(demand), now);
}

// Done before. --------------------------------------------------------------------------------------------------

bool WritePath::answer_again(RequestId id, const Terms& terms, Time now, Outputs& out) {
  if (!terms.idempotency_key) return false;
  engine::View view = replica_.view(now);
  const Result<std::optional<engine::OnceFound>> found = engine::find_once(view, *terms.idempotency_key);
  if (!found) {
    refuse(id, found.error(), out);
    return true;
  }
  if (!*found) return false;
  const auto& [dot, once] = **found;
  const auto conflict = [&, &dot = dot](std::string_view why) {
    refuse(id,
           Status(StatusCode::kConflict,
                  fmt::format("Idempotency-Key was used before, by commit {}: {}", to_string(dot), why)),
           out);
  };
  if (once.fingerprint != 0 && terms.fingerprint != 0 && once.fingerprint != terms.fingerprint) {
    conflict("for another request; choose a new key");
    return true;
  }
  if (!once.answer) {
    conflict("the write is done, its answer was not kept");
    return true;
  }
  Reply reply;
  reply.body = *once.answer;
  reply.dot = dot;
  reply.replayed = true;
  if (terms.after) {
    reply.token = CausalToken{dot};
    merge(*reply.token, *terms.after);
  }
  // On this disk at least, as nobody knows any more what it wrote.
  std::vector<Durability> safe{Durability{}};
  if (terms.durability) safe.push_back(*terms.durability);
  answers_.answer({id, std::move(reply)}, view.touched(), std::move(safe), terms.durability_wait, now, out);
  return true;
}

void WritePath::withdraw_contested(const PeerPath& peers, Time now, Outputs& out) {
  if (replica_.once().contested().empty() || !writable().ok()) return;
  if (withdraw_again_at_ && instant_of(now) < *withdraw_again_at_) return;
  // What an earlier epoch of this node did, that one may have taken back by itself, in commits that are still to come.
  if (replica_.self().epoch > 1 && (!peers.brought_own() || replica_.catches_up_on(replica_.self().node))) return;
  withdraw_again_at_.reset();
  const std::set<Bytes> contested = replica_.once().contested();
  std::size_t taken_back = 0;
  for (const Bytes& key : contested) {
    engine::Draft made = draft(now);
    Status status = engine::withdraw(made, key, replica_.self().node);
    if (status.ok() && made.empty()) continue;
    if (status.ok()) {
      const Result<LogPos> pos = commit(made, now);
      status = pos ? Status() : pos.error();
      taken_back += status.ok() ? 1 : 0;
    } else {
      tell_demands(made, now);
    }
    if (!status.ok()) withdraw_again_at_ = instant_of(now) + kWithdrawAgain;
    if (!status.ok() && !withdrawal_failing_) {
      out.notes.push_back(
          {Note::Level::kWarning, replica_.name(),
           fmt::format("what was done twice under an idempotency key stays for now: {}", status.message())});
    }
    withdrawal_failing_ = !status.ok();
  }
  // Whoever sees a number go down should find out why.
  if (taken_back == 0) return;
  out.notes.push_back(
      {Note::Level::kInfo, replica_.name(),
       fmt::format("done twice under idempotency keys that two sites used, and taken back here: {}", taken_back)});
}

// Conditions. ---------------------------------------------------------------------------------------------------

Status WritePath::check_conditions(const WriteRequest& request, const Terms& terms, Time now) {
  if (!terms.if_match && !terms.if_none_match) return {};
  const Mutation& first = request.mutations.front();
  for (const Mutation& mutation : request.mutations) {
    if (mutation.table == first.table && mutation.key == first.key) continue;
    return Status(StatusCode::kInvalidArgument,
                  "If-Match and If-None-Match are about one key, this write changes several");
  }
  engine::View view = replica_.view(now);
  return engine::check_conditions(view, terms.if_match, terms.if_none_match, first.table, first.key);
}

// Writes. -------------------------------------------------------------------------------------------------------

Status WritePath::check_reach(const std::vector<Mutation>& mutations, const Terms& terms) const {
  if (!terms.durability || terms.durability->level < Durability::Level::kSites) return {};
  for (const Mutation& mutation : mutations) {
    if (replica_.publishes(mutation.table)) continue;
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("table \"{}\" does not leave this node: no other site can have it", mutation.table));
  }
  return {};
}

Status WritePath::prepare_for(std::vector<Durability>& needs, const engine::Draft& draft) {
  // Rights that were spent and forgotten would be spent twice.
  if (draft.writes_kind(CellKind::kBound)) needs.push_back(Durability{});
  const auto below = [](const Durability& need) { return need.level < Durability::Level::kFsync; };
  if (std::all_of(needs.begin(), needs.end(), below)) return replica_.begin_relaxed();
  return {};
}

Status WritePath::commit_and_answer(RequestId id, engine::Draft& draft, Reply&& reply,
                                    const std::vector<Mutation>& mutations, const Terms& terms, Time now, Outputs& out,
                                    const Mutation* told) {
  PANDO_RETURN_IF_ERROR(check_reach(mutations, terms));
  std::vector<Durability> safe =
      terms.durability ? std::vector<Durability>{*terms.durability} : durability_of(mutations, replica_);
  PANDO_RETURN_IF_ERROR(prepare_for(safe, draft));
  // What a limiter denies is no write, and asked anew.
  const auto* verdict = std::get_if<LimiterReply>(&reply.body);
  if (terms.idempotency_key && (verdict == nullptr || verdict->allowed)) {
    PANDO_RETURN_IF_ERROR(
        engine::record(draft, *terms.idempotency_key, {terms.fingerprint, reply.body, {}}, replica_.once(), once_));
  }
  if (!draft.empty()) reply.dot = replica_.next_dot();
  const Result<LogPos> pos = commit(draft, now, terms.idempotency_key);
  if (!pos) return pos.error();
  if (told != nullptr) {
    engine::View view = replica_.view(now);
    Result<std::string> etag = engine::etag_of(view, told->table, told->key);
    if (etag) reply.etag = *std::move(etag);
  }
  // Without a commit of its own it says what its client has seen, as a read does.
  if (!reply.dot && terms.after) reply.token = terms.after;
  if (!reply.dot && draft.stands_on()) {
    CausalToken stands_on{*draft.stands_on()};
    if (reply.token) merge(stands_on, *reply.token);
    reply.token = std::move(stands_on);
  }
  answers_.answer({id, std::move(reply)}, *pos, std::move(safe), terms.durability_wait, now, out);
  return {};
}

void WritePath::handle(RequestId id, WriteRequest&& request, const Terms& terms, Time now, Outputs& out) {
  if (Status status = takes(request); !status.ok()) return refuse(id, std::move(status), out);
  if (request.mutations.empty()) return refuse(id, Status(StatusCode::kInvalidArgument, "nothing to write"), out);
  if (answer_again(id, terms, now, out)) return;
  if (Status status = check_conditions(request, terms, now); !status.ok()) return refuse(id, std::move(status), out);
  engine::Draft made = draft(now);
  if (request.results) made.keep_results();
  if (terms.idempotency_key) made.keep_counted();
  made.leave_unshared(may_leave_unshared(request, terms));
  for (std::size_t i = 0; i < request.mutations.size(); ++i) {
    Status status = made.add(request.mutations[i]);
    if (status.ok() && request.until_given && made.gave_back()) break;
    if (status.ok()) continue;
    if (request.mutations.size() > 1) status = status.with_context(fmt::format("item {}", i));
    tell_demands(made, now);
    return refuse(id, std::move(status), out, made.take_refusal());
  }
  tell_demands(made, now);
  Reply reply;
  reply.body = answer_of(made, request);
  const bool tells_state = terms.if_match || terms.if_none_match || terms.wants_etag;
  const Mutation* told = tells_state ? &request.mutations.front() : nullptr;
  if (Status status = commit_and_answer(id, made, std::move(reply), request.mutations, terms, now, out, told);
      !status.ok()) {
    refuse(id, std::move(status), out);
  }
}

Result<WriteRequest> WritePath::restoring(const RestoreConflictRequest& request) {
  const Conflict* filed = replica_.cells().ledger().find(request.id);
  if (filed == nullptr) {
    return fail(StatusCode::kNotFound,
                fmt::format("no conflict {} in the ledger of this node (any more)", to_string(request.id)));
  }
  Conflict line = *filed;
  engine::resolve_line(replica_.catalog().of(line.path.table), line);
  Result<Mutation> mutation = engine::restoring(line);
  if (!mutation) return fail(mutation.error());
  WriteRequest write;
  write.mutations.push_back(*std::move(mutation));
  return write;
}

void WritePath::handle(RequestId id, TxBeginRequest&& request, const Terms&, Time now, Outputs& out) {
  if (Status status = takes_writes(); !status.ok()) return refuse(id, std::move(status), out);
  Result<Bytes> begun = transactions_.begin(request, instant_of(now));
  if (!begun) return refuse(id, begun.error(), out);
  pictures_.begin(**transactions_.find(*begun, instant_of(now)), now);
  out.replies.push_back({id, Reply{{}, TxBegunReply{std::move(*begun)}, {}}});
}

void WritePath::handle(RequestId id, TxAppendRequest&& request, const Terms&, Time now, Outputs& out) {
  if (Status status = writable(); !status.ok()) return refuse(id, std::move(status), out);
  const Result<engine::Transaction*> tx = transactions_.find(request.id, instant_of(now));
  if (!tx) return refuse(id, tx.error(), out);
  engine::Transactions::adapt(**tx, *request.mutation);
  // Tried on a draft of its own, so that a mutation that can never commit is refused where it is sent.
  engine::Draft trial = draft(now);
  if (Status status = trial.add(*request.mutation); !status.ok()) return refuse(id, std::move(status), out);
  if (Status status = transactions_.append(**tx, std::move(*request.mutation)); !status.ok()) {
    return refuse(id, std::move(status), out);
  }
  out.replies.push_back({id, Reply{{}, DoneReply{1}, {}}});
}

void WritePath::handle(RequestId id, TxAppendLobRequest&& request, const Terms&, Time now, Outputs& out) {
  if (Status status = writable(); !status.ok()) return refuse(id, std::move(status), out);
  if (Status status = validate_key(request.key); !status.ok()) return refuse(id, std::move(status), out);
  const Result<engine::Transaction*> tx = transactions_.find(request.id, instant_of(now));
  if (!tx) return refuse(id, tx.error(), out);
  const Result<engine::Upload*> upload = transactions_.upload(**tx, request.key);
  if (!upload) return refuse(id, upload.error(), out);
  // Staged on a copy: when the commit is refused, the client may send the same chunk again.
  engine::Upload staged = **upload;
  engine::Draft made = draft(now);
  if (Status status = made.stage(staged, request.chunk, false); !status.ok()) return refuse(id, std::move(status), out);
  const Result<LogPos> pos = commit(made, now);
  if (!pos) return refuse(id, pos.error(), out);
  transactions_.extend(**tx, **upload, std::move(staged), request.chunk);
  replica_.reply_when_durable({id, Reply{{}, DoneReply{1}, {}}}, *pos, out);
}

void WritePath::handle(RequestId id, TxDeleteLobRequest&& request, const Terms&, Time now, Outputs& out) {
  if (Status status = writable(); !status.ok()) return refuse(id, std::move(status), out);
  if (Status status = validate_key(request.key); !status.ok()) return refuse(id, std::move(status), out);
  const Result<engine::Transaction*> tx = transactions_.find(request.id, instant_of(now));
  if (!tx) return refuse(id, tx.error(), out);
  if (Status status = transactions_.append_deleted_lob(**tx, std::move(request.key)); !status.ok()) {
    return refuse(id, std::move(status), out);
  }
  out.replies.push_back({id, Reply{{}, DoneReply{1}, {}}});
}

Status WritePath::build(engine::Transaction& tx, engine::Draft& draft) {
  for (std::size_t i = 0; i < tx.mutations.size(); ++i) {
    if (Status status = draft.add(tx.mutations[i]); !status.ok()) return status.with_context(fmt::format("item {}", i));
  }
  for (const Bytes& key : tx.deleted_lobs) PANDO_RETURN_IF_ERROR(draft.delete_lob(key));
  for (auto& entry : tx.uploads) {
    engine::Upload& upload = entry.second;
    PANDO_RETURN_IF_ERROR(draft.stage(upload, {}, true));
    PANDO_RETURN_IF_ERROR(draft.publish(upload));
  }
  return {};
}

void WritePath::handle(RequestId id, TxCommitRequest&& request, const Terms& terms, Time now, Outputs& out) {
  if (Status status = writable(); !status.ok()) return refuse(id, std::move(status), out);
  if (answer_again(id, terms, now, out)) return;
  const Result<engine::Transaction*> tx = transactions_.find(request.id, instant_of(now));
  if (!tx) return refuse(id, tx.error(), out);
  // Built on a copy of the uploads: a commit that is refused leaves the transaction open as it was.
  const std::map<Bytes, engine::Upload> uploads = (*tx)->uploads;
  engine::Draft made = draft(now);
  if (terms.idempotency_key) made.keep_counted();
  Status status = build(**tx, made);
  tell_demands(made, now);
  if (status.ok()) {
    Reply reply;
    const std::uint64_t processed = (*tx)->mutations.size() + (*tx)->deleted_lobs.size() + (*tx)->uploads.size();
    reply.body = TxCommittedReply{processed, (*tx)->checksum};
    status = commit_and_answer(id, made, std::move(reply), (*tx)->mutations, terms, now, out);
  }
  if (!status.ok()) {
    (*tx)->uploads = uploads;
    return refuse(id, std::move(status), out, made.take_refusal());
  }
  pictures_.end(transactions_.take_committed(request.id));
}

void WritePath::handle(RequestId id, TxAbortRequest&& request, const Terms&, Time now, Outputs& out) {
  if (Status status = writable(); !status.ok()) return refuse(id, std::move(status), out);
  const Result<engine::Transaction*> tx = transactions_.find(request.id, instant_of(now));
  if (!tx) return refuse(id, tx.error(), out);
  const engine::Transaction aborted = transactions_.take_aborted(request.id);
  if (Status status = discard(aborted, now); !status.ok()) return refuse(id, std::move(status), out);
  replica_.reply_when_durable({id, Reply{{}, DoneReply{0}, {}}}, replica_.appended(), out);
}

Status WritePath::discard(const engine::Transaction& tx, Time now) {
  pictures_.end(tx);
  engine::Draft made = draft(now);
  for (const auto& entry : tx.uploads) PANDO_RETURN_IF_ERROR(made.discard_upload(entry.second.upload));
  const Result<LogPos> pos = commit(made, now);
  return pos ? Status() : pos.error();
}

Status WritePath::discard_leftovers(Time now) {
  if (!replica_.config().writable || !replica_.serving().ok() || replica_.arrives(kTableLob)) return {};
  std::vector<Bytes> uploads;
  {
    store::CellCursor at = replica_.cells().scan(kTableUploads, {}, {});
    for (; at.valid(); at.skip_key()) {
      const crdt::Register::Entry* staged = at.cell().reg().resolve();
      if (staged != nullptr && staged->dot.origin.node == replica_.self().node) uploads.push_back(at.key());
    }
    PANDO_RETURN_IF_ERROR(at.status());
  }
  if (uploads.empty()) return {};
  engine::Draft made = draft(now);
  for (const Bytes& upload : uploads) PANDO_RETURN_IF_ERROR(made.discard_upload(upload));
  const Result<LogPos> pos = commit(made, now);
  return pos ? Status() : pos.error();
}

void WritePath::on_time(Time now) {
  if (!replica_.serving().ok()) return;
  // What cannot be discarded now (a full disk) stays registered and goes when the namespace opens again.
  for (const engine::Transaction& tx : transactions_.expire(instant_of(now))) (void)discard(tx, now);
}

}  // namespace pando::node

#include "api/resp_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/resp_command.h"
#include "base/check.h"
#include "base/limits.h"

namespace pando::api {
namespace {

// As redis-server words it, quoting at most 128 bytes of each part.
std::string unknown_command(const RespSession::Args& args) {
  std::string quoted;
  for (std::size_t i = 1; i < args.size() && quoted.size() < 128; ++i) {
    quoted += fmt::format("'{}' ", args[i].substr(0, 128 - quoted.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", args[0].substr(0, 128), quoted);
}

std::string only_subscriptions(const RespCommand& command) {
  return fmt::format(
      "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
      "context",
      command.name);
}

bool fits(const RespCommand& command, std::size_t words) {
  const auto given = static_cast<int>(words);
  return command.arity > 0 ? given == command.arity : given >= -command.arity;
}

void append_failure(const RespPending& asked, const Status& status, RespWriter& to) {
  const auto known = std::find_if(asked.errors.begin(), asked.errors.end(),
                                  [&](const RespError& error) { return error.code == status.code(); });
  if (known != asked.errors.end()) return to.error(known->text);
  to.error(status);
}

}  // namespace

std::uint64_t RespCursors::remember(Place place) {
  places_.emplace(++last_, std::move(place));
  if (places_.size() > limits::kRespCursorsMax) places_.erase(places_.begin());
  return last_;
}

const RespCursors::Place* RespCursors::find(std::uint64_t cursor) const {
  const auto at = places_.find(cursor);
  return at == places_.end() ? nullptr : &at->second;
}

void RespPlan::clear() {
  requests.clear();
  text.clear();
  close = waits = failed = is_exec = is_watch = false;
  parts = 0;
  pending.answer = nullptr;
  pending.errors = {};
  pending.takes_failures = false;
  pending.parts = 0;
  pending.number = 0;
  pending.names.clear();
  queued.clear();
  block_ms = -1;
  sleep_ms = 0;
  again.clear();
}

bool RespPlan::pipelines() const {
  if (requests.empty() || is_exec || waits || block_ms >= 0) return false;
  return std::none_of(requests.begin(), requests.end(),
                      [](const Request& one) { return std::holds_alternative<ReachedRequest>(one); });
}

bool waits_for_log_only(const Request& request) {
  const auto* write = std::get_if<WriteRequest>(&request);
  return write != nullptr && std::all_of(write->mutations.begin(), write->mutations.end(), [](const Mutation& one) {
           return one.kind != Mutation::Kind::kDetail || std::holds_alternative<SetScores>(one.detail);
         });
}

bool RespPlan::plain() const {
  return pending.names.empty() && !is_exec && !is_watch && !waits && !close && block_ms < 0;
}

bool RespPlan::goes_on_waiting(const ItemReply* replies) {
  for (std::uint32_t i = 0; i < parts; ++i) {
    if (const auto* done = replies[i].status.ok() ? std::get_if<DoneReply>(&replies[i].body) : nullptr) {
      const bool given = std::any_of(done->returned.begin(), done->returned.end(),
                                     [](const std::vector<Bytes>& one) { return !one.empty(); });
      if (given) return false;
      continue;
    }
    const auto* found = replies[i].status.ok() ? std::get_if<EntriesReply>(&replies[i].body) : nullptr;
    if (found == nullptr || !found->entries.empty()) return false;
    // Of a stream that is read from its end on, that is known now.
    auto& asked = std::get<RangeEntriesRequest>(again[i]);
    if (asked.first <= asked.last) continue;
    const auto next = found->top.next();
    if (next) asked.first = *next;
    if (next) asked.last = kStreamIdMax;
  }
  return true;
}

RespSession::RespSession(RespHost& host, RespSubscriber& subscriber, std::uint64_t id, std::string peer,
                         std::string local)
    : host_(host), subscriber_(subscriber), id_(id), peer_(std::move(peer)), local_(std::move(local)), random_(id) {}

void RespSession::on_command(const Args& args, RespPlan& plan) {
  plan.clear();
  const RespCommand* command = command_of(args[0]);
  static const RespCommand kUnknown{};
  RespCall call(*this, command == nullptr ? kUnknown : *command, args, plan);
  const auto has = [&](RespCommand::Flags flag) { return (command->flags & flag) != 0; };
  if (command == nullptr) {
    call.fail(unknown_command(args));
  } else if (!fits(*command, args.size())) {
    call.fail_arity();
  } else if (in_multi_ && has(RespCommand::kNotQueued)) {
    call.fail(fmt::format("ERR '{}' is not served inside MULTI", command->name));
  } else if (version_ == 2 && !has(RespCommand::kSubscribed) && channels().count_of(subscriber_) > 0) {
    call.fail(only_subscriptions(*command));
  } else {
    command->run(call);
    if (in_multi_ && !plan.failed && !has(RespCommand::kAtOnce)) queue(plan, args);
  }
  if (plan.failed && in_multi_) multi_failed_ = true;
  plan.parts = static_cast<std::uint32_t>(plan.requests.size());
  plan.version = version_;
}

const RespCommand* RespSession::command_of(ByteSpan name) {
  // Mostly the same as before.
  if (last_command_ == nullptr || !resp_word_is(name, last_command_->name)) last_command_ = find_resp_command(name);
  return last_command_;
}

void RespSession::append_answer(const RespPlan& plan, const ItemReply* replies, Bytes& out) {
  RespWriter to(out, plan.version);
  const auto failed = std::find_if(replies, replies + plan.parts, [&](const ItemReply& reply) {
    const bool hears = plan.pending.takes_failures && reply.status.code() == StatusCode::kWrongType;
    return !reply.status.ok() && !hears;
  });
  if (failed != replies + plan.parts) {
    if (!plan.is_exec || failed->status.code() == StatusCode::kReadOnly) {
      return append_failure(plan.pending, failed->status, to);
    }
    return to.error("EXECABORT Transaction discarded, nothing was changed: " + failed->status.message());
  }
  if (plan.is_watch) {
    for (std::size_t i = 0; i < plan.parts; ++i) {
      watched_.push_back({std::string(kTableKv), plan.pending.names[i], std::get<EtagReply>(replies[i].body).etag});
    }
  }
  if (!plan.is_exec) return plan.pending.answer(RespReplies(replies, plan.parts, plan.pending, host_.cursors()), to);
  const auto& done = std::get<TxReply>(replies[0].body);
  if (!done.done) return to.null_array();
  to.array(plan.queued.size());
  const ItemReply* part = done.items.data();
  for (const RespPending& one : plan.queued) {
    if (one.parts == 0) {
      out += one.text;
    } else {
      one.answer(RespReplies(part, one.parts, one, host_.cursors()), to);
    }
    part += one.parts;
  }
}

void RespSession::describe(Bytes& out) const {
  fmt::format_to(
      std::back_inserter(out),
      "id={} addr={} laddr={} name={} db={} sub={} psub={} multi={} watch={} lib-name={} lib-ver={} resp={}\n", id_,
      peer_, local_, name_, db_, host_.channels(db_).channels_of(subscriber_).size(),
      host_.channels(db_).patterns_of(subscriber_).size(), in_multi_ ? static_cast<long>(queued_.size()) : -1L,
      watched_.size(), library_name_, library_version_, version_);
}

void RespSession::reset() {
  forget_transaction();
  channels().remove_all(subscriber_);
  db_ = 0;
  version_ = 2;
  name_.clear();
}

void RespSession::select(RespCall& call, std::size_t db) {
  if (db != db_) {
    if (in_multi_) return call.fail("ERR another database cannot be chosen inside MULTI");
    if (!watched_.empty()) return call.fail("ERR keys of this database are watched: UNWATCH before SELECT");
    if (channels().count_of(subscriber_) > 0) {
      return call.fail("ERR channels of this database are subscribed to: UNSUBSCRIBE before SELECT");
    }
  }
  db_ = db;
}

// Transactions. --------------------------------------------------------------------------------------------

void RespSession::queue(RespPlan& plan, const Args& args) {
  for (const ByteSpan arg : args) queued_bytes_ += arg.size() + 64;
  RespPending one = std::move(plan.pending);
  plan.pending = {};
  plan.block_ms = -1;
  plan.sleep_ms = 0;
  plan.again.clear();
  one.parts = static_cast<std::uint32_t>(plan.requests.size());
  one.text = std::move(plan.text);
  plan.text.clear();
  for (Request& request : plan.requests) {
    queued_items_.push_back({.request = std::move(request), .may_miss_type = one.takes_failures});
  }
  plan.requests.clear();
  queued_.push_back(std::move(one));
  if (queued_.size() + queued_items_.size() > limits::kRespQueuedMax || queued_bytes_ > limits::kRespQueuedBytesMax) {
    plan.failed = true;
    return RespWriter(plan.text, version_).error("ERR transaction too large");
  }
  RespWriter(plan.text, version_).simple("QUEUED");
}

void RespSession::forget_transaction() {
  in_multi_ = multi_failed_ = false;
  queued_bytes_ = 0;
  queued_items_.clear();
  queued_.clear();
  watched_.clear();
}

void RespSession::begin_multi(RespCall& call) {
  // redis-server leaves the transaction usable after this mistake.
  if (in_multi_) return call.writer().error("ERR MULTI calls can not be nested");
  in_multi_ = true;
  call.writer().simple("OK");
}

void RespSession::exec(RespCall& call) {
  if (!in_multi_) return call.fail("ERR EXEC without MULTI");
  const bool failed = multi_failed_;
  TxRequest request;
  request.items = std::move(queued_items_);
  request.seen = std::move(watched_);
  RespPlan& plan = call.plan;
  plan.queued = std::move(queued_);
  forget_transaction();
  if (failed) return call.fail("EXECABORT Transaction discarded because of previous errors.");
  plan.is_exec = true;
  if (request.items.empty() && request.seen.empty()) {
    call.writer().array(plan.queued.size());
    for (const RespPending& one : plan.queued) plan.text += one.text;
    return;
  }
  plan.requests.emplace_back(std::move(request));
}

void RespSession::discard(RespCall& call) {
  if (!in_multi_) return call.fail("ERR DISCARD without MULTI");
  forget_transaction();
  call.writer().simple("OK");
}

void RespSession::watch(RespCall& call) {
  if (in_multi_) return call.writer().error("ERR WATCH inside MULTI is not allowed");
  if (!call.may_read(call.size() - 1)) return;
  for (std::size_t i = 1; i < call.size(); ++i) {
    call.ask(GetEtagRequest{std::string(kTableKv), Bytes(call[i])}, answer_ok).names.emplace_back(call[i]);
  }
  // EXEC says what was seen, so it has to be known by then.
  call.plan.waits = call.plan.is_watch = true;
}

}  // namespace pando::api

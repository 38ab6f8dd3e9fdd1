// Transactions: those that come in one request, and changes of any type within one that is open.
#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "engine/etag.h"
#include "engine/read.h"
#include "node/scratch.h"
#include "node/write_path.h"

namespace pando::node {
namespace {

Status in_operation(std::size_t i, const Status& status) { return status.with_context(fmt::format("operation {}", i)); }

Status no_part(std::string_view what) {
  return Status(StatusCode::kInvalidArgument, fmt::format("{} cannot be part of a transaction", what));
}

bool declares(const Mutation& mutation) { return std::holds_alternative<DeclareTable>(mutation.detail); }

// In a transaction that is open, what is beside the data of clients would have to act before its commit.
Status check_part(const WriteRequest& write, bool open) {
  if (write.mutations.empty()) return Status(StatusCode::kInvalidArgument, "nothing to write");
  const bool internal = std::any_of(write.mutations.begin(), write.mutations.end(), [&](const Mutation& mutation) {
    const bool known = declares(mutation) || mutation.table == kTableLimits;
    return is_internal_table(mutation.table) && (open || !known);
  });
  return internal ? no_part("this change") : Status();
}

bool writes(const TxItem& item) {
  return std::holds_alternative<WriteRequest>(item.request) ||
         std::holds_alternative<RestoreConflictRequest>(item.request);
}

// Of a table and key, as conditions are.
template <typename Asked>
concept OfOneKey = requires(const Asked& asked) {
  std::string_view(asked.table);
  ByteSpan(asked.key);
};

}  // namespace

ReplyBody WritePath::answer_of(engine::Draft& made, const WriteRequest& write) {
  std::vector<std::int64_t> results = made.take_results();
  std::vector<std::vector<Bytes>> returned = made.take_returned();
  std::optional<ReplyBody> answer = made.take_answer();
  const std::size_t count = write.mutations.size();
  if (write.results) return DoneReply{count, std::move(results), std::move(returned)};
  if (count != 1) return DoneReply{count, {}, {}};
  if (answer) return *std::move(answer);
  using Kind = Mutation::Kind;
  const Kind kind = write.mutations.front().kind;
  if ((kind == Kind::kAdd || kind == Kind::kReset) && made.counter_value()) {
    return CounterReply{true, *made.counter_value(), {}};
  }
  return DoneReply{1, {}, {}};
}

// In one request. -----------------------------------------------------------------------------------------------

// The operations of one list, one after the other. Reads see what those before them would change: over a scratch that
// is made anew when changes came since the last read.
class WritePath::TxRun {
  // Before run(), as clang 14 misses templates of a class in a file that come after their use.
  template <typename Asked>
  Result<ReplyBody> read(const Asked& request) {
    if (draft_.empty()) {
      engine::View view = path_.replica_.view(now_);
      Result<ReplyBody> body = engine::read(view, request);
      touched_ = std::max(touched_, view.touched());
      return body;
    }
    // What it depends on beside the draft is covered by the commit that the answer waits for.
    if (scratch_ == nullptr) {
      PANDO_RETURN_IF_ERROR(open_scratch());
    }
    engine::View view = scratch_->view();
    return engine::read(view, request);
  }

  // A condition beside a read stops the whole, as one beside a write does.
  template <typename Asked>
  Status check_read(const TxItem& item, const Asked& request) {
    if (!item.if_match && !item.if_none_match) return {};
    if constexpr (OfOneKey<Asked>) {
      engine::View view = path_.replica_.view(now_);
      PANDO_RETURN_IF_ERROR(
          engine::check_conditions(view, item.if_match, item.if_none_match, request.table, request.key));
      touched_ = std::max(touched_, view.touched());
      return {};
    }
    return Status(StatusCode::kInvalidArgument, "if_match and if_none_match are about one key, this reads several");
  }

 public:
  TxRun(WritePath& path, Time now)
      : path_(path),
        now_(now),
        catalog_(path.replica_.catalog()),
        draft_(path.replica_.next_dot(), path.replica_.view(now).with(catalog_), path.parser_) {}

  engine::Draft& draft() { return draft_; }
  LogPos touched() const { return touched_; }

  // Whether every key is in the state that was seen.
  Result<bool> holds(const std::vector<TxRequest::Seen>& seen) {
    engine::View view = path_.replica_.view(now_);
    for (const TxRequest::Seen& one : seen) {
      const Result<std::string> etag = engine::etag_of(view, one.table, one.key);
      if (!etag) return fail(etag.error());
      if (*etag != one.etag) return false;
    }
    touched_ = std::max(touched_, view.touched());
    return true;
  }

  Result<ReplyBody> run(const TxItem& item) {
    return std::visit(
        [&](const auto& request) -> Result<ReplyBody> {
          using Asked = std::decay_t<decltype(request)>;
          // Of an object that is replaced by the same list the chunks are not there, and the ledger is of now.
          constexpr bool kOfNow = std::is_same_v<Asked, LobStatRequest> || std::is_same_v<Asked, LobChunkRequest> ||
                                  std::is_same_v<Asked, ListConflictsRequest>;
          if constexpr (std::is_same_v<Asked, WriteRequest>) {
            return write(item, request);
          } else if constexpr (std::is_same_v<Asked, RestoreConflictRequest>) {
            const Result<WriteRequest> restoring = path_.restoring(request);
            if (!restoring) return fail(restoring.error());
            return write(item, *restoring);
          } else if constexpr (engine::Readable<Asked> && !kOfNow) {
            PANDO_RETURN_IF_ERROR(check_read(item, request));
            return read(request);
          } else {
            return fail(no_part("this request"));
          }
        },
        item.request);
  }

 private:
  Status open_scratch() {
    Replica& replica = path_.replica_;
    auto scratch = Scratch::open(replica.cells(), catalog_, replica.view(now_).now_ms());
    if (!scratch) return scratch.error();
    PANDO_RETURN_IF_ERROR((*scratch)->apply(draft_.dot(), draft_.ops()));
    scratch_ = *std::move(scratch);
    return {};
  }

  Result<ReplyBody> write(const TxItem& item, const WriteRequest& write) {
    PANDO_RETURN_IF_ERROR(check_part(write, /*open=*/false));
    Terms conditions;
    conditions.if_match = item.if_match;
    conditions.if_none_match = item.if_none_match;
    PANDO_RETURN_IF_ERROR(path_.check_conditions(write, conditions, now_));
    for (const Mutation& mutation : write.mutations) {
      PANDO_RETURN_IF_ERROR(add(mutation));
      if (write.until_given && draft_.gave_back()) break;
    }
    scratch_.reset();
    return WritePath::answer_of(draft_, write);
  }

  Status add(const Mutation& mutation) {
    if (std::holds_alternative<PutObject>(mutation.detail)) {
      Mutation named = mutation;
      std::get<PutObject>(named.detail).upload = path_.transactions_.new_upload();
      return draft_.add(named);
    }
    PANDO_RETURN_IF_ERROR(draft_.add(mutation));
    if (!declares(mutation)) return {};
    // In force for what follows in the list.
    PANDO_RETURN_IF_ERROR(open_scratch());
    return scratch_->note_declaration(catalog_, mutation.key);
  }

  WritePath& path_;
  Time now_;
  engine::Catalog catalog_;  // with what the list declares
  engine::Draft draft_;
  std::unique_ptr<Scratch> scratch_;
  LogPos touched_;
};

void WritePath::handle(RequestId id, TxRequest&& request, const Terms& terms, Time now, Outputs& out) {
  if (request.items.empty() && request.seen.empty())
    return refuse(id, Status(StatusCode::kInvalidArgument, "nothing to do"), out);
  const bool only_reads = std::none_of(request.items.begin(), request.items.end(), writes);
  if (Status status = only_reads ? replica_.serving() : takes_writes(); !status.ok()) {
    return refuse(id, std::move(status), out);
  }
  if (!only_reads && answer_again(id, terms, now, out)) return;

  TxRun run(*this, now);
  const bool with_results = std::any_of(request.items.begin(), request.items.end(), [](const TxItem& item) {
    const auto* write = std::get_if<WriteRequest>(&item.request);
    return write != nullptr && write->results;
  });
  if (with_results) run.draft().keep_results();
  if (terms.idempotency_key) run.draft().keep_counted();
  TxReply reply;
  const Result<bool> holds = run.holds(request.seen);
  if (!holds) return refuse(id, holds.error(), out);
  if (!*holds) {
    reply.done = false;
    return replica_.reply_when(replica_.config().durability.level, {id, Reply{{}, std::move(reply), {}}},
                               replica_.appended(), out);
  }
  std::vector<Mutation> all;
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    Result<ReplyBody> body = run.run(request.items[i]);
    if (!body && request.items[i].may_miss_type && body.error().code() == StatusCode::kWrongType) {
      reply.items.push_back({body.error(), {}});
      continue;
    }
    if (!body) {
      tell_demands(run.draft(), now);
      return refuse(id, in_operation(i, body.error()), out, run.draft().take_refusal());
    }
    reply.items.push_back({{}, *std::move(body)});
    if (auto* write = std::get_if<WriteRequest>(&request.items[i].request)) {
      std::move(write->mutations.begin(), write->mutations.end(), std::back_inserter(all));
    }
  }
  tell_demands(run.draft(), now);
  if (only_reads) {
    Reply answer{{}, std::move(reply), {}};
    if (terms.after) answer.token = terms.after;
    return replica_.reply_when(replica_.config().durability.level, {id, std::move(answer)}, run.touched(), out);
  }
  Status status = commit_and_answer(id, run.draft(), Reply{{}, std::move(reply), {}}, all, terms, now, out);
  if (!status.ok()) refuse(id, std::move(status), out);
}

// In one that is open. ------------------------------------------------------------------------------------------

void WritePath::append(RequestId id, WriteRequest&& request, const Terms& terms, Time now, Outputs& out) {
  if (Status status = writable(); !status.ok()) return refuse(id, std::move(status), out);
  if (Status status = check_part(request, /*open=*/true); !status.ok()) return refuse(id, std::move(status), out);
  CHECK(!request.until_given);  // no client of such transactions asks for it
  const Result<engine::Transaction*> tx = transactions_.find(*terms.transaction, instant_of(now));
  if (!tx) return refuse(id, tx.error(), out);
  const Result<Scratch*> scratch = pictures_.of(**tx);
  if (!scratch) return refuse(id, scratch.error(), out);
  // What it answers is what it would be within the transaction. The commit decides anew, on what is there then.
  engine::Draft trial((*scratch)->next_dot(replica_.self()), (*scratch)->view(), parser_);
  if (request.results) trial.keep_results();
  for (const Mutation& mutation : request.mutations) {
    if (Status status = trial.add(mutation); !status.ok())
      return refuse(id, std::move(status), out, trial.take_refusal());
  }
  ReplyBody answer = answer_of(trial, request);
  if (Status status = transactions_.append_all(**tx, std::move(request.mutations)); !status.ok()) {
    return refuse(id, std::move(status), out);
  }
  out.replies.push_back({id, Reply{{}, std::move(answer), {}}});
}

Result<Scratch*> WritePath::picture(ByteSpan transaction, LogPos& depends_on, Time now) {
  const Result<engine::Transaction*> tx = transactions_.find(transaction, instant_of(now));
  if (!tx) return fail(tx.error());
  depends_on = TxPictures::depends_on(**tx);
  return pictures_.of(**tx);
}

}  // namespace pando::node

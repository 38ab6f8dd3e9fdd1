#include "node/pipeline_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/commit_sharing.h"
#include "engine/foresight.h"
#include "engine/read.h"

namespace pando::node {

// So that ops are not moved while a commit grows.
constexpr std::size_t kOpsExpected = 16;

// One pipeline under way.
class PipelinePath::Run {
  // Before run(), as clang 14 misses templates of a class in a file that come after their use.
  template <typename Asked>
  void read(ItemReply& reply, const Asked& request) {
    // What it may see is to be there.
    commit();
    if (!view_) view_.emplace(path_.replica_.view(now_));
    Result<ReplyBody> body = engine::read(*view_, request);
    if (body) {
      reply.body = *std::move(body);
    } else {
      reply.status = body.error();
    }
  }

 public:
  Run(PipelinePath& path, std::vector<PipelineItem>& items, const Terms& terms, Time now)
      : path_(path), items_(items), terms_(terms), now_(now) {
    replies_.resize(items.size());
  }

  void run() {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      std::visit(
          [&](const auto& request) {
            using Asked = std::decay_t<decltype(request)>;
            if constexpr (std::is_same_v<Asked, WriteRequest>) {
              write(i, request);
            } else if constexpr (engine::Readable<Asked>) {
              read(replies_[i], request);
            } else {
              replies_[i].status = Status(StatusCode::kInvalidArgument, "this request cannot be part of a pipeline");
            }
          },
          items_[i].request);
    }
    commit();
  }

  void answer(RequestId id, Outputs& out) {
    if (view_) pos_ = std::max(pos_, view_->touched());
    // What writes that say nothing wait for is enough for reads.
    if (safe_.empty()) safe_.push_back(path_.replica_.config().durability);
    Reply reply{{}, PipelineReply{std::move(replies_)}, std::move(dot_)};
    if (!reply.dot && terms_.after) reply.token = terms_.after;
    path_.answers_.answer({id, std::move(reply)}, pos_, std::move(safe_), terms_.durability_wait, now_, out);
  }

 private:
  const WriteRequest& write_at(std::size_t i) const { return std::get<WriteRequest>(items_[i].request); }

  // Whether the node takes any write: the same for all items until something is committed.
  bool takes_writes() {
    if (!takes_writes_) takes_writes_ = path_.writes_.takes_writes().ok();
    return *takes_writes_;
  }

  void write(std::size_t i, const WriteRequest& write) {
    Status status = takes_writes() ? Status() : path_.writes_.takes(write);
    if (status.ok() && write.mutations.empty()) status = Status(StatusCode::kInvalidArgument, "nothing to write");
    if (status.ok()) status = path_.writes_.check_reach(write.mutations, terms_);
    if (!status.ok()) {
      replies_[i].status = std::move(status);
      return;
    }
    using Fit = engine::CommitSharing::Fit;
    const Fit fit = sharing_.look(write);
    if (fit == Fit::kAlone || fit == Fit::kAfter) commit_open();
    if (!draft_) {
      draft_.emplace(path_.writes_.draft(now_));
      const std::size_t writes = std::min<std::size_t>(items_.size() - i, kOpsExpected);
      draft_->expect(writes);
      open_.reserve(writes);
      settled_ = 0;
    } else if (fit == Fit::kNewKey) {
      draft_->settle();
      settled_ = open_.size();
    }
    add(i);
    path_.writes_.tell_demands(*draft_, now_);
    if (fit == Fit::kAlone) commit_open();
  }

  void add(std::size_t i) {
    const WriteRequest& write = write_at(i);
    draft_->keep_results(write.results);
    draft_->leave_unshared(path_.writes_.may_leave_unshared(write, terms_));
    const std::size_t ops_before = draft_->ops().size();
    for (std::size_t m = 0; m < write.mutations.size(); ++m) {
      Status status = draft_->add(write.mutations[m]);
      if (status.ok() && write.until_given && draft_->gave_back()) break;
      if (status.ok()) continue;
      if (write.mutations.size() > 1) status = status.with_context(fmt::format("item {}", m));
      replies_[i].status = std::move(status);
      return begin_key_again();
    }
    WritePath::answer(*draft_, write, replies_[i].body);
    // One that changes nothing has no part in the commit.
    if (draft_->ops().size() > ops_before) replies_[i].seq = draft_->dot().seq;
    open_.push_back(i);
  }

  // What a refused write has left in the draft goes, and with it the writes before it to the same key: those once more.
  void begin_key_again() {
    draft_->drop();
    const std::vector<std::size_t> again(open_.begin() + static_cast<std::ptrdiff_t>(settled_), open_.end());
    open_.resize(settled_);
    for (const std::size_t i : again) add(i);
  }

  // Ends the open commit; what comes next begins another.
  void commit() {
    sharing_.clear();
    commit_open();
  }

  void commit_open() {
    if (!draft_) return;
    takes_writes_.reset();
    if (!open_.empty()) {
      if (Status status = commit(*draft_); !status.ok()) {
        for (const std::size_t i : open_) replies_[i] = {status};
      }
    }
    open_.clear();
    draft_.reset();
  }

  Status commit(engine::Draft& draft) {
    std::vector<Durability> wanted;
    if (terms_.durability) wanted.push_back(*terms_.durability);
    std::string_view table;
    for (const std::size_t i : open_) {
      if (terms_.durability) break;
      for (const Mutation& mutation : write_at(i).mutations) {
        if (!wanted.empty() && mutation.table == table) continue;
        table = mutation.table;
        wanted.push_back(durability_of(table, path_.replica_));
      }
    }
    PANDO_RETURN_IF_ERROR(path_.writes_.prepare_for(wanted, draft));
    std::optional<Dot> dot;
    if (!draft.empty()) dot = draft.dot();
    const Result<LogPos> pos = path_.writes_.commit(draft, now_);
    if (!pos) return pos.error();
    pos_ = std::max(pos_, *pos);
    for (Durability& one : wanted) {
      if (std::find(safe_.begin(), safe_.end(), one) == safe_.end()) safe_.push_back(std::move(one));
    }
    if (dot) dot_ = std::move(dot);
    return {};
  }

  PipelinePath& path_;
  std::vector<PipelineItem>& items_;
  const Terms& terms_;
  const Time now_;
  std::vector<ItemReply> replies_;
  engine::CommitSharing sharing_;
  std::optional<engine::Draft> draft_;  // of open_
  std::vector<std::size_t> open_;       // writes that were taken and not committed
  std::size_t settled_ = 0;             // so many of them are about other keys than the last
  std::optional<bool> takes_writes_;
  std::optional<engine::View> view_;
  // What the answer waits for.
  LogPos pos_;
  std::vector<Durability> safe_;
  std::optional<Dot> dot_;  // of the last commit
};

void PipelinePath::handle(RequestId id, PipelineRequest&& request, const Terms& terms, Time now, Outputs& out) {
  if (terms.idempotency_key) {
    const Status status(StatusCode::kInvalidArgument, "a pipeline is not done once as a whole: no Idempotency-Key");
    out.replies.push_back({id, Reply::failure(status)});
    return;
  }
  engine::foresee(request.items, replica_.cells());
  Run run(*this, request.items, terms, now);
  run.run();
  run.answer(id, out);
}

}  // namespace pando::node

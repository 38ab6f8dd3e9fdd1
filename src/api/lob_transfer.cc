#include "api/lob_transfer.h"

#include <fmt/format.h>

#include "base/check.h"

namespace pando::api {
namespace {

Reply unexpected() { return Reply::failure(Status(StatusCode::kInternal, "the node answered another request")); }

}  // namespace

// LobUpload. -----------------------------------------------------------------------------------------------

void LobUpload::cancel(Status why) {
  if (cancelled_ || state_ == State::kDone) return;
  cancelled_ = true;
  result_ = Reply::failure(std::move(why));
  pending_.clear();
  ended_ = true;
  if (state_ == State::kStart) state_ = State::kDone;
}

// The failure to answer is the first one; what was begun is aborted behind it.
void LobUpload::fail_with(Reply reply) {
  if (!cancelled_) result_ = std::move(reply);
  cancelled_ = true;
  pending_.clear();
  ended_ = true;
  state_ = State::kReady;
}

std::optional<Request> LobUpload::next() {
  if (state_ == State::kStart) {
    state_ = State::kBegin;
    return Request(TxBeginRequest{TxOperation::kPut, TxEntryType::kLob});
  }
  if (state_ != State::kReady) return std::nullopt;
  if (cancelled_) {
    state_ = State::kAbort;
    return Request(TxAbortRequest{id_});
  }
  if (pending_.size() >= chunk_bytes_ || (ended_ && (!pending_.empty() || !appended_))) {
    state_ = State::kAppend;
    appended_ = true;
    Bytes rest = pending_.size() > chunk_bytes_ ? pending_.substr(chunk_bytes_) : Bytes();
    pending_.resize(pending_.size() - rest.size());
    Bytes chunk = std::exchange(pending_, std::move(rest));
    return Request(TxAppendLobRequest{id_, key_, std::move(chunk)});
  }
  if (!ended_) return std::nullopt;
  state_ = State::kCommit;
  return Request(TxCommitRequest{id_});
}

void LobUpload::on_reply(Reply reply) {
  switch (state_) {
    case State::kBegin:
      if (auto* begun = std::get_if<TxBegunReply>(&reply.body); reply.status.ok() && begun) {
        id_ = std::move(begun->id);
        state_ = State::kReady;
        return;
      }
      // Nothing was begun: nothing to abort.
      if (!cancelled_) result_ = reply.status.ok() ? unexpected() : std::move(reply);
      state_ = State::kDone;
      return;
    case State::kAppend:
      state_ = State::kReady;
      if (!reply.status.ok()) fail_with(std::move(reply));
      return;
    case State::kCommit:
      if (!reply.status.ok()) return fail_with(std::move(reply));
      result_ = std::move(reply);
      state_ = State::kDone;
      return;
    case State::kAbort: state_ = State::kDone; return;
    case State::kStart:
    case State::kReady:
    case State::kDone: break;
  }
  CHECK(false && "a reply nobody asked for");
}

// LobErase. ------------------------------------------------------------------------------------------------

std::optional<Request> LobErase::next() {
  if (state_ == State::kStart) state_ = State::kBegin;
  if (!due_) return std::nullopt;
  due_ = false;
  switch (state_) {
    case State::kBegin: return Request(TxBeginRequest{TxOperation::kDelete, TxEntryType::kLob});
    case State::kDelete: return Request(TxDeleteLobRequest{id_, key_});
    case State::kCommit: return Request(TxCommitRequest{id_});
    case State::kAbort: return Request(TxAbortRequest{id_});
    case State::kStart:
    case State::kDone: break;
  }
  return std::nullopt;
}

void LobErase::on_reply(Reply reply) {
  const bool ok = reply.status.ok();
  due_ = true;
  switch (state_) {
    case State::kBegin:
      if (auto* begun = std::get_if<TxBegunReply>(&reply.body); ok && begun) {
        id_ = std::move(begun->id);
        state_ = State::kDelete;
        return;
      }
      result_ = ok ? unexpected() : std::move(reply);
      state_ = State::kDone;
      return;
    case State::kDelete:
      state_ = ok ? State::kCommit : State::kAbort;
      if (!ok) result_ = std::move(reply);
      return;
    case State::kCommit:
      result_ = std::move(reply);
      state_ = ok ? State::kDone : State::kAbort;
      return;
    case State::kAbort: state_ = State::kDone; return;
    case State::kStart:
    case State::kDone: break;
  }
  CHECK(false && "a reply nobody asked for");
}

// LobDownload. ---------------------------------------------------------------------------------------------

std::optional<Request> LobDownload::next() {
  if (state_ == State::kStart) {
    state_ = State::kStat;
    return Request(LobStatRequest{key_});
  }
  if (state_ != State::kReady) return std::nullopt;
  state_ = State::kChunk;
  return Request(LobChunkRequest{key_, stat_.upload, index_});
}

LobDownload::Got LobDownload::on_reply(Reply reply) {
  const auto failed = [&](Status why) {
    failure_ = std::move(why);
    state_ = State::kDone;
    return Got::kFailed;
  };
  if (!reply.status.ok()) return failed(std::move(reply.status));
  if (state_ == State::kStat) {
    auto* stat = std::get_if<LobStatReply>(&reply.body);
    if (stat == nullptr) return failed(unexpected().status);
    if (!stat->found) return failed(Status(StatusCode::kNotFound, "key not found"));
    stat_ = std::move(*stat);
    state_ = head_ || stat_.size_bytes == 0 ? State::kDone : State::kReady;
    return Got::kSize;
  }
  CHECK(state_ == State::kChunk);
  auto* part = std::get_if<LobChunkReply>(&reply.body);
  if (part == nullptr) return failed(unexpected().status);
  chunk_ = std::move(part->chunk);
  ++index_;
  sent_bytes_ += chunk_.size();
  const bool last = index_ >= stat_.chunk_count;
  // A body of another length than announced must not look complete.
  if (sent_bytes_ > stat_.size_bytes || (last && sent_bytes_ != stat_.size_bytes)) {
    return failed(Status(StatusCode::kDataLoss, fmt::format("object has {} bytes after chunk {}, announced were {}",
                                                            sent_bytes_, index_, stat_.size_bytes)));
  }
  state_ = last ? State::kDone : State::kReady;
  return Got::kChunk;
}

}  // namespace pando::api

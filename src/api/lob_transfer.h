// api/lob_transfer.h — large objects over one HTTP request: many Requests, one outstanding at a time.
//
// Each is a small state machine that says what to submit next and takes the replies. The object is never held:
// an upload keeps at most one chunk plus what one read brought, a download one chunk.
//
//   LobUpload    begin → append chunk, append chunk, … → commit          (any failure: abort, then failed)
//   LobErase     begin → delete → commit                                 (the same)
//   LobDownload  stat → chunk 0, chunk 1, …                              (a failure midway: cut the connection)
//
// Usage: while (auto request = machine.next()) submit it; feed on_reply(); look at done().
#pragma once

#include <cstdint>
#include <optional>

#include "model/reply.h"
#include "model/request.h"

namespace pando::api {

class LobUpload {
 public:
  LobUpload(Bytes key, std::size_t chunk_bytes) : key_(std::move(key)), chunk_bytes_(chunk_bytes) {}

  // False: stop reading from the client until next() took a chunk.
  bool wants_body() const { return pending_.size() < chunk_bytes_ && !ended_; }
  void take(ByteSpan body_part) { pending_.append(body_part); }
  void end_of_body() { ended_ = true; }
  // The client went away or sent nonsense: abort what was begun. result() is `why` then.
  void cancel(Status why);

  // What to submit now, when nothing is outstanding and there is something to do.
  std::optional<Request> next();
  void on_reply(Reply reply);

  bool done() const { return state_ == State::kDone; }
  // kTxCommitted, or the first failure. Valid when done().
  const Reply& result() const { return result_; }

 private:
  enum class State : std::uint8_t { kStart, kBegin, kReady, kAppend, kCommit, kAbort, kDone };
  void fail_with(Reply reply);

  Bytes key_;
  std::size_t chunk_bytes_;
  Bytes id_;
  Bytes pending_;
  bool ended_ = false;
  bool appended_ = false;  // an empty object is one empty chunk
  bool cancelled_ = false;
  State state_ = State::kStart;
  Reply result_;
};

class LobErase {
 public:
  explicit LobErase(Bytes key) : key_(std::move(key)) {}

  std::optional<Request> next();
  void on_reply(Reply reply);
  bool done() const { return state_ == State::kDone; }
  const Reply& result() const { return result_; }

 private:
  enum class State : std::uint8_t { kStart, kBegin, kDelete, kCommit, kAbort, kDone };

  Bytes key_;
  Bytes id_;
  bool due_ = true;  // the request of state_ has not been handed out yet
  State state_ = State::kStart;
  Reply result_;
};

class LobDownload {
 public:
  LobDownload(Bytes key, bool head) : key_(std::move(key)), head_(head) {}

  std::optional<Request> next();

  enum class Got : std::uint8_t {
    kSize,    // size_bytes() is known: send the head
    kChunk,   // chunk() is the next part of the body
    kFailed,  // failure(): answer it when the head is not out yet, else cut the connection
  };
  Got on_reply(Reply reply);

  bool done() const { return state_ == State::kDone; }
  std::uint64_t size_bytes() const { return stat_.size_bytes; }
  std::uint32_t crc32() const { return stat_.crc32; }
  Bytes& chunk() { return chunk_; }
  const Status& failure() const { return failure_; }

 private:
  enum class State : std::uint8_t { kStart, kStat, kReady, kChunk, kDone };

  Bytes key_;
  bool head_;
  LobStatReply stat_;
  std::uint64_t index_ = 0;
  std::uint64_t sent_bytes_ = 0;
  Bytes chunk_;
  Status failure_;
  State state_ = State::kStart;
};

}  // namespace pando::api

// repl/parts.h — commits as frames: numbered, and cut into parts where one frame would hold the link up.
//
// A frame blocks what is behind it until it has crossed. So that a peer on a slow link is heard again and again
// while a commit of many megabytes crosses, a large Body goes as a run of BodyPart frames; acks, heartbeats and
// refusals may go between them, other commits may not.
//
//   Body and BodyPart frames count 1, 2, 3, … on a link, each direction for itself
//
// so that whatever the carrier loses, repeats or swaps is noticed at the next of them, before it can be taken
// for commits that came before their causes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "base/give_back.h"
#include "base/status.h"
#include "repl/frame.h"

namespace pando::repl {

// The sender's half: what waits to be sent. Bounded by whoever adds.
class BodyCutter {
 public:
  // `content` as of encode_body_content().
  void add(Bytes content);
  // Drops what waits.
  void clear();

  bool empty() const { return contents_.empty(); }
  std::size_t bytes() const { return bytes_; }
  // The next frame to send, of about `part_bytes`; up to twice that stays in one piece. Not when empty().
  Bytes next(std::size_t part_bytes);

 private:
  std::deque<Bytes> contents_;
  std::size_t cut_ = 0;    // of the first, already sent
  std::size_t bytes_ = 0;  // of all, not yet sent
  std::uint64_t sent_ = 0;
};

// The receiver's half. Holds at most one body, limits::kFrameBytesMax, and never more than twice of what came.
// After an error the link is to be refused:
//   kDataLoss         the frame is not the next by number
//   kInvalidArgument  it is not the part that follows, or a Body between the parts of another
class BodyJoiner {
 public:
  // A Body is whole by itself: only whether it is its turn.
  Status add(const Body& body);
  // The Body that this part completes, as if it had come in one frame; nothing while more parts are to come.
  // Borrows from this joiner, until the next call.
  Result<std::optional<Body>> add(const BodyPart& part);
  // Nobody borrows any more.
  void release() { give_back(whole_); }

 private:
  Status expect(std::uint64_t number);

  std::uint64_t received_ = 0;
  Bytes gathered_;          // the parts so far; empty between bodies
  std::uint64_t size_ = 0;  // of the body they are of
  Bytes whole_;             // the last that was completed
};

}  // namespace pando::repl

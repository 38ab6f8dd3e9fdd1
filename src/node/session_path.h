// node/session_path.h — requests that came with a causal token and wait here for what their client has seen elsewhere.
//
// A request whose token the context covers is not waiting but handled; the others come back in the order they came in
// once it does, or are refused with kTimeout and what is missing, by origin: "dc1:17 to dc1:20 not here yet". A site's
// log is in causal order, so what covers the token has everything it stands on.
//
// Bounded: limits::kSessionWaitsMax requests of limits::kSessionWaitBytesMax together, then kOverloaded. Nothing of it
// survives the process; nothing was promised. One thread.
#pragma once

#include <deque>
#include <vector>

#include "node/replica.h"

namespace pando::node {

class SessionPath {
 public:
  struct Waiting {
    ClientRequest asked;
    std::vector<Replica*> group;  // see ReadPath
    Instant until;
    std::size_t bytes = 0;
  };

  explicit SessionPath(const Replica& replica) : replica_(replica) {}

  // True when it has to wait: then it was taken (or refused).
  bool keep(ClientRequest& asked, const std::vector<Replica*>& group, Time now, Outputs& out);
  // Those that may be handled now, in the order they came.
  std::vector<Waiting> take_ready();
  // Refuses those over their time.
  void on_time(Time now, Outputs& out);
  void end_all(const Status& reason, Outputs& out);

  // Possibly earlier than there really is something to do.
  std::optional<Instant> next_deadline() const { return waiting_.empty() ? std::nullopt : std::optional(look_at_); }

 private:
  const Replica& replica_;
  std::deque<Waiting> waiting_;
  std::size_t bytes_ = 0;
  Instant look_at_{INT64_MAX};  // nobody's time ends before
  VersionVector looked_at_;     // the context at the last take_ready()
};

// What a client has seen that has seen all that is in the cells of `replica`, said in few words: an own commit stands
// for all that was here when it was made. kTooLarge when that takes more than limits::kTokenDotsMax origins.
Result<CausalToken> token_of(const Replica& replica);

}  // namespace pando::node

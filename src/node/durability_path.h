// node/durability_path.h — answers that wait until what they tell is as safe as was asked for.
//
//   memory   at once             os   when the log write is with the operating system
//   fsync    when it is on this disk: Replica::reply_when_durable(), the default, and what every read waits for
//   sites:n  when it is here and n neighbours said that it is on their disks      site:x  when neighbour x said so
//
// A wait for other sites is bounded: then kTimeout, with what was reached beside it. A write that is on this disk is
// done and stays, and the answer says so and names its commit. Of one that is not there yet no answer says either: a
// power cut may take it, and its number goes to another. In a pipeline each write that was done says so; what was
// refused is refused.
//
// What was answered from memory or from the operating system's hands can be lost in a crash although its number was
// told. So before the first such answer of a process a record that says so is made durable (Replica::begin_relaxed()),
// and a process that finds it without a clean end after it goes on under a new epoch: no number is ever used again.
// One thread.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "node/peer_path.h"
#include "node/replica.h"

namespace pando::node {

class DurabilityPath {
 public:
  DurabilityPath(Replica& replica, const PeerPath& peers) : replica_(replica), peers_(peers) {}

  // `needs`, one at least, must all be met. `pos` is the record that the answer depends on, `dot` the commit that other
  // sites must have, where there is one.
  void answer(ReplyOut&& reply, LogPos pos, std::vector<Durability> needs, Duration wait, Time now, Outputs& out);

  // How many have what this node has written by now; never kTimeout.
  void handle(RequestId id, const ReachedRequest& request, Time now, Outputs& out);

  // Answers those that other sites have heard of, and those over their time. `acked`: a neighbour said that more is
  // durable there.
  void end_turn(bool acked, Time now, Outputs& out);
  void end_all(const Status& reason, Outputs& out);
  std::optional<Instant> next_deadline() const;

 private:
  struct Waiting {
    ReplyOut reply;
    LogPos pos;
    std::vector<Durability> needs;
    Duration wait;
    Instant until;
    bool counts = false;  // the answer is how many sites have it
  };

  bool met(const Waiting& waiting) const;
  // `sites`: the names of the others that have it on their disks.
  bool met(const Durability& need, const std::vector<std::string>& sites) const;
  // Whom its writer waited for in vain.
  std::string missed_by(const Waiting& waiting) const;
  // What is told of a write that is on this disk by the time the answer goes out. `why` the others were not waited for.
  Status done_but(const Waiting& waiting, std::string_view why) const;
  Reply done_here(const Waiting& waiting, const Status& status) const;
  // Where it is not there yet.
  static Reply unknown(const Waiting& waiting, const Status& status);
  Reply timed_out(const Waiting& waiting) const;
  void not_waited_for(const Waiting& waiting, Outputs& out);
  ReplyOut counted(const Waiting& waiting) const;

  Replica& replica_;
  const PeerPath& peers_;
  std::deque<Waiting> waiting_;  // for other sites
  LogPos looked_at_;             // durable() at the last look
};

// Whether it takes others to meet it.
bool is_far(const Durability& need);
// What a write of these mutations needs where its client does not say: what the tables it touches are declared to, and
// else what the namespace is configured to.
std::vector<Durability> durability_of(const std::vector<Mutation>& mutations, const Replica& replica);
Durability durability_of(std::string_view table, const Replica& replica);
// is_far() of it.
bool is_far_in(std::string_view table, const Replica& replica);

}  // namespace pando::node

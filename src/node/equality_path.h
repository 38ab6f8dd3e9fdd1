// node/equality_path.h — whether peers hold what this node holds, proved over and over: converged{table, peer}.
//
// At rest, when this node and a peer say that they have the same commits, all cells are compared at that cut
// (node/resync_path.h). Here: whose turn that is, and what came of it.
//
//   a peer's turn comes first shortly after it said Hello, then `interval` after it was compared; sooner when something
//   differed, and when the two were not at rest after all
//
// What is known of a peer is kept while its link is down, with the time it is of. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/reply.h"
#include "node/difference.h"

namespace pando::node {

class EqualityPath {
 public:
  // No interval: nobody is compared.
  explicit EqualityPath(Duration interval) : interval_(interval) {}

  // The peer is there.
  void met(const std::string& peer, Instant now);
  // Whether some peer's turn may have come; then next_of() says whose.
  bool is_due(Instant now) const { return interval_.us > 0 && now >= look_at_; }
  // Of these peers, which are at rest: the one that waits longest for its turn, when that has come.
  std::optional<std::string> next_of(const std::vector<std::string>& at_rest, Instant now);

  // It was asked for, and nothing came of it.
  void postponed(const std::string& peer, Instant now);
  void compared(const std::string& peer, const Difference& difference, Time now);
  // So many cells were changed here to mend what differed.
  void mended(std::uint64_t cells) { mended_ += cells; }

  void add_stats(StatsReply& stats) const;

 private:
  struct Peer {
    Instant turn;
    std::int64_t at_ms = 0;  // of what follows
    std::vector<std::pair<std::string, bool>> tables;
  };

  const Duration interval_;
  std::map<std::string, Peer> peers_;
  Instant look_at_{0};
  std::uint64_t compared_ = 0;
  std::uint64_t differed_ = 0;
  std::uint64_t mended_ = 0;
};

}  // namespace pando::node

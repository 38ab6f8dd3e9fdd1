// node/order_path.h — requests on large sorted sets and lists that wait here while the order of their key is built.
//
// An order is kept in memory (engine/indexes.h) and built from all cells of its key when it is first asked for:
// seconds, for a million members. So it is built in slices (NamespaceConfig::order_slice_cells), one a turn; what needs
// it waits, and what comes later for a key of something that waits does so too, so that the requests of a key keep
// their order. Everything else goes on in between. Small keys are done within the request, as if this were not here.
//
// Bounded: limits::kSessionWaitsMax requests, then kOverloaded. One order is under way at a time. Nothing of it
// survives the process; nothing was promised. One thread.
#pragma once

#include <deque>
#include <vector>

#include "engine/order_needs.h"
#include "node/replica.h"

namespace pando::node {

class OrderPath {
 public:
  struct Waiting {
    ClientRequest asked;
    std::vector<Replica*> group;  // see ReadPath
    std::vector<engine::OrderNeed> needs;
  };

  explicit OrderPath(Replica& replica) : replica_(replica) {}

  // True when it has to wait: then it was taken (or refused).
  bool keep(ClientRequest& asked, const std::vector<Replica*>& group, Time now, Outputs& out);
  // Goes on by a slice. Those that may be handled now, in the order they came.
  std::vector<Waiting> end_turn(Time now);
  void end_all(const Status& reason, Outputs& out);

  std::optional<Instant> next_deadline() const {
    return waiting_.empty() ? std::nullopt : std::optional(next_slice_at_);
  }
  std::size_t waiting() const { return waiting_.size(); }
  std::uint64_t waits() const { return waits_; }  // since start

 private:
  bool waited_for(const engine::OrderNeed& need) const;
  // Also true when it cannot be built: whoever handles the request says why.
  bool ready(const engine::OrderNeed& need, std::size_t cells_max, Time now);

  Replica& replica_;
  std::deque<Waiting> waiting_;
  Instant next_slice_at_;
  std::uint64_t waits_ = 0;
};

}  // namespace pando::node

// node/escrow_walk.h — finds all bounded counters of a namespace: one pass over its cells, in slices between requests.
//
// Nobody keeps a list of them. What is declared behind where the walk has come by is not found; whoever wants that too
// hears of it by its commit (Replica::take_escrow_touched()). One thread.
#pragma once

#include <vector>

#include "engine/escrow_part.h"
#include "store/cells.h"

namespace pando::node {

class EscrowWalk {
 public:
  // From the first cell on.
  void begin();
  bool under_way() const { return under_way_; }
  void stop() { under_way_ = false; }
  // Those of the next cells; it is over when under_way() is false after it.
  Result<std::vector<engine::EscrowKey>> next(const store::Cells& cells);

 private:
  bool under_way_ = false;
  Bytes next_;  // cell key
};

}  // namespace pando::node

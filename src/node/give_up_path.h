// node/give_up_path.h — nothing is kept of a counter that is gone: a node gives up its slots in counters that resets
// have brought to nothing (engine/retire.h).
//
// Looks at the counters that the turn's resets have touched, here or at a peer; what there is to give up becomes one
// commit at the end of the turn. One that a crash or a full disk prevents is made up for by the next reset of that
// counter; until then the slot stays, reads as nothing and does no harm. One thread.
#pragma once

#include "engine/typed_payload.h"
#include "node/replica.h"

namespace pando::node {

class GiveUpPath {
 public:
  explicit GiveUpPath(Replica& replica) : replica_(replica) {}

  // After the turn's requests and frames, before the log is handed out.
  void end_turn(Time now);

 private:
  Replica& replica_;
  engine::TypedPayloadParser parser_;
};

}  // namespace pando::node

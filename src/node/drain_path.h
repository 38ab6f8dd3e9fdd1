// node/drain_path.h — gets everything that only this node has to others, so that it can be stopped, and says when.
//
//   serving    takes writes                                → draining on begin
//   draining   clients' writes are refused, with what to   → serving on undo. Of this process: a restarted node serves
//              do; open transactions may still commit and
//              reservations be settled. Rights of bounded
//              counters go to the peers that are linked
//
// It is safe to stop when no transaction is open, no right is left here, and every peer that is linked and takes all
// tables has all there is on its disk; there must be one at least. Replication, reads and watches go on all the while.
// docs/design/020-retired-nodes.md. One thread.
#pragma once

#include <optional>

#include "node/escrow_path.h"
#include "node/escrow_walk.h"
#include "node/peer_path.h"
#include "node/replica.h"
#include "node/write_path.h"

namespace pando::node {

class DrainPath {
 public:
  DrainPath(Replica& replica, EscrowPath& escrow, const WritePath& writes, const PeerPath& peers)
      : replica_(replica), escrow_(escrow), writes_(writes), peers_(peers) {}

  void handle(RequestId id, const DrainRequest& request, Time now, Outputs& out);
  // Before EscrowPath::end_turn().
  void end_turn(Time now, Outputs& out);
  std::optional<Instant> next_deadline() const { return again_at_; }

 private:
  DrainReply standing() const;

  Replica& replica_;
  EscrowPath& escrow_;
  const WritePath& writes_;
  const PeerPath& peers_;
  EscrowWalk walk_;
  std::optional<Instant> again_at_;
};

}  // namespace pando::node

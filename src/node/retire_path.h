// node/retire_path.h — says who replicates the namespace, and declares nodes gone for good (engine/retired.h).
//
// What would be lost is looked for first: rights of bounded counters that the node holds, in one walk over the cells.
// One question at a time, kWaitingMax wait, then kOverloaded. What a retirement does at this node and elsewhere begins
// with its commit, wherever that arrives: PeerPath::settle_retired(), ExpiryPath. One thread.
#pragma once

#include <deque>
#include <optional>

#include "engine/typed_payload.h"
#include "node/escrow_walk.h"
#include "node/peer_path.h"
#include "node/replica.h"

namespace pando::node {

class RetirePath {
 public:
  static constexpr std::size_t kWaitingMax = 16;

  RetirePath(Replica& replica, const PeerPath& peers) : replica_(replica), peers_(peers) {}

  void handle(RequestId id, const ListNodesRequest& request, Time now, Outputs& out);
  void handle(RequestId id, const RetireNodeRequest& request, Time now, Outputs& out);
  void end_turn(Time now, Outputs& out);
  std::optional<Instant> next_deadline() const { return again_at_; }
  void end_all(const Status& reason, Outputs& out);

 private:
  struct Asked {
    RequestId id;
    RetireNodeRequest request;
  };

  // Why the node cannot be retired from here.
  Status check(const RetireNodeRequest& request) const;
  Status count_rights(Time now);
  // Commits, and answers.
  void finish(Time now, Outputs& out);
  void next();
  // Nodes whose disks are lost and of which parts are all that is left: from then on these will do.
  Status close_lost(Time now, Outputs& out);

  Replica& replica_;
  const PeerPath& peers_;
  engine::TypedPayloadParser parser_;
  std::deque<Asked> asked_;  // the first is being looked at
  EscrowWalk walk_;
  RetireReply found_;  // for the first
  std::optional<Instant> again_at_;
};

}  // namespace pando::node

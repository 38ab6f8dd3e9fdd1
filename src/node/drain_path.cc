#include "node/drain_path.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::node {
namespace {

// Between two slices of the walk, so that requests come in between.
constexpr Duration kNextDrainSlice = Duration::millis(2);
// What reservations hold comes free without anything happening here.
constexpr Duration kHandOverAgain = Duration::seconds(1);

}  // namespace

DrainReply DrainPath::standing() const {
  DrainReply reply;
  reply.draining = replica_.draining();
  reply.transactions = writes_.open_transactions();
  reply.counters = escrow_.holding();
  reply.looking = walk_.under_way();
  bool all_there = replica_.cells().context() == replica_.durable_context();
  for (const PeerPath::FullPeer& peer : peers_.full_peers()) {
    reply.peers.push_back({peer.origin.node, peer.lacks_commits});
    all_there = all_there && peer.lacks_commits == 0;
  }
  reply.safe = reply.draining && reply.transactions == 0 && reply.counters == 0 && !reply.looking && all_there &&
               !reply.peers.empty();
  return reply;
}

void DrainPath::handle(RequestId id, const DrainRequest& request, Time now, Outputs& out) {
  const bool before = replica_.draining();
  if (request.change == DrainRequest::Change::kBegin && !before) {
    replica_.drain(true);
    walk_.begin();
    again_at_ = instant_of(now);
    out.notes.push_back({Note::Level::kInfo, replica_.name(), "draining: takes no writes of clients any more"});
  } else if (request.change == DrainRequest::Change::kEnd && before) {
    replica_.drain(false);
    walk_.stop();
    again_at_.reset();
    escrow_.keep();
    out.notes.push_back({Note::Level::kInfo, replica_.name(), "no longer draining: takes writes again"});
  }
  out.replies.push_back({id, Reply{{}, standing(), {}}});
}

void DrainPath::end_turn(Time now, Outputs& out) {
  if (!replica_.draining()) return;
  std::vector<Origin> to;
  for (const PeerPath::FullPeer& peer : peers_.full_peers()) {
    if (peer.writes) to.push_back(peer.origin);
  }
  escrow_.hand_over_to(std::move(to));
  if (!again_at_ || instant_of(now) < *again_at_) return;
  if (!walk_.under_way()) {
    escrow_.hand_over_again();
    again_at_ = instant_of(now) + kHandOverAgain;
    return;
  }
  Result<std::vector<engine::EscrowKey>> found = walk_.next(replica_.cells());
  if (!found) {
    out.notes.push_back({Note::Level::kError, replica_.name(),
                         fmt::format("draining: cannot look for bounded counters: {}", found.error().message())});
    again_at_ = instant_of(now) + kHandOverAgain;
    return;
  }
  escrow_.touch(*std::move(found));
  again_at_ = instant_of(now) + kNextDrainSlice;
}

}  // namespace pando::node

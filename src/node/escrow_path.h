// node/escrow_path.h — what a namespace does for bounded counters and limiters without a client: asks other sites for
// rights it lacks, and gives those it can spare (engine/escrow.h).
//
// Looks at a counter when a commit touched it, from here or from a peer, or when a client was refused. What there is to
// do becomes one commit at the end of the turn. A question that stays unanswered is repeated only when clients go on
// being refused, and each time after twice as long, so a flood of refusals is no flood of commits.
// Once its answer is there the next question is a first one again.
//
// Of a node that is drained all it holds goes to others instead (node/drain_path.h), and it asks for nothing.
//
// Keeps nothing that a crash loses: an unanswered question is in the cells, and is put again by the next refusal.
// Read-only nodes neither ask nor give. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "engine/bounded.h"
#include "node/replica.h"

namespace pando::node {

class EscrowPath {
 public:
  explicit EscrowPath(Replica& replica) : replica_(replica) {}

  // A client was refused for want of rights.
  void on_demand(engine::EscrowDemand demand, Time now);
  // Commits what there is to do. After the turn's requests and frames, before the log is handed out.
  void end_turn(Time now);
  std::optional<Instant> next_deadline() const;

  // From here on this node keeps no rights: they go to these, in equal parts, counter by counter as touch(), or a
  // commit, names them. To nobody: they stay, for the time being.
  void hand_over_to(std::vector<Origin> to);
  void touch(std::vector<engine::EscrowKey> counters);
  // What could not be handed over when last looked at is looked at again, by end_turn().
  void hand_over_again();
  // Rights are kept and asked for as ever.
  void keep();
  // Counters of which there are rights here that could not be handed over, of those that were looked at.
  std::size_t holding() const { return holding_.size() + touched_.size(); }

  // Questions and answers committed, for tests and metrics.
  std::uint64_t commits() const { return commits_; }

 private:
  struct Asked {
    Instant again_at;
    Duration pause;
    bool waiting = false;  // for its answer, when last looked at
  };
  // True when it may be asked now; then the next time is later.
  bool may_ask(const engine::EscrowDemand& demand, Instant now);
  // An answer that has come makes the next question a first one.
  void note_answers(const engine::EscrowKey& where, const engine::EscrowUpkeep& upkeep);
  Status keep_up(const std::set<engine::EscrowKey>& touched, Time now);
  Status hand_over(const std::set<engine::EscrowKey>& touched, Time now);
  void look_again(const engine::EscrowKey& where, Instant at);
  void take_due(Instant now, std::set<engine::EscrowKey>& touched);

  Replica& replica_;
  engine::TypedPayloadParser parser_;
  std::vector<engine::EscrowDemand> demands_;
  std::map<std::pair<engine::EscrowKey, Way>, Asked> asked_;  // at most limits::kEscrowAskedMax
  std::map<engine::EscrowKey, Instant> look_again_;           // at most limits::kEscrowAskedMax
  std::set<std::pair<Instant, engine::EscrowKey>> due_;       // the same, in the order of time
  std::optional<Instant> retry_at_;                           // the last commit found no room
  std::set<engine::EscrowKey> left_over_;                     // for then
  std::uint64_t commits_ = 0;
  std::optional<std::vector<Origin>> hand_to_;  // while this node is drained
  std::set<engine::EscrowKey> touched_;         // to be looked at by the next turn
  std::set<engine::EscrowKey> holding_;
};

}  // namespace pando::node

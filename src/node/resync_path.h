// node/resync_path.h — comparing what is here with what a peer holds at a cut, and taking over what differs.
//
// For four ends, one at a time, in this order (node/resync_taker.h does the work):
//
//   catch up   a peer's log no longer has what is needed here (its Gap). Left alone for a second first, as another link
//              may bring it as commits. The first that offers; a link that ends, or whose peer says nothing of it for
//              half a minute, leaves what was got to the next. Who has next to nothing, and lacks more than a part of
//              an arrival, has all tables arrive instead, as that goes on by parts.
//   asked      a client wants to know what differs from a peer, or to have it merged in. What a peer has seen that does
//              not hold all tables is not merged in before it is here (docs/design/017-parts-of-a-namespace.md).
//   proof      at rest: both have seen the same, so both must hold the same (node/equality_path.h). What differs all
//              the same is named, and mended: of each cell all that either side has stays. Only while the two are still
//              at rest, as nobody could tell otherwise what was taken away since.
//   arrival    this node has come to take more tables, of which a peer has all there is. Its cut of them is got, and
//              replaces what is here of them once all that the cut has seen is seen here too (node/replica_scope.cc)
//
// Of tables that are not the same here and there nothing is looked at.
//
// The other side of it is node/resync_serving.h. Both ends pause between slices of work, so that at most half of a
// turn's time goes into it. One thread.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "node/difference.h"
#include "node/replica.h"
#include "node/resync_serving.h"
#include "node/resync_taker.h"
#include "repl/session.h"

namespace pando::node {

class ResyncPath {
 public:
  using Sessions = ResyncServing::Sessions;

  ResyncPath(Replica& replica, Duration clock_ahead_max)
      : replica_(replica), clock_ahead_max_(clock_ahead_max), serving_(replica), taker_(replica) {}

  ResyncServing& serving() { return serving_; }
  const ResyncServing& serving() const { return serving_; }
  // The link is over.
  void drop(LinkId id);

  // An error is to refuse the link.
  Status on_frame(LinkId id, repl::Session& session, repl::ResyncFrame&& frame, Time now);
  // Answers in time: ResyncReply, or why it could not be done. kOverloaded at once when too many wait.
  void ask(RequestId request, LinkId id, const std::string& peer, bool merge, Outputs& out);
  // Compares with a peer that is at rest. Nothing else may be under way or wait.
  void prove(LinkId id, const std::string& peer, repl::Session& session, Time now);
  // Tables that arrive. Whether a peer may be asked for them now, and from which link what is under way comes.
  bool may_fetch(Instant now) const {
    return !task_ && asked_.empty() && !getting_ && !fetched_ && now >= fetch_at_ &&
           replica_.cells().context().covers(anew_for_);
  }
  // Gets what the peer holds of those of them that it has, of which there must be some. It has all of
  // Replica::tail_from(), and what it had when it was linked is here.
  void fetch(LinkId id, repl::Session& session, Instant now);
  // Once: all that this node takes is to be taken anew (Replica::take_anew()).
  bool take_anew() { return std::exchange(anew_, false); }
  // Once: tables have arrived since the last call.
  bool take_arrived() { return std::exchange(arrived_, false); }
  // How far that is, for people; empty when nothing is under way.
  std::string fetching() const;
  bool idle() const { return !task_ && asked_.empty() && offers_.empty() && !getting_; }

  // What came of prove(), once.
  struct Proof {
    std::string peer;
    std::optional<Difference> difference;  // nothing: they were not at rest after all, or the peer did not answer
    std::uint64_t mended = 0;              // cells changed here
  };
  std::optional<Proof> take_proof() { return std::exchange(proof_, std::nullopt); }

  // Once a turn. True: a cut was merged in. `sessions` finds the session of a link, null when it is over.
  bool end_turn(const Sessions& sessions, Time now, Outputs& out);
  std::optional<Instant> next_deadline() const;

  const ResyncTaker::Stats& taken() const { return taker_.stats(); }
  bool taking() const { return taker_.active(); }

 private:
  // What a peer said of its log.
  struct Offer {
    VersionVector needs;
    Instant since;
  };
  struct Task {
    enum class Kind : std::uint8_t { kCatchUp, kAsked, kProof, kArrival };
    Kind kind = Kind::kCatchUp;
    LinkId link;
    VersionVector needs = {};  // kCatchUp
    std::string peer = {};     // the others
    RequestId request = {};    // kAsked
    bool merge = false;        // kAsked
  };

  void begin_if_due(const Sessions& sessions, Instant now, Outputs& out);
  bool begin_asked(const Sessions& sessions, Instant now);
  void begin_offered(const Sessions& sessions, Instant now, Outputs& out);
  void begin(Task task, repl::Session& session, Instant now);
  // What was under way is not any more: whoever waits is told `reason`.
  void end_task(Status reason);
  // Leaves a peer that does not answer.
  void leave_if_silent(const Sessions& sessions, Instant now, Outputs& out);
  Status on_cut(repl::CutHeld&& held, Time now);
  bool take(const Sessions& sessions, Time now, Outputs& out);
  void on_too_large(repl::Session& session, Status status, Instant now, Outputs& out);
  // All is compared.
  void finish_catch_up(repl::Session& session, Time now, Outputs& out);
  void finish_asked(repl::Session& session, Time now, Outputs& out);
  void finish_proof(repl::Session& session, Time now, Outputs& out);
  void finish_fetch(repl::Session& session, Outputs& out);
  // Whether that is the case; then the task is over.
  bool gives_way_to_arrival(repl::Session& session, Instant now);
  // As much has come of tables that arrive as goes in at once, and is asked for before that has gone in.
  bool arrival_is_full() const;
  // Then it may not be seen here yet what its cut has. False: it was not for long, and the task is over.
  bool waits_for_what_its_cut_has(repl::Session& session, Instant now);
  // Where as much has come of tables that arrive as is held in memory, it goes in, and the rest is asked for anew.
  // False: there is less.
  bool take_part(repl::Session& session, Instant now, Outputs& out);
  // What was got goes in when its time has come.
  void let_arrive(Instant now, Outputs& out);
  void gave_up_fetching(Instant now) { fetch_at_ = now + Duration::seconds(1); }

  // After a cut could not be merged in (the disk is full), or all was to be taken anew.
  static constexpr Duration kRetry = Duration::seconds(1);
  // What brings that may wait behind this task.
  static constexpr Duration kFullMax = Duration::seconds(10);

  Replica& replica_;
  const Duration clock_ahead_max_;
  ResyncServing serving_;
  std::map<LinkId, Offer> offers_;
  ResyncTaker taker_;
  std::optional<Task> task_;
  std::deque<Task> asked_;                // wait
  std::optional<VersionVector> getting_;  // what was got so far is of use until all of this is here
  bool not_at_rest_ = false;              // of the proof under way
  // Of tables that arrive: waits until all that it has seen is here.
  struct Fetched {
    std::string peer;
    ResyncTaker::Got got;
    std::uint64_t scope_version = 0;
  };
  std::optional<Fetched> fetched_;
  std::optional<std::uint64_t> got_for_;  // what the taker has is of an arrival, of that Replica::scope_version()
  bool arrived_ = false;
  bool looked_whether_empty_ = false;  // in this task
  // What whoever had much told that its log needs. Until a cut was merged in nothing arrives before that is seen, as
  // other peers may be as empty as this node is.
  VersionVector anew_for_;
  std::optional<Instant> full_since_;
  bool anew_ = false;
  Instant fetch_at_{0};
  std::vector<ReplyOut> replies_;
  std::optional<Proof> proof_;
  Instant heard_at_{0};  // of the peer a task is under way with, or something was done about what it said
  bool joined_ = false;
  bool busy_ = false;  // there is more to do, after a pause
  Instant pause_until_{0};
  Instant retry_at_{0};
};

}  // namespace pando::node

// node/resync_path.h — peers that a log cannot serve any more, and this node where it is such a peer.
//
// Serving: lost() tells the peer of a link that what it needs next is not in the log (any more), and the link shows it
// no more of it. When the peer has come to have what the log needs of its reader, by a resync or by another link,
// found() goes on. In between it may ask for a cut (node/resync_source.h), kResyncCutsMax peers at a time.
//
// Taking: a peer's Gap is first left alone for a second, as another link may bring what is missing as commits. Then a
// resync (node/resync_taker.h) with one peer at a time, the first that offers; a link that ends, or whose peer says
// nothing of it for half a minute, leaves what was got to the next. Both ends pause between slices of work, so that at
// most half of a turn's time goes into it. One thread.
#pragma once

#include <map>
#include <memory>

#include "node/replica.h"
#include "node/resync_source.h"
#include "node/resync_taker.h"
#include "repl/session.h"

namespace pando::node {

class ResyncPath {
 public:
  ResyncPath(Replica& replica, Duration clock_ahead_max)
      : replica_(replica), clock_ahead_max_(clock_ahead_max), taker_(replica) {}

  // The log is of use to the peer again once it has all of `needs`. kGone: it does not speak of resync, and the link is
  // to be refused.
  Status lost(LinkId id, repl::Session& session, VersionVector needs, Outputs& out);
  // The peer of a lost link has all of what was needed.
  bool may_go_on(LinkId id, const VersionVector& peer_has) const;
  // More differs than the peer of a lost link can hold: it has to come by the log, if that reaches.
  bool declined(LinkId id) const {
    const auto at = serving_.find(id);
    return at != serving_.end() && at->second.declined;
  }
  void found(LinkId id) { serving_.erase(id); }
  // The link is over.
  void drop(LinkId id);

  // An error is to refuse the link.
  Status on_frame(LinkId id, repl::Session& session, repl::ResyncFrame&& frame, Time now);
  // Once a turn. True: a cut was merged in. `sessions` finds the session of a link, null when it is over.
  bool end_turn(const std::function<repl::Session*(LinkId)>& sessions, Time now, Outputs& out);
  std::optional<Instant> next_deadline() const;

  // Records from here on will be read by peers that hold a cut.
  std::optional<LogPos> held() const;
  const ResyncTaker::Stats& taken() const { return taker_.stats(); }
  bool taking() const { return taker_.active(); }
  std::uint64_t cuts_served() const { return cuts_served_; }

 private:
  struct Serving {
    VersionVector needs;
    std::unique_ptr<ResyncSource> source;
    std::optional<repl::CutAsk> waiting;  // a cut was asked for, and no place was free
    bool declined = false;                // more differs than the peer can hold
  };
  // What a peer said of its log.
  struct Offer {
    VersionVector needs;
    Instant since;
  };

  void open_cuts();
  // Leaves a peer that does not answer.
  void leave_if_silent(const std::function<repl::Session*(LinkId)>& sessions, Instant now, Outputs& out);
  bool take(const std::function<repl::Session*(LinkId)>& sessions, Time now, Outputs& out);
  void begin_if_due(const std::function<repl::Session*(LinkId)>& sessions, Instant now, Outputs& out);

  Replica& replica_;
  const Duration clock_ahead_max_;
  std::map<LinkId, Serving> serving_;
  std::map<LinkId, Offer> offers_;
  ResyncTaker taker_;
  std::optional<LinkId> taking_from_;
  std::optional<VersionVector> getting_;  // what began the resync: once it is here nothing more is to be got
  Instant heard_at_{0};  // of the peer a resync is under way with, or something was done about what it said
  bool joined_ = false;
  bool busy_ = false;  // there is more to do, after a pause
  Instant pause_until_{0};
  Instant retry_at_{0};
  std::uint64_t cuts_served_ = 0;
};

}  // namespace pando::node

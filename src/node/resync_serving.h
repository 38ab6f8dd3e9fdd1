// node/resync_serving.h — peers that compare with this node: those its log cannot serve any more, and those that only
// ask.
//
// lost() tells the peer of a link that what it needs next is not in the log (any more), and the link shows it no more
// of it. When the peer has come to have what the log needs of its reader, by a resync or by another link, found() goes
// on. In between, and at any other time, it may ask for a cut (node/resync_source.h), kResyncCutsMax peers at a time.
// What lies in the log behind the cut of a lost peer stays, as it will read on there. One thread.
#pragma once

#include <map>
#include <memory>

#include "node/replica.h"
#include "node/resync_source.h"
#include "repl/session.h"

namespace pando::node {

class ResyncServing {
 public:
  using Sessions = std::function<repl::Session*(LinkId)>;

  explicit ResyncServing(Replica& replica) : replica_(replica) {}

  // The log is of use to the peer again once it has all of `needs`. kGone: it does not speak of resync, and the link is
  // to be refused.
  Status lost(LinkId id, repl::Session& session, VersionVector needs, Outputs& out);
  // The peer of a lost link has all of what was needed.
  bool may_go_on(LinkId id, const VersionVector& peer_has) const;
  // More differs than the peer of a lost link can hold: it has to come by the log, if that reaches.
  bool declined(LinkId id) const;
  void found(LinkId id);
  // The link is over.
  void drop(LinkId id) { peers_.erase(id); }

  void on_ask(LinkId id, const repl::CutAsk& ask);
  // An error is to refuse the link.
  Status on_ask(LinkId id, repl::RangeAsk&& ask);
  // The peer has what it wanted, or wants it no more.
  void on_over(LinkId id, const repl::CutOver& over);
  // Opens cuts that wait for a place. None while keys that were met wait to be given up (node/expiry_path.h): a cut
  // would hold what others with the same commits have freed.
  void open_cuts();
  // Answers a little. True: there is more to do at once.
  bool work(const Sessions& sessions);

  // Records from here on will be read by peers that hold a cut.
  std::optional<LogPos> held() const;
  std::uint64_t cuts_served() const { return cuts_served_; }

 private:
  struct Peer {
    std::optional<VersionVector> needs;  // of a lost link
    std::unique_ptr<ResyncSource> source;
    std::optional<repl::CutAsk> waiting;  // a cut was asked for, and no place was free
    bool declined = false;                // more differs than the peer can hold
  };

  Replica& replica_;
  std::map<LinkId, Peer> peers_;
  std::uint64_t cuts_served_ = 0;
};

}  // namespace pando::node

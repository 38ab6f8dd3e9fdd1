// repl/quarantine.h — commits that came and could not be taken: kept by name, never by content.
//
// A commit may be broken where it comes from (a damaged disk, a forger, a clock years ahead) and whole elsewhere. So
// the link that brought it goes on, as if it had only announced it: what follows from it waits, everything else does
// not. The others who have it are asked; whoever brought it is asked again after a while, as its disk may have been
// mended and its stamp may lie in the past by then.
//
// Numbers of an origin are dense and taken one after the other: so of each at most one commit is here, its next.
// Bounded by kQuarantinedMax; whoever brings one more is to be refused. Deterministic; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/time.h"
#include "model/version_vector.h"

namespace pando::repl {

class Quarantine {
 public:
  struct Entry {
    Seq seq;
    Status reason;                    // of the last one that brought it
    std::map<LinkId, Instant> again;  // when each link that brought it may be asked again
    std::set<std::string> from;       // the peers that brought it, by name
    Duration wait;
  };

  // `link` to `peer` brought `dot`, and `reason` is why it is not taken. False when there is no room for it.
  bool add(const Dot& dot, LinkId link, const std::string& peer, const Status& reason, Instant now);
  // Lets go of those that have been taken after all, and says which.
  std::vector<Dot> release(const VersionVector& context);
  // What it brought is asked of it anew when it is back.
  void link_down(LinkId link);

  // Of `origin` the next commit is here.
  bool holds(const Origin& origin) const { return entries_.count(origin) != 0; }
  // `link` is not to be asked for commits of `origin` now.
  bool bars(const Origin& origin, LinkId link, Instant now) const;
  // When some link may be asked again.
  std::optional<Instant> next_again(Instant now) const;

  const std::map<Origin, Entry>& entries() const { return entries_; }
  std::uint64_t added() const { return added_; }  // commits, since start

 private:
  std::map<Origin, Entry> entries_;
  std::uint64_t added_ = 0;
};

}  // namespace pando::repl

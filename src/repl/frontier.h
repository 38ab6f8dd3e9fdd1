// repl/frontier.h — up to which stamp this node has everything that anybody ever made.
//
// Of each origin a node knows a claim (origin, seq, upto): "whatever it made or will make with a stamp <= upto has a
// number <= seq". An origin makes it of itself: its stamps rise, so those of commits to come lie above the largest
// stamp in its durable log, also after a restart. Claims travel with heartbeats from node to node, so they also come
// over chains; a node passes on what it has durably, and counts a claim for itself once it has all it speaks of.
//
//   get() = the least `upto` over all origins known here; nothing with such a stamp or a lower one will come any more
//
// What is that good for: an expired value may be freed, and an order by stamps is final, below get().
//
// An origin counts from when a commit or a claim of it is seen. One that is heard of for the first time may have made
// commits with lower stamps while nobody knew it: get() does not fall for it. One that is silent for good holds get()
// where it is, until it is left out. Nothing is stored: after a restart get() begins at zero and rises with the first
// heartbeats. One thread. Memory: three stamps per origin, at most limits::kOriginsMax of them.
#pragma once

#include <map>
#include <vector>

#include "base/hlc.h"
#include "model/version_vector.h"

namespace pando::repl {

struct Claim {
  Origin origin;
  Seq seq;
  Hlc upto;
  friend bool operator==(const Claim&, const Claim&) = default;
};

class Frontier {
 public:
  // `known`: the origins whose commits are here from an earlier run.
  explicit Frontier(const VersionVector& known = {});

  // This node commits under `self`, and everything durable here has stamps <= upto. A node that makes no commits
  // never calls it.
  void on_own(const Origin& self, Hlc upto);
  // A commit became durable here; per origin in order.
  void on_durable(const Dot& dot, Hlc hlc);
  // A peer said so. `durable` is what is here. Claims about `self` of on_own() are no news.
  void on_claim(const Claim& claim, const VersionVector& durable);

  // From here on get() does not wait for `origin`, which is declared gone: what it may still have made counts no more.
  void leave_out(const Origin& origin) { of_[origin].left_out = true; }

  // Never falls.
  Hlc get() const;
  // What this node can vouch for, ascending by origin. `durable` as above.
  std::vector<Claim> claims(const VersionVector& durable) const;

 private:
  struct Of {
    Hlc upto;
    // Claims of commits that are not all here: the one that is reached first, and the newest.
    Claim next;
    Claim newest;
    bool left_out = false;
  };
  static void settle(Of& of, Seq durable);

  std::map<Origin, Of> of_;
  Origin self_;
  mutable Hlc highest_;  // get() so far
};

}  // namespace pando::repl

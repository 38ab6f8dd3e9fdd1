// sim/tampering.h — mutations of what nodes say to each other: frames that arrive changed, and fit all the same.
//
// A frame that is lost or damaged as a whole is noticed by its number and its checksum. So what is changed here keeps
// both, and a commit that is changed gets a chain hash that follows from the one before it.
#pragma once

#include <map>
#include <set>

#include "repl/frame.h"
#include "sim/world.h"

namespace pando::sim {

// Flips a bit of the first commit in a frame, and mends the checksum: what a damaged disk sends. False when there is
// none.
bool spoil_commit(Bytes& frame);

class Tampering {
 public:
  // `world` outlives it.
  explicit Tampering(World& world) : world_(world) {}

  // Whether the world's mutation is one of frames.
  bool tampers() const;
  // For Net::set_tamper().
  Net::Fate suffer(Bytes& frame);

 private:
  // Keeps of a frame of several items all but the first commit, or the first Have.
  bool lose_item(repl::Body& body);
  // Another commit, or one without an operation, instead of one of them.
  bool leave_out(repl::Body& body);
  bool change_commit(repl::Body& body);
  // Vouches for an hour that has not come yet.
  bool vouch_early(repl::Heartbeat& beat);
  // A cut that counts as having seen more than its cells hold: what the one that takes it wrote on its own, so that
  // this goes, as with somebody who replaces; or the next commit of everybody.
  bool overstate_cut(repl::CutHeld& held);
  // `commit` as it would have been sealed at its origin; nothing while the hash before it is not known.
  std::optional<Bytes> sealed(Commit commit, Commit was);

  World& world_;
  // Of commits that were seen. One number may stand for several commits, in as many namespaces.
  std::map<Dot, std::set<std::uint64_t>> chains_;
  Bytes changed_;
};

}  // namespace pando::sim

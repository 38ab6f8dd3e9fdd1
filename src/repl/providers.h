// repl/providers.h — from which link the commits of each origin come whole; the others only say that they have them.
//
// The link to the origin itself, if there is one; otherwise the first that brought one. Who turns out to be faster
// takes its place (choose), and so does somebody else when the link goes down. So each commit crosses each node about
// once, in a mesh as in a chain, and no node needs to know what the network looks like. (Leitão, Pereira, Rodrigues:
// "Epidemic broadcast trees", 2007, where this is eager and lazy push.)
//
// Only a guess about who is near: what it gets wrong costs a duplicate or a wait, never a commit. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "model/version_vector.h"

namespace pando::repl {

class Providers {
 public:
  // A peer whose commits we take said Hello. `lacking` are the origins it has more of than we do.
  void link_up(LinkId link, const Origin& peer, const std::vector<Origin>& lacking);
  void link_down(LinkId link);
  // A commit of `origin` came by `link`.
  void came(const Origin& origin, LinkId link);
  // From now on by this link.
  void choose(const Origin& origin, LinkId link);

  std::optional<LinkId> of(const Origin& origin) const;
  // Of which origins `link` need not send commits whole, ascending.
  std::vector<Origin> have_only(LinkId link) const;
  // Counts changes of what have_only() may say.
  std::uint64_t version() const { return version_; }

 private:
  std::map<LinkId, std::string> links_;  // to the name of the peer
  std::map<Origin, LinkId> of_;
  std::uint64_t version_ = 0;
};

}  // namespace pando::repl

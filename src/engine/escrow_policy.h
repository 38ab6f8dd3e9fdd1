// engine/escrow_policy.h — when a site asks for rights, and who gives how many.
//
// An equal part of all that is free is what a site should hold. It asks when it falls below a quarter of that, or when
// a client had to be refused; whoever is asked gives what it holds above its own part, or, where a client waits, all it
// needs. Nobody asks or gives unless a client used or lacked rights, so there is nothing that could go round in
// circles: every question leads to at most one answer of each site.
//
// The sites answer without talking to each other: each works out from what it sees who would give how much, those
// with the most first, and gives its own part of that. When a question is repeated (the one who should have answered
// may be cut off), each gives what it can. A client whose need exceeds all that the others have is given no part of it,
// and whoever holds rights for it lets others have them: nobody waits for what cannot come.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/int128.h"
#include "model/origin.h"

namespace pando::engine {

// What one origin has and wants, for one way.
struct Stake {
  Origin origin;
  Int128 free = 0;           // rights it could use now; may look negative while grants to it are under way
  std::uint64_t held = 0;    // by reservations, which may end
  std::uint64_t wants = 0;   // asked for and not yet granted
  std::uint64_t urgent = 0;  // of these, those a client was refused for
  bool reminds = false;      // it asked more than once
  bool locked = false;       // neither gives nor gets
};

struct Question {
  std::uint64_t wants = 0;  // in all, from now on
  std::uint64_t urgent = 0;
};
// What `self` should ask for. `need` is what a client was refused; 0 asks only when there is too little left. Nothing
// when it has enough, has asked for as much already, or the others together have not what it needs.
std::optional<Question> question(const std::vector<Stake>& stakes, const Origin& self, std::uint64_t need);

// What `self` gives to whom; none is zero.
std::vector<std::pair<Origin, std::uint64_t>> answers(const std::vector<Stake>& stakes, const Origin& self);

}  // namespace pando::engine

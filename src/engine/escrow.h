// engine/escrow.h — who may do how much of a bounded counter or limiter.
//
// The rights of an origin are its share to begin with, plus what others granted it, minus what it granted, plus and
// minus what it did. All of that is in parts that only their origin writes, so a site knows exactly what it gave away
// and at least what it was given: it never believes to hold a right that another could spend.
//
//   rights(i, take) = share(i) + Σ granted(j → i) - Σ granted(i → j) + given(i) - taken(i) - held(i)   >= 0
//   value - lower   = Σ rights(i, take) + Σ held(i, take) + what is under way        in every causally closed cut
//
// So every site sees a value within the bounds at any time, and so does whoever sees all of them.
//
// A site that runs short says in its part what it would like to have received in all; others that see it grant from
// what they can spare (engine/escrow_policy.h). Rights of an earlier epoch of a node, and of one that is retired, are
// locked: commits of it that were lost may have spent them.
#pragma once

#include <map>
#include <tuple>

#include "engine/draft.h"
#include "engine/escrow_part.h"

namespace pando::engine {

class Escrow {
 public:
  struct Incarnation {
    Dot dot;
    Hlc hlc;
    EscrowDeclaration declaration;
  };

  // What counts under a key after a draft, or in a view; nothing when nothing is declared there. A part that cannot
  // be read (a newer version wrote it) has no rights. `self` is whoever asks.
  static Result<std::optional<Escrow>> load(Draft& draft, const EscrowKey& where);
  static Result<std::optional<Escrow>> load(View& view, const Origin& self, const EscrowKey& where);

  const Incarnation& incarnation() const { return incarnation_; }
  // Declared by sites that had not seen the one that counts, sorted by dot.
  const std::vector<Escrow>& lost() const { return lost_; }
  const std::map<Origin, EscrowPart>& parts() const { return parts_; }
  const EscrowPart& part(const Origin& origin) const;
  EscrowPart& part(const Origin& origin) { return parts_[origin]; }
  // Of all who have a part or a share. Sorted.
  std::vector<Origin> origins() const;
  // An earlier epoch of a node that goes on under a later one, or one that is retired.
  bool locked(const Origin& origin) const;

  // Granted to `origin` by all others.
  Int128 received(const Origin& origin, Way way) const;
  // Share and transfers, before any use.
  Int128 balance(const Origin& origin, Way way) const;
  // Of a bounded counter: free to use. Nothing when that way has no bound.
  std::optional<Int128> rights(const Origin& origin, Way way) const;
  // Of a bounded counter, clamped to 64 bits (without a bound, sites that do not see each other may add up to more).
  std::int64_t value() const;

 private:
  template <typename Source>
  static Result<std::optional<Escrow>> load_from(Source& source, const Origin& self, const EscrowKey& where);

  Incarnation incarnation_;
  std::vector<Escrow> lost_;
  std::map<Origin, EscrowPart> parts_;
  std::map<std::string, std::uint64_t> epochs_;  // the last known of each node here
};

// 0 … 2^64 - 1.
std::uint64_t clamp_u64(Int128 n);
CellPath escrow_path(const EscrowKey& where, Bytes element);
// The origins of these nodes, each once: their last epoch known here. Sorted. kInvalidArgument naming the node.
Result<std::vector<Origin>> origins_of(Draft& draft, const std::vector<std::string>& nodes);

}  // namespace pando::engine

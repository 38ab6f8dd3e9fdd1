// base/ids.h — numbers that must not be mixed are different types.
#pragma once

#include <compare>
#include <cstdint>

namespace pando {

// A 64-bit number with a name. Comparable, countable with next(), printable with .value.
template <typename Tag>
struct Number {
  std::uint64_t value = 0;

  constexpr Number() = default;
  constexpr explicit Number(std::uint64_t v) : value(v) {}
  constexpr Number next() const { return Number(value + 1); }
  friend constexpr auto operator<=>(Number, Number) = default;
};

// The n-th commit of one origin in one namespace. Dense: 1, 2, 3, … ; 0 means "none yet".
using Seq = Number<struct SeqTag>;
// The n-th record of one node's log of one namespace. Dense: 1, 2, 3, … ; 0 means "before the first".
// Local to that node: never compared across nodes.
using LogPos = Number<struct LogPosTag>;
// One request being answered; chosen by the caller of Node::step, unique while unanswered.
using RequestId = Number<struct RequestIdTag>;
// One open stream to a peer; chosen by the io edge, never reused within a process.
using LinkId = Number<struct LinkIdTag>;
// One watcher; chosen by the io edge, never reused within a process.
using WatchId = Number<struct WatchIdTag>;

}  // namespace pando

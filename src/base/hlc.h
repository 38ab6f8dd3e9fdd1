// base/hlc.h — hybrid logical clock: one 64-bit stamp, wall milliseconds above a counter.
//
// Layout: 48 bits of wall-clock milliseconds since 1970, then a 16-bit counter. Stamps of one node strictly
// increase, also across restarts when the floor is restored, and a stamp made after seeing another is
// larger than it. (Kulkarni et al., "Logical Physical Clocks", 2014.)
#pragma once

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace pando {

struct Hlc {
  std::uint64_t bits = 0;

  static constexpr Hlc from_wall_ms(std::int64_t wall_ms) {
    return Hlc{static_cast<std::uint64_t>(wall_ms < 0 ? 0 : wall_ms) << 16};
  }
  constexpr std::int64_t wall_ms() const { return static_cast<std::int64_t>(bits >> 16); }
  friend constexpr auto operator<=>(Hlc, Hlc) = default;
};

class HlcClock {
 public:
  // `floor` is the largest stamp this node ever made or saw; the next stamp is above it.
  explicit HlcClock(Hlc floor = {}) : last_(floor) {}

  // The stamp of a new local event. Follows the wall clock; while that lags behind `last`, counts instead.
  Hlc tick(std::int64_t wall_ms) {
    const Hlc wall = Hlc::from_wall_ms(wall_ms);
    last_ = wall > last_ ? wall : Hlc{last_.bits + 1};
    return last_;
  }
  // Takes note of a stamp seen elsewhere.
  void witness(Hlc seen) {
    if (seen > last_) last_ = seen;
  }
  Hlc last() const { return last_; }

 private:
  Hlc last_;
};

}  // namespace pando

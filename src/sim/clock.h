// sim/clock.h — a machine's wall clock: simulated time plus an offset that may jump, also back, and drift.
//
// The monotonic clock of every machine is simulated time itself.
#pragma once

#include "base/time.h"

namespace pando::sim {

// Wall-clock milliseconds at simulated time 0: 2023-11-14 22:13:20 UTC.
inline constexpr std::int64_t kWallStartMs = 1'700'000'000'000;

class Clock {
 public:
  Time at(Instant now) const {
    return {now.mono_us,
            kWallStartMs + now.mono_us / 1000 + offset_ms_ + now.mono_us / 1'000'000 * drift_us_per_s_ / 1000};
  }
  void jump(Duration by) { offset_ms_ += by.millis(); }
  void drift(std::int64_t us_per_s) { drift_us_per_s_ = us_per_s; }
  // Right again, as after NTP stepped it: a jump of its own.
  void correct() { offset_ms_ = drift_us_per_s_ = 0; }

 private:
  std::int64_t offset_ms_ = 0;
  std::int64_t drift_us_per_s_ = 0;
};

}  // namespace pando::sim

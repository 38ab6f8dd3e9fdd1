// base/time.h — instants and spans as arguments. Nothing in the pure ring reads a clock: `now` is passed in.
#pragma once

#include <compare>
#include <cstdint>

namespace pando {

struct Duration {
  std::int64_t us = 0;
  static constexpr Duration micros(std::int64_t n) { return {n}; }
  static constexpr Duration millis(std::int64_t n) { return {n * 1000}; }
  static constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
  constexpr std::int64_t millis() const { return us / 1000; }
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.us * n}; }
};

// Two clocks travel together: `mono` never goes back and times waits; `wall` is what a person's clock
// says, may jump, and feeds only the hybrid logical clock and expiry instants.
struct Time {
  std::int64_t mono_us = 0;
  std::int64_t wall_ms = 0;  // since the Unix epoch
};

// A point on the monotonic clock.
struct Instant {
  std::int64_t mono_us = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.mono_us + d.us}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.mono_us - b.mono_us}; }
};

inline constexpr Instant instant_of(Time now) { return {now.mono_us}; }

}  // namespace pando

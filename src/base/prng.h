// base/prng.h — the one source of randomness in the pure ring: counter-based, seeded, passed in.
//
// SplitMix64 (Steele, Lea, Flood 2014): the n-th number depends only on (seed, n), so a run can be replayed.
// Not for secrets.
#pragma once

#include <cstdint>

namespace pando {

class Prng {
 public:
  explicit constexpr Prng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); bound > 0. Multiply-shift: the bias is below 2^-32 for the bounds used here.
  constexpr std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  // True `n` times in `of`.
  constexpr bool chance(std::uint64_t n, std::uint64_t of) { return below(of) < n; }
  // An independent stream.
  constexpr Prng fork() { return Prng(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace pando

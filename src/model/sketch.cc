// deterministic: floating point, in what a client is told alone; no stored byte depends on it.
#include "model/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace pando {
namespace {

std::uint64_t hash_of(ByteSpan bytes) {
  constexpr std::uint64_t kMix = 0xc6a4a7935bd1e995U;
  constexpr unsigned kShift = 47;
  std::uint64_t hash = 0xadc83b19U ^ (bytes.size() * kMix);
  const auto word = [&](std::size_t from, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[from + i]);
    return value;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t part = word(at, 8) * kMix;
    part ^= part >> kShift;
    hash = (hash ^ part * kMix) * kMix;
  }
  if (at < bytes.size()) hash = (hash ^ word(at, bytes.size() - at)) * kMix;
  hash ^= hash >> kShift;
  hash *= kMix;
  return hash ^ hash >> kShift;
}

double tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1.0;
  double z = 1 - x;
  for (double before = z + 1; before != z;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

double sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double y = 1.0;
  double z = x;
  for (double before = z + 1; before != z;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

}  // namespace

SketchPlace sketch_place(ByteSpan thing) {
  const std::uint64_t hash = hash_of(thing);
  constexpr unsigned kIndexBits = std::bit_width(kSketchRegisters - 1);
  // The bit above the last one bounds the rank.
  const std::uint64_t rest = hash >> kIndexBits | std::uint64_t{1} << (64 - kIndexBits);
  return {hash & (kSketchRegisters - 1), static_cast<std::uint8_t>(std::countr_zero(rest) + 1)};
}

Bytes encode_sketch_part(const std::uint8_t* ranks) {
  const auto there =
      kSketchPartRegisters - static_cast<std::size_t>(std::count(ranks, ranks + kSketchPartRegisters, 0));
  if (there * 2 >= kSketchPartRegisters) return {ranks, ranks + kSketchPartRegisters};
  Bytes out;
  for (std::size_t i = 0; i < kSketchPartRegisters; ++i) {
    if (ranks[i] == 0) continue;
    out.push_back(static_cast<char>(i));
    out.push_back(static_cast<char>(ranks[i]));
  }
  return out;
}

bool raise_to_sketch_part(ByteSpan bytes, std::uint8_t* ranks) {
  const bool all = bytes.size() == kSketchPartRegisters;
  if (!all && (bytes.size() > kSketchPartRegisters || bytes.size() % 2 != 0)) return false;
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  std::array<std::uint8_t, kSketchPartRegisters> read{};
  for (std::size_t i = 0; i < bytes.size(); i += all ? 1 : 2) {
    const std::uint8_t rank = at(all ? i : i + 1);
    if (rank > kSketchRankMax) return false;
    read[all ? i : at(i)] = rank;
  }
  for (std::size_t i = 0; i < read.size(); ++i) ranks[i] = std::max(ranks[i], read[i]);
  return true;
}

std::uint64_t estimate(const SketchRanks& ranks) {
  constexpr int kRest = kSketchRankMax - 1;
  std::array<int, 64> histogram{};
  for (const std::uint8_t rank : ranks) ++histogram[rank % 64];
  const auto m = static_cast<double>(kSketchRegisters);
  double z = m * tau((m - histogram[kRest + 1]) / m);
  for (int i = kRest; i >= 1; --i) z = (z + histogram[static_cast<std::size_t>(i)]) * 0.5;
  z += m * sigma(histogram[0] / m);
  constexpr double kAlpha = 0.721347520444481703680;  // 0.5 / ln 2
  return static_cast<std::uint64_t>(std::llround(kAlpha * m * m / z));
}

}  // namespace pando

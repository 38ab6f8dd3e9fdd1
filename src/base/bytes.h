// base/bytes.h — the two words for raw bytes, owning and borrowed.
//
// Values, keys and records are opaque bytes, never text: nothing may assume UTF-8 or a terminating NUL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace pando {

using Bytes = std::string;
// Borrowed: never outlives the call it is passed to.
using ByteSpan = std::string_view;

// Names and keys are mostly short, and for these a call costs more than the work: two words, or halves of them,
// that overlap do.

// Copies to where there is room: where it ends.
[[gnu::always_inline]] inline char* copy_bytes(ByteSpan bytes, char* to) {
  const std::size_t size = bytes.size();
  const char* const from = bytes.data();
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + size - 8, 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + size - 8, &last, 8);
  } else if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    std::memcpy(to, &first, 4);
    std::memcpy(to + size - 4, &last, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
  return to + size;
}

// a == b, where they mostly are.
[[gnu::always_inline]] inline bool same_bytes(ByteSpan a, ByteSpan b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) {
    std::uint64_t words[4];
    std::memcpy(&words[0], a.data(), 8);
    std::memcpy(&words[1], b.data(), 8);
    std::memcpy(&words[2], a.data() + size - 8, 8);
    std::memcpy(&words[3], b.data() + size - 8, 8);
    return ((words[0] ^ words[1]) | (words[2] ^ words[3])) == 0;
  }
  if (size >= 4) {
    std::uint32_t words[4];
    std::memcpy(&words[0], a.data(), 4);
    std::memcpy(&words[1], b.data(), 4);
    std::memcpy(&words[2], a.data() + size - 4, 4);
    std::memcpy(&words[3], b.data() + size - 4, 4);
    return ((words[0] ^ words[1]) | (words[2] ^ words[3])) == 0;
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace pando

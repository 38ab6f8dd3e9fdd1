// engine/typed_payload.h — the two payloads that merge groups understand, told by the key's prefix.
//
//   lww:…      {"value": any JSON, "timestamp": integer, "replica": string}
//   counter:…  {"replica": string, "count": integer ≥ 0}
//
// The payload decides, not the namespace it was written to: a register is won by the higher timestamp, then
// the bytewise higher replica, then the bytewise higher value; a counter keeps the highest count per replica.
// Both are joins of a semilattice, so any order, repetition or grouping gives the same winner.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace pando::engine {

enum class TypedKey : std::uint8_t { kNone, kLww, kCounter };

// What the key's prefix says.
TypedKey typed_key(ByteSpan key);

struct LwwPayload {
  std::int64_t timestamp = 0;
  Bytes replica;
  Bytes value;  // a string's own bytes, any other JSON value minified

  // Larger wins.
  friend auto operator<=>(const LwwPayload&, const LwwPayload&) = default;
};

struct CounterPayload {
  Bytes replica;
  std::uint64_t count = 0;  // at most 2^63 - 1
};

// Reuses one JSON parser's memory. One thread.
class TypedPayloadParser {
 public:
  TypedPayloadParser();
  ~TypedPayloadParser();

  // Nothing when the bytes are not such a payload; fields beyond the named ones are ignored.
  std::optional<LwwPayload> parse_lww(ByteSpan payload);
  std::optional<CounterPayload> parse_counter(ByteSpan payload);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// How two payload byte strings of one `lww:` key compare: by the rule above, then by all their bytes, so that
// the order is total also between payloads that differ only in fields we ignore. Malformed ones lose.
std::strong_ordering compare_lww(TypedPayloadParser& parser, ByteSpan a, ByteSpan b);

}  // namespace pando::engine

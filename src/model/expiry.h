// model/expiry.h — until when something is there: the value of a kExpiry cell, and how clients change it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace pando {

// Milliseconds since the Unix epoch, by any site's wall clock. "Never" is later than every instant: it is what a
// write without a time to live says beside a concurrent one that has one.
inline constexpr std::int64_t kNeverExpires = INT64_MAX;
inline constexpr std::int64_t kTtlMsMax = 100LL * 366 * 86'400'000;
// What one site made and another clears away by its own clock, it leaves so much longer: a clock may be a day ahead.
inline constexpr std::int64_t kClockGraceMs = 48LL * 3'600'000;

// What of a table one node, or one that it joined, has freed by itself (docs/design/010-expiry.md); each more than the
// one before. Values are stored.
enum class Freed : std::uint8_t {
  kNothing = 0,
  kKeys = 1,
  kFields = 2,  // columns or fields of documents by themselves, and maybe keys
};

// u64, little-endian.
Bytes encode_expiry(std::int64_t at_ms);
// Nothing when the bytes are no instant (a peer may write anything).
std::optional<std::int64_t> decode_expiry(ByteSpan bytes);

struct TimeToLive {
  enum class Kind : std::uint8_t {
    kFor,      // `ms` from now on, by the clock of the site that answers
    kUntil,    // the instant `ms`; one that is over hides at once
    kForever,  // takes an end away
    kKeep,     // leaves an end as it is, for what would take it away
  };
  Kind kind = Kind::kForever;
  std::int64_t ms = 0;

  // The instant it means, kNeverExpires where it names none.
  std::int64_t end(std::int64_t now_ms) const;
  friend bool operator==(const TimeToLive&, const TimeToLive&) = default;
};
// "500ms", "30s", "5m", "12h", "7d": more than nothing and at most kTtlMsMax. kInvalidArgument saying so.
Result<std::int64_t> parse_span_ms(std::string_view text);
// kInvalidArgument when `ms` does not fit its kind.
Status validate_ttl(const TimeToLive& ttl);

// Mutation::detail: changes until when a key, or one field of a row or a document, is there, and nothing else about it.
// Of a key or a field that is not there it changes nothing. DoneReply::results: 1 when it changed something.
struct ExpireChange {
  enum class When : std::uint8_t {
    kAlways,
    kIfNone,    // only if it has no end (Redis NX)
    kIfAny,     // only if it has one (XX)
    kIfLater,   // only if that moves its end back; "no end" is later than all (GT)
    kIfSooner,  // only if that moves its end forward (LT)
  };
  TimeToLive ttl;
  When when = When::kAlways;
  Bytes field = {};  // a column, or the path of a field of a document (model/document.h); empty: the key itself
};

}  // namespace pando

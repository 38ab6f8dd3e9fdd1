// model/expiry.h — until when something is there: the value of a kExpiry or kLease cell.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace pando {

// Milliseconds since the Unix epoch, by any site's wall clock. "Never" is later than every instant: it is what a
// write without a time to live says beside a concurrent one that has one.
inline constexpr std::int64_t kNeverExpires = INT64_MAX;

// u64, little-endian.
Bytes encode_expiry(std::int64_t at_ms);
// Nothing when the bytes are no instant (a peer may write anything).
std::optional<std::int64_t> decode_expiry(ByteSpan bytes);

}  // namespace pando

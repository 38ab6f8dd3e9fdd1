#include "model/expiry.h"

#include "base/codec.h"

namespace pando {

Bytes encode_expiry(std::int64_t at_ms) {
  Bytes bytes;
  Writer(bytes).u64(static_cast<std::uint64_t>(at_ms));
  return bytes;
}

std::optional<std::int64_t> decode_expiry(ByteSpan bytes) {
  Reader in(bytes);
  const std::uint64_t at = in.u64("expiry");
  if (!in.finish().ok() || at > static_cast<std::uint64_t>(kNeverExpires)) return std::nullopt;
  return static_cast<std::int64_t>(at);
}

}  // namespace pando

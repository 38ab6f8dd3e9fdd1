#include "model/presence.h"

#include "base/codec.h"
#include "base/limits.h"

namespace pando {

Bytes encode_lease(const Lease& lease) {
  Bytes bytes;
  Writer out(bytes);
  out.u64(static_cast<std::uint64_t>(lease.ends_at_ms));
  out.raw(lease.about);
  return bytes;
}

std::optional<Lease> decode_lease(ByteSpan bytes) {
  constexpr std::size_t kHead = sizeof(std::uint64_t);
  if (bytes.size() < kHead || bytes.size() - kHead > limits::kLeaseAboutBytesMax) return std::nullopt;
  Reader in(bytes.substr(0, kHead));
  const std::uint64_t at = in.u64("lease.ends");
  if (at > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return Lease{static_cast<std::int64_t>(at), Bytes(bytes.substr(kHead))};
}

}  // namespace pando

#include "model/expiry.h"

#include <fmt/core.h>

#include <charconv>

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

std::int64_t TimeToLive::end(std::int64_t now_ms) const {
  switch (kind) {
    case Kind::kFor: {
      std::int64_t at = 0;
      return __builtin_add_overflow(now_ms, ms, &at) ? kNeverExpires - 1 : at;
    }
    case Kind::kUntil: return ms;
    case Kind::kForever:
    case Kind::kKeep: break;
  }
  return kNeverExpires;
}

Result<std::int64_t> parse_span_ms(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<std::size_t>(stop - text.data()));
  const std::int64_t factor = unit == "ms"  ? 1
                              : unit == "s" ? 1'000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? 86'400'000
                                            : 0;
  if (error != std::errc() || factor == 0 || value <= 0 || value > kTtlMsMax / factor) {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("\"{}\" is no time like 500ms, 30s, 5m, 12h, 7d, at most 100 years", text.substr(0, 100)));
  }
  return value * factor;
}

Status validate_ttl(const TimeToLive& ttl) {
  const bool fits =
      ttl.kind == TimeToLive::Kind::kForever || ttl.kind == TimeToLive::Kind::kKeep ||
      (ttl.kind == TimeToLive::Kind::kFor ? ttl.ms > 0 && ttl.ms <= kTtlMsMax : ttl.ms >= 0 && ttl.ms < kNeverExpires);
  if (fits) return {};
  return Status(StatusCode::kInvalidArgument, fmt::format("time to live {} ms is out of range", ttl.ms));
}

}  // namespace pando

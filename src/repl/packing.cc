#include "repl/packing.h"

#include <fmt/core.h>
#include <zstd.h>

namespace pando::repl {
namespace {

constexpr int kLevel = 1;
constexpr std::size_t kWorthBytesMin = 256;

}  // namespace

std::optional<Bytes> pack_bytes(ByteSpan bytes) {
  if (bytes.size() < kWorthBytesMin) return std::nullopt;
  Bytes packed(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0 || size > bytes.size() - bytes.size() / 8) return std::nullopt;
  if (bytes.size() / size >= kPackedRatioMax) return std::nullopt;
  packed.resize(size);
  return packed;
}

Result<Bytes> unpack_bytes(ByteSpan packed, std::size_t size) {
  if (size / kPackedRatioMax > packed.size()) {
    return fail(StatusCode::kDataLoss, fmt::format("packed bytes: {} are said to hold {}, the limit is {} each",
                                                   packed.size(), size, kPackedRatioMax));
  }
  Bytes bytes(size, '\0');
  const std::size_t made = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(made) != 0) {
    return fail(StatusCode::kDataLoss, fmt::format("packed bytes: {}", ZSTD_getErrorName(made)));
  }
  if (made != size) {
    return fail(StatusCode::kDataLoss, fmt::format("packed bytes: {} came out where {} were promised", made, size));
  }
  return bytes;
}

}  // namespace pando::repl

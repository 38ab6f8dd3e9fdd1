// repl/packing.h — runs of the log made smaller for narrow links. Zstandard, level 1; one call, no state.
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"

namespace pando::repl {

// No more than so many bytes come out of each: a frame that unfolds further is not unfolded, however small it is.
inline constexpr std::size_t kPackedRatioMax = 256;

// Nothing when it would not save an eighth, or would save more than kPackedRatioMax allows.
std::optional<Bytes> pack_bytes(ByteSpan bytes);
// What pack_bytes() was given, `size` bytes. kDataLoss for anything else; never more than `size` are made.
Result<Bytes> unpack_bytes(ByteSpan packed, std::size_t size);

}  // namespace pando::repl

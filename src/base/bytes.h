// base/bytes.h — the two words for raw bytes, owning and borrowed.
//
// Values, keys and records are opaque bytes, never text: nothing may assume UTF-8 or a terminating NUL.
#pragma once

#include <string>
#include <string_view>

namespace pando {

using Bytes = std::string;
// Borrowed: never outlives the call it is passed to.
using ByteSpan = std::string_view;

}  // namespace pando

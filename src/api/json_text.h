// api/json_text.h — writing JSON by hand: strings that are always valid, bytes that may not be text.
//
// Keys are bytes. Where a reply carries one as text and the bytes are not UTF-8, the text has U+FFFD for
// every bad byte, and a second field with `_b64` on its name carries the bytes:
//   "key":"caf\ufffd","key_b64":"Y2Fm6Q=="
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace pando::api {

bool is_utf8(ByteSpan bytes);

// "…" with quotes. Escapes as little as JSON demands; bytes that are not UTF-8 become U+FFFD.
void append_json_string(Bytes& out, ByteSpan text);
// "base64 of bytes" with quotes.
void append_json_base64(Bytes& out, ByteSpan bytes);
// "name":"text", and ,"name_b64":"…" when `bytes` is not UTF-8. `name` is ours: needs no escaping.
void append_json_key_field(Bytes& out, std::string_view name, ByteSpan bytes);

void append_number(Bytes& out, std::uint64_t n);
void append_number(Bytes& out, std::int64_t n);

}  // namespace pando::api

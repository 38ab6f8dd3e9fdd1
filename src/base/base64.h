// base/base64.h — padded standard base64 (RFC 4648 §4), the form values have in JSON.
//
// Encoding never wraps. Decoding skips CR and LF (GNU base64 wraps at 76 columns) and refuses everything
// else that is not the canonical padded form, naming the offset.
#pragma once

#include "base/bytes.h"
#include "base/status.h"

namespace pando {

void base64_append(ByteSpan data, Bytes& out);
Bytes base64_encode(ByteSpan data);
// kInvalidArgument "illegal base64 data at input byte N".
Result<Bytes> base64_decode(ByteSpan text);

// URL-safe alphabet without padding, for cursors and tokens.
Bytes base64url_encode(ByteSpan data);
Result<Bytes> base64url_decode(ByteSpan text);

}  // namespace pando

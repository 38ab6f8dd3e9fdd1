// api/resp_glob.h — the patterns of KEYS, SCAN and CONFIG GET:  *  ?  [abc]  [^a]  [a-c]  \x
//
// Matching never goes back more than one star, so a hostile pattern costs at most pattern × text.
#pragma once

#include "base/bytes.h"

namespace pando::api {

bool glob_match(ByteSpan pattern, ByteSpan text);
// What everything that matches begins with.
Bytes glob_prefix(ByteSpan pattern);

}  // namespace pando::api

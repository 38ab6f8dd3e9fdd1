// api/resp_expiry.h — the words that say when a key ends:  EX 10   PX 10000   EXAT 1900000000   PXAT 1900000000000
#pragma once

#include "api/resp_call.h"

namespace pando::api {

// One of the four, in any case.
bool is_ttl_option(ByteSpan word);
// Word `number` as the option (lower case) means it. Nothing, having failed as redis-server does, when it is no number,
// not above zero, or too far away to be told in milliseconds.
std::optional<TimeToLive> read_ttl(RespCall& call, std::string_view option, std::size_t number);
// The same with the option in word `option`.
std::optional<TimeToLive> read_ttl_option(RespCall& call, std::size_t option, std::size_t number);

}  // namespace pando::api

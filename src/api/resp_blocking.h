// api/resp_blocking.h — commands that wait until one of their keys has something.
//
// What such a command asks is asked at once. While all of it finds nothing, it is asked again whenever one of the keys
// RespPending::names changes, whichever site changed it; inside MULTI it waits for nothing. Those that take something
// away are asked one after the other, who has waited longest first (io/resp/feed.h).
#pragma once

#include <cstdint>
#include <optional>

#include "api/resp_call.h"

namespace pando::api {

// The seconds that a word says, in milliseconds. Nothing, having failed, when it is no time.
std::optional<std::int64_t> read_timeout(RespCall& call, std::size_t i);

// All that `call` asked so far is to be waited for, so long; 0: for good.
void wait_for_keys(RespCall& call, std::int64_t ms);

}  // namespace pando::api

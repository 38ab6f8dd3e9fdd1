// api/resp_stream_words.h — ids of stream entries as clients write them.
#pragma once

#include "api/resp_call.h"
#include "model/stream.h"

namespace pando::api {

// "5-1", or "5" with `number` behind it. Without one the command has failed.
std::optional<StreamId> read_stream_id(RespCall& call, std::size_t i, std::uint64_t number = 0);
// "5-1", "5" and nothing else.
std::optional<StreamId> stream_id_of(ByteSpan text, std::uint64_t number);

}  // namespace pando::api

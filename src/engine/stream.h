// engine/stream.h — deciding and reading streams (model/stream.h).
#pragma once

#include "engine/draft.h"
#include "model/stream.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const AddEntry& add);
Status decide(Draft& draft, const Mutation& mutation, const RemoveEntries& remove);
Status decide(Draft& draft, const Mutation& mutation, const TrimStream& trim);

// The number of an id that this origin makes after `count` others of the same millisecond.
std::uint64_t made_stream_number(const Origin& origin, std::uint64_t count);

}  // namespace pando::engine

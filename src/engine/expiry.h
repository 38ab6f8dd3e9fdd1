// engine/expiry.h — setting, changing and taking away the end of a key or of one field of a row, and asking for it.
#pragma once

#include "engine/draft.h"
#include "engine/read.h"
#include "model/expiry.h"

namespace pando::engine {

// kInvalidArgument for a time out of range and for large objects, kWrongType for a field of what is no row.
Status decide(Draft& draft, const Mutation& mutation, const ExpireChange& change);

}  // namespace pando::engine

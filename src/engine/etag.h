// engine/etag.h — names for states, and the conditions that writes make of them.
//
// The ETag of a key says which writes its readers see: the dots of its registers, the slots of its counters. So it is
// equal at two sites exactly where they show the same writes under the key, changes with every write that changes what
// is read, also to the same value, and never comes back. Where a merge left several types under one key it speaks
// of the one that reads answer. Expiry is no part of it: a key whose time has run out is absent, and has none.
#pragma once

#include "engine/view.h"
#include "model/terms.h"

namespace pando::engine {

// 16 hex digits; empty when the key is absent. Reads all cells of the key, for a plain value, a counter or a flag one
// or two: kTooLarge beyond limits::kEtagCellsMax.
Result<std::string> etag_of(View& view, std::string_view table, ByteSpan key);

// kPreconditionFailed naming the key, unless both hold for it here and now.
Status check_conditions(View& view, const std::optional<Condition>& if_match,
                        const std::optional<Condition>& if_none_match, std::string_view table, ByteSpan key);

}  // namespace pando::engine

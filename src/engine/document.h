// engine/document.h — decides what becomes of a document (model/document.h): a replacement, or a patch of some fields.
//
// Removing a field takes away what was seen at it and below, so what others wrote there meanwhile stays: of a number
// that was added to exactly what was added meanwhile, of an object the fields that were written. A write to a field
// resolves what it saw there to be in conflict.
//
// A field may have an end of its own (docs/design/010-expiry.md). A plain write takes it away, adding to the field
// keeps it, removing takes it along. A field whose time has run out is cleared by the first write at it, in it or above
// it.
#pragma once

#include "engine/draft.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const PutDocument& put);
// kWrongType when a field holds something that cannot be added to, compared, or made a set; kOutOfRange when a number
// would leave ±kDecimalMax.
Status decide(Draft& draft, const Mutation& mutation, const PatchDocument& patch);
// Whether the draft leaves something at the field, within its time. kInvalidArgument when the path is none.
Result<bool> has_field(Draft& draft, std::string_view table, ByteSpan key, ByteSpan path);

}  // namespace pando::engine

// engine/document.h — decides what becomes of a document (model/document.h): a replacement, or a patch of some fields.
//
// Removing a field takes away what was seen at it and below, so what others wrote there meanwhile stays: of a number
// that was added to exactly what was added meanwhile, of an object the fields that were written. A write to a field
// resolves what it saw there to be in conflict.
#pragma once

#include "engine/draft.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const PutDocument& put);
// kWrongType when a field holds something that cannot be added to, compared, or made a set; kOutOfRange when a number
// would leave ±kDecimalMax.
Status decide(Draft& draft, const Mutation& mutation, const PatchDocument& patch);

}  // namespace pando::engine

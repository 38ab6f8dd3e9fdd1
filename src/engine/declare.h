// engine/declare.h — decides changes of table declarations (model/declare_table.h).
#pragma once

#include "engine/draft.h"

namespace pando::engine {

// kInvalidArgument naming the property and what is allowed; nothing is changed then. One small commit however many keys
// the table has: what is declared is looked at when a key is read or written.
Status decide(Draft& draft, const Mutation& mutation, const DeclareTable& declare);

}  // namespace pando::engine

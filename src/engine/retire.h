// engine/retire.h — gives up counter slots that nobody needs: docs/design/015-slots-are-given-up.md.
//
// A reset leaves each slot with baselines as large as its totals, worth nothing. Only its origin knows that it will
// not count in it any more, so only the origin gives it up: by a ClearOp that forgets exactly its own slots. A slot
// that is absent though its birth was seen is given up everywhere and for good (crdt/counter.h), and resets that name
// it pass by. The origin's next increment makes a slot with a birth of its own.
#pragma once

#include "engine/draft.h"

namespace pando::engine {

// Adds the op to the draft when the counter reads as absent, has slots of the draft's origin, and they can be given up
// alone: elements below this one, which the op would reach too, have none. Otherwise nothing.
Status retire(Draft& draft, const CellPath& path);

}  // namespace pando::engine

// engine/foresight.h — has the memory of cells brought near that several requests will look at.
//
// With more cells than the processor's caches hold, a small request is mostly waiting for memory: the slot of the
// table, the cell, its entries, the value, each known only from the one before. Requests that came together need not
// wait one by one: the first step of all is begun before the second of any. Answers and changes nothing; where it
// guesses wrong, or knows nothing of a request, nothing is lost but the hint. Interleaved lookups: Chen, Ailamaki,
// Gibbons, Mowry, "Improving hash join performance through prefetching", 2004 (group prefetching).
#pragma once

#include <vector>

#include "model/request.h"
#include "store/cells.h"

namespace pando::engine {

void foresee(const std::vector<PipelineItem>& items, const store::Cells& cells);

}  // namespace pando::engine

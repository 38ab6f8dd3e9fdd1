// engine/sketch.h — deciding and reading sketches (model/sketch.h).
#pragma once

#include "engine/draft.h"
#include "model/sketch.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const AddToSketch& add);
Status decide(Draft& draft, const Mutation& mutation, const MergeSketches& merge);

}  // namespace pando::engine

// sim/shrink.h — from a seed that fails to a short scenario that fails in the same way.
//
// The run is written down as a list of steps (sim/recording.h), and steps, nodes and settings are left out as long as
// the same checker still complains (delta debugging: Zeller and Hildebrandt, "Simplifying and isolating
// failure-inducing input", 2002). Every candidate is played from its beginning, under a few seeds for what the steps do
// not say (delays, torn sectors, jitter): a failure needs its steps, and some luck.
#pragma once

#include <string>

#include "sim/scenario.h"
#include "sim/seeded_run.h"

namespace pando::sim {

struct ShrinkOptions {
  SeededOptions run;  // that fails
  std::size_t plays_max = 3000;
  std::uint64_t lucks = 4;  // seeds that a candidate is played under
};

struct Shrunk {
  std::string checker;  // that complains; empty when the seed passes
  // False: the steps alone do not make it fail, under none of the first seeds; `scenario` means nothing.
  bool reproduced = false;
  Scenario scenario;
  std::size_t steps_before = 0;
  std::size_t steps_after = 0;
  std::size_t plays = 0;
};

Shrunk shrink(const ShrinkOptions& options);

}  // namespace pando::sim

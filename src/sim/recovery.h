// sim/recovery.h — the end of every run: nothing fails any more, and all must agree within bounded time.
#pragma once

#include "sim/world.h"

namespace pando::sim {

// Links, disks and clocks work again; machines that are down, do not serve or are of an earlier release are started
// anew, as an operator would; but not those that are kept down.
void mend(World& world);

// Every machine serves, every watcher is open, nothing is under way, and all hold the same commits.
bool agreed(const World& world);
// Runs until agreed() or for 120 s of simulated time; then that is a violation of "liveness", and false.
bool reach_agreement(World& world);

}  // namespace pando::sim

// sim/releases.h — fleets of several releases: some nodes begin as older ones (repl/release.h) and are upgraded one by
// one.
//
// What an older node does not know is not sent to it; where it would have to be (a commit of several tables, or a peer
// that takes parts only), its link is refused until it is upgraded. So all are, at the latest when everything is mended
// (sim/recovery.h). Sites that hold parts are as old as that is possible at most.
#pragma once

#include "sim/fleet.h"

namespace pando::sim {

// In a quarter of the seeds. False: all are of the newest release.
bool mix_releases(FleetPlan& plan, std::uint64_t seed);
// Each at a random time: stopped, and started as the newest.
void upgrade_by_and_by(World& world, std::uint64_t seed);

}  // namespace pando::sim

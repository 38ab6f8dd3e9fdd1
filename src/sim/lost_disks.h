// sim/lost_disks.h — when a site may begin anew under its old name, with an empty disk or a backup.
//
// It would use numbers again that were on the lost disks, were there nobody to tell it (docs/design/019, "A new
// directory"). So an operator lets it meet the others first; what is more, here it is started only when whoever it
// meets first can tell it.
#pragma once

#include "sim/world.h"

namespace pando::sim {

// All others serve, have the same of its commits, and among them some of the last epoch that is on its disks.
bool others_know_of(const World& world, const Machine& machine);

}  // namespace pando::sim

// sim/lost_disks.h — when a site may begin anew under its old name, with an empty disk or a backup; and when one that
// is gone may be said to have lost its disk.
//
// It would use numbers again that were on the lost disks, were there nobody to tell it (docs/design/019, "A new
// directory"). So an operator lets it meet the others first; what is more, here it is started only when whoever it
// meets first can tell it.
#pragma once

#include "sim/world.h"

namespace pando::sim {

// All others serve, have the same of its commits, and among them some of the last epoch that is on its disks.
bool others_know_of(const World& world, const Machine& machine);

// Of the machine that is down, nobody has more than those who are asked before what is left of it is closed, but that
// edge, which has it by commits and not by a cut. Else its disk is waited for, or somebody is refused with what he
// alone has (docs/design/020-retired-nodes.md, "What is left"). While somebody else is down this is not so.
bool rest_is_heard_of(const World& world, const Machine& machine, const Machine* edge);

}  // namespace pando::sim

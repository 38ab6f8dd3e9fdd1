// cli/simulator.h — `pando sim`: hands over to pando-sim, the program beside this one, or else the one in PATH.
#pragma once

#include "cli/args.h"

namespace pando::cli {

// Does not return when there is a simulator to run; else says where it was looked for, and returns kExitFailed.
int run_simulator(const Arguments& arguments);

}  // namespace pando::cli

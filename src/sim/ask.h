// sim/ask.h — asking a node and waiting for the answer while the world goes on: for scripts and final checks.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

// Answers kTimeout when nothing came within `max` of simulated time.
Answer ask_and_wait(World& world, Machine& machine, const std::string& ns, Request request,
                    Duration max = Duration::seconds(60));

// Every visible key of a namespace with its content, one line each, in order: what a client can see of it.
// A line beginning with "!" says that reading failed.
std::vector<std::string> dump_state(World& world, Machine& machine, const std::string& ns);

// Bytes for people: printable ASCII as it is, everything else as \xNN.
std::string printable(ByteSpan bytes);

}  // namespace pando::sim

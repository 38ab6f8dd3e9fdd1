// server/placement.h — which loop of the process serves which namespace.
//
// A loop owns whole namespaces (server/shard.h). Those of a merge group are read as one (node::MergeGroupConfig), so
// they stay together. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/config.h"

namespace pando::server {

// For each loop its namespaces, in configuration order, none empty: at most `loops_max` (not 0), and no more than there
// is to be divided. Each has about as many namespaces as the others; the same configuration is divided the same way.
std::vector<std::vector<std::string>> place_namespaces(const Config& config, std::size_t loops_max);

}  // namespace pando::server

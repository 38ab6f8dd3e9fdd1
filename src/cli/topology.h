// cli/topology.h — a node's place among its peers, drawn from what it says of itself (GET /stats).
//
//   ad-campaign: edge1, which publishes alerts, and subscribes to thresholds
//   ├→ dc1  up, has everything of edge1, takes alerts
//   ├← dc2  down: no answer
//   └· dc3  known by its commits
//
// Arrows say who dials. Nodes of which commits are here and to which no link is up come last: behind the peers, or who
// is meant by an address that does not answer.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pando::cli {

// Of one namespace of `pando status --json`; empty when it names no links and no other nodes.
std::string draw_topology(const nlohmann::ordered_json& ns);

}  // namespace pando::cli

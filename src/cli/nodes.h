// cli/nodes.h — `pando drain`, `pando retire` and `pando nodes`: taking a node out, and saying that one is gone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_line.h"

namespace pando::cli {

int run_drain(const DrainCommand& command);
int run_retire(const RetireCommand& command);
int run_nodes(const NodesCommand& command);

// The answer of /drain of one namespace in one line, what is still to come first. For tests, as those below.
std::string format_drain(const nlohmann::json& answer, bool colour);
// Why none of what is missing can be handed on now; empty while it can.
std::string drain_stuck(const nlohmann::json& answer);
// The answer of /nodes/NODE/retire of one namespace.
std::string format_retire(const nlohmann::json& answer, bool colour);
// That of /nodes of each namespace.
std::string format_nodes(const nlohmann::json& answers, bool colour);

}  // namespace pando::cli

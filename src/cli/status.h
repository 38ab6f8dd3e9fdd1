// cli/status.h — `pando status`: what a node holds, how far it is, and whom it is linked to.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_line.h"

namespace pando::cli {

int run_status(const StatusCommand& command);

// {"url","ready","namespaces":[the /stats of each, or {"namespace","error"}]} → the tables. For tests.
std::string format_status(const nlohmann::ordered_json& status, bool colour);

}  // namespace pando::cli

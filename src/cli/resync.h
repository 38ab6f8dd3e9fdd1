// cli/resync.h — `pando resync`: what differs between a node and one of its peers, and merging it in.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_line.h"

namespace pando::cli {

int run_resync(const ResyncCommand& command);

// The answer of POST /resync as sentences and a table. For tests.
std::string format_resync(const nlohmann::json& answer, bool colour);

}  // namespace pando::cli

// cli/run.h — runs a command that is not a server, and returns the process's exit code.
#pragma once

#include <string_view>

#include "cli/command_line.h"

namespace pando::cli {

// Not for ServeCommand, nor for RestoreCommand into a directory: main() hands these to server/.
int run(const Command& command, std::string_view program_version);

}  // namespace pando::cli

// cli/data_commands.h — get, put, delete, incr, watch: one node, over HTTP.
//
// Each prints its result on stdout and complaints on stderr, and returns the exit code (command_line.h).
#pragma once

#include "cli/command_line.h"

namespace pando::cli {

int run_get(const GetCommand& command);
int run_put(const PutCommand& command);
int run_delete(const DeleteCommand& command);
int run_incr(const IncrCommand& command);
int run_watch(const WatchCommand& command);

// "pando: text" on stderr; the exit code that fits the status.
int complain(const Status& status);

}  // namespace pando::cli

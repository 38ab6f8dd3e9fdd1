// cli/scope.h — `pando scope`: which tables a node publishes and takes, read and changed while it runs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"
#include "cli/command_line.h"

namespace pando::cli {

int run_scope(const ScopeCommand& command);

// What PATCH /scope is to be told; null when nothing is to be changed.
nlohmann::json scope_change(const ScopeCommand& command);
// The answer of GET and PATCH /scope as lines. For tests.
std::string format_scope(const nlohmann::json& answer);

}  // namespace pando::cli

// cli/backup.h — `pando backup` and `pando restore` of a running node.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_line.h"

namespace pando::cli {

int run_backup(const BackupCommand& command);
// Not with `into`: server/backup_file.h does that.
int run_restore(const RestoreCommand& command);

// The answers as sentences. For tests.
std::string format_backup(const nlohmann::json& answer, bool colour);
std::string format_restore(const nlohmann::json& answer, const std::string& table, bool colour);

}  // namespace pando::cli

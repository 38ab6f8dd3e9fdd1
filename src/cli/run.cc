#include "cli/run.h"

#include <fmt/format.h>

#include "base/check.h"
#include "cli/backup.h"
#include "cli/data_commands.h"
#include "cli/help.h"
#include "cli/nodes.h"
#include "cli/resync.h"
#include "cli/scope.h"
#include "cli/simulator.h"
#include "cli/status.h"

namespace pando::cli {

int run(const Command& command, std::string_view program_version) {
  struct Runner {
    std::string_view version;
    int operator()(const ServeCommand&) const {
      CHECK(false);
      return kExitUsage;
    }
    int operator()(const GetCommand& c) const { return run_get(c); }
    int operator()(const PutCommand& c) const { return run_put(c); }
    int operator()(const DeleteCommand& c) const { return run_delete(c); }
    int operator()(const IncrCommand& c) const { return run_incr(c); }
    int operator()(const WatchCommand& c) const { return run_watch(c); }
    int operator()(const StatusCommand& c) const { return run_status(c); }
    int operator()(const ResyncCommand& c) const { return run_resync(c); }
    int operator()(const ScopeCommand& c) const { return run_scope(c); }
    int operator()(const BackupCommand& c) const { return run_backup(c); }
    int operator()(const RestoreCommand& c) const { return run_restore(c); }
    int operator()(const DrainCommand& c) const { return run_drain(c); }
    int operator()(const RetireCommand& c) const { return run_retire(c); }
    int operator()(const NodesCommand& c) const { return run_nodes(c); }
    int operator()(const CrdtClientCommand& c) const { return crdt_client(c.options); }
    int operator()(const LogInspectCommand& c) const { return log_inspect(c.options); }
    int operator()(const SimCommand& c) const { return run_simulator(c.arguments); }
    int operator()(const HelpCommand& c) const {
      fmt::print("{}", help_text(c.topic));
      return kExitOk;
    }
    int operator()(const VersionCommand&) const {
      fmt::print("pando {}\n", version);
      return kExitOk;
    }
  };
  return std::visit(Runner{program_version}, command);
}

}  // namespace pando::cli

// pando: one program for servers and for the tools that talk to them.
#include <csignal>
#include <cstdio>
#include <string>

#include "base/status.h"
#include "cli/command_line.h"
#include "cli/run.h"
#include "server/backup_file.h"
#include "server/serve.h"

namespace {

pando::server::Role role_of(pando::cli::ServeCommand::Role role) {
  using From = pando::cli::ServeCommand::Role;
  using To = pando::server::Role;
  return role == From::kReplicator ? To::kReplicator : role == From::kRelayer ? To::kRelayer : To::kRelay;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away is an error of one write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const pando::cli::Arguments args(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto command = pando::cli::parse_command_line(args);
  if (!command) {
    std::fprintf(stderr, "pando: %s\n", command.error().message().c_str());
    return pando::cli::kExitUsage;
  }
  if (const auto* serve = std::get_if<pando::cli::ServeCommand>(&*command)) {
    return pando::server::serve({role_of(serve->role), serve->config, serve->ports_file, PANDO_VERSION});
  }
  if (const auto* restore = std::get_if<pando::cli::RestoreCommand>(&*command); restore && !restore->into.empty()) {
    const pando::server::OfflineRestore into{restore->path, restore->into, restore->target.ns, restore->table,
                                             restore->clone};
    return pando::server::run_offline_restore(into, restore->json);
  }
  return pando::cli::run(*command, PANDO_VERSION);
}

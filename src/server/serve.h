// server/serve.h — `pando replicator|relayer|relay`: from a configuration file to an exit code.
#pragma once

#include <string>

#include "server/config.h"

namespace pando::server {

struct ServeOptions {
  Role role = Role::kReplicator;
  std::string config_path = "./config.toml";
  std::string ports_file;  // empty: none
  std::string version;
};

// Prints the ready lines on stdout, everything else on stderr, and serves until SIGTERM or SIGINT.
// 0: stopped as asked; 1: could not start, or could not stop in time; 2: the configuration cannot be used.
int serve(const ServeOptions& options);

}  // namespace pando::server

// server/runtime.h — one Pando process put together: files opened, sockets bound, the loop turning, and all of
// it taken down again in order.
//
//   start()  lock the data directory → open every namespace, replaying its log → bind HTTP, gRPC, ZeroMQ
//   run()    the loops, the first one on the calling thread, until stop() has run its course
//   stop()   no new writes → what was taken becomes durable, a checkpoint → links, listeners, streams end
//
// Threads: a loop for each shard (server/shard.h), the disk's workers, gRPC's and ZeroMQ's own. Only its loop touches a
// shard's node. A namespace that is damaged serves nothing and says why; the others go on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "server/config.h"
#include "server/ports_file.h"

namespace pando::server {

struct RuntimeOptions {
  Config config;
  Role role = Role::kReplicator;
  std::string version;
  // How long a stop may take: requests in flight, the last checkpoint, streams.
  Duration stop_max = Duration::seconds(10);
};

class Runtime {
 public:
  // On failure nothing is left running and nothing stays bound; the message says what to change.
  static Result<std::unique_ptr<Runtime>> start(RuntimeOptions options);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Ports& ports() const;
  const std::string& node_name() const;
  // What people wait for, in order: "INFO: HTTP server listening on :8001" and so on, without newline.
  std::vector<std::string> ready_lines() const;

  // SIGTERM and SIGINT: the first stops as stop() does, the second ends the process at once with code 1.
  void handle_signals();

  // kTimeout when something did not finish in stop_max: what was acknowledged is safe all the same, the next
  // start only replays more of the log.
  Status run();
  // Any thread; also before run().
  void stop();

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pando::server

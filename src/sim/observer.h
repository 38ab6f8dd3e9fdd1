// sim/observer.h — what a checker gets to see: the outside of every node, never its inside.
#pragma once

#include <string>

#include "base/time.h"
#include "node/node.h"

namespace pando::sim {

class Machine;
class Watcher;
class World;

// A request as it was handed in. Each item of a pipeline is one, of the same `number`.
struct Asked {
  Machine* machine = nullptr;
  std::uint64_t number = 0;  // of that machine
  std::string ns;
  Request request;
  Instant at;
  // What the node had applied when the request came.
  VersionVector context;
  Terms terms = {};
};

// What the client heard: a reply, or nothing because the process ended first.
struct Answer {
  bool lost = false;
  Reply reply;  // kUnavailable when lost
};

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void on_asked(const Asked&) {}
  virtual void on_answer(const Asked&, const Answer&) {}
  // Before they are carried out.
  virtual void on_outputs(const Machine&, const node::Outputs&) {}
  // A watcher received one event (after a delay, on its own side of the connection).
  virtual void on_watch_event(const Watcher&, const node::WatchEvent&) {}
  // Its process is about to end, whatever ends it.
  virtual void on_leaving(const Machine&) {}
  virtual void on_down(const Machine&) {}
  // It is about to lose its disks, while it is down. `drained`: it has said that nothing is only there.
  virtual void on_losing_disks(const Machine&, bool /*drained*/) {}
  // Every namespace was opened, or is damaged.
  virtual void on_boot(const Machine&) {}
  // Something was done to the world, in the words of a scenario ("cut dc1 -> dc2"). Only while World::tell_deeds()
  // holds.
  virtual void on_deed(const std::string&) {}
};

}  // namespace pando::sim

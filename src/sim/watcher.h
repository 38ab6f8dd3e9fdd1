// sim/watcher.h — a client that follows changes: it has the cursor of the last event it received, and comes
// back with it after every break, at the same site or another.
//
// Events travel to it with a delay; those under way when the process ends are lost and must come again.
#pragma once

#include <string>
#include <vector>

#include "node/node.h"
#include "sim/machine.h"

namespace pando::sim {

class Watcher {
 public:
  Watcher(World& world, std::string name, std::string ns, WatchFilter filter);

  // Opens, or reopens with the cursor it has, at `machine`. Leaves the machine it was at.
  void attach(Machine& machine);
  void detach();
  // Slow watchers take their time before asking for more.
  void set_pace(Duration pace) { pace_ = pace; }
  Duration pace() const { return pace_; }

  const std::string& name() const { return name_; }
  const std::string& ns() const { return ns_; }
  const WatchFilter& filter() const { return filter_; }
  // Null while it is nowhere.
  Machine* machine() const { return machine_; }
  WatchId id() const { return id_; }
  bool open() const { return open_; }
  // Of the last event received, or where it began. Empty again once a log no longer reaches back to it.
  const std::string& cursor() const { return cursor_; }
  void set_cursor(std::string cursor) { cursor_ = std::move(cursor); }
  // Why the last open failed or the watch ended.
  const Status& status() const { return status_; }
  const std::vector<node::WatchEvent>& received() const { return received_; }

  // From the machine.
  void on_opened(const node::WatchOpened& opened);
  void on_batch(std::vector<node::WatchEvent> events);
  void on_ended(const Status& status);
  void on_machine_down();

 private:
  World& world_;
  std::string name_;
  std::string ns_;
  WatchFilter filter_;
  Machine* machine_ = nullptr;
  WatchId id_;
  std::uint64_t attachment_ = 0;  // counts attach(); events of an earlier one are dropped
  bool open_ = false;
  std::string cursor_;
  Duration pace_ = Duration::millis(1);
  Status status_;
  std::vector<node::WatchEvent> received_;
};

}  // namespace pando::sim

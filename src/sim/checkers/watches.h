// sim/checkers/watches.h — a watcher sees every change it asked for, once, causes before effects, however often
// its connection broke and wherever it came back.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sim/checkers/checker.h"
#include "sim/checkers/history.h"

namespace pando::sim {

class Watches final : public Checker {
 public:
  std::string_view name() const override { return "watches"; }
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
  void on_watch_event(const Watcher& watcher, const node::WatchEvent& event) override;
  void at_end() override;

 private:
  struct Stream {
    VersionVector began_after;  // what the node had when the watch was first opened: may be left out
    bool began = false;
    std::vector<Change> changes;
  };
  void check(const Watcher& watcher, const Stream& stream);

  std::map<const Watcher*, Stream> streams_;
};

}  // namespace pando::sim

// sim/list_work.h — lists that are pushed to, cut and read at random, in a table of their own (`lists`).
//
// What the workload does not do: requests for items, which need the order of a key. With small slices
// (FleetPlan::order_slice_cells) they wait for it, and others behind them.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

inline constexpr std::string_view kTableLists = "lists";

class ListWork {
 public:
  ListWork(World& world, std::vector<std::string> namespaces);
  void start() { tick(); }
  void stop() { stopping_ = true; }

 private:
  void tick();
  Request pick();

  World& world_;
  std::vector<std::string> namespaces_;
  Prng rng_;
  bool stopping_ = false;
  std::uint64_t values_ = 0;
};

}  // namespace pando::sim

// sim/edge_work.h — what goes on at sites that do not hold all tables: readings that stay, alerts that go out.
//
// One transaction writes a reading (table `readings`, kept) and an alert (table `alerts`, published), now and then with
// something deleted; and now and then one of the tables that the site only takes is written, which must be refused.
#pragma once

#include <vector>

#include "sim/world.h"

namespace pando::sim {

class EdgeWork {
 public:
  EdgeWork(World& world, std::vector<Machine*> edges, std::string ns);
  void start() { tick(); }
  void stop() { stopping_ = true; }

 private:
  void tick();
  void write(Machine& machine);

  World& world_;
  std::vector<Machine*> edges_;
  std::string ns_;
  Prng rng_;
  bool stopping_ = false;
  std::uint64_t values_ = 0;
};

}  // namespace pando::sim

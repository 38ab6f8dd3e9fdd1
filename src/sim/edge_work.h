// sim/edge_work.h — what goes on at sites that do not hold all tables: readings that stay, alerts that go out.
//
// One transaction writes a reading (table `readings`, kept) and an alert (table `alerts`, published), now and then with
// something deleted; and now and then one of the tables that the site only takes is written, which must be refused.
//
// Where scopes change, sites come to take other tables at random times, also the one that they only reported, and let
// go of some again.
#pragma once

#include <vector>

#include "sim/world.h"

namespace pando::sim {

class EdgeWork {
 public:
  // `scopes` decides who changes what it takes, and when.
  EdgeWork(World& world, std::vector<Machine*> edges, std::string ns, Prng scopes);
  void start() { tick(); }
  void change_scopes();
  void stop() { stopping_ = true; }

 private:
  void tick();
  void write(Machine& machine);
  void change_scope(Machine& machine);

  World& world_;
  std::vector<Machine*> edges_;
  std::string ns_;
  Prng rng_;
  Prng scopes_;
  bool stopping_ = false;
  std::uint64_t values_ = 0;
};

}  // namespace pando::sim

// sim/edge_work.h — what goes on at sites that do not hold all tables: readings that stay, alerts that go out.
//
// One transaction writes a reading (table `readings`, kept) and an alert (table `alerts`, published), now and then with
// something deleted; and now and then one of the tables that the site only takes is written, which must be refused.
//
// Some runs also write keys that end, of both tables: of the one that is kept and of the one that is only reported,
// each by one edge; and, where scopes stay as they are, keys of the latter that all sites write
// (docs/design/010-expiry.md says why that works, 017 why not while scopes change).
//
// Where scopes change, sites come to take other tables at random times, also the one that they only reported, and let
// go of some again.
#pragma once

#include <optional>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

class EdgeWork {
 public:
  // `scopes` decides who changes what it takes, and when.
  EdgeWork(World& world, std::vector<Machine*> edges, std::string ns, Prng scopes);
  void start() { tick(); }
  void change_scopes();
  // Keys that end, too, some of which `others` write as well.
  void write_ends(std::vector<Machine*> others, Prng ends);
  void stop() { stopping_ = true; }

 private:
  void tick();
  void write(Machine& machine);
  void change_scope(Machine& machine);
  void tick_ends();
  void write_end();

  World& world_;
  std::vector<Machine*> edges_;
  std::string ns_;
  Prng rng_;
  Prng scopes_;
  std::vector<Machine*> others_;
  std::optional<Prng> ends_;
  bool stopping_ = false;
  std::uint64_t values_ = 0;
};

}  // namespace pando::sim

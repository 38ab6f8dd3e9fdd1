// sim/checkers/checkers.h — all of them. One set watches one world.
#pragma once

#include <memory>
#include <vector>

#include "sim/checkers/checker.h"

namespace pando::sim {

class CheckerSet {
 public:
  CheckerSet();
  void attach(World& world);
  // Only in a world that is whole (see Checker::at_end).
  void at_end();

 private:
  Histories histories_;
  std::vector<std::unique_ptr<Checker>> checkers_;
};

// It takes everything that others write in the namespace.
bool takes_all(const Machine& machine, std::string_view ns);
// The same, and nothing that is written there is kept from them.
bool holds_whole(const Machine& machine, std::string_view ns);

// Every machine is up and serves every namespace it holds, and nothing is cut.
bool is_whole(const World& world, std::string* why = nullptr);

}  // namespace pando::sim

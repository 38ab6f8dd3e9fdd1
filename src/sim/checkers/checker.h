// sim/checkers/checker.h — one promise, watched from outside while a world runs, and asked about at its end.
#pragma once

#include <string_view>

#include "sim/observer.h"
#include "sim/world.h"

namespace pando::sim {

class Checker : public Observer {
 public:
  virtual std::string_view name() const = 0;
  // All machines are up and serve, nothing is cut, everything is quiet: the last questions.
  virtual void at_end() {}

  void attach(World& world) {
    world_ = &world;
    world.add_observer(*this);
  }

 protected:
  World& world() { return *world_; }
  void violation(std::string text) { world_->violation(name(), std::move(text)); }

 private:
  World* world_ = nullptr;
};

}  // namespace pando::sim

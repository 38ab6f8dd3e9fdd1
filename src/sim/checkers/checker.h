// sim/checkers/checker.h — one promise, watched from outside while a world runs, and asked about at its end.
#pragma once

#include <string_view>

#include "sim/checkers/history.h"
#include "sim/observer.h"
#include "sim/world.h"

namespace pando::sim {

class Checker : public Observer {
 public:
  virtual std::string_view name() const = 0;
  // All machines are up and serve, nothing is cut, everything is quiet: the last questions.
  virtual void at_end() {}

  // Both outlive it.
  void attach(World& world, Histories& histories) {
    world_ = &world;
    histories_ = &histories;
    world.add_observer(*this);
  }

 protected:
  World& world() { return *world_; }
  Histories& histories() { return *histories_; }
  void violation(std::string text) { world_->violation(name(), std::move(text)); }

 private:
  World* world_ = nullptr;
  Histories* histories_ = nullptr;
};

}  // namespace pando::sim

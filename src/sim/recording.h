// sim/recording.h — a run written down while it happens, as a list of steps that a scenario can play again.
//
// What clients ask and what is done to the fleet, each with its instant. What follows from it (frames, disk operations,
// what nodes do) is not written down: the world that plays the steps makes its own, from a seed of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/fleet.h"
#include "sim/world.h"

namespace pando::sim {

struct TimedStep {
  Instant at;
  std::string line;
  friend bool operator==(const TimedStep&, const TimedStep&) = default;
};

struct Recording {
  std::vector<std::string> fleet;  // the lines that describe it (fleet_lines())
  std::vector<TimedStep> steps;    // ascending
  std::size_t wordless = 0;        // requests that the language has no words for
};

class Recorder final : public Observer {
 public:
  // Both outlive it. Listens from now on.
  Recorder(World& world, Recording& into);
  // What comes now is not written down.
  void stop() { stopped_ = true; }

  void on_asked(const Asked& asked) override;
  void on_answer(const Asked& asked, const Answer& answer) override;
  void on_deed(const std::string& line) override;

 private:
  std::optional<std::string> words(const Asked& asked);
  std::string name_of(const Bytes& transaction) const;

  World& world_;
  Recording& into_;
  bool stopped_ = false;
  std::map<Bytes, std::string> transactions_;  // id → the script's name for it
};

}  // namespace pando::sim

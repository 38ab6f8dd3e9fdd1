// sim/scenario_player.h — plays the lines of one scenario, one at a time, each to its end.
//
// Lines that describe the fleet (nodes, relayer, link, …) come first; the first other line builds the world
// and boots every machine that is not `late`. Verbs and their words: docs/simulator.md.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/checkers/checkers.h"
#include "sim/fleet.h"
#include "sim/scenario_client.h"
#include "sim/tampering.h"

namespace pando::sim {

// A known verb, or a client's prompt: `dc1> …`, `dc1/ns> …`, `dc1&> …`.
bool looks_like_command(std::string_view line);

class ScenarioPlayer {
 public:
  // The seed is that of a script that names none.
  explicit ScenarioPlayer(const WorldOptions& options);
  ~ScenarioPlayer();

  // The output; a line beginning with "! " is a failure.
  std::vector<std::string> play(const std::string& line);
  // What broke a promise, the checks at the end included.
  std::vector<World::Violation> finish();
  // So far.
  std::vector<World::Violation> violations() const {
    return world_ ? world_->violations() : std::vector<World::Violation>{};
  }
  MarkerCounts markers() const { return world_ ? world_->marker_counts() : MarkerCounts{}; }

 private:
  using Words = std::vector<std::string>;
  using Lines = std::vector<std::string>;
  using Handler = Lines (ScenarioPlayer::*)(const Words&);
  struct Verb {
    Handler handler;
    bool setup = false;  // describes the fleet
  };
  static const std::map<std::string, Verb, std::less<>>& verbs();
  friend bool looks_like_command(std::string_view line);

  Lines play_at(const std::string& line);
  Lines play_client(std::string_view prompt, std::string_view rest);
  void build();
  void keep_watchers();
  Machine& machine(const std::string& name);
  std::string only_namespace(const std::string& given) const;

  // The fleet.
  Lines nodes(const Words& words);
  Lines relayer(const Words& words);
  Lines namespaces(const Words& words);
  Lines holds(const Words& words);
  Lines publishes(const Words& words);
  Lines subscribes(const Words& words);
  Lines group(const Words& words);
  Lines link(const Words& words);
  Lines late(const Words& words);
  Lines segments(const Words& words);
  Lines checkpoints(const Words& words);
  Lines retain(const Words& words);
  Lines tail(const Words& words);
  Lines credit(const Words& words);
  Lines order_slices(const Words& words);
  Lines checkpoint_slices(const Words& words);
  Lines arrival_parts(const Words& words);
  Lines release(const Words& words);
  Lines frontier(const Words& words);
  Lines free_after(const Words& words);
  Lines seed(const Words& words);
  Lines mutation(const Words& words);
  Lines equality(const Words& words);
  Lines unchecked(const Words& words);
  // What happens to it.
  Lines crash(const Words& words);
  Lines restart(const Words& words);
  Lines stop(const Words& words);
  Lines upgrade(const Words& words);
  Lines wipe(const Words& words);
  Lines leave(const Words& words);
  Lines begin(const Words& words);
  Lines cut(const Words& words);
  Lines heal(const Words& words);
  Lines reset(const Words& words);
  Lines slow(const Words& words);
  Lines clock(const Words& words);
  Lines disk(const Words& words);
  Lines flip(const Words& words);
  Lines stranger(const Words& words);
  Lines spoil(const Words& words);
  Lines garble(const Words& words);
  Lines backup(const Words& words);
  Lines restore(const Words& words);
  Lines recover(const Words& words);
  Lines tamper(const Words& words);
  Lines settle(const Words& words);
  Lines sleep(const Words& words);
  Lines repeat(const Words& words);
  // What is seen.
  Lines watch(const Words& words);
  Lines unwatch(const Words& words);
  Lines events(const Words& words);
  Lines same(const Words& words);
  Lines health(const Words& words);
  Lines notes(const Words& words);
  Lines log(const Words& words);
  Lines converged(const Words& words);
  Lines links(const Words& words);

  WorldOptions options_;
  FleetPlan plan_;
  std::vector<std::string> namespace_names_{"main"};
  std::map<std::string, std::vector<std::string>> holds_;
  std::map<std::string, TableScope> tables_;
  std::vector<std::string> late_;
  bool check_ = true;
  bool waits_ = true;  // not within `at`
  CheckerSet checkers_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Tampering> tampering_;
  std::unique_ptr<ScenarioClient> client_;
  std::map<std::string, std::size_t> events_shown_;
  std::map<std::string, std::map<std::string, Volume>> backups_;
};

}  // namespace pando::sim

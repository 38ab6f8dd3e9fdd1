// sim/plan_run.h — a plan while it is played: clients, faults at their times, and what is measured meanwhile.
//
// Looks at every node once in a while (more often while somebody catches up): what it lacks of what there is, how much
// log it keeps. A fault's figures are those from its beginning until, after its end, every node has all that there was
// at its end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/checkers/checkers.h"
#include "sim/plan.h"
#include "sim/world.h"

namespace pando::sim {

struct PlanWrites {
  std::uint64_t asked = 0;
  std::uint64_t done = 0;
  std::map<std::string, std::uint64_t> refused;  // by what the client heard
};

// Of one fault, or of the whole run.
struct PlanFigures {
  PlanWrites writes;
  std::uint64_t behind_commits_max = 0;
  std::string behind_most;  // the node that lacked so much
  std::uint64_t log_bytes_max = 0;
  std::string log_most;
  std::uint64_t resyncs = 0;
  // After its end.
  std::uint64_t catch_up_bytes = 0;  // over all links
  Duration catch_up{0};
  bool caught_up = false;
};

class PlanRun final : public Observer {
 public:
  explicit PlanRun(const Plan& plan);

  // Plays all of it. Once.
  PlanReport run();

  void on_answer(const Asked& asked, const Answer& answer) override;
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;

 private:
  struct Watched {
    const PlanFault* fault = nullptr;
    PlanFigures figures;
    bool begun = false;
    bool over = false;
    VersionVector target;  // all there was when it was over
    std::uint64_t bytes_before = 0;
    std::uint64_t resyncs_before = 0;
  };

  void start();
  void write_later(Machine& machine);
  void write(Machine& machine);
  void begin(Watched& watched);
  void end(Watched& watched);
  void strike(const PlanFault& fault, bool begins);
  void look();
  void keep_looking();
  void see(PlanFigures& figures, const Machine& machine, std::uint64_t behind, std::uint64_t log_bytes);
  VersionVector everything() const;
  std::uint64_t resyncs() const { return world_.marker_counts().of(Marker::kResyncDone); }
  bool all_have(const VersionVector& target) const;
  bool over() const;
  Duration horizon() const;
  std::string report(bool agreed) const;

  const Plan& plan_;
  World world_;
  CheckerSet checkers_;
  Prng rng_;
  std::vector<Watched> watched_;
  PlanFigures whole_;
  bool writing_ = true;
  std::uint64_t looks_ = 0;  // only the latest goes on
  std::uint64_t values_ = 0;
  std::map<const Machine*, VersionVector> context_;  // of each node, when it was last seen
  std::map<const Machine*, std::uint64_t> sent_bytes_;
};

}  // namespace pando::sim

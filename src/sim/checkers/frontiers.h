// sim/checkers/frontiers.h — a frontier is true: nothing with such a stamp or a lower one comes later.
//
// Listens to the heartbeats that nodes send. At the end all commits there are are known, and with them what each
// frontier and each claim should have covered when it was said. Origins that the sender had not heard of by the
// heartbeat before are none of its business.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "repl/frame.h"
#include "sim/checkers/checker.h"

namespace pando::sim {

class Frontiers final : public Checker {
 public:
  std::string_view name() const override { return "frontier"; }
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
  void on_down(const Machine& machine) override;
  void at_end() override;

 private:
  using Where = std::pair<MachineIndex, std::string>;
  struct Said {
    std::string machine;
    Hlc frontier;
    VersionVector context;
    std::set<Origin> known;
    std::vector<repl::Claim> claims;
  };
  void hear(const Machine& machine, const std::string& ns, const repl::Heartbeat& beat);

  std::map<std::pair<MachineIndex, LinkId>, std::string> link_ns_;
  std::map<Where, std::set<Origin>> known_;  // of the process that runs
  std::map<Where, Hlc> last_;
  std::map<std::string, std::vector<Said>> said_;
};

}  // namespace pando::sim

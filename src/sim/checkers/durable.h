// sim/checkers/durable.h — nothing is shown before it is durable.
//
// Shown is what left a node: dots in replies, watch batches and notifications, commits and contexts in frames
// to peers. After any crash, the process that comes up must have all of it: what was shown and is now missing
// was shown too early (or lost, which is as bad).
#pragma once

#include <map>

#include "repl/parts.h"
#include "sim/checkers/checker.h"

namespace pando::sim {

class Durable final : public Checker {
 public:
  std::string_view name() const override { return "durable"; }
  void on_answer(const Asked& asked, const Answer& answer) override;
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
  void on_boot(const Machine& machine) override;
  void on_losing_disks(const Machine& machine, bool drained) override;

 private:
  void show(const Machine& machine, const std::string& ns, const Dot& dot);
  void show(const Machine& machine, const std::string& ns, const VersionVector& context);
  void show(const Machine& machine, const std::string& ns, const repl::Body& body);

  std::map<std::pair<MachineIndex, std::string>, VersionVector> shown_;
  // The namespace a link carries, learnt from the Hello this machine sent on it.
  std::map<std::pair<MachineIndex, LinkId>, std::string> link_ns_;
  // What this machine sent on it in parts.
  std::map<std::pair<MachineIndex, LinkId>, repl::BodyJoiner> joiners_;
};

}  // namespace pando::sim

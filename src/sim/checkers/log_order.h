// sim/checkers/log_order.h — every log, read front to back, is causal delivery.
//
//   dense     the commits of an origin come as 1, 2, 3, …, once each
//   causal    whatever an origin had seen when it made a commit stands before it in every log
//   one       a number names the same bytes everywhere, and each origin's running hash and stamps fit
//   shown     notifications leave in the order of the log, under the numbers the log gives them
#pragma once

#include <map>
#include <vector>

#include "sim/checkers/checker.h"
#include "sim/checkers/history.h"

namespace pando::sim {

class LogOrder final : public Checker {
 public:
  std::string_view name() const override { return "log_order"; }
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
  void on_boot(const Machine& machine) override;
  void on_losing_disks(const Machine& machine, bool drained) override;
  void at_end() override;

 private:
  struct Shown {
    Dot dot;
    std::uint32_t index = 0;
    friend bool operator==(const Shown&, const Shown&) = default;
  };
  using BytesOf = std::map<Dot, ByteSpan>;  // of a namespace, in the first log that has the commit
  void check_log(const std::string& ns, const History& history, const MachineLog& log, BytesOf& bytes_of);
  void check_numbers(const std::string& ns, const MachineLog& log);

  std::map<std::pair<MachineIndex, std::string>, std::map<std::uint64_t, Shown>> numbers_;
  std::map<std::pair<MachineIndex, std::string>, std::uint64_t> told_by_process_;  // the last notification
  std::map<std::pair<MachineIndex, std::string>, std::uint64_t> last_number_;
};

}  // namespace pando::sim

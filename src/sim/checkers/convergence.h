// sim/checkers/convergence.h — machines that have seen the same commits hold the same bytes.
#pragma once

#include "sim/checkers/checker.h"

namespace pando::sim {

class Convergence final : public Checker {
 public:
  std::string_view name() const override { return "convergence"; }
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
  void at_end() override;

 private:
  void compare(const std::string& ns, Machine& a, Machine& b);

  std::int64_t latest_ms_ = 0;  // that any clock has shown to a node
};

// What differs between two sorted listings: lines of one only, marked "- " and "+ ", at most `lines_max`.
std::vector<std::string> diff_lines(const std::vector<std::string>& a, const std::vector<std::string>& b,
                                    std::size_t lines_max);

}  // namespace pando::sim

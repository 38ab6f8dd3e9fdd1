// sim/checkers/convergence.h — machines that have seen the same commits hold the same bytes.
#pragma once

#include "sim/checkers/checker.h"

namespace pando::sim {

class Convergence final : public Checker {
 public:
  std::string_view name() const override { return "convergence"; }
  void at_end() override;

 private:
  void compare(const std::string& ns, Machine& a, Machine& b);
};

// What differs between two sorted listings: lines of one only, marked "- " and "+ ", at most `lines_max`.
std::vector<std::string> diff_lines(const std::vector<std::string>& a, const std::vector<std::string>& b,
                                    std::size_t lines_max);

}  // namespace pando::sim

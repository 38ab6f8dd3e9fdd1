// sim/checkers/equality.h — nodes that have seen the same hold the same: none of them ever finds otherwise.
//
// They compare all cells by themselves when they are at rest (node/equality_path.h). What they find is what they note.
#pragma once

#include "sim/checkers/checker.h"

namespace pando::sim {

class Equality final : public Checker {
 public:
  std::string_view name() const override { return "equality"; }
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
};

}  // namespace pando::sim

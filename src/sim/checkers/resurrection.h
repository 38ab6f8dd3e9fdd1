// sim/checkers/resurrection.h — what was overwritten or deleted does not come back.
//
// A put or delete replaces every value its node knew of when it was asked. So whoever has that commit must
// never again show one of those values. A read within an open transaction shows what was there when that began, so it
// is held against what its node had then.
#pragma once

#include <deque>
#include <map>

#include "sim/checkers/checker.h"

namespace pando::sim {

class Resurrection final : public Checker {
 public:
  std::string_view name() const override { return "resurrection"; }
  void on_answer(const Asked& asked, const Answer& answer) override;

 private:
  struct Overwrite {
    Dot by;
    VersionVector replaced;  // every value of the key that this covers
  };
  // What the node that was asked had of all that the answer should show; nothing when that is not known.
  const VersionVector* seen_by(const Asked& asked) const;

  std::map<std::tuple<std::string, std::string, Bytes>, std::deque<Overwrite>> overwrites_;
  std::map<std::tuple<MachineIndex, std::string, Bytes>, VersionVector> begun_;  // transactions, by their ids
};

}  // namespace pando::sim

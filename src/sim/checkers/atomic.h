// sim/checkers/atomic.h — a commit is visible whole or not at all.
//
//   pair:<x>:…   keys that the workload only ever writes and deletes together; when several of one <x> are read
//                at one instant at one node, all must come from the same commit, or all be absent
//   whole:<x>    rows whose columns are only ever written together, to the same value; whenever one is read
//                whole, all columns must be equal
#pragma once

#include <map>
#include <tuple>

#include "sim/checkers/checker.h"

namespace pando::sim {

inline constexpr std::string_view kPairPrefix = "pair:";
inline constexpr std::string_view kWholePrefix = "whole:";

class Atomic final : public Checker {
 public:
  std::string_view name() const override { return "atomic"; }
  void on_answer(const Asked& asked, const Answer& answer) override;

 private:
  void check_pair(const Asked& asked, const Bytes& key, const ValueReply& value);
  void check_row(const Asked& asked, const Bytes& key, const RowReply& row);

  // The first answer of the latest instant at which a pair was read.
  struct Seen {
    Instant at;
    Bytes key;
    Dot dot;  // none when absent
  };
  std::map<std::tuple<MachineIndex, std::string, Bytes>, std::map<Instant, Seen>> seen_;
};

}  // namespace pando::sim

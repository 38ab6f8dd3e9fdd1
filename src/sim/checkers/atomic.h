// sim/checkers/atomic.h — a commit is visible whole or not at all.
//
//   pair:<x>:…   keys that the workload only ever writes and deletes together; when several of one <x> are read
//                at one moment at one node, all must come from the same commit, or all be absent. A moment is of reads
//                that were asked one right after the other, at the same simulated instant
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
  void on_asked(const Asked& asked) override;
  void on_answer(const Asked& asked, const Answer& answer) override;

 private:
  void check_pair(const Asked& asked, std::uint64_t moment, const Bytes& key, const ValueReply& value);
  void check_row(const Asked& asked, const Bytes& key, const RowReply& row);

  // The latest read of a pair at a machine, while nothing else was asked there since.
  struct Read {
    std::string ns;
    Instant at;
    VersionVector context;
    std::uint64_t number = 0;
    std::uint64_t moment = 0;  // the number of the first read of its moment
  };
  // The first answer of a moment at which a pair was read.
  struct Seen {
    Bytes key;
    Dot dot;  // none when absent
  };
  std::map<MachineIndex, Read> last_;
  std::map<std::pair<MachineIndex, std::uint64_t>, std::uint64_t>
      moments_;  // of reads that are not answered, by number
  std::map<std::tuple<MachineIndex, std::string, Bytes>, std::map<std::uint64_t, Seen>> seen_;  // by moment
};

}  // namespace pando::sim

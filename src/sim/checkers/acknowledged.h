// sim/checkers/acknowledged.h — what a client was told is done stays done, everywhere, exactly once.
//
//   dots      every acknowledged write is in the context of every machine at the end
//   numbers   no dot is told of two writes, also where the first was lost
//   counters  value = Σ acknowledged increments, plus any subset of those whose answer was lost
//   retries   writes under one idempotency key count once, however often and by how many machines they were
//   acknowledged
//
// Counters that were reset or deleted by anybody are left to the oracle. What was asked for with less than fsync may be
// lost: it is in doubt.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "sim/checkers/checker.h"

namespace pando::sim {

class Acknowledged final : public Checker {
 public:
  std::string_view name() const override { return "acknowledged"; }
  void on_answer(const Asked& asked, const Answer& answer) override;
  void at_end() override;

 private:
  struct CounterKey {
    std::string ns;
    std::string table;
    Bytes key;
    friend auto operator<=>(const CounterKey&, const CounterKey&) = default;
  };
  struct Sum {
    std::int64_t acknowledged = 0;
    std::int64_t doubt_min = 0;  // sum of the negative steps in doubt
    std::int64_t doubt_max = 0;
    bool tainted = false;  // reset or deleted
  };
  enum class Fate : std::uint8_t { kRefused, kDoubtful, kDone };

  static Fate fate_of(const Answer& answer);
  void book(const std::string& ns, const std::vector<Mutation>& mutations, Fate fate);
  void check_number(const Asked& asked, const Answer& answer);
  void check_counter(const CounterKey& key, const Sum& sum);

  std::vector<std::tuple<std::string, Dot, std::string>> dots_;  // namespace, dot, acknowledged by
  // Of commits: the request that was told of it. Items of a pipeline may share one.
  std::map<std::pair<std::string, Dot>, std::pair<MachineIndex, std::uint64_t>> told_;
  std::map<CounterKey, Sum> sums_;
  std::map<std::tuple<MachineIndex, std::string, Bytes>, std::vector<Mutation>> transactions_;
  // Writes with an idempotency key, whoever was asked: booked at the end, as the best of their fates.
  std::map<std::pair<std::string, Bytes>, std::pair<std::vector<Mutation>, Fate>> retried_;
};

}  // namespace pando::sim

// sim/checkers/acknowledged.h — what a client was told is done stays done, everywhere, exactly once.
//
//   dots      every acknowledged write is in the context of every machine at the end
//   numbers   no dot is told of two writes, also where the first was lost
//   counters  value = Σ acknowledged increments, plus any subset of those whose answer was lost
//   retries   writes under one idempotency key count once, however often and by how many machines they were
//   acknowledged; but a machine that never returns does not take back what others have done again
//   (docs/design/020-retired-nodes.md, "What is left")
//
// A machine that loses its disks takes along what was nowhere else, and only that: it may come or not, as it may be
// under way. Of one that was drained and said to be safe to stop, nothing. A site that takes some tables has of a
// commit what is of these, and once it is said that the disk is lost that has to do for all sites: the rest goes with
// the disk (docs/design/020-retired-nodes.md, "The disk that is lost").
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
  void on_losing_disks(const Machine& machine, bool drained) override;
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
  // What was on the disks of a machine, and on others at that moment.
  struct Loss {
    std::string node;
    std::string ns;
    VersionVector had;
    struct Other {
      TableSet takes;
      VersionVector context;
      std::vector<Commit> commits;  // of the node, in its log: each with as much as it has of it
    };
    std::vector<Other> others;
  };
  struct Retried {
    std::vector<Mutation> mutations;
    struct Told {
      const Machine* by = nullptr;
      Fate fate = Fate::kRefused;
      std::optional<Dot> dot;
    };
    std::vector<Told> answers;
  };
  struct Write {
    std::string ns;
    std::vector<Mutation> mutations;
    Fate fate = Fate::kRefused;
    std::optional<Dot> dot;
  };

  static Fate fate_of(const Answer& answer);
  // Of what it did to the table. kDoubtful where that went with a disk.
  Fate fate_now(const std::string& ns, std::string_view table, Fate fate, const std::optional<Dot>& dot) const;
  // By no table: the whole commit, no other site had even a part of it.
  bool went_with_a_disk(const std::string& ns, const Dot& dot, std::optional<std::string_view> table = {}) const;
  static bool elsewhere(const Loss& loss, const Dot& dot, std::optional<std::string_view> table);
  // Counters of it, at the end.
  void note(const std::string& ns, std::vector<Mutation> mutations, Fate fate, const std::optional<Dot>& dot);
  void book(const std::string& ns, const Mutation& mutation, Fate fate);
  void book(const Write& write);
  void book(const std::string& ns, const Retried& retried);
  void check_number(const Asked& asked, const Answer& answer);
  void check_counter(const CounterKey& key, const Sum& sum);

  std::vector<std::tuple<std::string, Dot, std::string>> dots_;  // namespace, dot, acknowledged by
  // Of commits: the request that was told of it. Items of a pipeline may share one.
  std::map<std::pair<std::string, Dot>, std::pair<MachineIndex, std::uint64_t>> told_;
  std::map<CounterKey, Sum> sums_;
  std::map<std::tuple<MachineIndex, std::string, Bytes>, std::vector<Mutation>> transactions_;
  // Writes with an idempotency key, whoever was asked: booked at the end, as the best of their fates.
  std::map<std::pair<std::string, Bytes>, Retried> retried_;
  std::vector<Write> own_;  // acknowledged with a number: booked at the end
  std::vector<Loss> losses_;
};

}  // namespace pando::sim

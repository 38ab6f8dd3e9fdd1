// sim/retire_work.h — a site, an edge or a relayer that goes: drained first or not, declared gone for good, and what
// becomes of it later.
//
//   kServes    as any other                                                        → kDrains, kApart or kAway
//   kDrains    takes no writes; until it says that it is safe to stop              → kAway, and loses its disks
//   kApart     cut off from all others, and written to all the same                → kAway, or kComesBack
//   kAway      down, and started by nobody. The others are told that it is retired → kComesBack
//   kComesBack one of
//     with its old disk    what nobody has seen of it is merged in, and it goes on as its next epoch
//     with an empty one    under its old name, when all others agree what they have of it
//     not at all
//
// What was only on disks that are lost may be lost (sim/checkers/acknowledged.h), and nothing else; after a drain
// nothing. So that there is something to fence: keys that end are written before, and while it is apart their ends are
// moved further out, where nobody sees it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/fleet.h"

namespace pando::sim {

class RetireWork {
 public:
  // In a fifth of the seeds, or when `always`: then one comes back with its old disk.
  static bool wanted(std::uint64_t seed, bool always);
  RetireWork(World& world, const FleetPlan& plan, std::uint64_t seed, bool always);

  void start();
  // No new retirement; what was begun comes to its end. Before everything is mended.
  void stop();

 private:
  enum class Stage : std::uint8_t { kServes, kDrains, kApart, kAway, kComesBack };
  enum class Return : std::uint8_t { kOldDisk, kEmptyDisk, kNever };

  void later(Duration most, void (RetireWork::*step)());
  Duration up_to(std::int64_t ms_max);
  // The rest of the fleet stays connected.
  bool can_do_without(const FleetPlan& plan, const std::string& name) const;
  void begin();
  void write(const std::string& line);
  void ask_drained();
  void go_apart();
  void join_again();
  void go_down();
  void retire();
  void retire_in(const std::string& ns);
  void come_back();
  void start_empty();
  void stop_others();

  World& world_;
  Prng rng_;
  Machine* site_ = nullptr;
  bool writes_ = true;           // no relayer
  std::string table_{kTableKv};  // one that it writes and others see
  Stage stage_ = Stage::kServes;
  Return return_ = Return::kOldDisk;
  bool drains_ = false;
  bool apart_ = false;
  bool goes_down_ = true;
  bool stopping_ = false;
  bool always_ = false;
  bool drained_ = false;
  std::uint64_t drained_process_ = 0;  // Machine::restarts()
  std::set<std::string> safe_in_;      // of that process
  std::set<std::string> retired_in_;
  int questions_left_ = 0;
};

// Takes from the store of a machine that is down who is retired. For a mutation.
void forget_retirements(store::MemoryKv& kv);

}  // namespace pando::sim

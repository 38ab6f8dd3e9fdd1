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
//
// In some fleets an edge that takes some tables goes on hearing of a site that is apart, and nobody else does. The site
// never returns: what the edge has of it is left, and has to do for all of it once somebody has said that the disk is
// lost (docs/design/020-retired-nodes.md).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/fleet.h"

namespace pando::sim {

class RetireWork {
 public:
  // A site, and the edge that is the last to hear of it.
  struct LastHeard {
    std::string site;
    std::string edge;
  };
  // In a fifth of the seeds, or when `always`: then one comes back with its old disk.
  static bool wanted(std::uint64_t seed, bool always);
  // With an edge that is linked with the site and with another one, and no second edge by either. Not for fleets in
  // which an edge comes to take more, or one is of an earlier release: these may wait for the disk for ever.
  static std::optional<LastHeard> last_heard(const FleetPlan& plan, std::uint64_t seed);
  RetireWork(World& world, const FleetPlan& plan, std::uint64_t seed, bool always,
             const std::optional<LastHeard>& heard = std::nullopt);

  void start();
  // No new retirement; what was begun comes to its end. Before everything is mended.
  void stop();

 private:
  enum class Stage : std::uint8_t { kServes, kDrains, kApart, kAway, kComesBack };
  enum class Return : std::uint8_t { kOldDisk, kEmptyDisk, kNever };

  void later(Duration most, void (RetireWork::*step)());
  Duration up_to(std::int64_t ms_max);
  void begin();
  void write(const std::string& line) { write(line, table_); }
  void write(const std::string& line, std::string_view table);
  void ask_drained();
  void go_apart();
  void join_again();
  void go_down();
  void retire();
  bool others_know(const Machine& machine) const;
  void retire_in(const std::string& ns);
  // Of the site, that anybody has commits of.
  std::uint64_t last_epoch_left(const std::string& ns) const;
  void come_back();
  void start_empty();
  void stop_others();

  World& world_;
  Prng rng_;
  Machine* site_ = nullptr;
  const Machine* edge_ = nullptr;  // the one that hears of it to the end
  // Somebody has to be told that its disk is lost, also when everything else has come to its end: an edge may have
  // parts of what nobody else has.
  bool must_be_said_ = false;
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
  int patience_ = 10;   // with an edge of which nobody has anything yet
  int waits_left_ = 0;  // for the others to hear of each other
};

// Takes from the store of a machine that is down who is retired. For a mutation.
void forget_retirements(store::MemoryKv& kv);

}  // namespace pando::sim

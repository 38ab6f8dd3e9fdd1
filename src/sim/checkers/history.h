// sim/checkers/history.h — what really happened, read from the logs on the simulated disks.
//
// The log of a machine is its order of all commits; the log of a commit's origin says what that origin had
// seen when it made it: the commit's causes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/commit.h"
#include "sim/world.h"

namespace pando::sim {

struct MachineLog {
  const Machine* machine = nullptr;  // none: of a disk by itself
  std::vector<Commit> commits;       // in log order, also those of segments that were let go of
  std::vector<Bytes> encoded;
  // Cuts of others that were merged in, each before commits[first].
  std::map<std::size_t, VersionVector> cuts;
  Status damage;
  bool takes_all = true;  // of what others wrote, nothing was left out for this machine
};

struct History {
  std::vector<MachineLog> logs;  // machines that hold the namespace
  std::vector<MachineLog> lost;  // of disks that were lost
  // Those of commits in `lost`, too.
  std::map<Dot, VersionVector> causes;
};

MachineLog read_log(const Disk& disk);
MachineLog read_log(const Machine& machine, const std::string& ns);
const MachineLog& log_of(const History& history, const Machine& machine);
// Everything that is in it, or came with a cut.
VersionVector context_of(const MachineLog& log);
History read_history(const World& world, const std::string& ns);
// What others get of a commit of their peer: without what it keeps to itself.
Commit public_part(Commit commit);
// The commits of all logs, once each, causes before effects: also for a machine that got some of them in a cut. Of
// those in lost logs what any machine has seen, as others may have that from a cut only.
std::vector<Commit> causal_order(const History& history);

// What really happened, for several checkers one after the other: a namespace is read anew only when one of its disks
// was written to since. For worlds in which no disk is lost any more.
class Histories {
 public:
  // Both until the next call.
  const History& of(const World& world, const std::string& ns) { return read(world, ns).history; }
  const std::vector<Commit>& order_of(const World& world, const std::string& ns);
  void forget() { known_.clear(); }

 private:
  struct Known {
    std::uint64_t changes = 0;
    History history;
    std::optional<std::vector<Commit>> order;
  };
  Known& read(const World& world, const std::string& ns);

  std::map<std::string, Known> known_;
};

// One change of a commit as a watcher should see it: a run of ops on one key of one visible table; ops of internal
// tables do not end it.
struct ExpectedChange {
  Dot dot;
  std::uint32_t index = 0;
  std::string table;
  Bytes key;
};
std::vector<ExpectedChange> expected_changes(const Commit& commit);
bool matches(const WatchFilter& filter, std::string_view table, ByteSpan key);

}  // namespace pando::sim

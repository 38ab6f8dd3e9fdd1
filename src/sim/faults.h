// sim/faults.h — what goes wrong, and when: a random subset of kinds per run, each at its own pace.
//
// A run with everything at once mostly shows the loudest fault; a run with two kinds shows what those do
// together. (Groce et al., "Swarm testing", 2012.)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

enum class FaultKind : std::uint8_t {
  kPartition,
  kOneWayCut,
  kReset,
  kSlowLink,
  kGarble,
  kStranger,
  kKill,
  kPowerCut,
  kCleanStop,
  kDiskFull,
  kSyncFailure,
  kSlowDisk,
  kClockJump,
  kClockDrift,
  kCount_
};
std::string_view fault_name(FaultKind kind);

struct FaultOptions {
  std::vector<FaultKind> kinds;
  Duration pause_max = Duration::millis(800);  // between two faults
  Duration length_max = Duration::seconds(6);  // of a cut, a dead machine, a full disk
};

// A random subset, empty once in a while.
FaultOptions pick_faults(Prng& rng);

class Faults {
 public:
  Faults(World& world, const FaultOptions& options);

  void start();
  // No new ones.
  void stop() { stopping_ = true; }
  // Everything works again: links, disks, clocks; machines that are down or do not serve are started anew.
  void heal();
  std::uint64_t count() const { return count_; }

 private:
  void plan_next();
  void strike();
  void network_fault(FaultKind kind);
  void machine_fault(FaultKind kind, Machine& machine);
  void disk_fault(FaultKind kind, Machine& machine);
  std::vector<Bytes> random_frames();
  void garble(std::uint64_t one_in);
  void send_noise(Machine& machine);
  void boot_later(Machine& machine);
  Duration random(Duration max);

  World& world_;
  FaultOptions options_;
  Prng rng_;
  bool stopping_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace pando::sim

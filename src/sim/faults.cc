#include "sim/faults.h"

#include "sim/recovery.h"
#include "sim/scenario_requests.h"
#include "sim/scenario_script.h"

namespace pando::sim {

std::string_view fault_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::kPartition: return "partition";
    case FaultKind::kOneWayCut: return "one-way-cut";
    case FaultKind::kReset: return "reset";
    case FaultKind::kSlowLink: return "slow-link";
    case FaultKind::kGarble: return "garble";
    case FaultKind::kStranger: return "stranger";
    case FaultKind::kKill: return "kill";
    case FaultKind::kPowerCut: return "power-cut";
    case FaultKind::kCleanStop: return "clean-stop";
    case FaultKind::kDiskFull: return "disk-full";
    case FaultKind::kSyncFailure: return "sync-failure";
    case FaultKind::kSlowDisk: return "slow-disk";
    case FaultKind::kClockJump: return "clock-jump";
    case FaultKind::kClockDrift: return "clock-drift";
    case FaultKind::kCount_: break;
  }
  return "unknown";
}

FaultOptions pick_faults(Prng& rng) {
  FaultOptions options;
  const std::uint64_t odds = 1 + rng.below(3);  // of four: few kinds, or many
  for (std::size_t i = 0; i < static_cast<std::size_t>(FaultKind::kCount_); ++i) {
    if (rng.chance(odds, 4)) options.kinds.push_back(static_cast<FaultKind>(i));
  }
  if (rng.chance(1, 20)) options.kinds.clear();
  options.pause_max = Duration::millis(static_cast<std::int64_t>(50 + rng.below(1500)));
  options.length_max = Duration::millis(static_cast<std::int64_t>(200 + rng.below(9000)));
  return options;
}

Faults::Faults(World& world, const FaultOptions& options) : world_(world), options_(options), rng_(world.fork_rng()) {}

Duration Faults::random(Duration max) {
  return Duration{static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(max.us) + 1))};
}

void Faults::start() {
  if (!options_.kinds.empty()) plan_next();
}

void Faults::plan_next() {
  world_.queue().at(world_.now() + random(options_.pause_max), EventKind::kTimer, [this] {
    if (stopping_) return;
    strike();
    plan_next();
  });
}

void Faults::strike() {
  const FaultKind kind = options_.kinds[rng_.below(options_.kinds.size())];
  Machine& machine = *world_.machines()[rng_.below(world_.machines().size())];
  ++count_;
  world_.trace().add(world_.now(), "fault {} at {}", fault_name(kind), machine.name());
  switch (kind) {
    case FaultKind::kPartition:
    case FaultKind::kOneWayCut:
    case FaultKind::kReset:
    case FaultKind::kSlowLink: return network_fault(kind);
    case FaultKind::kGarble:
      garble(2 + rng_.below(100));
      return world_.queue().at(world_.now() + random(options_.length_max), EventKind::kTimer, [this] { garble(0); });
    case FaultKind::kStranger:
      if (machine.up()) send_noise(machine);
      return;
    case FaultKind::kDiskFull:
    case FaultKind::kSyncFailure:
    case FaultKind::kSlowDisk: return disk_fault(kind, machine);
    default: return machine_fault(kind, machine);
  }
}

void Faults::network_fault(FaultKind kind) {
  const std::size_t count = world_.machines().size();
  if (count < 2) return;
  const auto a = static_cast<MachineIndex>(rng_.below(count));
  const auto b = static_cast<MachineIndex>((a + 1 + rng_.below(count - 1)) % count);
  Net& net = world_.net();
  const std::string& name_a = world_.machines()[a]->name();
  const std::string& name_b = world_.machines()[b]->name();
  if (kind == FaultKind::kReset) {
    world_.deed("reset {} {}", name_a, name_b);
    return net.reset(a, b);
  }
  if (kind == FaultKind::kSlowLink) {
    LinkQuality quality;
    quality.delay_min = random(Duration::millis(50));
    quality.delay_max = quality.delay_min + random(Duration::millis(300));
    quality.bytes_per_s = 5'000 + rng_.below(1'000'000);
    world_.deed("slow {} {} {}..{} {}", name_a, name_b, duration_words(quality.delay_min),
                duration_words(quality.delay_max), quality.bytes_per_s);
    return net.set_quality(a, b, quality);
  }
  net.cut(a, b);
  if (kind == FaultKind::kPartition) net.cut(b, a);
  world_.deed("cut {}{} {}", name_a, kind == FaultKind::kPartition ? "" : " ->", name_b);
  world_.queue().at(world_.now() + random(options_.length_max), EventKind::kTimer, [this, a, b] {
    world_.deed("heal {} {}", world_.machines()[a]->name(), world_.machines()[b]->name());
    world_.net().heal(a, b);
    world_.net().heal(b, a);
  });
}

// Noise, and noise that begins like a frame.
std::vector<Bytes> Faults::random_frames() {
  std::vector<Bytes> frames(1 + rng_.below(3));
  for (Bytes& frame : frames) {
    frame.resize(rng_.below(200));
    for (char& byte : frame) byte = static_cast<char>(rng_.below(256));
    if (!frame.empty()) frame[0] = static_cast<char>(rng_.below(8));
  }
  return frames;
}

void Faults::garble(std::uint64_t one_in) {
  world_.deed("garble 1/{}", one_in);
  world_.net().garble_one_in(one_in);
}

void Faults::send_noise(Machine& machine) {
  std::vector<Bytes> frames = random_frames();
  std::string words;
  for (const Bytes& frame : frames) words += " " + quoted(frame);
  world_.deed("stranger {}{}", machine.name(), words);
  world_.net().stranger(machine.index(), std::move(frames));
}

void Faults::boot_later(Machine& machine) {
  world_.queue().at(world_.now() + random(options_.length_max), EventKind::kTimer, [&machine] {
    if (machine.may_boot()) machine.boot();
  });
}

void Faults::machine_fault(FaultKind kind, Machine& machine) {
  if (kind == FaultKind::kClockJump) {
    constexpr std::int64_t kJumpMaxMs = 3'600'000;
    const auto by = Duration::millis(static_cast<std::int64_t>(rng_.below(2 * kJumpMaxMs)) - kJumpMaxMs);
    world_.deed("clock {} {}", machine.name(), duration_words(by));
    machine.clock().jump(by);
  } else if (kind == FaultKind::kClockDrift) {
    const std::int64_t us_per_s = static_cast<std::int64_t>(rng_.below(200'000)) - 100'000;
    world_.deed("clock {} drifts {}", machine.name(), us_per_s);
    machine.clock().drift(us_per_s);
  } else if (machine.up()) {
    if (kind == FaultKind::kCleanStop) machine.stop();
    if (kind == FaultKind::kKill) machine.crash(CrashKind::kProcess);
    if (kind == FaultKind::kPowerCut) machine.crash(CrashKind::kPower);
    boot_later(machine);
  }
}

void Faults::disk_fault(FaultKind kind, Machine& machine) {
  if (kind == FaultKind::kSlowDisk) {
    machine.disk_speed().sync_max = machine.disk_speed().sync_min + random(Duration::millis(200));
    world_.deed("disk {} slow {}", machine.name(), duration_words(machine.disk_speed().sync_max));
    return;
  }
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    Disk& disk = machine.volume(ns.name).disk;
    if (kind == FaultKind::kDiskFull) disk.set_full(true);
    if (kind == FaultKind::kSyncFailure) disk.fail_syncs(true);
  }
  world_.deed("disk {} {}", machine.name(), kind == FaultKind::kDiskFull ? "full" : "fsync-fails");
  world_.queue().at(world_.now() + random(options_.length_max), EventKind::kTimer, [this, &machine, kind] {
    world_.deed("disk {} {}", machine.name(), kind == FaultKind::kDiskFull ? "free" : "fsync-works");
    for (const node::NamespaceConfig& ns : machine.config().namespaces) {
      Disk& disk = machine.volume(ns.name).disk;
      if (kind == FaultKind::kDiskFull) disk.set_full(false);
      if (kind == FaultKind::kSyncFailure) disk.fail_syncs(false);
    }
  });
}

void Faults::heal() {
  stop();
  mend(world_);
}

}  // namespace pando::sim

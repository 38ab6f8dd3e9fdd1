#include "sim/seeded_run.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/backup_work.h"
#include "sim/checkers/checkers.h"
#include "sim/checkers/parts.h"
#include "sim/edge_work.h"
#include "sim/faults.h"
#include "sim/fleet.h"
#include "sim/list_work.h"
#include "sim/recovery.h"
#include "sim/releases.h"
#include "sim/retire_work.h"
#include "sim/scenario_requests.h"
#include "sim/scenario_script.h"
#include "sim/tampering.h"
#include "sim/workload.h"

namespace pando::sim {
namespace {

constexpr Duration kSafetyMax = Duration::seconds(600);
constexpr Duration kLastAnswersMax = Duration::seconds(120);

struct RandomFleet {
  FleetPlan plan;
  std::string shape;
  std::vector<std::string> namespaces;
  bool typed = false;
};

RandomFleet pick_fleet(Prng& rng) {
  RandomFleet fleet;
  FleetPlan& plan = fleet.plan;
  fleet.namespaces = {"main"};
  if (rng.chance(1, 3)) fleet.namespaces.push_back("other");
  const std::uint64_t count = 2 + rng.below(4);
  for (std::uint64_t i = 0; i < count; ++i) plan.sites.push_back({fmt::format("dc{}", i + 1), true, fleet.namespaces});
  switch (rng.below(4)) {
    case 0:
      fleet.shape = "mesh";
      connect_mesh(plan);
      break;
    case 1:
      fleet.shape = "star";
      for (std::uint64_t i = 1; i < count; ++i) plan.links.push_back({plan.sites[i].name, plan.sites[0].name});
      break;
    case 2:
      fleet.shape = "chain";
      for (std::uint64_t i = 1; i < count; ++i) plan.links.push_back({plan.sites[i - 1].name, plan.sites[i].name});
      break;
    default:
      fleet.shape = "ring";
      for (std::uint64_t i = 0; i < count; ++i)
        plan.links.push_back({plan.sites[i].name, plan.sites[(i + 1) % count].name});
  }
  const std::uint64_t relayers = rng.below(3);
  for (std::uint64_t i = 0; i < relayers; ++i) {
    const std::string name = fmt::format("relay{}", i + 1);
    // Of a site, or of the relayer before it.
    const std::size_t upstream = i > 0 && rng.chance(1, 2) ? plan.sites.size() - 1 : rng.below(count);
    plan.links.push_back({name, plan.sites[upstream].name, false});
    plan.sites.push_back({name, false, fleet.namespaces});
  }
  if (fleet.namespaces.size() > 1 && rng.chance(1, 2)) {
    fleet.typed = true;
    plan.groups.push_back({"group", fleet.namespaces});
  }
  if (rng.chance(1, 5)) {
    for (FleetPlan::Link& link : plan.links) {
      if (rng.chance(1, 2)) link.bytes_per_s_max = 50'000 + rng.below(1'000'000);
    }
  }
  constexpr std::uint64_t kSegmentBytes[] = {16 << 10, 64 << 10, 1 << 20};
  plan.segment_bytes = kSegmentBytes[rng.below(std::size(kSegmentBytes))];
  plan.checkpoint_interval = Duration::millis(static_cast<std::int64_t>(100 + rng.below(6000)));
  if (rng.chance(1, 2)) plan.frontier_lag_max = Duration::millis(static_cast<std::int64_t>(1 + rng.below(3000)));
  plan.free_after = Duration::millis(static_cast<std::int64_t>(1 + rng.below(2000)));
  return fleet;
}

WorkloadOptions pick_workload(const RandomFleet& fleet, std::uint64_t steps, Prng& rng) {
  WorkloadOptions options;
  options.namespaces = fleet.namespaces;
  options.typed = fleet.typed;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Activity::kCount_); ++i)
    options.weights.push_back(rng.chance(2, 3) ? 1 + rng.below(10) : 0);
  options.weights[static_cast<std::size_t>(Activity::kAdd)] += 1;
  options.weights[static_cast<std::size_t>(Activity::kRead)] += 4;
  if (!fleet.typed) options.weights[static_cast<std::size_t>(Activity::kTyped)] = 0;
  options.clients = 1 + rng.below(12);
  options.keys = 1 + rng.below(10);
  options.think_max = Duration::millis(static_cast<std::int64_t>(1 + rng.below(rng.chance(1, 3) ? 30 : 600)));
  options.requests_max = steps;
  return options;
}

// Watchers that come back after every break, and now and then move to another site.
class WatchKeeper {
 public:
  WatchKeeper(World& world, const RandomFleet& fleet) : world_(world), rng_(world.fork_rng()) {
    constexpr std::string_view kPrefixes[] = {"", "", "c:", "k:", "pair:", "row:"};
    for (std::uint64_t left = rng_.below(5); left > 0; --left) {
      WatchFilter filter;
      filter.prefix = std::string(kPrefixes[rng_.below(std::size(kPrefixes))]);
      if (rng_.chance(1, 4)) filter.table = std::string(kTableKv);
      const std::string& ns = fleet.namespaces[rng_.below(fleet.namespaces.size())];
      Watcher& watcher = world_.add_watcher(fmt::format("watcher{}", left), ns, filter);
      if (rng_.chance(1, 3)) watcher.set_pace(Duration::millis(static_cast<std::int64_t>(rng_.below(500))));
    }
  }
  void start() { tick(); }
  void settle_down() { roam_ = false; }

 private:
  void tick() {
    for (const auto& watcher : world_.watchers()) {
      if (watcher->machine() != nullptr && !(roam_ && rng_.chance(1, 100))) continue;
      Machine& machine = *world_.machines()[rng_.below(world_.machines().size())];
      if (!holds_whole(machine, watcher->ns())) continue;
      if (!machine.healthy(watcher->ns())) continue;
      tell(*watcher, machine);
      watcher->attach(machine);
    }
    const Duration pause = Duration::millis(static_cast<std::int64_t>(10 + rng_.below(200)));
    world_.queue().at(world_.now() + pause, EventKind::kTimer, [this] { tick(); });
  }

  void tell(const Watcher& watcher, const Machine& machine) {
    std::string filter;
    if (!watcher.filter().prefix.empty()) filter += " prefix " + quoted(watcher.filter().prefix);
    if (watcher.filter().table) filter += " table " + quoted(*watcher.filter().table);
    world_.deed("watch {} at {}/{}{} pace {}", watcher.name(), machine.name(), watcher.ns(), filter,
                duration_words(watcher.pace()));
  }

  World& world_;
  Prng rng_;
  bool roam_ = true;
};

// Logs that are cut short behind everybody's back: whoever was away comes back by resync.
void cut_logs_short(FleetPlan& plan, std::uint64_t seed, bool always) {
  // Of a generator of its own, so that the other choices of a seed stay what they are.
  constexpr std::uint64_t kOfLogs = 0xC2B2'AE3D'27D4'EB4F;
  Prng rng(seed ^ kOfLogs);
  if (!rng.chance(1, 3) && !always) return;
  plan.segment_bytes = 16 << 10;
  plan.retention.on = true;
  plan.retention.keep_bytes = rng.chance(1, 2) ? 0 : 32 << 10;
  plan.retention.retain_bytes = (16 << 10) * (1 + rng.below(4));
  plan.retention.grace = Duration::millis(static_cast<std::int64_t>(rng.below(2000)));
  if (rng.chance(1, 3)) plan.tail_bytes_max = (8 << 10) * (1 + rng.below(8));
  plan.checkpoint_interval = std::min(plan.checkpoint_interval, Duration::millis(500));
  if (rng.chance(1, 3)) plan.tail_bytes_min = (2 << 10) * (1 + rng.below(8));
  // Who begins empty has all tables arrive in parts, instead of one resync.
  if (rng.chance(1, 2)) plan.arrival_part_bytes = 100 + rng.below(2000);
}

// Sites behind all others that dial out, take some of the tables, publish one of their own and keep another.
std::size_t add_edges(RandomFleet& fleet, std::uint64_t seed, bool always) {
  constexpr std::uint64_t kOfEdges = 0x1656'67B1'9E37'79F9;
  Prng rng(seed ^ kOfEdges);
  if (!rng.chance(1, 3) && !always) return 0;
  const auto writes = [](const FleetPlan::Site& site) { return site.writable; };
  const std::size_t sites = std::count_if(fleet.plan.sites.begin(), fleet.plan.sites.end(), writes);
  const std::uint64_t count = 1 + rng.below(2);
  for (std::uint64_t i = 0; i < count; ++i) {
    FleetPlan::Site edge{fmt::format("edge{}", i + 1), true, fleet.namespaces};
    edge.tables.publish = TableSet::of({std::string(kTableAlerts)});
    if (rng.chance(2, 3)) {
      edge.tables.subscribe = TableSet::of({std::string(kTableKv)});
    } else {
      edge.tables.subscribe = TableSet::of({std::string(kTableKv), std::string(kTableRow), std::string(kTableLob)});
    }
    const std::size_t up = rng.below(sites);
    fleet.plan.links.push_back({edge.name, fleet.plan.sites[up].name});
    // Perhaps another one, or the edge before.
    const FleetPlan::Site& other = rng.chance(1, 3) ? fleet.plan.sites.back() : fleet.plan.sites[rng.below(sites)];
    if (other.writable && other.name != fleet.plan.sites[up].name && rng.chance(1, 2)) {
      fleet.plan.links.push_back({edge.name, other.name});
    }
    fleet.plan.sites.push_back(std::move(edge));
  }
  // Tables that arrive come in many parts.
  if (rng.chance(1, 2)) fleet.plan.arrival_part_bytes = 100 + rng.below(2000);
  return count;
}

// Nodes that are at rest compare all they hold, and whatever differs is a violation (checkers/equality.h).
void compare_often(FleetPlan& plan, std::uint64_t seed) {
  constexpr std::uint64_t kOfEquality = 0x9E6C'63D0'8F1B'A427;
  Prng rng(seed ^ kOfEquality);
  if (rng.chance(1, 3)) plan.equality_interval = Duration::millis(500 + static_cast<std::int64_t>(rng.below(4000)));
}

// Small bounds, so that short runs come to them.
bool small_bounds(FleetPlan& plan, std::uint64_t seed) {
  constexpr std::uint64_t kOfBounds = 0x27D4'EB2F'1656'67C5;
  Prng rng(seed ^ kOfBounds);
  if (rng.chance(1, 4)) plan.link_unacked_bytes_max = 200 + rng.below(4000);
  if (!rng.chance(1, 4)) return false;
  plan.order_slice_cells = 1 + rng.below(4);
  return true;
}

// Checkpoints that take many turns, with commits in between.
void small_slices(FleetPlan& plan, std::uint64_t seed) {
  constexpr std::uint64_t kOfSlices = 0xC2B2'AE3D'27D4'EB4F;
  Prng rng(seed ^ kOfSlices);
  if (rng.chance(1, 4)) plan.checkpoint_slice_cells = 1 + rng.below(8);
}

// Clients that send much at once, as those of a pipeline do: many operations in one request, many in one commit.
bool sends_much(WorkloadOptions& work, std::uint64_t seed) {
  constexpr std::uint64_t kOfTraffic = 0x94D0'49BB'1331'11EB;
  Prng rng(seed ^ kOfTraffic);
  if (work.typed || !rng.chance(1, 6)) return false;
  work.pipelines = true;
  work.pipeline_items_max = 32 << rng.below(5);
  return true;
}

// Many clients that hardly think, so that many requests arrive within one turn, in most of these runs many operations
// in one request as well; and now and then nothing for a while, so that the run is as long as others and faults fall
// into it. In all ten to a hundred times as many operations as in other runs.
bool is_busy(WorkloadOptions& work, std::uint64_t seed) {
  constexpr std::uint64_t kOfBusyRuns = 0x4528'21E6'38D0'1377;
  Prng rng(seed ^ kOfBusyRuns);
  if (!rng.chance(1, 16)) return false;
  work.clients = 16 + rng.below(64);
  work.keys = 1 + rng.below(40);
  work.think_max = Duration::micros(rng.chance(1, 2) ? 0 : static_cast<std::int64_t>(rng.below(1000)));
  work.long_pause_one_in = 5 + rng.below(10);
  work.long_pause_max = Duration::seconds(2);
  work.requests_max *= 5 + rng.below(11);
  work.pipelines = !work.typed && rng.chance(2, 3);
  work.pipeline_items_max = 16 << rng.below(4);
  return true;
}

// Backups are taken, and merged in later.
bool takes_backups(std::uint64_t seed, bool always) {
  constexpr std::uint64_t kOfBackups = 0x8543'2DA6'51CE'9F0B;
  Prng rng(seed ^ kOfBackups);
  return rng.chance(1, 4) || always;
}

}  // namespace

SeededOutcome run_seed(const SeededOptions& options) {
  Prng rng(options.seed);
  RandomFleet fleet = pick_fleet(rng);
  const bool of_cuts =
      options.mutation == DriverMutation::kCutReplaces || options.mutation == DriverMutation::kCutEarly;
  cut_logs_short(fleet.plan, options.seed, of_cuts);
  const std::size_t edges = add_edges(fleet, options.seed,
                                      options.mutation == DriverMutation::kFilterFinerThanContext ||
                                          options.mutation == DriverMutation::kArrivalEarly ||
                                          options.mutation == DriverMutation::kLostByTail);
  compare_often(fleet.plan, options.seed);
  small_slices(fleet.plan, options.seed);
  const bool with_lists = small_bounds(fleet.plan, options.seed);
  const bool with_backups = takes_backups(options.seed, options.mutation == DriverMutation::kRestoreReplaces);
  const bool mixed = mix_releases(fleet.plan, options.seed);
  const FaultOptions fault_options = pick_faults(rng);
  WorldOptions world_options;
  world_options.seed = rng.next();
  world_options.mutation = options.mutation;
  world_options.trace = options.trace;

  CheckerSet checkers;
  World world(world_options);
  checkers.attach(world);
  build_fleet(fleet.plan, world);
  std::optional<Recorder> recorder;
  if (options.recording != nullptr) {
    options.recording->fleet = fleet_lines(fleet.plan);
    recorder.emplace(world, *options.recording);
  }
  Tampering tampering(world);
  if (tampering.tampers()) world.net().set_tamper([&tampering](Bytes& frame) { return tampering.suffer(frame); });
  WorkloadOptions work = pick_workload(fleet, options.steps, rng);
  // Of a generator of its own, so that the other choices of a seed stay what they are.
  constexpr std::uint64_t kOfTerms = 0x9E37'79B9'7F4A'7C15;
  Prng terms(options.seed ^ kOfTerms);
  work.durabilities = terms.chance(1, 3);
  work.whole_transactions = terms.chance(1, 3);
  work.pipelines = !fleet.typed && terms.chance(1, 3);
  const bool much = sends_much(work, options.seed);
  const bool busy = !much && is_busy(work, options.seed);
  Workload workload(world, work);
  std::vector<Machine*> edge_machines;
  for (const auto& machine : world.machines()) {
    if (!holds_whole(*machine, "main")) edge_machines.push_back(machine.get());
  }
  constexpr std::uint64_t kOfScopes = 0xD6E8'FEB8'6659'FD93;
  constexpr std::uint64_t kOfLastWords = 0x5DEE'CE66'D1CE'4E5B;
  Prng scopes(options.seed ^ kOfScopes);
  const bool of_retiring = options.mutation == DriverMutation::kRetiredByTail;
  std::optional<RetireWork::LastHeard> last_heard;
  if (!mixed && !of_retiring) last_heard = RetireWork::last_heard(fleet.plan, options.seed);
  bool scopes_change = scopes.chance(1, 2) || options.mutation == DriverMutation::kArrivalEarly;
  // In most fleets where an edge alone can be the last to hear of a site, it is.
  const bool may_be_last = last_heard && Prng(options.seed ^ kOfLastWords).chance(2, 3);
  if (options.mutation == DriverMutation::kLostByTail || may_be_last) scopes_change = false;
  if (scopes_change) last_heard.reset();
  EdgeWork edge_work(world, std::move(edge_machines), "main", scopes);
  // Each draws from a generator of its own, and none in the runs that are without.
  std::optional<ListWork> list_work;
  if (with_lists) list_work.emplace(world, fleet.namespaces);
  std::optional<BackupWork> backup_work;
  // One site that goes is enough for a run.
  const bool retires = RetireWork::wanted(options.seed, of_retiring) || last_heard;
  constexpr std::uint64_t kOfLosses = 0x2545'F491'4F6C'DD1D;
  if (with_backups) {
    backup_work.emplace(world, fleet.namespaces,
                        retires ? std::nullopt : std::optional<Prng>(options.seed ^ kOfLosses));
  }
  std::optional<RetireWork> retire_work;
  if (retires) {
    retire_work.emplace(world, fleet.plan, options.seed, of_retiring, last_heard);
  }
  Faults faults(world, fault_options);
  WatchKeeper keeper(world, fleet);
  for (const auto& machine : world.machines()) {
    world.queue().after(Duration::millis(static_cast<std::int64_t>(rng.below(rng.chance(1, 4) ? 3000 : 5))),
                        [&machine] {
                          if (machine->may_boot()) machine->boot();
                        });
  }
  keeper.start();
  workload.start();
  if (edges > 0) edge_work.start();
  if (edges > 0 && scopes_change) edge_work.change_scopes();
  constexpr std::uint64_t kOfEdgeEnds = 0xC2B2'AE3D'27D4'EB4F;
  Prng edge_ends(options.seed ^ kOfEdgeEnds);
  if (edges > 0 && edge_ends.chance(2, 3)) {
    std::vector<Machine*> whole;
    for (const auto& machine : world.machines()) {
      if (!scopes_change && holds_whole(*machine, "main")) whole.push_back(machine.get());
    }
    edge_work.write_ends(std::move(whole), edge_ends);
  }
  if (list_work) list_work->start();
  if (backup_work) backup_work->start();
  if (retire_work) retire_work->start();
  if (mixed) upgrade_by_and_by(world, options.seed);
  faults.start();

  world.run_until([&] { return workload.requests() >= work.requests_max && workload.idle(); }, kSafetyMax);
  world.trace().add(world.now(), "liveness phase");
  if (recorder) recorder->stop();
  workload.stop();
  edge_work.stop();
  if (list_work) list_work->stop();
  if (backup_work) backup_work->stop();
  if (retire_work) retire_work->stop();
  faults.heal();
  keeper.settle_down();
  const bool finished = world.run_until([&] { return workload.idle(); }, kLastAnswersMax);
  if (!finished) world.violation("liveness", "a client still waits for an answer");
  if (reach_agreement(world)) checkers.at_end();

  SeededOutcome outcome;
  outcome.violations = world.violations();
  outcome.fleet = fmt::format("{} machines, {}{}{}, {} namespaces{}{}{}{}; faults:", world.machines().size(),
                              fleet.shape, edges > 0 ? " with edges" : "", mixed ? " of several releases" : "",
                              fleet.namespaces.size(), fleet.typed ? " in a group" : "",
                              much   ? ", much traffic"
                              : busy ? ", busy"
                                     : "",
                              with_backups ? ", backups" : "", retire_work ? ", a site that goes" : "");
  for (const FaultKind kind : fault_options.kinds) outcome.fleet += fmt::format(" {}", fault_name(kind));
  outcome.operations = workload.operations();
  outcome.acknowledged = workload.acknowledged();
  outcome.faults = faults.count();
  outcome.markers = world.marker_counts();
  outcome.events = world.queue().ran_count();
  outcome.simulated = Duration{world.now().mono_us};
  outcome.trace_hash = world.trace().hash();
  outcome.last_lines.assign(world.trace().last_lines().begin(), world.trace().last_lines().end());
  return outcome;
}

}  // namespace pando::sim

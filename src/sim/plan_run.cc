#include "sim/plan_run.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/recovery.h"

namespace pando::sim {
namespace {

constexpr Duration kLookOften = Duration::seconds(1);
constexpr Duration kLookSeldom = Duration::seconds(60);
constexpr Duration kAgreementInPlansMax = Duration::seconds(7 * 24 * 3600);
constexpr std::string_view kPlanNamespace = "main";

WorldOptions options_of(const Plan& plan) {
  WorldOptions options;
  options.seed = plan.seed;
  return options;
}

std::uint64_t lacking(const VersionVector& all, const VersionVector& has) {
  std::uint64_t commits = 0;
  for (const auto& [origin, seq] : all.entries()) commits += seq.value - std::min(seq.value, has.get(origin).value);
  return commits;
}

}  // namespace

PlanRun::PlanRun(const Plan& plan) : plan_(plan), world_(options_of(plan)), rng_(plan.seed) {
  for (const PlanFault& fault : plan.faults) watched_.push_back({&fault, {}, false, false, {}, 0, 0});
}

PlanReport PlanRun::run() {
  start();
  world_.run_until([&] { return over(); }, horizon() + kAgreementInPlansMax);
  writing_ = false;
  mend(world_);
  const auto quiet = [&] { return agreed(world_) && over(); };
  const bool agree = world_.run_until(quiet, kAgreementInPlansMax);
  if (!agree) {
    std::string why = "nodes do not agree";
    if (is_whole(world_, &why)) world_.settled(&why);
    world_.violation("liveness", why);
  }
  look();
  if (agree) checkers_.at_end();
  return {world_.violations().empty(), report(agree)};
}

void PlanRun::start() {
  checkers_.attach(world_);
  world_.add_observer(*this);
  build_fleet(plan_.fleet, world_);
  for (const PlanLink& link : plan_.links) {
    world_.net().set_quality(world_.find_machine(link.from)->index(), world_.find_machine(link.to)->index(),
                             link.quality);
  }
  for (const auto& machine : world_.machines()) {
    machine->boot();
    if (machine->takes_writes(std::string(kPlanNamespace))) write_later(*machine);
  }
  for (Watched& watched : watched_) {
    world_.queue().at(watched.fault->at, EventKind::kTimer, [this, &watched] { begin(watched); });
    world_.queue().at(watched.fault->at + watched.fault->lasts, EventKind::kTimer, [this, &watched] { end(watched); });
  }
  keep_looking();
}

Duration PlanRun::horizon() const {
  Duration horizon = plan_.load.lasts;
  for (const PlanFault& fault : plan_.faults) {
    horizon = std::max(horizon, Duration{fault.at.mono_us + fault.lasts.us + Duration::seconds(60).us});
  }
  return horizon;
}

// False until the load has ended, every fault is over, and what it held up has arrived.
bool PlanRun::over() const {
  return world_.now().mono_us >= plan_.load.lasts.us &&
         std::all_of(watched_.begin(), watched_.end(), [](const Watched& one) { return one.figures.caught_up; });
}

// Clients. ---------------------------------------------------------------------------------------------------

void PlanRun::write_later(Machine& machine) {
  if (plan_.load.writes_per_hour == 0) return;
  const std::uint64_t mean_us = 3'600'000'000 / plan_.load.writes_per_hour;
  const Duration pause{static_cast<std::int64_t>(1 + rng_.below(2 * mean_us))};
  world_.queue().at(world_.now() + pause, EventKind::kTimer, [this, &machine] {
    if (!writing_ || world_.now().mono_us > plan_.load.lasts.us) return;
    write(machine);
    write_later(machine);
  });
}

// Half of them count, half of them put.
void PlanRun::write(Machine& machine) {
  WriteRequest request;
  Mutation& mutation = request.mutations.emplace_back();
  const std::uint64_t key = rng_.below(plan_.load.keys);
  if (rng_.chance(1, 2)) {
    mutation.kind = Mutation::Kind::kAdd;
    mutation.key = fmt::format("c:{}", key);
    mutation.delta = 1;
  } else {
    mutation.key = fmt::format("k:{}", key);
    mutation.value = fmt::format("v{}", ++values_);
    mutation.value.resize(std::max<std::size_t>(mutation.value.size(), plan_.load.value_bytes), 'x');
  }
  machine.ask(std::string(kPlanNamespace), std::move(request), [](const Answer&) {});
}

void PlanRun::on_answer(const Asked& asked, const Answer& answer) {
  if (!std::holds_alternative<WriteRequest>(asked.request)) return;
  const auto book = [&](PlanWrites& writes) {
    ++writes.asked;
    if (!answer.lost && answer.reply.status.ok()) {
      ++writes.done;
    } else {
      ++writes.refused[answer.reply.status.to_string()];
    }
  };
  book(whole_.writes);
  for (Watched& watched : watched_) {
    if (watched.begun && !watched.over) book(watched.figures.writes);
  }
}

void PlanRun::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  for (const node::LinkSend& send : outputs.link_sends) sent_bytes_[&machine] += send.frame.size();
}

// Faults. ----------------------------------------------------------------------------------------------------

void PlanRun::begin(Watched& watched) {
  watched.begun = true;
  watched.resyncs_before = resyncs();
  strike(*watched.fault, true);
}

void PlanRun::end(Watched& watched) {
  look();
  watched.over = true;
  watched.target = everything();
  watched.bytes_before = world_.net().delivered_bytes();
  strike(*watched.fault, false);
  keep_looking();
}

void PlanRun::strike(const PlanFault& fault, bool begins) {
  Net& net = world_.net();
  for (const std::string& name : fault.nodes) {
    Machine& machine = *world_.find_machine(name);
    switch (fault.kind) {
      case PlanFault::Kind::kDown:
        if (begins && machine.up()) machine.stop();
        break;
      case PlanFault::Kind::kCrash:
      case PlanFault::Kind::kPower:
        if (begins && machine.up()) {
          machine.crash(fault.kind == PlanFault::Kind::kPower ? CrashKind::kPower : CrashKind::kProcess);
        }
        break;
      case PlanFault::Kind::kClock:
        if (begins) machine.clock().jump(fault.by);
        if (!begins && fault.lasts.us > 0) machine.clock().correct();
        break;
      case PlanFault::Kind::kDiskFull: machine.volume(std::string(kPlanNamespace)).disk.set_full(begins); break;
      default: break;
    }
    const bool was_gone = fault.kind == PlanFault::Kind::kDown || fault.kind == PlanFault::Kind::kCrash ||
                          fault.kind == PlanFault::Kind::kPower;
    if (was_gone && !begins && machine.state() == Machine::State::kDown) machine.boot();
    for (const std::string& other_name : fault.others) {
      const MachineIndex a = machine.index();
      const MachineIndex b = world_.find_machine(other_name)->index();
      if (a == b) continue;
      if (fault.kind == PlanFault::Kind::kSlow) {
        const auto link = std::find_if(plan_.links.begin(), plan_.links.end(), [&](const PlanLink& one) {
          return (one.from == name && one.to == other_name) || (one.from == other_name && one.to == name);
        });
        net.set_quality(a, b, begins ? fault.quality : link == plan_.links.end() ? LinkQuality{} : link->quality);
        continue;
      }
      begins ? net.cut(a, b) : net.heal(a, b);
      if (fault.kind == PlanFault::Kind::kCut) begins ? net.cut(b, a) : net.heal(b, a);
    }
  }
}

// What is measured. ------------------------------------------------------------------------------------------

VersionVector PlanRun::everything() const {
  VersionVector all;
  for (const auto& [machine, context] : context_) all.merge(context);
  return all;
}

bool PlanRun::all_have(const VersionVector& target) const {
  const auto& machines = world_.machines();
  return std::all_of(machines.begin(), machines.end(), [&](const auto& machine) {
    return machine->up() && machine->context(std::string(kPlanNamespace)).covers(target);
  });
}

void PlanRun::see(PlanFigures& figures, const Machine& machine, std::uint64_t behind, std::uint64_t log_bytes) {
  if (behind > figures.behind_commits_max) {
    figures.behind_commits_max = behind;
    figures.behind_most = machine.name();
  }
  if (log_bytes > figures.log_bytes_max) {
    figures.log_bytes_max = log_bytes;
    figures.log_most = machine.name();
  }
}

void PlanRun::look() {
  std::map<const Machine*, std::uint64_t> log_bytes;
  for (const auto& machine : world_.machines()) {
    VersionVector& context = context_[machine.get()];
    if (!machine->up()) continue;
    const Result<StatsReply> stats = machine->node().stats(kPlanNamespace);
    if (!stats) continue;
    context = stats->context;
    log_bytes[machine.get()] = stats->log_bytes;
  }
  const VersionVector all = everything();
  for (Watched& watched : watched_) {
    if (watched.over && !watched.figures.caught_up && all_have(watched.target)) {
      watched.figures.caught_up = true;
      watched.figures.catch_up = Duration{world_.now().mono_us - watched.fault->at.mono_us - watched.fault->lasts.us};
      watched.figures.catch_up_bytes = world_.net().delivered_bytes() - watched.bytes_before;
      watched.figures.resyncs = resyncs() - watched.resyncs_before;
    }
  }
  for (const auto& machine : world_.machines()) {
    const std::uint64_t behind = lacking(all, context_[machine.get()]);
    see(whole_, *machine, behind, log_bytes[machine.get()]);
    for (Watched& watched : watched_) {
      if (watched.begun && !watched.figures.caught_up) see(watched.figures, *machine, behind, log_bytes[machine.get()]);
    }
  }
}

void PlanRun::keep_looking() {
  look();
  const bool often = std::any_of(watched_.begin(), watched_.end(),
                                 [](const Watched& one) { return one.over && !one.figures.caught_up; });
  const Duration pause = often ? kLookOften : kLookSeldom;
  world_.queue().at(world_.now() + pause, EventKind::kTimer, [this, looks = ++looks_] {
    if (looks == looks_) keep_looking();
  });
}

PlanReport run_plan(const Plan& plan) { return PlanRun(plan).run(); }

}  // namespace pando::sim

#include "sim/retire_work.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "engine/retired.h"
#include "sim/checkers/checkers.h"
#include "sim/checkers/parts.h"
#include "sim/lost_disks.h"
#include "sim/scenario_requests.h"
#include "store/cell_key.h"

namespace pando::sim {
namespace {

// A generator of its own, so that the other choices of a seed stay what they are.
constexpr std::uint64_t kOfRetiring = 0x3C6E'F372'FE94'F82B;
constexpr std::uint64_t kOfOthers = 0xB492'B66F'BE98'F273;
constexpr std::uint64_t kOfLastHeard = 0x7F4A'7C15'6C8E'9CF5;
constexpr std::string_view kNoEdgeTakes = "elsewhere";
constexpr int kEndingKeys = 3;
constexpr int kQuestionsMax = 60;

bool writes_all(const FleetPlan::Site& site) { return site.writable && site.tables.whole(); }

// The rest of the fleet stays connected.
bool can_do_without(const FleetPlan& plan, const std::string& name) {
  std::vector<std::size_t> island(plan.sites.size());
  std::iota(island.begin(), island.end(), std::size_t{0});
  const auto index = [&](const std::string& of) { return static_cast<std::size_t>(plan.find(of) - plan.sites.data()); };
  const auto is_edge = [&](const std::string& of) { return !plan.find(of)->tables.whole(); };
  // What reached the others straight from an edge need not reach them by another edge (docs/design/017).
  const auto meets_whole = [&](const std::string& of) {
    return std::any_of(plan.links.begin(), plan.links.end(), [&](const FleetPlan::Link& link) {
      return (link.from == of && !is_edge(link.to)) || (link.to == of && !is_edge(link.from));
    });
  };
  // An edge leads nowhere.
  for (const bool edges : {false, true}) {
    for (const FleetPlan::Link& link : plan.links) {
      if (link.from == name || link.to == name) continue;
      const std::size_t from = index(link.from);
      const std::size_t to = index(link.to);
      const bool edge = is_edge(link.from) || is_edge(link.to);
      if (edge != edges) continue;
      if (is_edge(link.from) && is_edge(link.to) && meets_whole(link.from) && meets_whole(link.to)) continue;
      const std::size_t left = island[from];
      if (edge) {
        island[plan.sites[from].tables.whole() ? to : from] = island[plan.sites[from].tables.whole() ? from : to];
        continue;
      }
      for (std::size_t& i : island) i = i == left ? island[to] : i;
    }
  }
  std::set<std::size_t> islands;
  for (std::size_t i = 0; i < plan.sites.size(); ++i) {
    if (plan.sites[i].name != name) islands.insert(island[i]);
  }
  return islands.size() == 1;
}

bool is_edge(const FleetPlan::Site& site) { return site.writable && !site.tables.whole(); }

std::vector<const FleetPlan::Site*> neighbours(const FleetPlan& plan, const std::string& name) {
  std::vector<const FleetPlan::Site*> sites;
  for (const FleetPlan::Link& link : plan.links) {
    if (link.from == name) sites.push_back(plan.find(link.to));
    if (link.to == name) sites.push_back(plan.find(link.from));
  }
  return sites;
}

}  // namespace

bool RetireWork::wanted(std::uint64_t seed, bool always) {
  Prng rng(seed ^ kOfRetiring);
  return rng.chance(1, 5) || always;
}

std::optional<RetireWork::LastHeard> RetireWork::last_heard(const FleetPlan& plan, std::uint64_t seed) {
  Prng rng(seed ^ kOfLastHeard);
  std::vector<LastHeard> pairs;
  for (const FleetPlan::Site& edge : plan.sites) {
    const auto ups = neighbours(plan, edge.name);
    if (!is_edge(edge) || ups.size() < 2) continue;
    if (std::any_of(ups.begin(), ups.end(), [](const auto* up) { return is_edge(*up); })) continue;
    for (const FleetPlan::Site* site : ups) {
      const auto around = neighbours(plan, site->name);
      const auto edges = std::count_if(around.begin(), around.end(), [](const auto* one) { return is_edge(*one); });
      if (edges == 1 && can_do_without(plan, site->name)) pairs.push_back({site->name, edge.name});
    }
  }
  if (pairs.empty()) return std::nullopt;
  return pairs[rng.below(pairs.size())];
}

RetireWork::RetireWork(World& world, const FleetPlan& plan, std::uint64_t seed, bool always,
                       const std::optional<LastHeard>& heard)
    : world_(world), rng_(seed ^ ~kOfRetiring), always_(always) {
  std::vector<const FleetPlan::Site*> sites;
  std::vector<const FleetPlan::Site*> others;
  for (const FleetPlan::Site& site : plan.sites) (writes_all(site) ? sites : others).push_back(&site);
  const FleetPlan::Site* goes = sites[rng_.below(sites.size())];
  // Of a generator of its own, so that the other choices of a seed stay what they are.
  Prng aside(seed ^ kOfOthers);
  if (!others.empty() && !always_ && aside.chance(1, 2)) goes = others[aside.below(others.size())];
  if (heard) {
    goes = plan.find(heard->site);
    edge_ = world_.find_machine(heard->edge);
  }
  const std::string& name = goes->name;
  site_ = world_.find_machine(name);
  writes_ = goes->writable;
  if (!goes->tables.whole()) table_ = kTableAlerts;
  const bool spare = can_do_without(plan, name);
  return_ = spare ? static_cast<Return>(rng_.below(3)) : Return::kOldDisk;
  drains_ = rng_.chance(2, 3);
  apart_ = rng_.chance(2, 3);
  goes_down_ = rng_.chance(3, 4);
  if (always_) {
    return_ = Return::kOldDisk;
    drains_ = false;
    apart_ = goes_down_ = true;
  }
  if (edge_ != nullptr) {
    return_ = Return::kNever;
    drains_ = false;
    apart_ = true;
  }
  const bool edges = std::any_of(plan.sites.begin(), plan.sites.end(), is_edge);
  // One of an earlier release vouches for having heard that the disk is lost, and goes on waiting for it.
  const bool all_newest = std::all_of(plan.sites.begin(), plan.sites.end(),
                                      [](const auto& site) { return site.release == repl::kReleaseNow; });
  if (return_ == Return::kNever && edges && !all_newest) return_ = Return::kOldDisk;
  must_be_said_ = return_ == Return::kNever && edges;
  // A disk that may be lost is worth the drain, and who only stays away comes back by itself.
  if (return_ == Return::kOldDisk) drains_ = false;
  // Nothing is only at a relayer, and nobody takes anything from it by which it could say so.
  if (!writes_) drains_ = false;
  if (return_ != Return::kOldDisk || !apart_) goes_down_ = true;
}

Duration RetireWork::up_to(std::int64_t ms_max) {
  return Duration::millis(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(ms_max) + 1)));
}

void RetireWork::later(Duration most, void (RetireWork::*step)()) {
  world_.queue().at(world_.now() + up_to(most.millis()), EventKind::kTimer, [this, step] { (this->*step)(); });
}

void RetireWork::start() { later(Duration::millis(drains_ || edge_ != nullptr ? 800 : 3000), &RetireWork::begin); }

void RetireWork::write(const std::string& line, std::string_view table) {
  if (!writes_) return;
  const Result<Request> request = parse_request(*split_words(fmt::format("{} TABLE {}", line, table)));
  CHECK(request.has_value());
  for (const node::NamespaceConfig& ns : site_->config().namespaces)
    site_->ask(ns.name, *request, [](const Answer&) {});
}

void RetireWork::begin() {
  if (stopping_ || stage_ != Stage::kServes) return;
  const auto& held = site_->config().namespaces;
  if (!std::all_of(held.begin(), held.end(), [&](const auto& ns) { return site_->healthy(ns.name); })) {
    return later(Duration::millis(500), &RetireWork::begin);
  }
  for (int i = 0; i < kEndingKeys; ++i) {
    write(fmt::format("PUT end:away:{} before TTL {}ms", i, 300 + rng_.below(1500)));
  }
  write("PUT k:away before");
  write("INCR c:away 3");
  if (drains_) {
    stage_ = Stage::kDrains;
    return later(Duration::millis(300), &RetireWork::ask_drained);
  }
  if (apart_) {
    stage_ = Stage::kApart;
    // So that the others have these keys.
    world_.queue().at(world_.now() + Duration::millis(200), EventKind::kTimer, [this] { go_apart(); });
    return;
  }
  later(Duration::millis(500), &RetireWork::go_down);
}

void RetireWork::ask_drained() {
  if (stage_ != Stage::kDrains) return;
  if (site_->up()) {
    if (drained_process_ != site_->restarts()) safe_in_.clear();
    drained_process_ = site_->restarts();
    for (const node::NamespaceConfig& held : site_->config().namespaces) {
      site_->ask(held.name, DrainRequest{DrainRequest::Change::kBegin},
                 [this, ns = held.name, process = drained_process_](const Answer& answer) {
                   const auto* said = std::get_if<DrainReply>(&answer.reply.body);
                   if (answer.lost || said == nullptr || !said->safe || process != drained_process_) return;
                   safe_in_.insert(ns);
                   if (stage_ != Stage::kDrains || safe_in_.size() < site_->config().namespaces.size()) return;
                   if (!site_->up() || site_->restarts() != process) return;
                   world_.markers().reach(Marker::kDrained);
                   drained_ = true;
                   go_down();
                 });
    }
  }
  if (stopping_) return;
  later(Duration::millis(400), &RetireWork::ask_drained);
}

void RetireWork::go_apart() {
  if (stopping_ || stage_ != Stage::kApart) return;
  // Where all that it ever wrote would wait for the site, nobody vouches, and nothing is closed.
  if (edge_ != nullptr && !others_know(*edge_)) {
    if (--patience_ > 0) return later(Duration::millis(400), &RetireWork::go_apart);
    edge_ = nullptr;
  }
  if (edge_ == nullptr) world_.deed("cut {}", site_->name());
  for (const auto& other : world_.machines()) {
    if (other.get() == site_ || other.get() == edge_) continue;
    if (edge_ != nullptr) world_.deed("cut {} {}", site_->name(), other->name());
    world_.net().cut(site_->index(), other->index());
    world_.net().cut(other->index(), site_->index());
  }
  for (int i = 0; i < kEndingKeys; ++i) write(fmt::format("EXPIRE end:away:{} 1h", i));
  write("PUT k:away-alone 'nobody saw it'");
  write("INCR c:away 4");
  if (edge_ != nullptr) write("PUT k:away 'no edge takes it'", kNoEdgeTakes);
  if (!goes_down_) {
    stage_ = Stage::kAway;
    return later(Duration::millis(3000), &RetireWork::retire);
  }
  later(Duration::millis(1500), &RetireWork::go_down);
}

void RetireWork::join_again() {
  for (const auto& other : world_.machines()) {
    if (other.get() == site_) continue;
    world_.deed("heal {} {}", site_->name(), other->name());
    world_.net().heal(site_->index(), other->index());
    world_.net().heal(other->index(), site_->index());
  }
}

void RetireWork::go_down() {
  if (stopping_ || stage_ == Stage::kAway || stage_ == Stage::kComesBack) return;
  if (stage_ == Stage::kDrains && !drained_) return;
  stage_ = Stage::kAway;
  site_->keep_down(true);
  if (site_->state() != Machine::State::kDown) {
    site_->crash(rng_.chance(1, 2) ? CrashKind::kProcess : CrashKind::kPower);
  }
  join_again();
  questions_left_ = waits_left_ = kQuestionsMax;
  later(Duration::millis(1000), &RetireWork::retire);
}

void RetireWork::retire() {
  if (stage_ != Stage::kAway || (stopping_ && !must_be_said_)) return;
  if (must_be_said_ && retired_in_.empty() && !rest_is_heard_of(world_, *site_, edge_)) {
    if (waits_left_-- > 0) return later(Duration::millis(800), &RetireWork::retire);
    must_be_said_ = false;
    return_ = Return::kOldDisk;
    if (stopping_) return come_back();
  }
  const auto& held = site_->config().namespaces;
  if (retired_in_.size() == held.size() || questions_left_-- == 0) {
    if (stopping_) return come_back();
    return later(Duration::millis(6000), &RetireWork::come_back);
  }
  for (const node::NamespaceConfig& ns : held) {
    if (!retired_in_.contains(ns.name)) retire_in(ns.name);
  }
  later(Duration::millis(800), &RetireWork::retire);
}

bool RetireWork::others_know(const Machine& machine) const {
  const auto& held = site_->config().namespaces;
  return std::all_of(held.begin(), held.end(), [&](const node::NamespaceConfig& ns) {
    if (!machine.holds(ns.name)) return true;
    return std::any_of(world_.machines().begin(), world_.machines().end(), [&](const auto& other) {
      if (other.get() == site_ || other.get() == &machine) return false;
      if (!other->healthy(ns.name) || !holds_whole(*other, ns.name)) return false;
      return other->context(ns.name).has_more_of(machine.name(), {});
    });
  });
}

void RetireWork::retire_in(const std::string& ns) {
  Machine& asked = *world_.machines()[rng_.below(world_.machines().size())];
  if (&asked == site_ || !asked.healthy(ns) || !asked.takes_writes(ns) || !holds_whole(asked, ns)) return;
  // As long as it seems to be there it is refused.
  asked.ask(ns, RetireNodeRequest{site_->name(), false, return_ == Return::kNever}, [this, ns](const Answer& answer) {
    const auto* done = std::get_if<RetireReply>(&answer.reply.body);
    if (answer.lost || !answer.reply.status.ok() || done == nullptr || !done->done) return;
    // Said again when somebody has told of a later epoch: the list of nodes has it as away until then.
    if (done->epoch < last_epoch_left(ns)) return;
    if (retired_in_.insert(ns).second) world_.markers().reach(Marker::kRetired);
  });
}

std::uint64_t RetireWork::last_epoch_left(const std::string& ns) const {
  std::uint64_t last = 0;
  for (const auto& machine : world_.machines()) {
    if (machine.get() == site_ || !machine->healthy(ns)) continue;
    const VersionVector context = machine->context(ns);
    for (const auto& entry : context.entries()) {
      if (entry.first.node == site_->name()) last = std::max(last, entry.first.epoch);
    }
  }
  return last;
}

void RetireWork::come_back() {
  if (stage_ != Stage::kAway) return;
  if (!stopping_ && return_ == Return::kNever) return;
  if (world_.mutation() == DriverMutation::kLostByTail && world_.marker_counts().of(Marker::kLostClosed) == 0 &&
      questions_left_-- > 0) {
    return later(Duration::millis(800), &RetireWork::come_back);
  }
  stage_ = Stage::kComesBack;
  if (!goes_down_) return join_again();
  if (world_.mutation() == DriverMutation::kRetiredByTail) return stop_others();
  if (world_.mutation() == DriverMutation::kLostByTail && return_ == Return::kNever) return stop_others();
  switch (return_) {
    case Return::kOldDisk:
      site_->keep_down(false);
      if (site_->may_boot()) site_->boot();
      return;
    case Return::kEmptyDisk: questions_left_ = kQuestionsMax; return start_empty();
    case Return::kNever: site_->lose_disks(drained_); return site_->leave();
  }
}

// The others agree what it has written: whoever it meets first can tell it. Where they never heard of its last epoch
// nobody can, and its own disk is the one to start with. A relayer has written nothing.
void RetireWork::start_empty() {
  if (writes_ && !others_know_of(world_, *site_)) {
    if (stopping_ && questions_left_-- <= 0) {
      site_->keep_down(false);
      return site_->boot();
    }
    world_.queue().at(world_.now() + Duration::millis(500), EventKind::kTimer, [this] { start_empty(); });
    return;
  }
  site_->lose_disks(drained_);
  site_->keep_down(false);
  site_->boot();
}

void RetireWork::stop() {
  stopping_ = true;
  if (stage_ != Stage::kAway) return;
  waits_left_ = kQuestionsMax;
  const bool said = retired_in_.size() == site_->config().namespaces.size();
  if (said || !must_be_said_) come_back();  // else retire() goes on
}

// For the mutation: all others stop as they should, and when they start again none knows of a retirement.
void RetireWork::stop_others() {
  bool down = true;
  for (const auto& other : world_.machines()) {
    if (other.get() == site_) continue;
    other->keep_down(true);
    if (other->up()) other->stop();
    down = down && other->state() == Machine::State::kDown;
  }
  if (!down) {
    world_.queue().at(world_.now() + Duration::millis(20), EventKind::kTimer, [this] { stop_others(); });
    return;
  }
  for (const auto& machine : world_.machines()) {
    for (const node::NamespaceConfig& ns : machine->config().namespaces)
      forget_retirements(machine->volume(ns.name).kv);
    machine->keep_down(false);
    machine->boot();
  }
}

void forget_retirements(store::MemoryKv& kv) {
  Bytes prefix;
  store::append_table_prefix(engine::kTableNodes, prefix);
  store::Batch batch;
  for (auto cursor = kv.scan(prefix, store::prefix_end(prefix)); cursor->valid(); cursor->next()) {
    batch.erase(cursor->key());
  }
  CHECK(kv.write(batch).ok());
}

}  // namespace pando::sim

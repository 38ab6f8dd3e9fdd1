#include "sim/edge_work.h"

#include <fmt/core.h>

#include "sim/checkers/parts.h"

namespace pando::sim {
namespace {

Mutation change(std::string_view table, Bytes key, std::optional<Bytes> value) {
  Mutation mutation;
  mutation.kind = value ? Mutation::Kind::kPut : Mutation::Kind::kDelete;
  mutation.table = std::string(table);
  mutation.key = std::move(key);
  if (value) mutation.value = *std::move(value);
  return mutation;
}

}  // namespace

EdgeWork::EdgeWork(World& world, std::vector<Machine*> edges, std::string ns, Prng scopes)
    : world_(world), edges_(std::move(edges)), ns_(std::move(ns)), rng_(world.fork_rng()), scopes_(scopes) {}

void EdgeWork::change_scopes() {
  for (Machine* machine : edges_) {
    for (std::uint64_t times = 1 + scopes_.below(3); times > 0; --times) {
      const Duration at = Duration::millis(static_cast<std::int64_t>(50 + scopes_.below(4000)));
      world_.queue().at(world_.now() + at, EventKind::kTimer, [this, machine] { change_scope(*machine); });
    }
  }
}

void EdgeWork::change_scope(Machine& machine) {
  std::vector<std::string> takes = {std::string(kTableKv)};
  if (scopes_.chance(2, 3)) takes.insert(takes.end(), {std::string(kTableRow), std::string(kTableLob)});
  if (scopes_.chance(1, 2)) takes.emplace_back(kTableAlerts);
  // Of an older release it cannot be asked that.
  if (stopping_ || !machine.healthy(ns_) || machine.older()) return;
  ScopeRequest request;
  request.subscribe = TableSet::of(std::move(takes));
  machine.ask(ns_, request, [](const Answer&) {});
}

void EdgeWork::tick() {
  if (stopping_ || edges_.empty()) return;
  Machine& machine = *edges_[rng_.below(edges_.size())];
  if (machine.healthy(ns_)) write(machine);
  const Duration pause = Duration::millis(static_cast<std::int64_t>(5 + rng_.below(300)));
  world_.queue().at(world_.now() + pause, EventKind::kTimer, [this] { tick(); });
}

void EdgeWork::write(Machine& machine) {
  constexpr std::uint64_t kKeys = 8;
  const Bytes key = fmt::format("{}:{}", machine.name(), rng_.below(kKeys));
  WriteRequest request;
  if (rng_.chance(1, 10)) {
    request.mutations = {change(kTableKv, "k:0", Bytes("never"))};
    machine.ask(ns_, request, [this, &machine](const Answer& answer) {
      if (!answer.lost && answer.reply.status.ok()) {
        world_.violation("edge", fmt::format("{} took a write of a table that it only follows", machine.name()));
      }
    });
    return;
  }
  const auto value = [&] { return Bytes(fmt::format("{}-{}", machine.name(), ++values_)); };
  request.mutations.push_back(change(kTableReadings, key, value()));
  if (rng_.chance(1, 2)) {
    request.mutations.push_back(
        change(kTableAlerts, key, rng_.chance(1, 4) ? std::nullopt : std::optional<Bytes>(value())));
  } else if (rng_.chance(1, 5)) {
    request.mutations.front() = change(kTableReadings, key, std::nullopt);
  }
  machine.ask(ns_, request, [](const Answer&) {});
}

void EdgeWork::write_ends(std::vector<Machine*> others, Prng ends) {
  others_ = std::move(others);
  ends_ = ends;
  tick_ends();
}

void EdgeWork::tick_ends() {
  if (stopping_ || edges_.empty()) return;
  write_end();
  const Duration pause = Duration::millis(static_cast<std::int64_t>(5 + ends_->below(400)));
  world_.queue().at(world_.now() + pause, EventKind::kTimer, [this] { tick_ends(); });
}

void EdgeWork::write_end() {
  constexpr std::uint64_t kKeys = 4;
  const bool of_all = !others_.empty() && ends_->chance(1, 2);
  const std::uint64_t at = ends_->below(edges_.size() + (of_all ? others_.size() : 0));
  Machine& machine = at < edges_.size() ? *edges_[at] : *others_[at - edges_.size()];
  const bool kept = !of_all && ends_->chance(1, 4);
  const bool number = ends_->chance(1, 4);
  const std::uint64_t what = ends_->below(8);
  const TimeToLive soon{TimeToLive::Kind::kFor, static_cast<std::int64_t>(50 + ends_->below(2000))};
  const Bytes key =
      fmt::format("{}:{}:{}", number ? "end-n" : "end", of_all ? "all" : machine.name(), ends_->below(kKeys));
  if (!machine.healthy(ns_) || !machine.takes_writes(ns_)) return;
  Mutation mutation = change(kept ? kTableReadings : kTableAlerts, key,
                             what == 0 ? std::nullopt : std::optional(Bytes(fmt::format("ends-{}", ++values_))));
  if (what > 0 && number) {
    mutation.kind = Mutation::Kind::kAdd;
    mutation.value.clear();
    mutation.delta = static_cast<std::int64_t>(what);
  }
  if (what == 1 || what == 2) {
    mutation.kind = Mutation::Kind::kDetail;
    mutation.value.clear();
    mutation.delta = 0;
    mutation.detail = ExpireChange{what == 1 ? TimeToLive{} : soon};
  } else if (what > 3) {
    mutation.ttl = soon;
  }
  WriteRequest request;
  request.mutations = {std::move(mutation)};
  machine.ask(ns_, std::move(request), [](const Answer&) {});
}

}  // namespace pando::sim

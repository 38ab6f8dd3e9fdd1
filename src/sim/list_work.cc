#include "sim/list_work.h"

#include <fmt/core.h>

#include "model/list.h"
#include "sim/checkers/checkers.h"

namespace pando::sim {
namespace {

Request change_list(const Bytes& key, Mutation::Detail detail) {
  Mutation mutation;
  mutation.kind = Mutation::Kind::kDetail;
  mutation.table = std::string(kTableLists);
  mutation.key = key;
  mutation.detail = std::move(detail);
  return WriteRequest{{std::move(mutation)}, false};
}

}  // namespace

ListWork::ListWork(World& world, std::vector<std::string> namespaces)
    : world_(world), namespaces_(std::move(namespaces)), rng_(world.fork_rng()) {}

void ListWork::tick() {
  if (stopping_) return;
  Machine& machine = *world_.machines()[rng_.below(world_.machines().size())];
  const std::string& ns = namespaces_[rng_.below(namespaces_.size())];
  // Several at once: what comes later for a key waits behind what waits.
  if (machine.healthy(ns) && holds_whole(machine, ns) && machine.takes_writes(ns)) {
    for (std::uint64_t left = 1 + rng_.below(3); left > 0; --left) machine.ask(ns, pick(), [](const Answer&) {});
  }
  const Duration pause = Duration::millis(static_cast<std::int64_t>(5 + rng_.below(400)));
  world_.queue().at(world_.now() + pause, EventKind::kTimer, [this] { tick(); });
}

Request ListWork::pick() {
  const Bytes key = fmt::format("list:{}", rng_.below(3));
  const ListEnd end = rng_.chance(1, 2) ? ListEnd::kFront : ListEnd::kBack;
  switch (rng_.below(8)) {
    case 0: return change_list(key, ListPop{end, 1 + static_cast<std::uint32_t>(rng_.below(3))});
    case 1: return change_list(key, ListCut{0, static_cast<std::int64_t>(rng_.below(20)), true});
    case 2:
    case 3:
    case 4: return GetItemsRequest{std::string(kTableLists), key};
    default: break;
  }
  ListPush push{end, {}};
  for (std::uint64_t left = 1 + rng_.below(6); left > 0; --left)
    push.values.push_back(fmt::format("item-{}", ++values_));
  return change_list(key, std::move(push));
}

}  // namespace pando::sim

// How often a commit crosses the network, for fleets of different shapes; printed, and held to a bound.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "sim/checkers/checkers.h"
#include "sim/fleet.h"

namespace pando::sim {
namespace {

constexpr std::string_view kNs = "main";

// dc1, dc2, … and who dials whom.
FleetPlan plan_of(std::size_t sites, const std::vector<std::pair<int, int>>& links) {
  FleetPlan plan;
  for (std::size_t i = 1; i <= sites; ++i) plan.sites.push_back({fmt::format("dc{}", i), true, {std::string(kNs)}});
  for (const auto& [from, to] : links) plan.links.push_back({fmt::format("dc{}", from), fmt::format("dc{}", to)});
  return plan;
}

// Every site writes every 10 ms or so, to its own key and to one of all.
class Writers {
 public:
  explicit Writers(World& world) : world_(world), rng_(world.fork_rng()) {}
  void run(Duration time) {
    until_ = world_.now() + time;
    for (const auto& machine : world_.machines()) write(*machine);
    world_.run_for(time);
  }

 private:
  void write(Machine& machine) {
    if (world_.now() >= until_) return;
    Mutation mutation;
    mutation.key = rng_.chance(1, 2) ? "shared" : machine.name();
    mutation.value = Bytes(50 + rng_.below(100), 'v');
    machine.ask(std::string(kNs), WriteRequest{{std::move(mutation)}, false}, [](const Answer&) {});
    const Duration pause{static_cast<std::int64_t>(rng_.below(20'000))};
    world_.queue().at(world_.now() + pause, EventKind::kTimer, [this, &machine] { write(machine); });
  }

  World& world_;
  Prng rng_;
  Instant until_{0};
};

std::uint64_t commits_received(const World& world) {
  std::uint64_t received = 0;
  for (const auto& machine : world.machines()) {
    const Result<StatsReply> stats = machine->node().stats(kNs);
    for (const StatsReply::Link& link : stats->links) received += link.received_commits;
  }
  return received;
}

std::uint64_t commits_made(const World& world) {
  std::uint64_t made = 0;
  const VersionVector all = world.machines().front()->context(std::string(kNs));
  for (const auto& entry : all.entries()) made += entry.second.value;
  return made;
}

TEST(Topology, EachCommitCrossesEachNodeAboutOnce) {
  struct Row {
    const char* shape;
    std::size_t sites;
    std::vector<std::pair<int, int>> links;
    double bodies_max;  // per commit and receiver
  };
  const Row rows[] = {
      {"mesh of 5", 5, {{1, 2}, {1, 3}, {1, 4}, {1, 5}, {2, 3}, {2, 4}, {2, 5}, {3, 4}, {3, 5}, {4, 5}}, 1.2},
      {"ring of 5", 5, {{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 1}}, 1.2},
      {"ring of 6", 6, {{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 1}}, 1.2},
      {"star of 5", 5, {{2, 1}, {3, 1}, {4, 1}, {5, 1}}, 1.0},
      {"chain of 5", 5, {{1, 2}, {2, 3}, {3, 4}, {4, 5}}, 1.0},
      {"tree of 7", 7, {{2, 1}, {3, 1}, {4, 2}, {5, 2}, {6, 3}, {7, 3}}, 1.0},
      {"two meshes of 3, joined twice", 6, {{1, 2}, {1, 3}, {2, 3}, {4, 5}, {4, 6}, {5, 6}, {1, 4}, {2, 5}}, 1.2},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.shape);
    CheckerSet checkers;
    World world({.seed = 7, .mutation = DriverMutation::kNone, .trace = {}});
    checkers.attach(world);
    build_fleet(plan_of(row.sites, row.links), world);
    for (const auto& machine : world.machines()) machine->boot();
    Writers writers(world);
    writers.run(Duration::seconds(1));
    std::string why;
    ASSERT_TRUE(world.settle(Duration::seconds(10), &why)) << why;
    const std::uint64_t made_before = commits_made(world);
    const std::uint64_t received_before = commits_received(world);
    writers.run(Duration::millis(1500));
    ASSERT_TRUE(world.settle(Duration::seconds(10), &why)) << why;
    const std::uint64_t made = commits_made(world) - made_before;
    const double per_receiver =
        static_cast<double>(commits_received(world) - received_before) / static_cast<double>(made * (row.sites - 1));
    fmt::print("{:<30} {:5} commits, sent {:.3f} times per receiver\n", row.shape, made, per_receiver);
    EXPECT_GT(made, 500u);
    EXPECT_LE(per_receiver, row.bodies_max);
    checkers.at_end();
    EXPECT_TRUE(world.violations().empty()) << world.violations().front().text;
  }
}

// The site that is written to sends each commit once, to the relayer; the relayer once to each that follows it.
TEST(Topology, AHundredFollowOneRelayer) {
  constexpr std::size_t kFollowers = 100;
  FleetPlan plan;
  const auto add = [&](std::string name, bool writable, const char* follows) {
    if (follows != nullptr) plan.links.push_back({name, follows, false});
    plan.sites.push_back({std::move(name), writable, {std::string(kNs)}});
  };
  add("dc1", true, nullptr);
  add("relayer", false, "dc1");
  for (std::size_t i = 1; i <= kFollowers; ++i) add(fmt::format("edge{}", i), false, "relayer");
  CheckerSet checkers;
  World world({.seed = 7, .mutation = DriverMutation::kNone, .trace = {}});
  checkers.attach(world);
  build_fleet(plan, world);
  for (const auto& machine : world.machines()) machine->boot();
  std::string why;
  ASSERT_TRUE(world.settle(Duration::seconds(10), &why)) << why;
  Machine& dc1 = *world.machines().front();
  constexpr std::size_t kWrites = 200;
  for (std::size_t i = 0; i < kWrites; ++i) {
    Mutation mutation;
    mutation.key = fmt::format("key{}", i % 10);
    mutation.value = Bytes(100, 'v');
    dc1.ask(std::string(kNs), WriteRequest{{std::move(mutation)}, false}, [](const Answer&) {});
    world.run_for(Duration::millis(5));
  }
  ASSERT_TRUE(world.settle(Duration::seconds(10), &why)) << why;
  const std::uint64_t made = commits_made(world);
  ASSERT_EQ(made, kWrites);
  const auto sent_by = [&](std::size_t machine) {
    std::uint64_t sent = 0;
    const StatsReply stats = *world.machines()[machine]->node().stats(kNs);
    for (const StatsReply::Link& link : stats.links) sent += link.sent_commits;
    return sent;
  };
  fmt::print("{} commits to {} followers of one relayer: sent {} times by who made them, {} times by the relayer\n",
             made, kFollowers, sent_by(0), sent_by(1));
  EXPECT_EQ(sent_by(0), made);
  EXPECT_EQ(sent_by(1), made * kFollowers);
  checkers.at_end();
  EXPECT_TRUE(world.violations().empty()) << world.violations().front().text;
}

}  // namespace
}  // namespace pando::sim

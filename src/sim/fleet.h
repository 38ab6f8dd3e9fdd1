// sim/fleet.h — which machines there are and who dials whom, as a plan; then as a world.
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

struct FleetPlan {
  struct Site {
    std::string name;
    bool writable = true;  // false: a relayer
    std::vector<std::string> namespaces;
    TableScope tables = {};
    repl::Release release = repl::kReleaseNow;  // until it is upgraded
  };
  struct Link {
    std::string from;  // dials
    std::string to;
    bool publish = true;
    std::size_t bytes_per_s_max = 0;
  };
  std::vector<Site> sites;
  std::vector<Link> links;  // for every namespace both ends hold
  std::vector<node::MergeGroupConfig> groups;
  std::uint64_t segment_bytes = 256 * 1024;
  log::Retention retention;
  std::uint64_t tail_bytes_max = 256 << 20;
  std::uint64_t tail_bytes_min = 4 << 20;
  std::size_t link_unacked_bytes_max = limits::kLinkUnackedBytesMax;
  std::size_t order_slice_cells = node::NamespaceConfig{}.order_slice_cells;
  std::size_t checkpoint_slice_cells = node::NamespaceConfig{}.checkpoint_slice_cells;
  std::size_t arrival_part_bytes = node::NamespaceConfig{}.arrival_part_bytes;
  Duration equality_interval{0};
  Duration checkpoint_interval = Duration::seconds(5);
  Duration frontier_lag_max{0};
  Duration free_after = Duration::seconds(60);

  const Site* find(std::string_view name) const;
};

// Every pair of writable sites; the first of a pair dials.
void connect_mesh(FleetPlan& plan);

// "dc1:4001": what others dial.
std::string address_of(std::string_view site);

// The same plan in the language of scenarios, one line each; every site starts late.
std::vector<std::string> fleet_lines(const FleetPlan& plan);

// One machine per site, none of them booted.
void build_fleet(const FleetPlan& plan, World& world);

}  // namespace pando::sim

#include "sim/fleet.h"

#include <algorithm>

namespace pando::sim {
namespace {

bool holds(const FleetPlan::Site& site, const std::string& ns) {
  return std::find(site.namespaces.begin(), site.namespaces.end(), ns) != site.namespaces.end();
}

}  // namespace

const FleetPlan::Site* FleetPlan::find(std::string_view name) const {
  for (const Site& site : sites) {
    if (site.name == name) return &site;
  }
  return nullptr;
}

void connect_mesh(FleetPlan& plan) {
  for (std::size_t i = 0; i < plan.sites.size(); ++i) {
    for (std::size_t j = i + 1; j < plan.sites.size(); ++j) {
      if (plan.sites[i].writable && plan.sites[j].writable)
        plan.links.push_back({plan.sites[i].name, plan.sites[j].name});
    }
  }
}

std::string address_of(std::string_view site) { return std::string(site) + ":4001"; }

void build_fleet(const FleetPlan& plan, World& world) {
  for (const FleetPlan::Site& site : plan.sites) {
    MachineConfig config;
    config.address = address_of(site.name);
    config.node.node_name = site.name;
    config.node.merge_groups = plan.groups;
    config.node.checkpoint_interval = plan.checkpoint_interval;
    config.node.frontier_lag_max = plan.frontier_lag_max;
    config.node.free_after = plan.free_after;
    config.node.link_unacked_bytes_max = plan.link_unacked_bytes_max;
    for (const std::string& ns : site.namespaces) {
      node::NamespaceConfig ns_config;
      ns_config.name = ns;
      ns_config.writable = site.writable;
      ns_config.notify = true;
      ns_config.tables = site.tables;
      ns_config.segment_bytes = plan.segment_bytes;
      ns_config.retention = plan.retention;
      ns_config.tail_bytes_max = plan.tail_bytes_max;
      ns_config.tail_bytes_min = plan.tail_bytes_min;
      ns_config.equality_interval = plan.equality_interval;
      ns_config.order_slice_cells = plan.order_slice_cells;
      ns_config.checkpoint_slice_cells = plan.checkpoint_slice_cells;
      ns_config.arrival_part_bytes = plan.arrival_part_bytes;
      ns_config.release = site.release;
      config.namespaces.push_back(std::move(ns_config));
    }
    for (const FleetPlan::Link& link : plan.links) {
      const FleetPlan::Site* peer = plan.find(link.to);
      if (link.from != site.name || peer == nullptr) continue;
      for (const std::string& ns : site.namespaces) {
        if (!holds(*peer, ns)) continue;
        node::LinkConfig link_config;
        link_config.config_name = link.to;
        link_config.address = address_of(link.to);
        link_config.ns = ns;
        link_config.publish = link.publish;
        link_config.bytes_per_s_max = link.bytes_per_s_max;
        config.node.links.push_back(std::move(link_config));
      }
    }
    world.add_machine(std::move(config));
  }
}

}  // namespace pando::sim

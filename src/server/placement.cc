#include "server/placement.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace pando::server {
namespace {

// The namespaces that must have one loop, in the order of their first ones.
std::vector<std::vector<std::string>> groups_of(const Config& config) {
  std::map<std::string, std::string> name_of;  // of its merge group
  for (const MergeGroup& group : config.merge_groups) {
    for (const std::string& ns : group.namespaces) name_of.emplace(ns, group.name);
  }
  std::vector<std::vector<std::string>> groups;
  std::map<std::string, std::size_t> place;  // by name of the merge group
  for (const std::string& ns : config.namespaces) {
    const auto named = name_of.find(ns);
    if (named == name_of.end()) {
      groups.push_back({ns});
      continue;
    }
    const auto [at, fresh] = place.emplace(named->second, groups.size());
    if (fresh) groups.emplace_back();
    groups[at->second].push_back(ns);
  }
  return groups;
}

}  // namespace

std::vector<std::vector<std::string>> place_namespaces(const Config& config, std::size_t loops_max) {
  CHECK(loops_max > 0);
  const std::vector<std::vector<std::string>> groups = groups_of(config);
  std::vector<std::vector<std::string>> loops(std::min(loops_max, groups.size()));
  for (const std::vector<std::string>& group : groups) {
    const auto least =
        std::min_element(loops.begin(), loops.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    least->insert(least->end(), group.begin(), group.end());
  }
  return loops;
}

}  // namespace pando::server

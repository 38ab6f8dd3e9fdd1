#include "cli/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "model/origin.h"

namespace pando::cli {
namespace {

using nlohmann::ordered_json;

std::string node_of(const std::string& origin) {
  const auto parsed = parse_origin(origin);
  return parsed ? parsed->node : origin;
}

// "alerts, readings"; empty for all.
std::string tables_text(const ordered_json& tables) {
  std::vector<std::string> names;
  for (const ordered_json& table : tables) names.push_back(table.is_string() ? table.get<std::string>() : "");
  if (names == std::vector<std::string>{"*"}) return {};
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

std::string scope_text(const ordered_json& ns) {
  const ordered_json scope = ns.value("tables", ordered_json::object());
  const ordered_json all = ordered_json::array({"*"});
  const std::string publishes = tables_text(scope.value("publish", all));
  const std::string subscribes = tables_text(scope.value("subscribe", all));
  std::string text;
  if (!publishes.empty()) text += fmt::format(", which publishes {}", publishes);
  if (!subscribes.empty()) {
    text += fmt::format("{} subscribes to {}", text.empty() ? ", which" : ", and", subscribes);
  }
  return text;
}

std::string link_text(const std::string& self, const ordered_json& link) {
  std::string text = link.value("state", "");
  if (text != "up") return text;
  const auto behind = link.value("behindCommits", std::uint64_t{0});
  text += behind == 0   ? fmt::format(", has everything of {}", self)
          : behind == 1 ? fmt::format(", lacks 1 commit of {}", self)
                        : fmt::format(", lacks {} commits of {}", behind, self);
  if (const std::string takes = tables_text(link.value("subscribes", ordered_json::array({"*"}))); !takes.empty()) {
    text += fmt::format(", takes {}", takes);
  }
  return text;
}

}  // namespace

std::string draw_topology(const ordered_json& ns) {
  struct Branch {
    std::string arrow;
    std::string peer;
    std::string text;
  };
  const std::string self = node_of(ns.value("origin", ""));
  std::vector<Branch> branches;
  std::set<std::string> known = {self};
  for (const ordered_json& link : ns.value("links", ordered_json::array())) {
    const std::string peer = link.value("peer", "");
    branches.push_back({link.value("dialed", false) ? "→" : "←", peer, link_text(self, link)});
    known.insert(peer);
  }
  std::set<std::string> behind;
  const ordered_json context = ns.value("context", ordered_json::object());
  for (const auto& entry : context.items()) behind.insert(node_of(entry.key()));
  for (const std::string& node : behind) {
    if (!known.contains(node)) branches.push_back({"·", node, "known by its commits"});
  }
  if (branches.empty()) return {};
  std::size_t width = 0;
  for (const Branch& branch : branches) width = std::max(width, branch.peer.size());
  std::string out = fmt::format("{}: {}{}\n", ns.value("namespace", ""), self, scope_text(ns));
  for (const Branch& branch : branches) {
    const bool last = &branch == &branches.back();
    out += fmt::format("{}{} {:<{}}  {}\n", last ? "└" : "├", branch.arrow, branch.peer, width, branch.text);
  }
  return out;
}

}  // namespace pando::cli

// The two files of a plan.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "sim/plan.h"
#include "sim/scenario_script.h"
#include "sim/toml_section.h"

namespace pando::sim {
namespace {

struct KindName {
  std::string_view name;
  PlanFault::Kind kind;
};
constexpr KindName kKinds[] = {
    {"down", PlanFault::Kind::kDown},   {"crash", PlanFault::Kind::kCrash},        {"power", PlanFault::Kind::kPower},
    {"cut", PlanFault::Kind::kCut},     {"one-way", PlanFault::Kind::kOneWay},     {"slow", PlanFault::Kind::kSlow},
    {"clock", PlanFault::Kind::kClock}, {"disk-full", PlanFault::Kind::kDiskFull},
};
constexpr Duration kPlanMax = Duration::seconds(366 * 24 * 3600);

void read_quality(TomlSection& section, LinkQuality& quality) {
  Duration delay = quality.delay_max;
  section.duration("delay", delay);
  if (delay.us < 0) section.mistake("delay", "is not before now");
  if (section.has("delay")) quality.delay_min = quality.delay_max = delay;
  section.parsed("bandwidth", parse_bandwidth, quality.bytes_per_s);
  section.parsed("loss", parse_loss, quality.lost_of_million);
}

class PlanReader {
 public:
  Result<Plan> read(const PlanFile& topology, const PlanFile& faults) {
    mistakes_.file = topology.name;
    if (const auto table = parse(topology)) read_topology(*table);
    std::vector<std::string> all = std::move(mistakes_.lines);
    mistakes_.lines.clear();
    // Who is meant by a fault is known only once the topology is.
    if (all.empty() && !faults.name.empty()) {
      mistakes_.file = faults.name;
      if (const auto table = parse(faults)) read_faults(*table);
      all = std::move(mistakes_.lines);
    }
    if (all.empty()) return plan_;
    std::string text;
    for (const std::string& line : all) text += (text.empty() ? "" : "\n") + line;
    return fail(StatusCode::kInvalidArgument, std::move(text));
  }

 private:
  std::optional<toml::table> parse(const PlanFile& file) {
    try {
      return toml::parse(file.text, file.name);
    } catch (const toml::parse_error& error) {
      mistakes_.add(error.source().begin.line, "", error.description());
      return std::nullopt;
    }
  }

  void read_topology(const toml::table& table) {
    TomlSection top(table, "", mistakes_);
    top.number("seed", 0, INT64_MAX, plan_.seed);
    read_nodes(table);
    read_links(table);
    read_settings(table);
    for (const auto& [key, node] : table) {
      const bool known = key == "seed" || key == "nodes" || key == "links" || key == "load" || key == "log";
      if (!known) mistakes_.add(node.source().begin.line, key.str(), "is not a key that is known here");
    }
  }

  void read_nodes(const toml::table& table) {
    const toml::array* nodes = table["nodes"].as_array();
    if (nodes == nullptr || nodes->empty()) return mistakes_.add(1, "nodes", "a fleet has [[nodes]], one or more");
    for (const toml::node& entry : *nodes) {
      const toml::table* node = entry.as_table();
      if (node == nullptr) return mistakes_.add(entry.source().begin.line, "nodes", "each is a table: [[nodes]]");
      TomlSection section(*node, "nodes", mistakes_);
      std::string name;
      section.require("name");
      section.text("name", name);
      std::string site = name;
      section.text("site", site);
      std::string role = "writes";
      section.text("role", role);
      if (role != "writes" && role != "relayer") section.mistake("role", "is \"writes\" or \"relayer\"");
      if (plan_.fleet.find(name) != nullptr) section.mistake("name", fmt::format("\"{}\" is there twice", name));
      section.finish();
      plan_.fleet.sites.push_back({name, role == "writes", {"main"}});
      plan_.sites.emplace_back(name, site);
    }
  }

  void read_links(const toml::table& table) {
    if (!table.contains("links")) {
      connect_mesh(plan_.fleet);
      for (const FleetPlan::Link& link : plan_.fleet.links) plan_.links.push_back({link.from, link.to, {}});
      return;
    }
    const toml::array* links = table["links"].as_array();
    if (links == nullptr)
      return mistakes_.add(table["links"].node()->source().begin.line, "links", "each is [[links]]");
    for (const toml::node& entry : *links) {
      const toml::table* one = entry.as_table();
      if (one == nullptr) return mistakes_.add(entry.source().begin.line, "links", "each is a table: [[links]]");
      TomlSection section(*one, "links", mistakes_);
      PlanLink link;
      for (const auto& [key, end] : {std::pair{"from", &link.from}, std::pair{"to", &link.to}}) {
        section.require(key);
        if (section.text(key, *end) && plan_.fleet.find(*end) == nullptr) {
          section.mistake(key, fmt::format("there is no node \"{}\"", *end));
        }
      }
      read_quality(section, link.quality);
      section.finish();
      const FleetPlan::Site* from = plan_.fleet.find(link.from);
      plan_.fleet.links.push_back({link.from, link.to, from == nullptr || from->writable});
      plan_.links.push_back(std::move(link));
    }
  }

  void read_settings(const toml::table& table) {
    if (const toml::table* load = table["load"].as_table()) {
      TomlSection section(*load, "load", mistakes_);
      section.number("writes_per_hour", 0, 100'000'000, plan_.load.writes_per_hour);
      section.number("keys", 1, 1'000'000, plan_.load.keys);
      section.number("value_bytes", 0, 1 << 20, plan_.load.value_bytes);
      section.duration("for", plan_.load.lasts);
      in_bounds(section, "for", plan_.load.lasts);
      section.finish();
    }
    if (const toml::table* log = table["log"].as_table()) {
      TomlSection section(*log, "log", mistakes_);
      constexpr std::int64_t kBytesMax = std::int64_t{1} << 40;
      section.number("segment_bytes", 16 << 10, 1 << 30, plan_.fleet.segment_bytes);
      plan_.fleet.retention.on = true;
      section.number("keep_bytes", 0, kBytesMax, plan_.fleet.retention.keep_bytes);
      section.number("retain_bytes", 0, kBytesMax, plan_.fleet.retention.retain_bytes);
      section.duration("retain_for", plan_.fleet.retention.retain_age);
      in_bounds(section, "retain_for", plan_.fleet.retention.retain_age);
      section.finish();
    }
  }

  void in_bounds(TomlSection& section, std::string_view key, Duration duration) {
    if (duration.us < 0 || duration.us > kPlanMax.us) section.mistake(key, "is from 0s to 366d");
  }

  void read_faults(const toml::table& table) {
    const toml::array* faults = table["fault"].as_array();
    if (faults == nullptr) return mistakes_.add(1, "fault", "a fault plan has [[fault]], one or more");
    for (const auto& [key, node] : table) {
      if (key != "fault") mistakes_.add(node.source().begin.line, key.str(), "is not a key that is known here");
    }
    for (const toml::node& entry : *faults) {
      const toml::table* one = entry.as_table();
      if (one == nullptr) return mistakes_.add(entry.source().begin.line, "fault", "each is a table: [[fault]]");
      TomlSection section(*one, "fault", mistakes_);
      read_fault(section);
    }
    std::stable_sort(plan_.faults.begin(), plan_.faults.end(),
                     [](const PlanFault& a, const PlanFault& b) { return a.at < b.at; });
  }

  void read_fault(TomlSection& section) {
    PlanFault fault;
    std::string kind;
    section.require("kind");
    if (!section.text("kind", kind)) return;
    const auto* known =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& k) { return k.name == kind; });
    if (known == std::end(kKinds)) {
      return section.mistake("kind", "is one of: down crash power cut one-way slow clock disk-full");
    }
    fault.kind = known->kind;
    Duration at{0};
    section.require("at");
    section.duration("at", at);
    in_bounds(section, "at", at);
    fault.at = Instant{at.us};
    if (fault.kind != PlanFault::Kind::kClock) section.require("for");
    section.duration("for", fault.lasts);
    in_bounds(section, "for", fault.lasts);
    const std::string who = read_ends(section, fault);
    if (fault.kind == PlanFault::Kind::kSlow) {
      fault.quality.delay_max = Duration::millis(200);
      read_quality(section, fault.quality);
    }
    if (fault.kind == PlanFault::Kind::kClock) {
      section.require("by");
      section.duration("by", fault.by);
    }
    section.finish();
    fault.words = words_for(fault, who);
    plan_.faults.push_back(std::move(fault));
  }

  // Who it happens to: node or site, or both ends of what lies between.
  std::string read_ends(TomlSection& section, PlanFault& fault) {
    std::vector<std::string> ends;
    if (fault.kind == PlanFault::Kind::kOneWay) {
      for (const char* key : {"from", "to"}) {
        section.require(key);
        std::string end;
        if (section.text(key, end))
          named(section, key, end, key == std::string_view("to") ? fault.others : fault.nodes);
        ends.push_back(end);
      }
      return fmt::format("from {} to {}", ends[0], ends[1]);
    }
    const bool of_links = fault.kind == PlanFault::Kind::kCut || fault.kind == PlanFault::Kind::kSlow;
    if (of_links && section.has("between")) {
      section.words("between", ends);
      if (ends.size() != 2) {
        section.mistake("between", "names two, nodes or sites");
        return {};
      }
      named(section, "between", ends[0], fault.nodes);
      named(section, "between", ends[1], fault.others);
      return fmt::format("between {} and {}", ends[0], ends[1]);
    }
    std::string end;
    const char* key = section.has("node") ? "node" : "site";
    if (!section.has(key)) section.mistake(key, of_links ? "is missing, or between" : "is missing, or node");
    if (section.text(key, end)) named(section, key, end, fault.nodes);
    if (!of_links) return end;
    for (const auto& [node, site] : plan_.sites) {
      if (std::find(fault.nodes.begin(), fault.nodes.end(), node) == fault.nodes.end()) fault.others.push_back(node);
    }
    return fmt::format("between {} and all others", end);
  }

  // The nodes of that site, or the one of that name.
  void named(TomlSection& section, std::string_view key, const std::string& name, std::vector<std::string>& nodes) {
    for (const auto& [node, site] : plan_.sites) {
      if (node == name || site == name) nodes.push_back(node);
    }
    if (nodes.empty()) section.mistake(key, fmt::format("there is no node or site \"{}\"", name));
  }

  static std::string words_for(const PlanFault& fault, const std::string& who) {
    const std::string lasts = plain_words(fault.lasts);
    switch (fault.kind) {
      case PlanFault::Kind::kDown: return fmt::format("{} is down for {}", who, lasts);
      case PlanFault::Kind::kCrash: return fmt::format("{} is killed, and back after {}", who, lasts);
      case PlanFault::Kind::kPower: return fmt::format("{} loses power, and is back after {}", who, lasts);
      case PlanFault::Kind::kCut: return fmt::format("nothing passes {} for {}", who, lasts);
      case PlanFault::Kind::kOneWay: return fmt::format("nothing passes {} for {}", who, lasts);
      case PlanFault::Kind::kSlow: return fmt::format("it is slow {} for {}", who, lasts);
      case PlanFault::Kind::kClock:
        return fmt::format("the clock of {} jumps by {}{}", who, plain_words(fault.by),
                           fault.lasts.us > 0 ? " for " + lasts : "");
      case PlanFault::Kind::kDiskFull: return fmt::format("the disk of {} is full for {}", who, lasts);
    }
    return who;
  }

  TomlMistakes mistakes_;
  Plan plan_;
};

}  // namespace

Result<std::uint64_t> parse_bandwidth(std::string_view text) {
  const std::size_t unit_at = text.find_first_not_of("0123456789");
  const std::uint64_t number = std::strtoull(std::string(text.substr(0, unit_at)).c_str(), nullptr, 10);
  const std::string_view unit = unit_at == std::string_view::npos ? "" : text.substr(unit_at);
  struct Unit {
    std::string_view name;
    std::uint64_t times, per;
  };
  constexpr Unit kUnits[] = {{"bit", 1, 8}, {"kbit", 1000, 8}, {"Mbit", 1'000'000, 8}, {"Gbit", 1'000'000'000, 8},
                             {"B", 1, 1},   {"kB", 1000, 1},   {"MB", 1'000'000, 1}};
  for (const Unit& one : kUnits) {
    if (one.name != unit || number == 0 || number > 1'000'000) continue;
    if (const std::uint64_t bytes = number * one.times / one.per; bytes > 0) return bytes;
  }
  return fail(StatusCode::kInvalidArgument,
              fmt::format("\"{}\" is not a bandwidth like \"50kbit\", \"10Mbit\", \"1MB\" (a second)", text));
}

Result<std::uint32_t> parse_loss(std::string_view text) {
  const std::string given(text);
  char* end = nullptr;
  const double percent = std::strtod(given.c_str(), &end);
  if (end == given.c_str() || std::string_view(end) != "%" || !(percent >= 0) || percent > 90) {
    return fail(StatusCode::kInvalidArgument, fmt::format("\"{}\" is not a loss like \"0.5%\", up to 90%", text));
  }
  return static_cast<std::uint32_t>(std::llround(percent * 10'000));
}

Result<Plan> read_plan(const PlanFile& topology, const PlanFile& faults) { return PlanReader().read(topology, faults); }

}  // namespace pando::sim

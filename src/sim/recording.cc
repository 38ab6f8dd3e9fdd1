#include "sim/recording.h"

#include <fmt/core.h>

#include "sim/scenario_requests.h"
#include "sim/scenario_script.h"

namespace pando::sim {
namespace {

// "t3-17": the seventeenth request of the third machine.
std::string transaction_name(const Asked& asked) {
  return fmt::format("t{}-{}", asked.machine->index() + 1, asked.number);
}

std::string joined_words(std::string_view verb, const std::vector<std::string>& words) {
  std::string line(verb);
  for (const std::string& word : words) line += " " + word;
  return line;
}

void describe_sites(const FleetPlan& plan, std::vector<std::string>& lines) {
  for (const FleetPlan::Site& site : plan.sites) {
    if (site.writable) {
      lines.push_back("nodes " + site.name);
      continue;
    }
    std::string line = fmt::format("relayer {} follows", site.name);
    for (const FleetPlan::Link& link : plan.links) {
      if (link.from == site.name && !link.publish) line += " " + link.to;
    }
    lines.push_back(std::move(line));
  }
  for (const FleetPlan::Site& site : plan.sites) {
    if (!site.tables.publish.all) {
      lines.push_back(joined_words("publishes " + site.name, site.tables.publish.names));
    }
    if (!site.tables.subscribe.all) {
      lines.push_back(joined_words("subscribes " + site.name, site.tables.subscribe.names));
    }
  }
  for (const FleetPlan::Site& site : plan.sites) {
    if (site.release != repl::kReleaseNow) {
      lines.push_back(fmt::format("release {} {}", site.name, repl::release_name(site.release)));
    }
  }
  for (const FleetPlan::Link& link : plan.links) {
    if (!link.publish) continue;
    lines.push_back(fmt::format("link {} {}", link.from, link.to));
    if (link.bytes_per_s_max != 0) lines.back() += fmt::format(" {}", link.bytes_per_s_max);
  }
}

}  // namespace

std::vector<std::string> fleet_lines(const FleetPlan& plan) {
  std::vector<std::string> lines;
  describe_sites(plan, lines);
  lines.push_back(joined_words("namespaces", plan.sites.front().namespaces));
  for (const node::MergeGroupConfig& group : plan.groups) {
    lines.push_back(joined_words("group " + group.name, group.namespaces));
  }
  lines.push_back(fmt::format("segments {}", plan.segment_bytes));
  lines.push_back(fmt::format("checkpoints every {}", duration_words(plan.checkpoint_interval)));
  if (plan.retention.on) {
    lines.push_back(fmt::format("retain {} keep {} grace {}", plan.retention.retain_bytes, plan.retention.keep_bytes,
                                duration_words(plan.retention.grace)));
  }
  lines.push_back(fmt::format("tail {} {}", plan.tail_bytes_max, plan.tail_bytes_min));
  if (plan.link_unacked_bytes_max != FleetPlan{}.link_unacked_bytes_max) {
    lines.push_back(fmt::format("credit {}", plan.link_unacked_bytes_max));
  }
  if (plan.order_slice_cells != FleetPlan{}.order_slice_cells) {
    lines.push_back(fmt::format("order-slices {}", plan.order_slice_cells));
  }
  if (plan.checkpoint_slice_cells != FleetPlan{}.checkpoint_slice_cells) {
    lines.push_back(fmt::format("checkpoint-slices {}", plan.checkpoint_slice_cells));
  }
  if (plan.arrival_part_bytes != FleetPlan{}.arrival_part_bytes) {
    lines.push_back(fmt::format("arrival-parts {}", plan.arrival_part_bytes));
  }
  if (plan.equality_interval.us > 0) lines.push_back("equality " + duration_words(plan.equality_interval));
  lines.push_back(fmt::format("frontier {}", duration_words(plan.frontier_lag_max)));
  lines.push_back(fmt::format("free-after {}", duration_words(plan.free_after)));
  std::vector<std::string> names;
  for (const FleetPlan::Site& site : plan.sites) names.push_back(site.name);
  lines.push_back(joined_words("late", names));
  return lines;
}

Recorder::Recorder(World& world, Recording& into) : world_(world), into_(into) {
  world_.add_observer(*this);
  world_.tell_deeds();
}

std::string Recorder::name_of(const Bytes& transaction) const {
  const auto known = transactions_.find(transaction);
  return known == transactions_.end() ? "unknown" : known->second;
}

std::optional<std::string> Recorder::words(const Asked& asked) {
  const auto part = [&](const Bytes& id, const std::optional<std::string>& words) -> std::optional<std::string> {
    if (!words) return std::nullopt;
    return fmt::format("TX {} {}", name_of(id), *words);
  };
  if (const auto* begin = std::get_if<TxBeginRequest>(&asked.request)) {
    std::string line = fmt::format("TX {} BEGIN", transaction_name(asked));
    if (begin->operation) line += *begin->operation == TxOperation::kPut ? " put" : " delete";
    if (begin->entry_type) {
      line += *begin->entry_type == TxEntryType::kKv    ? " kv"
              : *begin->entry_type == TxEntryType::kRow ? " row"
                                                        : " lob";
    }
    return line;
  }
  if (const auto* append = std::get_if<TxAppendRequest>(&asked.request)) {
    return part(append->id, words_of(*append->mutation));
  }
  if (const auto* lob = std::get_if<TxAppendLobRequest>(&asked.request)) {
    return part(lob->id, fmt::format("LOB {} SIZE {}", quoted(lob->key), lob->chunk.size()));
  }
  if (const auto* lob = std::get_if<TxDeleteLobRequest>(&asked.request)) {
    return part(lob->id, "LOBDEL " + quoted(lob->key));
  }
  if (const auto* commit = std::get_if<TxCommitRequest>(&asked.request)) return part(commit->id, "COMMIT");
  if (const auto* abort = std::get_if<TxAbortRequest>(&asked.request)) return part(abort->id, "ABORT");
  const std::optional<std::string> plain = words_of(asked.request);
  if (!plain) return std::nullopt;
  if (asked.terms.transaction) return part(*asked.terms.transaction, *plain);
  return *plain + words_of(asked.terms);
}

void Recorder::on_asked(const Asked& asked) {
  if (stopped_) return;
  const std::optional<std::string> line = words(asked);
  if (!line) {
    ++into_.wordless;
    return;
  }
  into_.steps.push_back({world_.now(), fmt::format("{}/{}> {}", asked.machine->name(), asked.ns, *line)});
}

void Recorder::on_answer(const Asked& asked, const Answer& answer) {
  const auto* begun = std::get_if<TxBegunReply>(&answer.reply.body);
  if (!answer.lost && begun != nullptr) transactions_[begun->id] = transaction_name(asked);
}

void Recorder::on_deed(const std::string& line) {
  if (!stopped_) into_.steps.push_back({world_.now(), line});
}

}  // namespace pando::sim

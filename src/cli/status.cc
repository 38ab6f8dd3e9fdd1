#include "cli/status.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/data_commands.h"
#include "cli/node_client.h"
#include "cli/table.h"
#include "cli/topology.h"

namespace pando::cli {
namespace {

using nlohmann::ordered_json;
using Row = std::vector<TableCell>;

TableCell heading(std::string text, bool right = false) { return {std::move(text), Tint::kDim, right}; }

TableCell number(const ordered_json& from, const char* field) {
  return {fmt::to_string(from.value(field, std::uint64_t{0})), Tint::kPlain, true};
}

// 1536 → "1.5 KiB"
std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  double amount = static_cast<double>(bytes);
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) {
    amount /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

Row namespace_row(const ordered_json& ns) {
  if (ns.contains("error")) {
    return {{ns.value("namespace", ""), Tint::kBold}, {"down", Tint::kBad}, {ns.value("error", "")}};
  }
  return {{ns.value("namespace", ""), Tint::kBold},
          ns.value("draining", false) ? TableCell{"draining", Tint::kWarning} : TableCell{"ready", Tint::kGood},
          {ns.value("origin", "")},
          number(ns, "commits"),
          number(ns, "changes"),
          number(ns, "durable"),
          number(ns, "opsFlushed"),
          number(ns, "logSegments"),
          {bytes_text(ns.value("logBytes", std::uint64_t{0})), Tint::kPlain, true},
          number(ns, "conflicts")};
}

Row link_row(const ordered_json& ns, const ordered_json& link) {
  const std::string state = link.value("state", "");
  return {{ns.value("namespace", ""), Tint::kBold},
          {link.value("dialed", false) ? "→" : "←"},
          {link.value("peer", "")},
          {state, state == "up" ? Tint::kGood : Tint::kBad},
          number(link, "behindCommits"),
          number(link, "sentCommits"),
          number(link, "receivedCommits")};
}

// "kv, row" of those tables of a peer that were the same, or were not.
std::string tables_text(const ordered_json& proofs, const std::string& peer, bool equal) {
  std::string text;
  for (const ordered_json& proof : proofs) {
    if (proof.value("peer", "") != peer || proof.value("equal", false) != equal) continue;
    text += (text.empty() ? "" : ", ") + proof.value("table", "");
  }
  return text;
}

// A row per peer that was compared.
void add_converged(const ordered_json& ns, std::vector<Row>& rows) {
  const ordered_json proofs = ns.value("converged", ordered_json::array());
  std::string last;
  for (const ordered_json& proof : proofs) {
    const std::string peer = proof.value("peer", "");
    if (peer == last) continue;
    last = peer;
    const std::string differ = tables_text(proofs, peer, false);
    rows.push_back({{ns.value("namespace", ""), Tint::kBold},
                    {peer},
                    differ.empty() ? TableCell{"yes", Tint::kGood} : TableCell{"no", Tint::kBad},
                    {differ.empty() ? tables_text(proofs, peer, true) : "differ: " + differ}});
  }
}

}  // namespace

std::string format_status(const ordered_json& status, bool colour) {
  std::vector<Row> namespaces = {{heading("NAMESPACE"), heading("STATE"), heading("ORIGIN"), heading("COMMITS", true),
                                  heading("CHANGES", true), heading("DURABLE", true), heading("STORED", true),
                                  heading("SEGMENTS", true), heading("LOG", true), heading("CONFLICTS", true)}};
  std::vector<Row> links = {{heading("NAMESPACE"), heading(" "), heading("PEER"), heading("LINK"),
                             heading("BEHIND", true), heading("SENT", true), heading("RECEIVED", true)}};
  std::vector<Row> converged = {{heading("NAMESPACE"), heading("PEER"), heading("CONVERGED"), heading("TABLES")}};
  std::vector<Row> down;
  std::string drawn;
  for (const ordered_json& ns : status["namespaces"]) {
    (ns.contains("error") ? down : namespaces).push_back(namespace_row(ns));
    add_converged(ns, converged);
    if (const std::string drawing = draw_topology(ns); !drawing.empty()) drawn += "\n" + drawing;
    for (const ordered_json& link : ns.value("links", ordered_json::array())) links.push_back(link_row(ns, link));
  }
  std::string out;
  if (namespaces.size() > 1) out += format_table(namespaces, colour);
  if (!down.empty()) out += format_table(down, colour);
  if (links.size() > 1) out += "\n" + format_table(links, colour);
  if (converged.size() > 1) out += "\n" + format_table(converged, colour);
  out += drawn;
  return out;
}

int run_status(const StatusCommand& command) {
  Result<NodeClient> client = NodeClient::connect_node(command.target);
  if (!client) return complain(client.error());
  const auto readiness = client->readiness();
  if (!readiness) return complain(readiness.error());
  ordered_json status{{"url", "http://" + client->http().address()}, {"ready", readiness->ready}};
  status["namespaces"] = ordered_json::array();
  bool all_well = true;
  for (const std::string& ns : readiness->namespaces) {
    if (!command.target.ns.empty() && ns != command.target.ns) continue;
    if (readiness->reasons.contains(ns)) {
      status["namespaces"].push_back({{"namespace", ns}, {"error", readiness->reasons[ns]}});
      all_well = false;
      continue;
    }
    const auto stats = client->ask_text(ns, "GET", "/stats", "");
    if (!stats) return complain(stats.error());
    status["namespaces"].push_back(ordered_json::parse(*stats, nullptr, false));
  }
  if (status["namespaces"].empty()) {
    return complain(Status(StatusCode::kNotFound, fmt::format("namespace not found: {}", command.target.ns)));
  }
  const std::string text = command.json ? status.dump(2) + "\n" : format_status(status, colour_stdout());
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return all_well ? kExitOk : kExitFailed;
}

}  // namespace pando::cli

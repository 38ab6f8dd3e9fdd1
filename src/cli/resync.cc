#include "cli/resync.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/data_commands.h"
#include "cli/node_client.h"
#include "cli/table.h"

namespace pando::cli {
namespace {

using nlohmann::json;

TableCell count_of(const json& from, const char* field) {
  return {fmt::to_string(from.value(field, std::uint64_t{0})), Tint::kPlain, true};
}

std::string commits_text(std::uint64_t count) {
  return count == 1 ? std::string("1 commit") : fmt::format("{} commits", count);
}

}  // namespace

std::string format_resync(const json& answer, bool colour) {
  std::vector<std::vector<TableCell>> rows;
  rows.emplace_back();
  for (const char* name :
       {"TABLE", "CELLS", "KEYS DIFFER", "ONLY HERE", "ONLY THERE", "UNLIKE", "BYTES HERE", "BYTES THERE"}) {
    rows.back().push_back({name, Tint::kDim, !rows.back().empty()});
  }
  std::uint64_t keys = 0;
  for (const json& table : answer.value("tables", json::array())) {
    const std::uint64_t differing = table.value("keys", std::uint64_t{0});
    keys += differing;
    rows.push_back({{table.value("table", ""), Tint::kBold},
                    count_of(table, "cells"),
                    {fmt::to_string(differing), differing == 0 ? Tint::kGood : Tint::kBad, true},
                    count_of(table, "onlyHere"),
                    count_of(table, "onlyThere"),
                    count_of(table, "unlike"),
                    count_of(table, "bytesHere"),
                    count_of(table, "bytesThere")});
  }
  std::string out = rows.size() > 1 ? format_table(rows, colour) : std::string();
  const std::string peer = answer.value("peer", "");
  const std::uint64_t ahead = answer.value("aheadCommits", std::uint64_t{0});
  const std::uint64_t behind = answer.value("behindCommits", std::uint64_t{0});
  if (ahead == 0 && behind == 0) {
    out += fmt::format("Both had seen the same commits when they were compared.\n");
  } else {
    out += fmt::format("When they were compared, {} lacked {} of this node, and this node {} of {}.\n", peer,
                       commits_text(ahead), commits_text(behind), peer);
  }
  if (keys == 0) {
    out += fmt::format("Nothing differs from {}.\n", peer);
  } else if (answer.value("merged", false)) {
    out += fmt::format("What {} had is merged in here; what only this node had stays.\n", peer);
  } else {
    out += "Nothing was changed.\n";
  }
  return out;
}

int run_resync(const ResyncCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  json body = {{"dryRun", command.dry_run}};
  if (!command.peer.empty()) body["peer"] = command.peer;
  const auto answer = client->ask("POST", "/resync", body.dump());
  if (!answer) return complain(answer.error());
  const std::string text = command.json ? answer->dump(2) + "\n" : format_resync(*answer, colour_stdout());
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return kExitOk;
}

}  // namespace pando::cli

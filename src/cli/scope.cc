#include "cli/scope.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "cli/data_commands.h"
#include "cli/node_client.h"

namespace pando::cli {
namespace {

using nlohmann::json;

json names_of(const std::string& text) {
  json names = json::array();
  if (text == "none") return names;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    if (end > from) names.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return names;
}

std::string in_words(const json& tables) {
  if (tables.empty()) return "no tables";
  std::string words;
  for (const json& table : tables) {
    if (table == "*") return "all tables";
    words += (words.empty() ? "" : ", ") + table.get<std::string>();
  }
  return words;
}

}  // namespace

json scope_change(const ScopeCommand& command) {
  json body;
  if (!command.publish.empty()) body["publish"] = names_of(command.publish);
  if (!command.subscribe.empty()) body["subscribe"] = names_of(command.subscribe);
  if (!body.is_null() && command.discard) body["discard"] = true;
  return body;
}

std::string format_scope(const json& answer) {
  std::string out =
      fmt::format("publishes   {}\nsubscribes  {}\n", in_words(answer.at("publish")), in_words(answer.at("subscribe")));
  if (const std::string arriving = answer.value("arriving", ""); !arriving.empty()) {
    out += fmt::format("here        {}\narriving    {}\n", in_words(answer.at("held")), arriving);
  }
  const json& configured = answer.at("configured");
  if (configured.at("publish") != answer.at("publish") || configured.at("subscribe") != answer.at("subscribe")) {
    out += fmt::format("changed at run time: the configuration says publishes {}, subscribes {}\n",
                       in_words(configured.at("publish")), in_words(configured.at("subscribe")));
  }
  return out;
}

int run_scope(const ScopeCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  const json change = scope_change(command);
  const auto answer =
      change.is_null() ? client->ask("GET", "/scope", "") : client->ask("PATCH", "/scope", change.dump());
  if (!answer) return complain(answer.error());
  const std::string text = command.json ? answer->dump(2) + "\n" : format_scope(*answer);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return kExitOk;
}

}  // namespace pando::cli

#include "cli/nodes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "cli/data_commands.h"
#include "cli/node_client.h"
#include "cli/table.h"

namespace pando::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kDrainLookEvery{200};

std::uint64_t count_in(const json& answer, const char* field) { return answer.value(field, std::uint64_t{0}); }

std::string several(std::uint64_t count, const char* one, const char* more) {
  return fmt::format("{} {}", count, count == 1 ? one : more);
}

// The namespaces of the node that were asked for, in its order.
Result<std::vector<std::string>> namespaces_of(NodeClient& client, const Target& target) {
  const auto readiness = client.readiness();
  if (!readiness) return fail(readiness.error());
  std::vector<std::string> found;
  for (const std::string& ns : readiness->namespaces) {
    if (target.ns.empty() || ns == target.ns) found.push_back(ns);
  }
  if (found.empty()) return fail(StatusCode::kNotFound, fmt::format("namespace not found: {}", target.ns));
  return found;
}

// Asks every namespace; the answers, in their order.
Result<json> ask_all(NodeClient& client, const std::vector<std::string>& namespaces, const std::string& method,
                     const std::string& path, const std::string& body = {}) {
  json answers = json::array();
  for (const std::string& ns : namespaces) {
    auto answer = client.ask(ns, method, path, body);
    if (!answer) return fail(answer.error().with_context(ns));
    answers.push_back(*std::move(answer));
  }
  return answers;
}

bool all_say(const json& answers, const char* field) {
  for (const json& answer : answers) {
    if (!answer.value(field, false)) return false;
  }
  return true;
}

void say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Rewrites one line of a terminal; of a pipe nothing is said before the end.
class Progress {
 public:
  Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (terminal_ && shown_) fmt::print(stderr, "\r\033[K");
  }
  void show(const json& answers) {
    if (!terminal_) return;
    std::string line;
    for (const json& answer : answers) {
      std::string one = format_drain(answer, false);
      one.pop_back();
      line += (line.empty() ? "" : " | ") + one;
    }
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
    shown_ = true;
  }

 private:
  const bool terminal_;
  bool shown_ = false;
};

std::string date_of(std::uint64_t at_ms) {
  const std::time_t at = static_cast<std::time_t>(at_ms / 1000);
  std::tm parts{};
  gmtime_r(&at, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

}  // namespace

std::string format_drain(const json& answer, bool colour) {
  const std::string ns = tinted(answer.value("namespace", ""), Tint::kBold, colour);
  if (!answer.value("draining", false)) return fmt::format("{}  takes writes\n", ns);
  std::string peers;
  std::string behind;
  for (const json& peer : answer.value("peers", json::array())) {
    const std::string name = peer.value("peer", "");
    peers += (peers.empty() ? "" : ", ") + name;
    const std::uint64_t lacks = count_in(peer, "lacksCommits");
    if (lacks > 0) behind += fmt::format(", {} lacks {}", name, several(lacks, "commit", "commits"));
  }
  if (answer.value("safe", false)) {
    return fmt::format("{}  {}: {} has everything on disk\n", ns, tinted("safe to stop", Tint::kGood, colour), peers);
  }
  std::string rest = behind;
  if (const std::uint64_t open = count_in(answer, "transactions"); open > 0) {
    rest += ", " + several(open, "transaction is open", "transactions are open");
  }
  if (const std::uint64_t held = count_in(answer, "counters"); held > 0) {
    rest += ", rights of " + several(held, "bounded counter are", "bounded counters are") + " still here";
  }
  if (answer.value("looking", false)) rest += ", looking for bounded counters";
  if (peers.empty()) rest += ", no peer is linked that takes all tables";
  return fmt::format("{}  draining{}\n", ns, rest.empty() ? std::string() : ": " + rest.substr(2));
}

std::string drain_stuck(const json& answer) {
  if (!answer.value("peers", json::array()).empty()) return {};
  return fmt::format(
      "{}: no peer that takes all tables is linked now, so what only this node has can go nowhere; it goes on "
      "draining. "
      "pando status shows the links",
      answer.value("namespace", ""));
}

std::string format_retire(const json& answer, bool colour) {
  const std::string node = answer.value("node", "");
  const bool done = answer.value("done", false);
  std::string out = fmt::format("{}  {} {}, up to epoch {}: {} of it here, and they stay.\n",
                                tinted(answer.value("namespace", ""), Tint::kBold, colour), node,
                                done ? "is retired" : "would be retired", count_in(answer, "epoch"),
                                several(count_in(answer, "commits"), "commit", "commits"));
  if (const std::uint64_t missing = count_in(answer, "missingCommits"); missing > 0) {
    out += tinted(fmt::format(
                      "  {} of it that it had acknowledged {} not here: only its disk has {}. {} merged in if that "
                      "disk is ever started again.",
                      several(missing, "commit", "commits"), missing == 1 ? "is" : "are", missing == 1 ? "it" : "them",
                      missing == 1 ? "It is" : "They are"),
                  Tint::kWarning, colour) +
           "\n";
  }
  if (const std::uint64_t counters = count_in(answer, "counters"); counters > 0) {
    out +=
        tinted(fmt::format("  It holds {} of {}, which nobody else can use: it may have used them unseen. Had it been "
                           "drained, they would be elsewhere.",
                           several(count_in(answer, "rights"), "right", "rights"),
                           several(counters, "bounded counter", "bounded counters")),
               Tint::kWarning, colour) +
        "\n";
  }
  return out;
}

std::string format_nodes(const json& answers, bool colour) {
  using Row = std::vector<TableCell>;
  std::vector<Row> rows = {{{"NAMESPACE", Tint::kDim},
                            {"NODE", Tint::kDim},
                            {"STATE", Tint::kDim},
                            {"EPOCH", Tint::kDim, true},
                            {"COMMITS", Tint::kDim, true},
                            {"RETIRED", Tint::kDim}}};
  for (const json& answer : answers) {
    for (const json& node : answer.value("nodes", json::array())) {
      const std::string state = node.value("state", "");
      const Tint tint = state == "retired" ? Tint::kDim : state == "away" ? Tint::kBad : Tint::kGood;
      std::string retired;
      if (const json said = node.value("retired", json()); said.is_object()) {
        retired = fmt::format("epoch {} by {}, {} UTC", count_in(said, "epoch"), said.value("by", ""),
                              date_of(count_in(said, "atMs")));
      }
      rows.push_back({{answer.value("namespace", ""), Tint::kBold},
                      {node.value("node", "")},
                      {state, tint},
                      {fmt::to_string(count_in(node, "epoch")), Tint::kPlain, true},
                      {fmt::to_string(count_in(node, "commits")), Tint::kPlain, true},
                      {retired}});
    }
  }
  return format_table(rows, colour);
}

int run_nodes(const NodesCommand& command) {
  Result<NodeClient> client = NodeClient::connect_node(command.target);
  if (!client) return complain(client.error());
  const auto namespaces = namespaces_of(*client, command.target);
  if (!namespaces) return complain(namespaces.error());
  const Result<json> answers = ask_all(*client, *namespaces, "GET", "/nodes");
  if (!answers) return complain(answers.error());
  say(command.json ? answers->dump(2) + "\n" : format_nodes(*answers, colour_stdout()));
  return kExitOk;
}

int run_drain(const DrainCommand& command) {
  Result<NodeClient> client = NodeClient::connect_node(command.target);
  if (!client) return complain(client.error());
  const auto namespaces = namespaces_of(*client, command.target);
  if (!namespaces) return complain(namespaces.error());
  Result<json> answers = ask_all(*client, *namespaces, command.undo ? "DELETE" : "POST", "/drain");
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(command.wait_ms);
  {
    Progress progress;
    while (answers && !command.undo && !all_say(*answers, "safe") && std::chrono::steady_clock::now() < until) {
      progress.show(*answers);
      std::this_thread::sleep_for(kDrainLookEvery);
      answers = ask_all(*client, *namespaces, "GET", "/drain");
      // Somebody else undid it, or the process was restarted.
      if (answers && !all_say(*answers, "draining")) break;
    }
  }
  if (!answers) return complain(answers.error());
  std::string text;
  for (const json& answer : *answers) text += format_drain(answer, colour_stdout());
  say(command.json ? answers->dump(2) + "\n" : text);
  if (command.undo || all_say(*answers, "safe")) return kExitOk;
  for (const json& answer : *answers) {
    if (const std::string why = drain_stuck(answer); !why.empty()) fmt::print(stderr, "pando: {}\n", why);
  }
  return complain(
      Status(StatusCode::kTimeout,
             all_say(*answers, "draining")
                 ? "not safe to stop yet; the node goes on draining (pando drain again to look, pando drain "
                   "--undo to have it take writes)"
                 : "the node is not draining any more"));
}

int run_retire(const RetireCommand& command) {
  Result<NodeClient> client = NodeClient::connect_node(command.target);
  if (!client) return complain(client.error());
  const auto namespaces = namespaces_of(*client, command.target);
  if (!namespaces) return complain(namespaces.error());
  const std::string path = "/nodes/" + percent_encode(command.node) + "/retire";
  json answers = json::array();
  Status last(StatusCode::kNotFound, "nothing to retire");
  for (const std::string& ns : *namespaces) {
    const auto answer =
        client->ask(ns, "POST", path, json{{"dryRun", !command.yes}, {"diskLost", command.disk_lost}}.dump());
    // A node need not be in every namespace.
    if (!answer && answer.error().code() != StatusCode::kNotFound) return complain(answer.error().with_context(ns));
    if (!answer) {
      last = answer.error();
    } else {
      answers.push_back(*answer);
    }
  }
  if (answers.empty()) return complain(last);
  std::string text;
  for (const json& answer : answers) text += format_retire(answer, colour_stdout());
  say(command.json ? answers.dump(2) + "\n" : text);
  if (command.yes) return kExitOk;
  const std::string_view gone =
      command.disk_lost ? "is gone for good and its disk will never be started again" : "is gone for good";
  fmt::print(stderr, "pando: nothing was changed. If {} {}: pando retire {}{} --yes\n", command.node, gone,
             command.node, command.disk_lost ? " --disk-lost" : "");
  return kExitFailed;
}

}  // namespace pando::cli

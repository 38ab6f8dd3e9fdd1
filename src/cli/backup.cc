#include "cli/backup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/data_commands.h"
#include "cli/node_client.h"
#include "cli/table.h"

namespace pando::cli {
namespace {

using nlohmann::json;

std::uint64_t count_in(const json& answer, const char* field) { return answer.value(field, std::uint64_t{0}); }

std::string context_text(const json& answer) {
  std::string text;
  const json context = answer.value("context", json::object());
  for (const auto& [origin, seq] : context.items()) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", origin, seq.get<std::uint64_t>());
  }
  return text.empty() ? "nothing" : text;
}

int print_answer(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return kExitOk;
}

// It may take minutes: whoever looks on is told that something is under way.
void tell_begun(std::string_view text) {
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "{}\n", text);
}

}  // namespace

std::string format_backup(const json& answer, bool colour) {
  return fmt::format("{}  {} cells, {} bytes\nHolds exactly {}.\n",
                     tinted(answer.value("path", ""), Tint::kBold, colour), count_in(answer, "cells"),
                     count_in(answer, "bytes"), context_text(answer));
}

std::string format_restore(const json& answer, const std::string& table, bool colour) {
  const bool dry = answer.value("dryRun", false);
  std::string out =
      fmt::format("{}  {} cells, made by {}, holds {}\n", tinted(answer.value("path", ""), Tint::kBold, colour),
                  count_in(answer, "cells"), answer.value("node", ""), context_text(answer));
  if (!table.empty()) {
    out += fmt::format("{} keys of table {} {} written again.\n", count_in(answer, "keysWritten"), table,
                       dry ? "would be" : "were");
    if (const std::uint64_t left = count_in(answer, "keysLeftOut"); left > 0) {
      out += tinted(fmt::format("{} keys cannot be written again (bounded counters, limiters, or too large).", left),
                    Tint::kWarning, colour) +
             "\n";
    }
    return out;
  }
  if (count_in(answer, "newsCommits") == 0) {
    out +=
        "Nothing in it is news here: all it has seen was seen here, and what is gone was taken away since.\n"
        "To have such keys written again: pando restore --table TABLE.\n";
    return out;
  }
  out += fmt::format("{} commits of it were not known here; {} cells {}.\n", count_in(answer, "newsCommits"),
                     count_in(answer, "changedCells"), dry ? "would change" : "changed");
  return out;
}

int run_backup(const BackupCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  tell_begun(fmt::format("{} writes a backup of {} …", command.target.url, client->ns()));
  const auto answer = client->ask("POST", "/backup", json{{"path", command.path}}.dump());
  if (!answer) return complain(answer.error());
  return print_answer(command.json ? answer->dump(2) + "\n" : format_backup(*answer, colour_stdout()));
}

int run_restore(const RestoreCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  json body = {{"path", command.path}, {"foreign", command.foreign}, {"dryRun", command.dry_run}};
  if (!command.table.empty()) body["table"] = command.table;
  tell_begun(fmt::format("{} reads {} and compares it with {} …", command.target.url, command.path, client->ns()));
  const auto answer = client->ask("POST", "/restore", body.dump());
  if (!answer) return complain(answer.error());
  return print_answer(command.json ? answer->dump(2) + "\n" : format_restore(*answer, command.table, colour_stdout()));
}

}  // namespace pando::cli

// cli/command_line.h — what was typed, understood: one Command, or a sentence about what is wrong with it.
//
// Pure: no file, no environment, no output. cli/help.h has the texts that explain the commands; a test holds
// the two together.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "cli/args.h"
#include "cli/crdt_client.h"
#include "cli/log_inspect.h"

namespace pando::cli {

// Exit codes of every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // asked properly, did not work: no answer, refused, not found
inline constexpr int kExitUsage = 2;   // the command line or the configuration cannot be used

struct ServeCommand {
  enum class Role : std::uint8_t { kReplicator, kRelayer, kRelay };
  Role role = Role::kReplicator;
  std::string config = "./config.toml";
  std::string ports_file;
};

// Which node, and which of its namespaces; empty: the only one it has.
struct Target {
  std::string url = "http://127.0.0.1:8001";
  std::string ns;
};
struct GetCommand {
  Target target;
  Bytes key;
  bool raw = false;   // this namespace's own bytes, not the merge group's winner
  bool json = false;  // the server's answer as it is
};
struct PutCommand {
  Target target;
  Bytes key;
  Bytes value;
  bool from_stdin = false;
};
struct DeleteCommand {
  Target target;
  Bytes key;
};
struct IncrCommand {
  Target target;
  Bytes key;
  std::int64_t by = 1;
};
struct WatchCommand {
  Target target;
  Bytes prefix;
  std::string cursor;
  std::uint64_t count = 0;  // leave after so many events; 0: never
  bool json = false;
};
struct StatusCommand {
  Target target;
  bool json = false;
};
struct ResyncCommand {
  Target target;
  std::string peer;      // empty: the only one
  bool dry_run = false;  // only say what differs
  bool json = false;
};
struct ScopeCommand {
  Target target;
  std::string publish;    // names with commas between, * for all, none for none; empty: stays
  std::string subscribe;  // the same
  bool discard = false;
  bool json = false;
};
struct BackupCommand {
  Target target;
  std::string path;
  bool json = false;
};
struct RestoreCommand {
  Target target;
  std::string path;
  std::string into;      // a data directory; empty: a running node
  bool clone = false;    // with `into`
  std::string table;     // only this one
  bool foreign = false;  // without `into`
  bool dry_run = false;  // without `into`
  bool json = false;
};
struct DrainCommand {
  Target target;  // no namespace: all
  bool undo = false;
  std::int64_t wait_ms = 600'000;  // for it to be safe
  bool json = false;
};
struct RetireCommand {
  Target target;  // no namespace: all that know the node
  std::string node;
  bool yes = false;        // else only say what would be lost
  bool disk_lost = false;  // its disk will not come back
  bool json = false;
};
struct NodesCommand {
  Target target;  // no namespace: all
  bool json = false;
};
struct CrdtClientCommand {
  CrdtClientOptions options;
};
struct LogInspectCommand {
  LogInspectOptions options;
};
struct SimCommand {
  Arguments arguments;  // of pando-sim
};
struct HelpCommand {
  std::string topic;  // a verb, or empty for the overview
};
struct VersionCommand {};

using Command =
    std::variant<ServeCommand, GetCommand, PutCommand, DeleteCommand, IncrCommand, WatchCommand, StatusCommand,
                 ResyncCommand, ScopeCommand, BackupCommand, RestoreCommand, DrainCommand, RetireCommand, NodesCommand,
                 CrdtClientCommand, LogInspectCommand, SimCommand, HelpCommand, VersionCommand>;

// `args` without the program's name, in any style of cli/args.h. kInvalidArgument with the sentence.
Result<Command> parse_command_line(const Arguments& args);

// Every verb, aliases included, in the order of the help.
const std::vector<std::string>& verbs();

}  // namespace pando::cli

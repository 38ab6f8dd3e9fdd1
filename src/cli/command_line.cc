#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <optional>

namespace pando::cli {
namespace {

const std::vector<std::string_view> kValueFlags = {
    "--config",
    "-c",
    "--ports-file",
    "--env",
    "-e",
    "--url",
    "--ns",
    "--cursor",
    "--count",
    "--source",
    "--until-events",
    "--timeout",
    "--curve-server-key",
    "--from",
    "--topology",
    "--faults",
    "--into",
    "--as",
    "--table",
};

Status usage(std::string text) { return Status(StatusCode::kInvalidArgument, std::move(text)); }

std::string see(const std::string& verb) {
  return verb.empty() ? "see: pando help" : fmt::format("see: pando help {}", verb);
}

// Parses `args` with what `declare` put into the parser. Unknown flags and words are named, with a guess.
Status parse(const std::string& verb, const Arguments& args, CLI::App& app) {
  app.set_help_flag();
  app.allow_extras();
  Arguments reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return usage(fmt::format("{}: {}; {}", verb, error.what(), see(verb)));
  }
  Arguments extra = app.remaining();
  extra.erase(std::remove(extra.begin(), extra.end(), "--"), extra.end());  // only said where flags end
  if (extra.empty()) return {};
  if (extra.front().size() < 2 || extra.front()[0] != '-') {
    return usage(fmt::format("{}: unexpected argument '{}'; {}", verb, extra.front(), see(verb)));
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  const std::string flag = extra.front().substr(0, extra.front().find('='));
  const std::optional<std::string> guess = closest_word(flag, known);
  return usage(fmt::format("{}: unknown flag '{}'{}; {}", verb, flag,
                           guess ? fmt::format(", did you mean {}?", *guess) : "", see(verb)));
}

void add_target(CLI::App& app, Target& target) {
  app.add_option("--url", target.url, "node");
  app.add_option("--ns", target.ns, "namespace");
}

Result<Command> serve(const std::string& verb, const Arguments& args) {
  ServeCommand command;
  bool grpc = false;
  std::string env;
  CLI::App app;
  app.add_option("-c,--config", command.config, "configuration file");
  app.add_option("--ports-file", command.ports_file, "where to write the bound addresses");
  app.add_flag("-G,--grpc", grpc, "serve gRPC");
  app.add_option("-e,--env", env, "accepted for existing scripts, has no effect");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  if (verb == "replicator" || verb == "server") {
    command.role = ServeCommand::Role::kReplicator;
  } else {
    command.role = verb == "relay" || grpc ? ServeCommand::Role::kRelay : ServeCommand::Role::kRelayer;
  }
  return Command(std::move(command));
}

Result<Command> get(const std::string& verb, const Arguments& args) {
  GetCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("KEY", command.key, "key")->required();
  app.add_flag("--raw", command.raw, "not merged");
  app.add_flag("--json", command.json, "the answer as it is");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> put(const std::string& verb, const Arguments& args) {
  PutCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("KEY", command.key, "key")->required();
  app.add_option("VALUE", command.value, "value, or - for standard input")->required();
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  command.from_stdin = command.value == "-";
  return Command(std::move(command));
}

Result<Command> erase(const std::string& verb, const Arguments& args) {
  DeleteCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("KEY", command.key, "key")->required();
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> incr(const std::string& verb, const Arguments& args) {
  IncrCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("KEY", command.key, "key")->required();
  app.add_option("BY", command.by, "how much");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> watch(const std::string& verb, const Arguments& args) {
  WatchCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("PREFIX", command.prefix, "beginning of the keys");
  app.add_option("--cursor", command.cursor, "resume after this event");
  app.add_option("--count", command.count, "leave after so many");
  app.add_flag("--json", command.json, "one object per line");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> status(const std::string& verb, const Arguments& args) {
  StatusCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_flag("--json", command.json, "one object");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> resync(const std::string& verb, const Arguments& args) {
  ResyncCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("PEER", command.peer, "node name");
  app.add_flag("--dry-run", command.dry_run, "only say what differs");
  app.add_flag("--json", command.json, "one object");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> scope(const std::string& verb, const Arguments& args) {
  ScopeCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("--publish", command.publish, "tables whose writes go to others");
  app.add_option("--subscribe", command.subscribe, "tables taken from others");
  app.add_flag("--discard", command.discard, "what only this node holds of tables it takes anew may go");
  app.add_flag("--json", command.json, "one object");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  if (command.discard && command.subscribe.empty()) {
    return fail(usage("scope: --discard is about tables that --subscribe names; see: pando help scope"));
  }
  return Command(std::move(command));
}

Result<Command> backup(const std::string& verb, const Arguments& args) {
  BackupCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("FILE", command.path, "below the backup root")->required();
  app.add_flag("--json", command.json, "one object");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> restore(const std::string& verb, const Arguments& args) {
  RestoreCommand command;
  std::string as = "merge";
  CLI::App app;
  add_target(app, command.target);
  app.add_option("FILE", command.path, "a backup")->required();
  app.add_option("--into", command.into, "a data directory that no process has open");
  app.add_option("--as", as, "merge or clone");
  app.add_option("--table", command.table, "only this one");
  app.add_flag("--foreign", command.foreign, "though no writer of it is known");
  app.add_flag("--dry-run", command.dry_run, "only say what it would change");
  app.add_flag("--json", command.json, "one object");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  if (as != "merge" && as != "clone") {
    return fail(usage(fmt::format("{}: --as wants merge or clone, not '{}'; {}", verb, as, see(verb))));
  }
  command.clone = as == "clone";
  if (command.clone && command.into.empty()) {
    return fail(usage(fmt::format("{}: a clone is made in a directory of its own: --into DIR; {}", verb, see(verb))));
  }
  if (!command.into.empty() && (command.foreign || command.dry_run)) {
    return fail(
        usage(fmt::format("{}: --foreign and --dry-run are for running nodes, without --into; {}", verb, see(verb))));
  }
  return Command(std::move(command));
}

Result<Command> retire(const std::string& verb, const Arguments& args) {
  RetireCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_option("NODE", command.node, "that is gone")->required();
  app.add_flag("--yes", command.yes, "do it");
  app.add_flag("--disk-lost", command.disk_lost, "its disk is lost with it");
  app.add_flag("--json", command.json, "one array");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

Result<Command> nodes(const std::string& verb, const Arguments& args) {
  NodesCommand command;
  CLI::App app;
  add_target(app, command.target);
  app.add_flag("--json", command.json, "one array");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  return Command(std::move(command));
}

// "500ms", "10s" or "10" (seconds).
std::optional<std::chrono::milliseconds> parse_timeout(const std::string& text) {
  static const std::map<std::string, std::int64_t> kUnits{{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60'000}};
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto unit = kUnits.find(text.substr(digits));
  if (digits == 0 || digits > 9 || unit == kUnits.end()) return std::nullopt;
  return std::chrono::milliseconds(std::stoll(text.substr(0, digits)) * unit->second);
}

Result<Command> drain(const std::string& verb, const Arguments& args) {
  DrainCommand command;
  std::string timeout;
  CLI::App app;
  add_target(app, command.target);
  app.add_flag("--undo", command.undo, "take writes again");
  app.add_option("--timeout", timeout, "how long to wait");
  app.add_flag("--json", command.json, "one array");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  if (timeout.empty()) return Command(std::move(command));
  const auto wait = parse_timeout(timeout);
  if (!wait)
    return fail(usage(fmt::format("{}: --timeout wants 500ms or 10s, not '{}'; {}", verb, timeout, see(verb))));
  command.wait_ms = wait->count();
  return Command(std::move(command));
}

Result<Command> crdt(const std::string& verb, const Arguments& args) {
  CrdtClientCommand command;
  std::vector<std::string> sources;
  std::string timeout;
  CLI::App app;
  app.add_option("--source", sources, "NS=ENDPOINT");
  app.add_option("--until-events", command.options.until_events, "leave after so many");
  app.add_option("--timeout", timeout, "for --until-events");
  app.add_option("--curve-server-key", command.options.curve_server_key, "publishers' key");
  app.add_flag("--verbose", command.options.verbose, "tell about connections");
  PANDO_RETURN_IF_ERROR(parse(verb, args, app));
  if (!sources.empty()) command.options.sources.clear();
  for (const std::string& text : sources) {
    std::string why;
    const auto source = parse_crdt_source(text, &why);
    if (!source) return fail(usage(fmt::format("{}: --source: {}; {}", verb, why, see(verb))));
    command.options.sources.push_back(*source);
  }
  if (!timeout.empty()) {
    command.options.timeout = parse_timeout(timeout);
    if (!command.options.timeout) {
      return fail(usage(fmt::format("{}: --timeout wants 500ms or 10s, not '{}'; {}", verb, timeout, see(verb))));
    }
  }
  return Command(std::move(command));
}

Result<Command> log(const std::string& verb, const Arguments& args) {
  if (args.empty() || args.front() != "inspect") {
    return fail(usage(fmt::format("log: say what to do with it: pando log inspect DIR; {}", see(verb))));
  }
  LogInspectCommand command;
  CLI::App app;
  app.add_option("DIR", command.options.directory, "directory")->required();
  app.add_flag("--json", command.options.json, "one object per line");
  app.add_option("--from", command.options.first, "first position");
  PANDO_RETURN_IF_ERROR(parse("log", Arguments(args.begin() + 1, args.end()), app));
  return Command(std::move(command));
}

Result<Command> sim(const std::string&, const Arguments& args) {
  SimCommand command;
  std::string topology;
  std::string faults;
  CLI::App app;
  app.add_option("--topology", topology, "the fleet")->required();
  app.add_option("--faults", faults, "what goes wrong with it");
  PANDO_RETURN_IF_ERROR(parse("sim", args, app));
  command.arguments = {"--topology", topology};
  if (!faults.empty()) command.arguments.insert(command.arguments.end(), {"--faults", faults});
  return Command(std::move(command));
}

Result<Command> help(const std::string&, const Arguments& args) {
  const std::string topic = args.empty() ? "" : args.front();
  if (!topic.empty() && std::find(verbs().begin(), verbs().end(), topic) == verbs().end()) {
    const auto guess = closest_word(topic, verbs());
    return fail(usage(fmt::format("help: no command '{}'{}; see: pando help", topic,
                                  guess ? fmt::format(", did you mean '{}'?", *guess) : "")));
  }
  return Command(HelpCommand{topic});
}

Result<Command> version(const std::string&, const Arguments&) { return Command(VersionCommand{}); }

using Parse = Result<Command> (*)(const std::string& verb, const Arguments& args);
const std::vector<std::pair<std::string, Parse>>& parsers() {
  static const std::vector<std::pair<std::string, Parse>> kParsers = {
      {"replicator", serve}, {"server", serve},  {"relayer", serve}, {"replica", serve},    {"relay", serve},
      {"put", put},          {"get", get},       {"delete", erase},  {"del", erase},        {"incr", incr},
      {"watch", watch},      {"status", status}, {"resync", resync}, {"crdt-client", crdt}, {"log", log},
      {"scope", scope},      {"drain", drain},   {"retire", retire}, {"nodes", nodes},      {"backup", backup},
      {"restore", restore},  {"sim", sim},       {"help", help},     {"version", version},
  };
  return kParsers;
}

bool asks_for_help(const Arguments& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end, [](const std::string& arg) { return arg == "-h" || arg == "--help"; });
}

}  // namespace

const std::vector<std::string>& verbs() {
  static const std::vector<std::string> kVerbs = [] {
    std::vector<std::string> names;
    for (const auto& [name, parser] : parsers()) names.push_back(name);
    return names;
  }();
  return kVerbs;
}

Result<Command> parse_command_line(const Arguments& typed) {
  const Arguments args = normalise_arguments(typed, kValueFlags);
  if (args.empty()) return fail(usage("say what to do; see: pando help"));
  const std::string& verb = args.front();
  if (verb == "--version") return Command(VersionCommand{});
  for (const auto& [name, parser] : parsers()) {
    if (name != verb) continue;
    if (asks_for_help(args)) return Command(HelpCommand{verb});
    return parser(verb, Arguments(args.begin() + 1, args.end()));
  }
  if (asks_for_help(args)) return Command(HelpCommand{});
  if (verb[0] == '-') return fail(usage("say what to do, for example: pando -config FILE replicator; see: pando help"));
  const auto guess = closest_word(verb, verbs());
  return fail(usage(fmt::format("no command '{}'{}; see: pando help", verb,
                                guess ? fmt::format(", did you mean '{}'?", *guess) : "")));
}

}  // namespace pando::cli

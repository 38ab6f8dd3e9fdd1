#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "cli/help.h"

namespace pando::cli {
namespace {

template <typename T>
T parsed(const Arguments& args) {
  Result<Command> command = parse_command_line(args);
  EXPECT_TRUE(command.has_value()) << command.error().message();
  EXPECT_TRUE(command.has_value() && std::holds_alternative<T>(*command));
  return command.has_value() && std::holds_alternative<T>(*command) ? std::get<T>(*command) : T{};
}

TEST(CommandLine, EveryWayToStartAServer) {
  using Role = ServeCommand::Role;
  const struct {
    Arguments typed;
    Role role;
    std::string config;
    std::string ports_file;
  } kCases[] = {
      {{"-config", "dc1.toml", "replicator"}, Role::kReplicator, "dc1.toml", ""},
      {{"--config", "dc1.toml", "server"}, Role::kReplicator, "dc1.toml", ""},
      {{"-config=dc1.toml", "replicator"}, Role::kReplicator, "dc1.toml", ""},
      {{"replicator", "-c", "dc1.toml"}, Role::kReplicator, "dc1.toml", ""},
      {{"replicator", "--config=dc1.toml", "-ports-file", "p.json"}, Role::kReplicator, "dc1.toml", "p.json"},
      {{"replicator"}, Role::kReplicator, "./config.toml", ""},
      {{"-config", "r.toml", "relayer"}, Role::kRelayer, "r.toml", ""},
      {{"replica", "-config", "r.toml"}, Role::kRelayer, "r.toml", ""},
      {{"relay", "-config", "r.toml"}, Role::kRelay, "r.toml", ""},
      {{"-grpc", "-config", "r.toml", "relayer"}, Role::kRelay, "r.toml", ""},
      {{"relayer", "-G", "-c", "r.toml"}, Role::kRelay, "r.toml", ""},
      {{"-env", "prod", "-config", "x", "replicator"}, Role::kReplicator, "x", ""},
  };
  for (const auto& c : kCases) {
    const auto command = parsed<ServeCommand>(c.typed);
    EXPECT_EQ(command.role, c.role);
    EXPECT_EQ(command.config, c.config);
    EXPECT_EQ(command.ports_file, c.ports_file);
  }
}

TEST(CommandLine, DataCommands) {
  const auto get = parsed<GetCommand>({"get", "lww:a/b", "--ns", "ad", "--raw", "--url", "http://h:1"});
  EXPECT_EQ(get.key, "lww:a/b");
  EXPECT_EQ(get.target.ns, "ad");
  EXPECT_EQ(get.target.url, "http://h:1");
  EXPECT_TRUE(get.raw);
  EXPECT_EQ(parsed<GetCommand>({"get", "k"}).target.url, "http://127.0.0.1:8001");

  EXPECT_EQ(parsed<PutCommand>({"put", "k", "v"}).value, "v");
  EXPECT_TRUE(parsed<PutCommand>({"put", "k", "-"}).from_stdin);
  EXPECT_EQ(parsed<PutCommand>({"put", "--", "-k", "-v"}).key, "-k");
  EXPECT_EQ(parsed<PutCommand>({"put", "k", ""}).value, "") << "the empty value is a value";

  EXPECT_EQ(parsed<DeleteCommand>({"del", "k"}).key, "k");
  EXPECT_EQ(parsed<IncrCommand>({"incr", "k"}).by, 1);
  EXPECT_EQ(parsed<IncrCommand>({"incr", "k", "-5"}).by, -5);
  EXPECT_EQ(parsed<IncrCommand>({"incr", "k", "7", "--ns", "a"}).by, 7);

  const auto watch = parsed<WatchCommand>({"watch", "lww:", "--cursor", "c", "--count", "3", "--json"});
  EXPECT_EQ(watch.prefix, "lww:");
  EXPECT_EQ(watch.cursor, "c");
  EXPECT_EQ(watch.count, 3u);
  EXPECT_TRUE(watch.json);
  EXPECT_TRUE(parsed<StatusCommand>({"status", "--json"}).json);
}

TEST(CommandLine, Tools) {
  const auto client = parsed<CrdtClientCommand>(
      {"crdt-client", "--source", "a=tcp://h:1", "--source", "b=tcp://h:2", "--until-events", "3", "--timeout", "2s"});
  ASSERT_EQ(client.options.sources.size(), 2u);
  EXPECT_EQ(client.options.sources[1].ns, "b");
  EXPECT_EQ(client.options.until_events, 3u);
  EXPECT_EQ(client.options.timeout, std::chrono::milliseconds(2000));
  EXPECT_EQ(parsed<CrdtClientCommand>({"crdt-client"}).options.sources.size(), 2u) << "the tutorial's two";

  const auto inspect = parsed<LogInspectCommand>({"log", "inspect", "d", "--json", "--from", "7"});
  EXPECT_EQ(inspect.options.directory, "d");
  EXPECT_EQ(inspect.options.first, 7u);
  parsed<VersionCommand>({"version"});
  parsed<VersionCommand>({"--version"});
}

TEST(CommandLine, Help) {
  EXPECT_EQ(parsed<HelpCommand>({"help"}).topic, "");
  EXPECT_EQ(parsed<HelpCommand>({"--help"}).topic, "");
  EXPECT_EQ(parsed<HelpCommand>({"-h"}).topic, "");
  EXPECT_EQ(parsed<HelpCommand>({"help", "get"}).topic, "get");
  EXPECT_EQ(parsed<HelpCommand>({"get", "--help"}).topic, "get");
  EXPECT_EQ(parsed<PutCommand>({"put", "--", "-h", "v"}).key, "-h");
  for (const std::string& verb : verbs()) EXPECT_FALSE(help_text(verb).empty()) << verb;
  EXPECT_TRUE(help_text("nonsense").empty());
}

TEST(CommandLine, MistakesAreNamedWithAGuess) {
  const struct {
    Arguments typed;
    std::string_view sentence;
  } kCases[] = {
      {{}, "say what to do; see: pando help"},
      {{"-config", "x"}, "say what to do, for example: pando -config FILE replicator; see: pando help"},
      {{"replicatr"}, "no command 'replicatr', did you mean 'replicator'?; see: pando help"},
      {{"frobnicate"}, "no command 'frobnicate'; see: pando help"},
      {{"help", "gte"}, "help: no command 'gte', did you mean 'get'?; see: pando help"},
      {{"replicator", "-confg", "x"},
       "replicator: unknown flag '--confg', did you mean --config?; see: pando help replicator"},
      {{"get", "k", "--jsn"}, "get: unknown flag '--jsn', did you mean --json?; see: pando help get"},
      {{"get", "k", "--colour=red"}, "get: unknown flag '--colour'; see: pando help get"},
      {{"get", "k", "extra"}, "get: unexpected argument 'extra'; see: pando help get"},
      {{"log"}, "log: say what to do with it: pando log inspect DIR; see: pando help log"},
      {{"sim", "--topolgy", "x"}, "sim: --topology is required; see: pando help sim"},
      {{"crdt-client", "--timeout", "soon"},
       "crdt-client: --timeout wants 500ms or 10s, not 'soon'; see: pando help crdt-client"},
  };
  for (const auto& c : kCases) {
    const Result<Command> command = parse_command_line(c.typed);
    ASSERT_FALSE(command.has_value()) << c.sentence;
    EXPECT_EQ(command.error().message(), c.sentence);
  }
  for (const Arguments& missing : {Arguments{"get"}, Arguments{"put", "k"}, Arguments{"incr", "k", "much"},
                                   Arguments{"watch", "--count", "x"}, Arguments{"replicator", "-config"}}) {
    EXPECT_FALSE(parse_command_line(missing).has_value()) << missing[0];
  }
}

}  // namespace
}  // namespace pando::cli

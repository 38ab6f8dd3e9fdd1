// deterministic: floating point, as text of one client's words.
// The server: what it serves, how it is set, how it fares.
#include <fmt/format.h>

#include <algorithm>

#include "api/resp_command.h"
#include "api/resp_glob.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr double kSleepMax = 3600;  // seconds

std::string unknown_subcommand(std::string_view command, ByteSpan word) {
  return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", word.substr(0, 128), command);
}

void command(RespCall& call) {
  RespWriter to = call.writer();
  const auto& all = resp_commands();
  if (call.size() == 1) {
    to.array(all.size());
    for (const RespCommand& one : all) append_command_info(one, to);
  } else if (call.is(1, "count") && call.size() == 2) {
    to.integer(static_cast<std::int64_t>(all.size()));
  } else if (call.is(1, "list") && call.size() == 2) {
    to.array(all.size());
    for (const RespCommand& one : all) to.bulk(one.name);
  } else if (call.is(1, "info")) {
    to.array(call.size() == 2 ? all.size() : call.size() - 2);
    if (call.size() == 2) {
      for (const RespCommand& one : all) append_command_info(one, to);
    }
    for (std::size_t i = 2; i < call.size(); ++i) {
      const RespCommand* found = find_resp_command(call[i]);
      if (found != nullptr) {
        append_command_info(*found, to);
      } else {
        to.null();
      }
    }
  } else if (call.is(1, "docs")) {
    std::vector<const RespCommand*> wanted;
    for (const RespCommand& one : all) {
      if (call.size() == 2) wanted.push_back(&one);
    }
    for (std::size_t i = 2; i < call.size(); ++i) {
      if (const RespCommand* found = find_resp_command(call[i])) wanted.push_back(found);
    }
    to.map(wanted.size());
    for (const RespCommand* one : wanted) {
      to.bulk(one->name);
      append_command_docs(*one, to);
    }
  } else {
    call.fail(unknown_subcommand("COMMAND", call[1]));
  }
}

// Clients turn keyspace notifications on, which they are.
void set_config(RespCall& call) {
  for (std::size_t i = 2; i < call.size(); i += 2) {
    if (call.is(i, "notify-keyspace-events") && i + 1 < call.size()) continue;
    return call.fail(
        fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", call[i].substr(0, 128)));
  }
  call.writer().simple("OK");
}

void config(RespCall& call) {
  if (call.is(1, "set") && call.size() >= 4) return set_config(call);
  if (!call.is(1, "get")) return call.fail(unknown_subcommand("CONFIG", call[1]));
  if (call.size() < 3) return call.fail("ERR wrong number of arguments for 'config|get' command");
  // What is true here, in redis-server's words.
  const std::string databases = std::to_string(call.session.host().databases().size());
  const std::pair<std::string_view, std::string_view> settings[] = {
      {"appendfsync", "always"},         {"appendonly", "yes"}, {"databases", databases}, {"maxmemory", "0"},
      {"notify-keyspace-events", "AKE"}, {"save", ""},
  };
  std::vector<std::pair<std::string_view, std::string_view>> found;
  for (const auto& setting : settings) {
    const bool wanted = std::any_of(call.args.begin() + 2, call.args.end(), [&](ByteSpan pattern) {
      return resp_word_is(pattern, setting.first) || glob_match(pattern, setting.first);
    });
    if (wanted) found.push_back(setting);
  }
  RespWriter to = call.writer();
  to.map(found.size());
  for (const auto& [name, value] : found) {
    to.bulk(name);
    to.bulk(value);
  }
}

// As redis-server prints it: 1.50M.
std::string human_bytes(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGT";
  double shown = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; shown >= 1024 && unit + 1 < kUnits.size(); ++unit) shown /= 1024;
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.2f}{}", shown, kUnits[unit]);
}

// The line of a database. `names`: what comes before it. `number`: of the database.
void answer_info(const RespReplies& got, RespWriter& to) {
  to.bulk(fmt::format("{}db{}:keys={},expires=0,avg_ttl=0\r\n", got.names().front(), got.number(),
                      got.get<MemberCountReply>().count));
}

void info(RespCall& call) {
  const RespHost::Facts facts = call.session.host().facts();
  const auto wants = [&](std::string_view section) {
    return call.size() == 1 || std::any_of(call.args.begin() + 1, call.args.end(), [&](ByteSpan word) {
             return resp_word_is(word, section) || resp_word_is(word, "all") || resp_word_is(word, "default") ||
                    resp_word_is(word, "everything");
           });
  };
  std::string text;
  const auto begin = [&](std::string_view title) {
    text += fmt::format("{}# {}\r\n", text.empty() ? "" : "\r\n", title);
  };
  if (wants("server")) {
    begin("Server");
    // Clients choose what they may send by redis_version: the one whose texts are answered here.
    text += fmt::format(
        "redis_version:7.0.15\r\nredis_mode:standalone\r\npando_version:{}\r\npando_node:{}\r\ntcp_port:{}\r\n"
        "uptime_in_seconds:{}\r\n",
        facts.version, facts.node_name, facts.port, facts.uptime_seconds);
  }
  if (wants("clients")) {
    begin("Clients");
    text += fmt::format("connected_clients:{}\r\nmaxclients:{}\r\nblocked_clients:{}\r\n", facts.connections,
                        limits::kRespConnectionsMax, facts.blocked);
  }
  if (wants("memory")) {
    begin("Memory");
    text += fmt::format("used_memory:{0}\r\nused_memory_human:{1}\r\nused_memory_rss:{0}\r\nmaxmemory:0\r\n",
                        facts.resident_bytes, human_bytes(facts.resident_bytes));
  }
  if (wants("persistence")) {
    begin("Persistence");
    text += "loading:0\r\naof_enabled:1\r\n";
  }
  if (wants("stats")) {
    begin("Stats");
    text += fmt::format(
        "total_connections_received:{}\r\ntotal_commands_processed:{}\r\ninstantaneous_ops_per_sec:{}\r\n"
        "total_net_input_bytes:{}\r\ntotal_net_output_bytes:{}\r\nrejected_connections:{}\r\n"
        "pubsub_channels:{}\r\npubsub_patterns:{}\r\n",
        facts.connections_accepted, facts.commands, facts.commands_per_second, facts.bytes_in, facts.bytes_out,
        facts.connections_refused, call.session.channels().active({}).size(), call.session.channels().pattern_count());
  }
  if (wants("replication")) {
    begin("Replication");
    text += fmt::format("role:{}\r\n", call.session.database().writable ? "master" : "slave");
  }
  // Counting costs a walk over them: only who asks for it by name pays for it.
  const bool counts = std::any_of(call.args.begin() + 1, call.args.end(), [](ByteSpan word) {
    return resp_word_is(word, "keyspace") || resp_word_is(word, "everything");
  });
  if (!counts) return call.writer().bulk(text);
  begin("Keyspace");
  RespPending& asked = call.ask(CountKeysRequest{std::string(kTableKv), limits::kRespKeysCountedMax}, answer_info);
  asked.names.push_back(std::move(text));
  asked.number = static_cast<std::int64_t>(call.session.db());
}

void time(RespCall& call) {
  const std::int64_t us = call.session.host().now_us();
  RespWriter to = call.writer();
  to.array(2);
  to.bulk(std::to_string(us / 1'000'000));
  to.bulk(std::to_string(us % 1'000'000));
}

// For tests of clients: this one waits, and no other.
void debug(RespCall& call) {
  if (!call.is(1, "sleep")) return call.fail(unknown_subcommand("DEBUG", call[1]));
  if (call.size() != 3) return call.fail("ERR wrong number of arguments for 'debug|sleep' command");
  const auto seconds = call.score(2);
  if (!seconds) return;
  call.plan.sleep_ms = static_cast<std::int64_t>(std::clamp(*seconds, 0.0, kSleepMax) * 1000);
  call.plan.waits = true;
  call.writer().simple("OK");
}

}  // namespace

RespFamily resp_server_commands() {
  constexpr std::string_view kGroup = "server";
  return {
      {"command", -1, 0, 0, 0, 0, kGroup, "Describes the commands.", command},
      {"config", -2, 0, 0, 0, 0, kGroup, "GET: fixed settings that clients look for. SET: takes what is so anyway.",
       config},
      {"debug", -2, C::kNotQueued, 0, 0, 0, kGroup, "SLEEP: answers that much later.", debug},
      {"info", -1, 0, 0, 0, 0, kGroup, "Tells about this node.", info},
      {"time", 1, C::kFast, 0, 0, 0, kGroup, "Tells the time of this node.", time},
  };
}

}  // namespace pando::api

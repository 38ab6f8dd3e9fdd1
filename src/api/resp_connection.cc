// The connection itself: who is there, and how they talk.
#include <fmt/format.h>

#include <algorithm>

#include "api/resp_command.h"
#include "api/resp_session.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

void ping(RespCall& call) {
  if (call.size() > 2) return call.fail_arity();
  const bool subscribed =
      call.session.version() == 2 && call.session.channels().count_of(call.session.subscriber()) > 0;
  RespWriter to = call.writer();
  if (subscribed) {
    to.array(2);
    to.bulk("pong");
    return to.bulk(call.size() == 2 ? call[1] : ByteSpan());
  }
  if (call.size() == 2) return to.bulk(call[1]);
  to.simple("PONG");
}

void echo(RespCall& call) { call.writer().bulk(call[1]); }

// The database of a user: those whose names are namespaces have that one, `default` stays where it is. As with
// redis-server's user `default` without a password any password will do. Nothing: there is no such user.
std::optional<std::size_t> database_of(RespCall& call, ByteSpan user) {
  if (user == "default") return call.session.db();
  const std::vector<RespDatabase>& all = call.session.host().databases();
  const auto at = std::find_if(all.begin(), all.end(), [&](const RespDatabase& one) { return one.ns == user; });
  if (at == all.end()) return std::nullopt;
  return static_cast<std::size_t>(at - all.begin());
}

void hello(RespCall& call) {
  RespSession& session = call.session;
  int version = session.version();
  if (call.size() > 1) {
    const auto asked = call.integer(1, "ERR Protocol version is not an integer or out of range");
    if (!asked) return;
    if (*asked != 2 && *asked != 3) return call.fail("NOPROTO unsupported protocol version");
    version = static_cast<int>(*asked);
  }
  std::optional<ByteSpan> name;
  std::optional<std::size_t> user;
  for (std::size_t i = 2; i < call.size(); ++i) {
    if (call.is(i, "setname") && i + 1 < call.size()) {
      name = call[++i];
    } else if (call.is(i, "auth") && i + 2 < call.size()) {
      user = database_of(call, call[i + 1]);
      if (!user) return call.fail(kWrongPassword);
      i += 2;
    } else {
      return call.fail(fmt::format("ERR Syntax error in HELLO option '{}'", call[i].substr(0, 128)));
    }
  }
  if (user) session.select(call, *user);
  if (call.plan.failed) return;
  session.set_version(version);
  if (name) session.set_name(*name);
  const RespHost::Facts facts = session.host().facts();
  RespWriter to = call.writer();
  to.map(7);
  to.bulk("server");
  to.bulk("pando");
  to.bulk("version");
  to.bulk(facts.version);
  to.bulk("proto");
  to.integer(version);
  to.bulk("id");
  to.integer(static_cast<std::int64_t>(session.id()));
  to.bulk("mode");
  to.bulk("standalone");
  to.bulk("role");
  to.bulk(session.database().writable ? "master" : "replica");
  to.bulk("modules");
  to.array(0);
}

void auth(RespCall& call) {
  if (call.size() > 3) return call.fail_syntax();
  if (call.size() == 3) {
    const auto user = database_of(call, call[1]);
    if (!user) return call.fail(kWrongPassword);
    call.session.select(call, *user);
    if (!call.plan.failed) call.writer().simple("OK");
    return;
  }
  call.fail(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
      "configuration is correct?");
}

void select(RespCall& call) {
  const auto index = call.integer(1);
  if (!index) return;
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= call.session.host().databases().size()) {
    return call.fail("ERR DB index is out of range");
  }
  call.session.select(call, static_cast<std::size_t>(*index));
  if (!call.plan.failed) call.writer().simple("OK");
}

void quit(RespCall& call) {
  call.writer().simple("OK");
  call.plan.close = true;
}

void reset(RespCall& call) {
  call.session.reset();
  call.writer().simple("RESET");
}

// CLIENT. --------------------------------------------------------------------------------------------------

bool is_clean(ByteSpan text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void set_name(RespCall& call) {
  if (!is_clean(call[2])) return call.fail("ERR Client names cannot contain spaces, newlines or special characters.");
  if (call[2].size() > 1024) return call.fail("ERR Client names are at most 1024 bytes long");
  call.session.set_name(call[2]);
  call.writer().simple("OK");
}

void set_info(RespCall& call) {
  const bool name = call.is(2, "lib-name");
  if (!name && !call.is(2, "lib-ver")) {
    return call.fail(fmt::format("ERR Unrecognized option '{}'", call[2].substr(0, 128)));
  }
  if (!is_clean(call[3]) || call[3].size() > 1024) {
    return call.fail("ERR lib-name and lib-ver cannot contain spaces, newlines or special characters.");
  }
  call.session.set_library(name, call[3]);
  call.writer().simple("OK");
}

void describe(RespCall& call) {
  Bytes text;
  if (call.is(1, "info")) {
    call.session.describe(text);
  } else {
    call.session.host().list_clients(text);
  }
  call.writer().bulk(text);
}

void get_name(RespCall& call) {
  if (call.session.name().empty()) return call.writer().null();
  call.writer().bulk(call.session.name());
}

void get_id(RespCall& call) { call.writer().integer(static_cast<std::int64_t>(call.session.id())); }

void no_evict(RespCall& call) {
  if (!call.is(2, "on") && !call.is(2, "off")) return call.fail_syntax();
  call.writer().simple("OK");
}

void client(RespCall& call) {
  struct Part {
    std::string_view name;
    std::size_t words;
    void (*run)(RespCall& call);
  };
  static constexpr Part kParts[] = {
      {"getname", 2, get_name},  {"id", 2, get_id},        {"info", 2, describe},    {"list", 2, describe},
      {"no-evict", 3, no_evict}, {"setinfo", 4, set_info}, {"setname", 3, set_name},
  };
  for (const Part& part : kParts) {
    if (!call.is(1, part.name)) continue;
    if (call.size() == part.words) return part.run(call);
    return call.fail(fmt::format("ERR wrong number of arguments for 'client|{}' command", part.name));
  }
  call.fail(fmt::format("ERR unknown subcommand '{}'. Try CLIENT HELP.", call[1].substr(0, 128)));
}

}  // namespace

RespFamily resp_connection_commands() {
  constexpr std::string_view kGroup = "connection";
  return {
      {"auth", -2, C::kFast | C::kAtOnce, 0, 0, 0, kGroup, "Chooses the namespace of that name.", auth},
      {"client", -2, 0, 0, 0, 0, kGroup, "Names and lists connections.", client},
      {"echo", 2, C::kFast, 0, 0, 0, kGroup, "Answers its word.", echo},
      {"hello", -1, C::kFast | C::kNotQueued, 0, 0, 0, kGroup, "Switches between RESP2 and RESP3.", hello},
      {"ping", -1, C::kFast | C::kSubscribed, 0, 0, 0, kGroup, "Answers PONG, or its word.", ping},
      {"quit", -1, C::kFast | C::kAtOnce | C::kSubscribed, 0, 0, 0, kGroup, "Closes the connection.", quit},
      {"reset", 1, C::kFast | C::kAtOnce | C::kSubscribed, 0, 0, 0, kGroup, "Makes the connection as new.", reset},
      {"select", 2, C::kFast, 0, 0, 0, kGroup, "Chooses one of the configured namespaces.", select},
  };
}

}  // namespace pando::api

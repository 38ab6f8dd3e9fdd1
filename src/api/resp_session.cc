// What each command becomes. Replies to requests: resp_answer.cc.
#include "api/resp_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/resp_command.h"
#include "api/resp_glob.h"
#include "base/limits.h"

namespace pando::api {
namespace {

constexpr std::string_view kSyntax = "ERR syntax error";
constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";

bool is(ByteSpan word, std::string_view lower_case) {
  return word.size() == lower_case.size() &&
         std::equal(word.begin(), word.end(), lower_case.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::optional<std::int64_t> integer(ByteSpan text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string wrong_arity(std::string_view name) {
  return fmt::format("ERR wrong number of arguments for '{}' command", name);
}

// As redis-server words it, quoting at most 128 bytes of each part.
std::string unknown_command(const RespSession::Args& args) {
  std::string quoted;
  for (std::size_t i = 1; i < args.size() && quoted.size() < 128; ++i) {
    quoted += fmt::format("'{}' ", args[i].substr(0, 128 - quoted.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", args[0].substr(0, 128), quoted);
}

std::string unknown_subcommand(std::string_view command, ByteSpan word) {
  return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", word.substr(0, 128), command);
}

GetRequest value_of(ByteSpan key) { return {std::string(kTableKv), Bytes(key), false}; }
// The first key of the rows that begins with `key` is `key`, if it exists.
ListRequest row_exists(ByteSpan key) { return {std::string(kTableRow), Bytes(key), {}, 1}; }

Mutation put(ByteSpan key, ByteSpan value) {
  Mutation made;
  made.key = key;
  made.value = value;
  made.convert = true;
  return made;
}

Mutation of_row(Mutation::Kind kind, ByteSpan key) {
  Mutation made;
  made.kind = kind;
  made.table = kTableRow;
  made.key = key;
  return made;
}

}  // namespace

std::uint64_t RespCursors::remember(Place place) {
  places_.emplace(++last_, std::move(place));
  if (places_.size() > limits::kRespCursorsMax) places_.erase(places_.begin());
  return last_;
}

const RespCursors::Place* RespCursors::find(std::uint64_t cursor) const {
  const auto at = places_.find(cursor);
  return at == places_.end() ? nullptr : &at->second;
}

void RespPlan::clear() {
  requests.clear();
  text.clear();
  close = false;
  shape = RespShape::kNone;
  names.clear();
  queued.clear();
  rows = false;
  parts = 0;
}

RespSession::RespSession(RespHost& host, std::uint64_t id, std::string peer, std::string local)
    : host_(host), id_(id), peer_(std::move(peer)), local_(std::move(local)) {}

void RespSession::on_command(const Args& args, RespPlan& plan) {
  plan.clear();
  plan_ = &plan;
  const RespCommand* command = find_resp_command(args[0]);
  if (command == nullptr) {
    fail(unknown_command(args));
  } else if (const auto given = static_cast<int>(args.size());
             command->arity > 0 ? given != command->arity : given < -command->arity) {
    fail(wrong_arity(command->name));
  } else if (in_multi_ && (command->flags & (RespCommand::kWrite | RespCommand::kInMulti)) == 0) {
    fail(fmt::format("ERR '{}' is not served inside MULTI: only writes are, ask before MULTI or after EXEC",
                     command->name));
  } else {
    (this->*command->run)(args);
  }
  plan.version = version_;
}

void RespSession::fail(std::string_view text) {
  writer().error(text);
  multi_failed_ = in_multi_;
}

void RespSession::ask(Request request, RespShape shape) {
  plan_->requests.push_back(std::move(request));
  plan_->shape = shape;
  ++plan_->parts;
}

void RespSession::write(std::vector<Mutation> mutations, RespShape shape) {
  if (!in_multi_) {
    WriteRequest request;
    request.mutations = std::move(mutations);
    request.results = true;
    return ask(std::move(request), shape);
  }
  for (const Mutation& one : mutations) {
    queued_bytes_ += one.key.size() + one.value.size() + 64;
    for (const auto& [name, value] : one.columns) queued_bytes_ += name.size() + value.size() + 64;
  }
  if (queued_mutations_.size() + mutations.size() > limits::kRespQueuedMax ||
      queued_bytes_ > limits::kRespQueuedBytesMax) {
    return fail("ERR transaction too large");
  }
  queued_.push_back({shape, static_cast<std::uint32_t>(mutations.size())});
  std::move(mutations.begin(), mutations.end(), std::back_inserter(queued_mutations_));
  writer().simple("QUEUED");
}

void RespSession::forget_transaction() {
  in_multi_ = multi_failed_ = false;
  queued_bytes_ = 0;
  queued_mutations_.clear();
  queued_.clear();
}

// The connection. ------------------------------------------------------------------------------------------

void RespSession::ping(const Args& args) {
  if (args.size() > 2) return fail(wrong_arity("ping"));
  if (args.size() == 2) return writer().bulk(args[1]);
  writer().simple("PONG");
}

void RespSession::echo(const Args& args) { writer().bulk(args[1]); }

void RespSession::hello(const Args& args) {
  int version = version_;
  if (args.size() > 1) {
    const auto asked = integer(args[1]);
    if (!asked) return fail("ERR Protocol version is not an integer or out of range");
    if (*asked != 2 && *asked != 3) return fail("NOPROTO unsupported protocol version");
    version = static_cast<int>(*asked);
  }
  std::optional<ByteSpan> name;
  for (std::size_t i = 2; i < args.size(); ++i) {
    if (is(args[i], "setname") && i + 1 < args.size()) {
      name = args[++i];
    } else if (is(args[i], "auth") && i + 2 < args.size()) {
      // As with redis-server's user `default` without a password: any password will do.
      if (args[i + 1] != "default") return fail("WRONGPASS invalid username-password pair or user is disabled.");
      i += 2;
    } else {
      return fail(fmt::format("ERR Syntax error in HELLO option '{}'", args[i].substr(0, 128)));
    }
  }
  version_ = version;
  if (name) name_ = *name;
  RespWriter to = writer();
  to.map(7);
  to.bulk("server");
  to.bulk("pando");
  to.bulk("version");
  to.bulk(host_.facts().version);
  to.bulk("proto");
  to.integer(version_);
  to.bulk("id");
  to.integer(static_cast<std::int64_t>(id_));
  to.bulk("mode");
  to.bulk("standalone");
  to.bulk("role");
  to.bulk(host_.facts().writable ? "master" : "replica");
  to.bulk("modules");
  to.array(0);
}

void RespSession::auth(const Args& args) {
  if (args.size() > 3) return fail(kSyntax);
  if (args.size() == 3 && args[1] == "default") return writer().simple("OK");
  if (args.size() == 3) return fail("WRONGPASS invalid username-password pair or user is disabled.");
  fail(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
      "configuration is correct?");
}

void RespSession::select(const Args& args) {
  const auto index = integer(args[1]);
  if (!index) return fail(kNotInteger);
  if (*index != 0) return fail("ERR DB index is out of range");
  writer().simple("OK");
}

void RespSession::quit(const Args&) {
  writer().simple("OK");
  plan_->close = true;
}

void RespSession::reset(const Args&) {
  forget_transaction();
  version_ = 2;
  name_.clear();
  writer().simple("RESET");
}

void RespSession::describe(Bytes& out) const {
  fmt::format_to(std::back_inserter(out),
                 "id={} addr={} laddr={} name={} db=0 multi={} lib-name={} lib-ver={} resp={}\n", id_, peer_, local_,
                 name_, in_multi_ ? static_cast<long>(queued_.size()) : -1L, library_name_, library_version_, version_);
}

void RespSession::client(const Args& args) {
  const ByteSpan what = args[1];
  const auto clean = [](ByteSpan text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
  };
  const auto takes = [&](std::size_t words) {
    if (args.size() == words) return true;
    std::string name(what);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    fail(wrong_arity("client|" + name));
    return false;
  };
  if (is(what, "id")) {
    if (takes(2)) writer().integer(static_cast<std::int64_t>(id_));
  } else if (is(what, "getname")) {
    if (!takes(2)) return;
    if (name_.empty()) return writer().null();
    writer().bulk(name_);
  } else if (is(what, "setname")) {
    if (!takes(3)) return;
    if (!clean(args[2])) return fail("ERR Client names cannot contain spaces, newlines or special characters.");
    if (args[2].size() > 1024) return fail("ERR Client names are at most 1024 bytes long");
    name_ = args[2];
    writer().simple("OK");
  } else if (is(what, "setinfo")) {
    if (!takes(4)) return;
    const bool name = is(args[2], "lib-name");
    if (!name && !is(args[2], "lib-ver"))
      return fail(fmt::format("ERR Unrecognized option '{}'", args[2].substr(0, 128)));
    if (!clean(args[3]) || args[3].size() > 1024) {
      return fail("ERR lib-name and lib-ver cannot contain spaces, newlines or special characters.");
    }
    (name ? library_name_ : library_version_) = args[3];
    writer().simple("OK");
  } else if (is(what, "info") || is(what, "list")) {
    if (!takes(2)) return;
    Bytes text;
    if (is(what, "info")) {
      describe(text);
    } else {
      host_.list_clients(text);
    }
    writer().bulk(text);
  } else if (is(what, "no-evict")) {
    if (!takes(3)) return;
    if (!is(args[2], "on") && !is(args[2], "off")) return fail(kSyntax);
    writer().simple("OK");
  } else {
    fail(unknown_subcommand("CLIENT", what));
  }
}

// The server. ----------------------------------------------------------------------------------------------

void RespSession::command(const Args& args) {
  RespWriter to = writer();
  const auto& all = resp_commands();
  if (args.size() == 1) {
    to.array(all.size());
    for (const RespCommand& one : all) append_command_info(one, to);
  } else if (is(args[1], "count") && args.size() == 2) {
    to.integer(static_cast<std::int64_t>(all.size()));
  } else if (is(args[1], "list") && args.size() == 2) {
    to.array(all.size());
    for (const RespCommand& one : all) to.bulk(one.name);
  } else if (is(args[1], "info")) {
    to.array(args.size() == 2 ? all.size() : args.size() - 2);
    if (args.size() == 2) {
      for (const RespCommand& one : all) append_command_info(one, to);
    }
    for (std::size_t i = 2; i < args.size(); ++i) {
      const RespCommand* found = find_resp_command(args[i]);
      if (found != nullptr) {
        append_command_info(*found, to);
      } else {
        to.null();
      }
    }
  } else if (is(args[1], "docs")) {
    std::vector<const RespCommand*> wanted;
    for (const RespCommand& one : all) {
      if (args.size() == 2) wanted.push_back(&one);
    }
    for (std::size_t i = 2; i < args.size(); ++i) {
      if (const RespCommand* found = find_resp_command(args[i])) wanted.push_back(found);
    }
    to.map(wanted.size());
    for (const RespCommand* one : wanted) {
      to.bulk(one->name);
      append_command_docs(*one, to);
    }
  } else {
    fail(unknown_subcommand("COMMAND", args[1]));
  }
}

void RespSession::config(const Args& args) {
  if (!is(args[1], "get")) return fail(unknown_subcommand("CONFIG", args[1]));
  if (args.size() < 3) return fail(wrong_arity("config|get"));
  // What is true here, in redis-server's words.
  static constexpr std::pair<std::string_view, std::string_view> kSettings[] = {
      {"appendfsync", "always"}, {"appendonly", "yes"}, {"databases", "1"}, {"maxmemory", "0"}, {"save", ""},
  };
  std::vector<std::pair<std::string_view, std::string_view>> found;
  for (const auto& setting : kSettings) {
    const bool wanted = std::any_of(args.begin() + 2, args.end(), [&](ByteSpan pattern) {
      return is(pattern, setting.first) || glob_match(pattern, setting.first);
    });
    if (wanted) found.push_back(setting);
  }
  RespWriter to = writer();
  to.map(found.size());
  for (const auto& [name, value] : found) {
    to.bulk(name);
    to.bulk(value);
  }
}

void RespSession::info(const Args& args) {
  const RespHost::Facts facts = host_.facts();
  const auto wants = [&](std::string_view section) {
    return args.size() == 1 || std::any_of(args.begin() + 1, args.end(), [&](ByteSpan word) {
             return is(word, section) || is(word, "all") || is(word, "default") || is(word, "everything");
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
    text += fmt::format("connected_clients:{}\r\nmaxclients:{}\r\n", facts.connections, limits::kRespConnectionsMax);
  }
  if (wants("persistence")) {
    begin("Persistence");
    text += "loading:0\r\naof_enabled:1\r\n";
  }
  if (wants("stats")) {
    begin("Stats");
    text += fmt::format("total_connections_received:{}\r\ntotal_commands_processed:{}\r\n", facts.connections_accepted,
                        facts.commands);
  }
  if (wants("replication")) {
    begin("Replication");
    text += fmt::format("role:{}\r\n", facts.writable ? "master" : "slave");
  }
  writer().bulk(text);
}

// Transactions. --------------------------------------------------------------------------------------------

void RespSession::multi(const Args&) {
  // redis-server leaves the transaction usable after this mistake.
  if (in_multi_) return writer().error("ERR MULTI calls can not be nested");
  in_multi_ = true;
  writer().simple("OK");
}

void RespSession::exec(const Args&) {
  if (!in_multi_) return fail("ERR EXEC without MULTI");
  const bool failed = multi_failed_;
  WriteRequest request;
  request.mutations = std::move(queued_mutations_);
  request.results = true;
  plan_->queued = std::move(queued_);
  forget_transaction();
  if (failed) return fail("EXECABORT Transaction discarded because of previous errors.");
  if (request.mutations.empty()) return writer().array(0);
  ask(std::move(request), RespShape::kExec);
}

void RespSession::discard(const Args&) {
  if (!in_multi_) return fail("ERR DISCARD without MULTI");
  forget_transaction();
  writer().simple("OK");
}

// Reads. ---------------------------------------------------------------------------------------------------

void RespSession::get(const Args& args) { ask(value_of(args[1]), RespShape::kValue); }
void RespSession::length(const Args& args) { ask(value_of(args[1]), RespShape::kLength); }

void RespSession::mget(const Args& args) {
  if (args.size() - 1 > limits::kRespReadsMax) return fail("ERR too many keys in one command");
  for (std::size_t i = 1; i < args.size(); ++i) ask(value_of(args[i]), RespShape::kValues);
}

void RespSession::exists(const Args& args) {
  if (args.size() - 1 > limits::kRespReadsMax) return fail("ERR too many keys in one command");
  for (std::size_t i = 1; i < args.size(); ++i) {
    ask(value_of(args[i]), RespShape::kExists);
    ask(row_exists(args[i]), RespShape::kExists);
    plan_->names.emplace_back(args[i]);
  }
}

void RespSession::type(const Args& args) {
  ask(value_of(args[1]), RespShape::kType);
  ask(row_exists(args[1]), RespShape::kType);
  plan_->names.emplace_back(args[1]);
}

void RespSession::scan(const Args& args) {
  std::uint64_t cursor = 0;
  const char* end = args[1].data() + args[1].size();
  if (const auto [stop, error] = std::from_chars(args[1].data(), end, cursor); error != std::errc() || stop != end) {
    return fail("ERR invalid cursor");
  }
  RespCursors::Place from;
  if (cursor != 0) {
    const RespCursors::Place* known = host_.cursors().find(cursor);
    if (known == nullptr) return fail("ERR invalid cursor");
    from = *known;
  }
  ByteSpan pattern = "*";
  std::int64_t count = 10;
  bool strings = true;
  bool hashes = true;
  for (std::size_t i = 2; i < args.size(); i += 2) {
    if (i + 1 == args.size()) return fail(kSyntax);
    const ByteSpan value = args[i + 1];
    if (is(args[i], "match")) {
      pattern = value;
    } else if (is(args[i], "count")) {
      const auto given = integer(value);
      if (!given) return fail(kNotInteger);
      if (*given < 1) return fail(kSyntax);
      count = std::min<std::int64_t>(*given, limits::kListKeysMax);
    } else if (is(args[i], "type")) {
      strings = is(value, "string");
      hashes = is(value, "hash");
    } else {
      return fail(kSyntax);
    }
  }
  // One table at a time: strings first, then hashes.
  if (!from.rows && !strings) from = {true, {}};
  if (from.rows && !hashes) {
    RespWriter to = writer();
    to.array(2);
    to.bulk("0");
    return to.array(0);
  }
  plan_->rows = from.rows;
  plan_->names.emplace_back(pattern);
  plan_->names.emplace_back(hashes ? "hashes" : "");
  ask(ListRequest{std::string(from.rows ? kTableRow : kTableKv), glob_prefix(pattern), std::move(from.after),
                  static_cast<std::uint32_t>(count)},
      RespShape::kScan);
}

void RespSession::keys(const Args& args) {
  for (const std::string_view table : {kTableKv, kTableRow}) {
    ask(ListRequest{std::string(table), glob_prefix(args[1]), {}, limits::kListKeysMax}, RespShape::kKeys);
  }
  plan_->names.emplace_back(args[1]);
}

void RespSession::hash_get(const Args& args) {
  const RespShape shape = is(args[0], "hget")      ? RespShape::kField
                          : is(args[0], "hexists") ? RespShape::kHashExists
                                                   : RespShape::kFieldLength;
  ask(GetRowRequest{Bytes(args[1]), std::vector<Bytes>{Bytes(args[2])}}, shape);
}

void RespSession::hash_get_many(const Args& args) {
  if (args.size() - 2 > limits::kRespReadsMax) return fail("ERR too many fields in one command");
  plan_->names.assign(args.begin() + 2, args.end());
  ask(GetRowRequest{Bytes(args[1]), std::nullopt}, RespShape::kFields);
}

void RespSession::hash_all(const Args& args) {
  const RespShape shape = is(args[0], "hgetall") ? RespShape::kHash
                          : is(args[0], "hkeys") ? RespShape::kHashKeys
                          : is(args[0], "hvals") ? RespShape::kHashValues
                                                 : RespShape::kHashCount;
  ask(GetRowRequest{Bytes(args[1]), std::nullopt}, shape);
}

// Writes. --------------------------------------------------------------------------------------------------

void RespSession::set(const Args& args) {
  Mutation made = put(args[1], args[2]);
  for (std::size_t i = 3; i < args.size(); ++i) {
    const bool absent = is(args[i], "nx");
    if (absent || is(args[i], "xx")) {
      if (made.when != Mutation::When::kAlways) return fail(kSyntax);
      made.when = absent ? Mutation::When::kIfAbsent : Mutation::When::kIfPresent;
      continue;
    }
    for (const std::string_view known : {"get", "ex", "px", "exat", "pxat", "keepttl"}) {
      if (is(args[i], known)) return fail(fmt::format("ERR option {} of SET is not served by this version", args[i]));
    }
    return fail(kSyntax);
  }
  const bool always = made.when == Mutation::When::kAlways;
  std::vector<Mutation> one;
  one.push_back(std::move(made));
  write(std::move(one), always ? RespShape::kOk : RespShape::kOkOrNull);
}

void RespSession::set_if_absent(const Args& args) {
  std::vector<Mutation> one;
  one.push_back(put(args[1], args[2]));
  one.back().when = Mutation::When::kIfAbsent;
  write(std::move(one), RespShape::kInteger);
}

void RespSession::set_many(const Args& args) {
  if (args.size() % 2 == 0) return fail(wrong_arity("mset"));
  std::vector<Mutation> all;
  all.reserve(args.size() / 2);
  for (std::size_t i = 1; i < args.size(); i += 2) all.push_back(put(args[i], args[i + 1]));
  write(std::move(all), RespShape::kOk);
}

void RespSession::remove(const Args& args) {
  std::vector<Mutation> all;
  all.reserve(2 * (args.size() - 1));
  for (std::size_t i = 1; i < args.size(); ++i) {
    all.push_back(put(args[i], {}));
    all.back().kind = Mutation::Kind::kDelete;
    all.push_back(of_row(Mutation::Kind::kDeleteRow, args[i]));
  }
  write(std::move(all), RespShape::kPairs);
}

void RespSession::increment(const Args& args) {
  const bool down = args[0][0] == 'd' || args[0][0] == 'D';
  std::int64_t delta = 1;
  if (args.size() == 3) {
    const auto given = integer(args[2]);
    if (!given) return fail(kNotInteger);
    delta = *given;
  }
  if (down && delta == INT64_MIN) return fail("ERR decrement would overflow");
  std::vector<Mutation> one;
  one.push_back(put(args[1], {}));
  one.back().kind = Mutation::Kind::kAdd;
  one.back().delta = down ? -delta : delta;
  write(std::move(one), RespShape::kIncrement);
}

void RespSession::hash_set(const Args& args) {
  const bool many = is(args[0], "hmset");
  if (args.size() % 2 != 0) return fail(wrong_arity(many ? "hmset" : "hset"));
  std::vector<Mutation> one;
  one.push_back(of_row(Mutation::Kind::kPutColumns, args[1]));
  for (std::size_t i = 2; i < args.size(); i += 2) one.back().columns.emplace_back(args[i], args[i + 1]);
  write(std::move(one), many ? RespShape::kOk : RespShape::kInteger);
}

void RespSession::hash_remove(const Args& args) {
  std::vector<Mutation> one;
  one.push_back(of_row(Mutation::Kind::kDeleteColumns, args[1]));
  for (std::size_t i = 2; i < args.size(); ++i) one.back().columns.emplace_back(args[i], Bytes());
  write(std::move(one), RespShape::kInteger);
}

}  // namespace pando::api

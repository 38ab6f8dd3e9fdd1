// Keys whatever they hold.
#include <fmt/format.h>

#include <algorithm>

#include "api/resp_chance.h"
#include "api/resp_command.h"
#include "api/resp_glob.h"
#include "api/resp_scan.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

// redis-server's word for a type; ours where it has none.
std::string_view type_word(ValueType type) {
  switch (type) {
    case ValueType::kCounter:
    case ValueType::kValue:
    case ValueType::kDecimal:
    case ValueType::kSketch: return "string";
    case ValueType::kRow: return "hash";
    case ValueType::kSet: return "set";
    case ValueType::kScores: return "zset";
    case ValueType::kList: return "list";
    case ValueType::kFlag: return "flag";
    case ValueType::kBounded: return "bounded-counter";
    case ValueType::kDocument: return "document";
    case ValueType::kPresence: return "presence";
    case ValueType::kStream: return "stream";
  }
  return "none";
}
constexpr ValueType kTypes[] = {ValueType::kCounter, ValueType::kValue,    ValueType::kFlag,     ValueType::kDecimal,
                                ValueType::kBounded, ValueType::kRow,      ValueType::kSet,      ValueType::kScores,
                                ValueType::kList,    ValueType::kDocument, ValueType::kPresence, ValueType::kSketch,
                                ValueType::kStream};

// Reads. ---------------------------------------------------------------------------------------------------

void answer_type(const RespReplies& got, RespWriter& to) {
  const auto& type = got.get<TypeReply>().type;
  to.simple(type ? type_word(*type) : "none");
}
void type(RespCall& call) { call.ask(GetTypeRequest{std::string(kTableKv), Bytes(call[1])}, answer_type); }

void answer_existing(const RespReplies& got, RespWriter& to) {
  std::int64_t found = 0;
  for (std::size_t i = 0; i < got.size(); ++i) found += got.get<TypeReply>(i).type ? 1 : 0;
  to.integer(found);
}
void exists(RespCall& call) {
  if (!call.may_read(call.size() - 1)) return;
  for (std::size_t i = 1; i < call.size(); ++i) {
    call.ask(GetTypeRequest{std::string(kTableKv), Bytes(call[i])}, answer_existing);
  }
}

void answer_scan(const RespReplies& got, RespWriter& to) {
  const auto& found = got.get<ScanKeysReply>();
  append_scan_head(got, found.more ? &found.last : nullptr, to);
  std::vector<const Bytes*> matching;
  for (const Bytes& key : found.keys) {
    if (scan_matches(got, key)) matching.push_back(&key);
  }
  to.array(matching.size());
  for (const Bytes* key : matching) to.bulk(*key);
}
void scan(RespCall& call) {
  const auto asked = read_scan(call, 1, {});
  if (!asked) return;
  ScanKeysRequest list;
  list.prefix = glob_prefix(asked->pattern);
  list.after = asked->after;
  list.look_max = asked->count;
  if (asked->type) {
    for (const ValueType one : kTypes) {
      if (resp_word_is(*asked->type, type_word(one))) list.types |= 1U << static_cast<unsigned>(one);
    }
    // A type that nothing has: a bit that stands for none.
    if (list.types == 0) list.types = 1U << 31U;
  }
  call.ask(std::move(list), answer_scan).names = scan_names(*asked, {});
}

void answer_keys(const RespReplies& got, RespWriter& to) {
  const auto& found = got.get<ListReply>();
  if (found.more) return to.error(fmt::format("ERR more than {} keys to look at, use SCAN", limits::kListKeysMax));
  std::vector<const Bytes*> matching;
  for (const Bytes& key : found.keys) {
    if (glob_match(got.names()[0], key)) matching.push_back(&key);
  }
  to.array(matching.size());
  for (const Bytes* key : matching) to.bulk(*key);
}
void keys(RespCall& call) {
  ListRequest list{std::string(kTableKv), glob_prefix(call[1]), {}, limits::kListKeysMax};
  call.ask(std::move(list), answer_keys).names.emplace_back(call[1]);
}

void answer_key_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& all = got.get<ListReply>().keys;
  if (all.empty()) return to.null();
  to.bulk(all[picked_one(got, all.size())]);
}
void by_chance(RespCall& call) {
  ListRequest list{std::string(kTableKv), {}, {}, 1'000};
  call.ask(std::move(list), answer_key_by_chance).number = static_cast<std::int64_t>(call.session.chance());
}

void count(RespCall& call) {
  call.ask(CountKeysRequest{std::string(kTableKv), limits::kRespKeysCountedMax}, answer_count);
}

// OBJECT ENCODING, of what redis-server would have chosen for the large ones.
std::string_view encoding_of(ValueType type, const RespReplies& got) {
  switch (type) {
    case ValueType::kCounter: return "int";
    case ValueType::kValue:
    case ValueType::kDecimal: {
      const Bytes& value = got.get<ValueReply>(1).value;
      if (value.size() <= 20 && resp_integer(value)) return "int";
      return value.size() <= 44 ? "embstr" : "raw";
    }
    case ValueType::kScores: return "skiplist";
    case ValueType::kList: return "quicklist";
    case ValueType::kStream: return "stream";
    case ValueType::kSketch: return "raw";
    default: return "hashtable";
  }
}
void answer_object(const RespReplies& got, RespWriter& to) {
  const auto& type = got.get<TypeReply>(0).type;
  if (!type) return to.null();
  if (got.names()[0] == "encoding") return to.bulk(encoding_of(*type, got));
  to.integer(got.names()[0] == "refcount" ? 1 : 0);
}
void object(RespCall& call) {
  for (const std::string_view known : {"encoding", "refcount", "idletime"}) {
    if (!call.is(1, known)) continue;
    if (call.size() != 3) return call.fail(fmt::format("ERR wrong number of arguments for 'object|{}' command", known));
    call.ask(GetTypeRequest{std::string(kTableKv), Bytes(call[2])}, answer_object);
    RespPending& asked = call.ask(GetRequest{std::string(kTableKv), Bytes(call[2]), true}, answer_object);
    asked.takes_failures = true;
    asked.names.emplace_back(known);
    return;
  }
  call.fail(fmt::format("ERR unknown subcommand '{}'. Try OBJECT HELP.", call[1].substr(0, 128)));
}

// Writes. --------------------------------------------------------------------------------------------------

void answer_removed(const RespReplies& got, RespWriter& to) {
  std::int64_t removed = 0;
  for (std::size_t i = 0; i < got.mutations(); ++i) removed += got.result(i);
  to.integer(removed);
}
void remove(RespCall& call) {
  std::vector<Mutation> all;
  all.reserve(call.size() - 1);
  for (std::size_t i = 1; i < call.size(); ++i) all.push_back(call.mutation(call[i], Mutation::Kind::kDelete));
  call.write(std::move(all), answer_removed);
}

constexpr RespError kTooManyKeys[] = {
    {StatusCode::kTooLarge, "ERR there are too many keys to go as one commit, UNLINK what SCAN finds instead"}};
void remove_all(RespCall& call) {
  if (call.size() > 2 || (call.size() == 2 && !call.is(1, "async") && !call.is(1, "sync"))) return call.fail_syntax();
  call.write(call.change("*", DeleteKeys{{}, limits::kRespKeysCountedMax}), answer_ok).errors = kTooManyKeys;
}

constexpr RespError kNoKey[] = {{StatusCode::kNotFound, "ERR no such key"}};

void rename(RespCall& call) {
  const bool if_absent = call.command.name == "renamenx";
  call.write(call.change(call[1], CopyKey{Bytes(call[2]), if_absent, true}), if_absent ? answer_integer : answer_ok)
      .errors = kNoKey;
}

void copy(RespCall& call) {
  CopyKey made{Bytes(call[2]), true, false};
  for (std::size_t i = 3; i < call.size(); ++i) {
    if (call.is(i, "replace")) {
      made.if_absent = false;
    } else if (call.is(i, "db") && i + 1 < call.size()) {
      const auto index = call.integer(++i);
      if (!index) return;
      if (*index < 0 || static_cast<std::size_t>(*index) != call.session.db()) {
        return call.fail("ERR DB index is out of range");
      }
    } else {
      return call.fail_syntax();
    }
  }
  if (call[1] == call[2]) return call.fail("ERR source and destination objects are the same");
  call.write(call.change(call[1], std::move(made)), answer_integer);
}

}  // namespace

RespFamily resp_key_commands() {
  constexpr std::uint8_t kFast = C::kRead | C::kFast;
  return {
      {"copy", -3, C::kWrite, 1, 2, 1, "generic", "Copies a key.", copy},
      {"dbsize", 1, C::kRead, 0, 0, 0, "server", "Counts the keys.", count},
      {"del", -2, C::kWrite, 1, -1, 1, "generic", "Deletes keys.", remove},
      {"exists", -2, kFast, 1, -1, 1, "generic", "Counts the keys that exist.", exists},
      {"flushall", -1, C::kWrite | C::kNotQueued, 0, 0, 0, "server", "Deletes all keys, as one commit.", remove_all},
      {"flushdb", -1, C::kWrite | C::kNotQueued, 0, 0, 0, "server", "Deletes all keys, as one commit.", remove_all},
      {"keys", 2, C::kRead, 0, 0, 0, "generic", "Lists the keys that match a pattern.", keys},
      {"object", -2, C::kRead, 2, 2, 1, "generic", "ENCODING, REFCOUNT and IDLETIME of a key.", object},
      {"randomkey", 1, C::kRead, 0, 0, 0, "generic", "Answers a key by chance.", by_chance},
      {"rename", 3, C::kWrite, 1, 2, 1, "generic", "Gives a key another name.", rename},
      {"renamenx", 3, C::kWrite | C::kFast, 1, 2, 1, "generic", "Gives a key a name that is free here.", rename},
      {"scan", -2, C::kRead, 0, 0, 0, "generic", "Lists keys, some at a time.", scan},
      {"touch", -2, kFast, 1, -1, 1, "generic", "Counts the keys that exist.", exists},
      {"type", 2, kFast, 1, 1, 1, "generic", "Answers the type of a key.", type},
      {"unlink", -2, C::kWrite | C::kFast, 1, -1, 1, "generic", "Deletes keys.", remove},
  };
}

}  // namespace pando::api

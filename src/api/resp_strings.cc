// Plain values: GET, SET and what edits them.
#include <fmt/format.h>

#include "api/resp_command.h"
#include "api/resp_expiry.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

GetRequest value_of(ByteSpan key) { return {std::string(kTableKv), Bytes(key), false}; }

void get(RespCall& call) { call.ask(value_of(call[1]), answer_value); }

void answer_length(const RespReplies& got, RespWriter& to) {
  to.integer(static_cast<std::int64_t>(got.get<ValueReply>().value.size()));
}
void length(RespCall& call) { call.ask(value_of(call[1]), answer_length); }

void answer_values(const RespReplies& got, RespWriter& to) {
  to.array(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    // A key of another type has no value.
    if (got.ok(i) && got.get<ValueReply>(i).found) {
      to.bulk(got.get<ValueReply>(i).value);
    } else {
      to.null();
    }
  }
}
void get_many(RespCall& call) {
  if (!call.may_read(call.size() - 1)) return;
  for (std::size_t i = 1; i < call.size(); ++i) call.ask(value_of(call[i]), answer_values).takes_failures = true;
}

void answer_range(const RespReplies& got, RespWriter& to) {
  const Bytes& value = got.get<ValueReply>().value;
  const auto size = static_cast<std::int64_t>(value.size());
  std::int64_t first = got.number();
  std::int64_t last = *resp_integer(got.names().front());
  if (first < 0 && last < 0 && first > last) return to.bulk({});
  first = std::max<std::int64_t>(0, first < 0 ? first + size : first);
  last = std::min(size - 1, std::max<std::int64_t>(0, last < 0 ? last + size : last));
  if (size == 0 || first > last) return to.bulk({});
  to.bulk(ByteSpan(value).substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1)));
}
void get_range(RespCall& call) {
  const auto first = call.integer(2);
  if (!first || !call.integer(3)) return;
  RespPending& asked = call.ask(value_of(call[1]), answer_range);
  asked.number = *first;
  asked.names.emplace_back(call[3]);
}

// Writes. --------------------------------------------------------------------------------------------------

Mutation put(const RespCall& call, ByteSpan key, ByteSpan value) {
  Mutation made = call.mutation(key);
  made.value = value;
  return made;
}

// SET with NX or XX: OK when it was done.
void answer_done(const RespReplies& got, RespWriter& to) {
  if (got.result() == 0) return to.null();
  to.simple("OK");
}

void set(RespCall& call) {
  // Mostly nothing else is said.
  if (call.size() == 3) {
    call.write(call[1], Mutation::Kind::kPut, answer_ok).value = call[2];
    return;
  }
  Mutation made = put(call, call[1], call[2]);
  bool old = false;
  std::size_t ttl = 0;  // the word that says it; its number is looked at when all else is in order
  for (std::size_t i = 3; i < call.size(); ++i) {
    if (call.is(i, "nx") || call.is(i, "xx")) {
      if (made.when != Mutation::When::kAlways) return call.fail_syntax();
      made.when = call.is(i, "nx") ? Mutation::When::kIfAbsent : Mutation::When::kIfPresent;
    } else if (call.is(i, "get")) {
      old = true;
    } else if (call.is(i, "keepttl")) {
      if (ttl != 0) return call.fail_syntax();
      made.ttl = TimeToLive{TimeToLive::Kind::kKeep, 0};
    } else if (is_ttl_option(call[i]) && i + 1 < call.size() && ttl == 0 && !made.ttl) {
      ttl = i++;
    } else {
      return call.fail_syntax();
    }
  }
  if (ttl != 0) {
    made.ttl = read_ttl_option(call, ttl, ttl + 1);
    if (!made.ttl) return;
  }
  if (!old) {
    const bool always = made.when == Mutation::When::kAlways;
    call.write(std::move(made), always ? answer_ok : answer_done);
    return;
  }
  std::vector<Mutation> both;
  both.push_back(call.change(call[1], TellValue{}));
  both.push_back(std::move(made));
  call.write(std::move(both), answer_returned);
}

void set_absent(RespCall& call) {
  Mutation made = put(call, call[1], call[2]);
  made.when = Mutation::When::kIfAbsent;
  call.write(std::move(made), answer_integer);
}

void set_expiring(RespCall& call) {
  Mutation made = put(call, call[1], call[3]);
  made.ttl = read_ttl(call, call.is(0, "setex") ? "ex" : "px", 2);
  if (made.ttl) call.write(std::move(made), answer_ok);
}

void get_and_set(RespCall& call) {
  std::vector<Mutation> both;
  both.push_back(call.change(call[1], TellValue{}));
  both.push_back(put(call, call[1], call[2]));
  call.write(std::move(both), answer_returned);
}

void get_and_delete(RespCall& call) {
  std::vector<Mutation> both;
  both.push_back(call.change(call[1], TellValue{}));
  both.push_back(call.mutation(call[1], Mutation::Kind::kDelete));
  call.write(std::move(both), answer_returned);
}

void get_and_expire(RespCall& call) {
  if (call.size() == 2) return get(call);
  std::optional<TimeToLive> ttl;
  if (call.size() == 3 && call.is(2, "persist")) {
    ttl = TimeToLive{TimeToLive::Kind::kForever, 0};
  } else if (call.size() == 4 && is_ttl_option(call[2])) {
    ttl = read_ttl_option(call, 2, 3);
    if (!ttl) return;
  } else {
    return call.fail_syntax();
  }
  std::vector<Mutation> both;
  both.push_back(call.change(call[1], TellValue{}));
  both.push_back(call.change(call[1], ExpireChange{*ttl, ExpireChange::When::kAlways, {}}));
  call.write(std::move(both), answer_returned);
}

void set_many(RespCall& call) {
  if (call.size() % 2 == 0) return call.fail_arity();
  std::vector<Mutation> all;
  all.reserve(call.size() / 2);
  for (std::size_t i = 1; i < call.size(); i += 2) all.push_back(put(call, call[i], call[i + 1]));
  call.write(std::move(all), answer_ok);
}

void set_many_absent(RespCall& call) {
  if (call.size() % 2 == 0) return call.fail_arity();
  PutAllAbsent all;
  for (std::size_t i = 1; i < call.size(); i += 2) all.values.emplace_back(call[i], call[i + 1]);
  call.write(call.change(call[1], std::move(all)), answer_integer);
}

void append(RespCall& call) { call.write(call.change(call[1], AppendText{Bytes(call[2])}), answer_integer); }

constexpr RespError kTooLong[] = {{StatusCode::kTooLarge, "ERR string exceeds maximum allowed size (16 MiB here)"}};

void set_range(RespCall& call) {
  const auto offset = call.integer(2);
  if (!offset) return;
  if (*offset < 0) return call.fail("ERR offset is out of range");
  call.write(call.change(call[1], OverwriteText{static_cast<std::uint64_t>(*offset), Bytes(call[3])}), answer_integer)
      .errors = kTooLong;
}

}  // namespace

RespFamily resp_string_commands() {
  return {
      {"append", 3, C::kWrite | C::kFast, 1, 1, 1, "string", "Adds text to the end of a value.", append},
      {"get", 2, C::kRead | C::kFast, 1, 1, 1, "string", "Answers the value of a key.", get},
      {"getdel", 2, C::kWrite | C::kFast, 1, 1, 1, "string", "Answers a value and deletes it.", get_and_delete},
      {"getex", -2, C::kWrite | C::kFast, 1, 1, 1, "string", "Answers a value and sets its end.", get_and_expire},
      {"getrange", 4, C::kRead, 1, 1, 1, "string", "Answers a part of a value.", get_range},
      {"getset", 3, C::kWrite | C::kFast, 1, 1, 1, "string", "Sets a key and answers what it was.", get_and_set},
      {"mget", -2, C::kRead | C::kFast, 1, -1, 1, "string", "Answers the values of keys.", get_many},
      {"mset", -3, C::kWrite, 1, -1, 2, "string", "Sets keys in one commit.", set_many},
      {"msetnx", -3, C::kWrite, 1, -1, 2, "string", "Sets keys if all are absent here.", set_many_absent},
      {"psetex", 4, C::kWrite, 1, 1, 1, "string", "Sets a key for some milliseconds.", set_expiring},
      {"set", -3, C::kWrite, 1, 1, 1, "string", "Sets a key.", set},
      {"setex", 4, C::kWrite, 1, 1, 1, "string", "Sets a key for some seconds.", set_expiring},
      {"setnx", 3, C::kWrite | C::kFast, 1, 1, 1, "string", "Sets a key that is absent here.", set_absent},
      {"setrange", 4, C::kWrite, 1, 1, 1, "string", "Overwrites a part of a value.", set_range},
      {"strlen", 2, C::kRead | C::kFast, 1, 1, 1, "string", "Answers the length of a value.", length},
      {"substr", 4, C::kRead, 1, 1, 1, "string", "GETRANGE by its old name.", get_range},
  };
}

}  // namespace pando::api

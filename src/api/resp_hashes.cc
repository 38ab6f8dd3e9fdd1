// Hashes: rows beside the other types of table kv.
#include <algorithm>

#include "api/resp_chance.h"
#include "api/resp_command.h"
#include "api/resp_scan.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

GetRowRequest row_of(ByteSpan key) { return {Bytes(key), std::nullopt, std::string(kTableKv)}; }
GetRowRequest fields_of(ByteSpan key, std::vector<Bytes> fields) {
  return {Bytes(key), std::move(fields), std::string(kTableKv)};
}

// Reads. ---------------------------------------------------------------------------------------------------

void answer_field(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  if (columns.empty()) return to.null();
  to.bulk(columns.front().second);
}
void answer_field_length(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  to.integer(columns.empty() ? 0 : static_cast<std::int64_t>(columns.front().second.size()));
}
void answer_field_exists(const RespReplies& got, RespWriter& to) {
  to.integer(got.get<RowReply>().columns.empty() ? 0 : 1);
}
template <RespAnswer Answer>
void one_field(RespCall& call) {
  call.ask(fields_of(call[1], {Bytes(call[2])}), Answer);
}

void answer_fields(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  to.array(got.names().size());
  for (const Bytes& name : got.names()) {
    const auto at = std::lower_bound(columns.begin(), columns.end(), name,
                                     [](const auto& column, const Bytes& wanted) { return column.first < wanted; });
    if (at != columns.end() && at->first == name) {
      to.bulk(at->second);
    } else {
      to.null();
    }
  }
}
void some_fields(RespCall& call) {
  if (!call.may_read(call.size() - 2)) return;
  std::vector<Bytes> names = call.rest(2);
  call.ask(fields_of(call[1], names), answer_fields).names = std::move(names);
}

void answer_hash(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  to.map(columns.size());
  for (const auto& [name, value] : columns) {
    to.bulk(name);
    to.bulk(value);
  }
}
void answer_keys(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  to.array(columns.size());
  for (const auto& column : columns) to.bulk(column.first);
}
void answer_values(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  to.array(columns.size());
  for (const auto& column : columns) to.bulk(column.second);
}
template <RespAnswer Answer>
void whole_hash(RespCall& call) {
  call.ask(row_of(call[1]), Answer);
}

void length(RespCall& call) { call.ask(CountFieldsRequest{std::string(kTableKv), Bytes(call[1])}, answer_count); }

// HRANDFIELD without a count: one, or null.
void answer_one_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  if (columns.empty()) return to.null();
  to.bulk(columns[picked_one(got, columns.size())].first);
}
void answer_some_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& columns = got.get<RowReply>().columns;
  answer_pairs_by_chance(
      got, to, columns.size(), [&](std::size_t i) { to.bulk(columns[i].first); },
      [&](std::size_t i) { to.bulk(columns[i].second); });
}
void by_chance(RespCall& call) {
  ask_by_chance(call, row_of(call[1]), "withvalues", answer_one_by_chance, answer_some_by_chance);
}

// All of it at once: a row is read whole anyway.
void answer_scan(const RespReplies& got, RespWriter& to) {
  std::vector<const std::pair<Bytes, Bytes>*> matching;
  for (const auto& column : got.get<RowReply>().columns) {
    if (scan_matches(got, column.first)) matching.push_back(&column);
  }
  append_scan_head(got, nullptr, to);
  to.array(2 * matching.size());
  for (const auto* column : matching) {
    to.bulk(column->first);
    to.bulk(column->second);
  }
}
void scan(RespCall& call) {
  const auto asked = read_scan(call, 2, call[1]);
  if (asked) call.ask(row_of(call[1]), answer_scan).names = scan_names(*asked, call[1]);
}

// Writes. --------------------------------------------------------------------------------------------------

void set(RespCall& call) {
  if (call.size() % 2 != 0) return call.fail_arity();
  auto& columns =
      call.write(call[1], Mutation::Kind::kPutColumns, call.is(0, "hmset") ? answer_ok : answer_integer).columns;
  columns.reserve(call.size() / 2 - 1);
  for (std::size_t i = 2; i < call.size(); i += 2) columns.emplace_back(call[i], call[i + 1]);
}

void set_absent(RespCall& call) {
  call.write(call.change(call[1], PutFieldAbsent{Bytes(call[2]), Bytes(call[3])}), answer_integer);
}

void remove(RespCall& call) {
  Mutation made = call.mutation(call[1], Mutation::Kind::kDeleteColumns);
  for (std::size_t i = 2; i < call.size(); ++i) made.columns.emplace_back(call[i], Bytes());
  call.write(std::move(made), answer_integer);
}

constexpr RespError kWholeErrors[] = {
    {StatusCode::kPreconditionFailed, "ERR hash value is not an integer"},
    {StatusCode::kOutOfRange, "ERR increment or decrement would overflow"},
};
constexpr RespError kDecimalErrors[] = {
    {StatusCode::kPreconditionFailed, "ERR hash value is not a float"},
    {StatusCode::kOutOfRange, "ERR increment would produce a number out of range"},
};

void increment(RespCall& call) {
  const auto delta = call.integer(3);
  if (!delta) return;
  call.write(call.change(call[1], AddToField{Bytes(call[2]), *delta}), answer_integer).errors = kWholeErrors;
}
void increment_decimal(RespCall& call) {
  const auto units = resp_decimal(call[3]);
  if (!units) return call.fail("ERR value is not a valid float");
  call.write(call.change(call[1], AddDecimalToField{Bytes(call[2]), *units}), answer_returned).errors = kDecimalErrors;
}

}  // namespace

RespFamily resp_hash_commands() {
  constexpr std::uint8_t kWrite = C::kWrite | C::kFast;
  constexpr std::uint8_t kFast = C::kRead | C::kFast;
  return {
      {"hdel", -3, kWrite, 1, 1, 1, "hash", "Deletes fields of a hash.", remove},
      {"hexists", 3, kFast, 1, 1, 1, "hash", "Tells whether a field exists.", one_field<answer_field_exists>},
      {"hget", 3, kFast, 1, 1, 1, "hash", "Answers a field of a hash.", one_field<answer_field>},
      {"hgetall", 2, C::kRead, 1, 1, 1, "hash", "Answers all fields and values of a hash.", whole_hash<answer_hash>},
      {"hincrby", 4, kWrite, 1, 1, 1, "hash", "Adds a number to a field.", increment},
      {"hincrbyfloat", 4, kWrite, 1, 1, 1, "hash", "Adds a decimal number to a field.", increment_decimal},
      {"hkeys", 2, C::kRead, 1, 1, 1, "hash", "Answers all fields of a hash.", whole_hash<answer_keys>},
      {"hlen", 2, kFast, 1, 1, 1, "hash", "Counts the fields of a hash.", length},
      {"hmget", -3, kFast, 1, 1, 1, "hash", "Answers fields of a hash.", some_fields},
      {"hmset", -4, kWrite, 1, 1, 1, "hash", "Sets fields of a hash.", set},
      {"hrandfield", -2, C::kRead, 1, 1, 1, "hash", "Answers fields by chance.", by_chance},
      {"hscan", -3, C::kRead, 1, 1, 1, "hash", "Lists the fields of a hash that match.", scan},
      {"hset", -4, kWrite, 1, 1, 1, "hash", "Sets fields of a hash.", set},
      {"hsetnx", 4, kWrite, 1, 1, 1, "hash", "Sets a field that is absent here.", set_absent},
      {"hstrlen", 3, kFast, 1, 1, 1, "hash", "Answers the length of a field.", one_field<answer_field_length>},
      {"hvals", 2, C::kRead, 1, 1, 1, "hash", "Answers all values of a hash.", whole_hash<answer_values>},
  };
}

}  // namespace pando::api

#include <gtest/gtest.h>

#include "api/rest.h"
#include "base/base64.h"
#include "base/limits.h"

namespace pando::api::rest_parse_test {
namespace {

// Parses one request as io/http would.
Result<Request> parse(std::string_view line, std::string_view body = "", Headers headers = {}) {
  static Rest rest;  // reused, as in the server: nothing may leak from one request into the next
  const std::size_t space = line.find(' ');
  auto call = route(method_of(line.substr(0, space)), line.substr(space + 1));
  if (!call) return fail(StatusCode::kInternal, "no route: " + call.error().text);
  Bytes owned(body);
  return rest.parse(*call, headers, owned);
}

template <typename T>
T expect(Result<Request> request) {
  if (!request) {
    ADD_FAILURE() << request.error().to_string();
    return T{};
  }
  T* wanted = std::get_if<T>(&*request);
  if (wanted == nullptr) {
    ADD_FAILURE() << "another request, index " << request->index();
    return T{};
  }
  return std::move(*wanted);
}

Mutation one_mutation(Result<Request> request) {
  auto write = expect<WriteRequest>(std::move(request));
  EXPECT_EQ(write.mutations.size(), 1u);
  return write.mutations.empty() ? Mutation{} : write.mutations.front();
}

TEST(RestParse, PutValueHoweverItIsWritten) {
  struct Row {
    const char* why;
    std::string_view body;
    Bytes value;
  };
  const Row table[] = {
      {"the usual form", R"({"value":"aGVsbG8="})", "hello"},
      {"with blanks, as the tutorial writes it", "{\"value\": \"aGVsbG8=\"}", "hello"},
      {"blanks everywhere", " {\r\n\t\"value\" :\n\"aGVsbG8=\" } \n", "hello"},
      {"empty value", R"({"value":""})", ""},
      {"unknown fields are ignored", R"({"ttl":[1,{"a":null}],"value":"aGVsbG8=","x":true})", "hello"},
      {"line breaks of GNU base64, escaped", R"({"value":"aGVs\nbG8=\r\n"})", "hello"},
      {"escaped slash", R"({"value":"\/\/79"})", "\xFF\xFE\xFD"},
      {"escaped letter", R"({"value":"\u0061GVsbG8="})", "hello"},
      {"bytes", R"({"value":"AP8="})", Bytes("\0\xFF", 2)},
  };
  for (const Row& row : table) {
    const Mutation m = one_mutation(parse("PUT /api/v1/ns/kv/k", row.body));
    EXPECT_EQ(m.kind, Mutation::Kind::kPut) << row.why;
    EXPECT_EQ(m.table, "kv") << row.why;
    EXPECT_EQ(m.key, "k") << row.why;
    EXPECT_EQ(m.value, row.value) << row.why;
  }
}

TEST(RestParse, RefusesNamingWhatAndWhere) {
  const std::string long_key(limits::kKeyBytesMax + 1, 'k');
  struct Row {
    std::string_view line;
    std::string body;
    std::string text;
  };
  const Row table[] = {
      // The body as a whole.
      {"PUT /api/v1/ns/kv/k", "", "invalid JSON body: body is empty"},
      {"PUT /api/v1/ns/kv/k", "   ", "invalid JSON body: body is empty"},
      {"PUT /api/v1/ns/kv/k", "{", "invalid JSON body: missing or superfluous comma, brace, colon or quote"},
      {"PUT /api/v1/ns/kv/k", R"({"value":"aGk=")",
       "invalid JSON body: missing or superfluous comma, brace, colon or quote"},
      {"PUT /api/v1/ns/kv/k", R"({"value": "eyJ2YW)", "invalid JSON body: a string is not closed"},
      {"PUT /api/v1/ns/kv/k", R"({"value":"aGk="} x)",
       "invalid JSON body: missing or superfluous comma, brace, colon or quote"},
      {"PUT /api/v1/ns/kv/k", R"({"value":"aGk=","x":tru})",
       "invalid JSON body: a bad word, expected true, false or null"},
      {"PUT /api/v1/ns/kv/k", R"(["aGk="])", "invalid JSON body: not an object"},
      {"PUT /api/v1/ns/kv/k", "\"aGk=\"", "invalid JSON body: not an object"},
      {"PUT /api/v1/ns/kv/k", "{\"value\":\"aG\nk=\"}", "invalid JSON body: a control character inside a string"},
      {"PUT /api/v1/ns/kv/k", "{\"value\":\"\xFF\"}", "invalid JSON body: not valid UTF-8"},
      {"PUT /api/v1/ns/kv/k", std::string(2000, '['),
       "invalid JSON body: missing or superfluous comma, brace, colon or quote"},
      // Values.
      {"PUT /api/v1/ns/kv/k", "{}", "missing field \"value\""},
      {"PUT /api/v1/ns/kv/k", R"({"value":null})", "missing field \"value\""},
      {"PUT /api/v1/ns/kv/k", R"({"value":7})", "field \"value\" must be a base64 string"},
      {"PUT /api/v1/ns/kv/k", R"({"value":"aG*k"})", "invalid base64 value: illegal base64 data at input byte 2"},
      {"PUT /api/v1/ns/kv/k", R"({"value":"aGk"})", "invalid base64 value: illegal base64 data at input byte 3"},
      {"PUT /api/v1/ns/kv/k", R"({"value":"aGk=aGk="})", "invalid base64 value: illegal base64 data at input byte 4"},
      // Batches name the place.
      {"POST /api/v1/ns/kv/batch", "{}", "missing field \"operation\""},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"swap"})", "unknown operation \"swap\""},
      {"POST /api/v1/ns/kv/batch", R"({"operation":7})", "field \"operation\" must be a string"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put"})", "no items"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":[]})", "no items"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":{}})", "field \"items\" must be a list"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":[7]})", "item 0: must be an object"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":[{"value":"aGk="}]})",
       "item 0: missing field \"key\""},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":[{"key":"a","value":"aGk="},{"key":"","value":""}]})",
       "item 1: key is empty"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":[{"key":"a","value":""},{"key":"b","value":"?"}]})",
       "item 1: invalid base64 value: illegal base64 data at input byte 0"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"put","items":[{"key":")" + long_key + R"(","value":""}]})",
       "item 0: key has 8193 bytes, the limit is 8192"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"delete","items":[{"key":"a"}]})", "no keys"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"delete","keys":["a",""]})", "key 1: key is empty"},
      {"POST /api/v1/ns/kv/batch", R"({"operation":"delete","keys":["a",7]})", "key 1: must be a string"},
      // Sets.
      {"POST /api/v1/ns/sets/s/add", "{}", "no members"},
      {"POST /api/v1/ns/sets/s/add", R"({"members":[]})", "no members"},
      {"POST /api/v1/ns/sets/s/add", R"({"members":{}})", "field \"members\" must be a list"},
      {"POST /api/v1/ns/sets/s/add", R"({"members":["YQ==",7]})", "member 1: must be a base64 string"},
      {"POST /api/v1/ns/sets/s/remove", R"({"members":[""]})", "member 0: member is empty"},
      {"POST /api/v1/ns/sets/s/remove", R"({"members":["?"]})",
       "member 0: invalid base64 value: illegal base64 data at input byte 0"},
      {"GET /api/v1/ns/sets/s?limit=0", "", "parameter \"limit\" must be a number from 1 to 10000"},
      // Rows.
      {"PUT /api/v1/ns/row/r", "{}", "no columns"},
      {"PUT /api/v1/ns/row/r", R"({"columns":{}})", "no columns"},
      {"PUT /api/v1/ns/row/r", R"({"columns":["a"]})", "field \"columns\" must be an object of base64 strings"},
      {"PUT /api/v1/ns/row/r", R"({"columns":{"a":1}})", "field \"a\" must be a base64 string"},
      {"PUT /api/v1/ns/row/r", R"({"columns":{"a":"aGk=","b":"x"}})",
       "column \"b\": invalid base64 value: illegal base64 data at input byte 1"},
      {"PUT /api/v1/ns/row/r", R"({"columns":{")" + long_key + R"(":""}})",
       "column name has 8193 bytes, the limit is 8192"},
      {"DELETE /api/v1/ns/row/r/columns", "", "no columns"},
      {"DELETE /api/v1/ns/row/r/columns", R"({"columns":[]})", "no columns"},
      {"DELETE /api/v1/ns/row/r/columns", R"({"columns":7})", "field \"columns\" must be an object or a list of names"},
      {"POST /api/v1/ns/row/batch", R"({"operation":"put","rows":[]})", "no rows"},
      {"POST /api/v1/ns/row/batch",
       R"({"operation":"put","rows":[{"rowKey":"r","columns":{"a":"aGk="}},{"rowKey":"s"}]})", "row 1: no columns"},
      {"POST /api/v1/ns/row/batch", R"({"operation":"delete","rows":[{"rowKey":""}]})", "row 0: key is empty"},
      // Transactions.
      {"POST /api/v1/ns/tx/begin", R"({"operation":"swap","entryType":"kv"})", "unknown operation \"swap\""},
      {"POST /api/v1/ns/tx/begin", R"({"operation":"put","entryType":"blob"})", "unknown entry type \"blob\""},
      {"POST /api/v1/ns/tx/ab/kv", R"({"key":"k","value":"?"})",
       "invalid base64 value: illegal base64 data at input byte 0"},
      {"POST /api/v1/ns/tx/ab/kv", R"({"value":"aGk="})", "missing field \"key\""},
      {"POST /api/v1/ns/tx/ab/row", R"({"rowKey":"r","columns":{}})", "no columns"},
      {"POST /api/v1/ns/tx/ab/lob", "chunk", "key is empty"},
      // Counters, listings, backups.
      {"POST /api/v1/ns/counters/c/incr", R"({"by":1.5})",
       "field \"by\" must be a whole number that fits 64 bits, or a decimal number in quotes"},
      {"POST /api/v1/ns/counters/c/incr", R"({"by":"1,5"})",
       "field \"by\" must be a decimal number of at most 9 digits behind the point within ±1000000000000000000000000"},
      {"POST /api/v1/ns/counters/c/incr", R"({"by":9223372036854775808})",
       "field \"by\" must be a whole number that fits 64 bits, or a decimal number in quotes"},
      {"POST /api/v1/ns/counters/c/decr", R"({"by":-9223372036854775808})",
       "field \"by\" must be a whole number that fits 64 bits, or a decimal number in quotes"},
      {"GET /api/v1/ns/kv?limit=0", "", "parameter \"limit\" must be a number from 1 to 10000"},
      {"GET /api/v1/ns/kv?limit=10001", "", "parameter \"limit\" must be a number from 1 to 10000"},
      {"GET /api/v1/ns/kv?limit=-1", "", "parameter \"limit\" must be a number from 1 to 10000"},
      {"PUT /api/v1/ns/kv/k?ttl=30", R"({"value":"aGk="})",
       "ttl: \"30\" is no time like 500ms, 30s, 5m, 12h, 7d, at most 100 years, nor none"},
      {"PUT /api/v1/ns/ttl/kv/k", "{}", "give \"ttl\", a time like 30s or none, or \"at\", milliseconds since 1970"},
      {"PUT /api/v1/ns/ttl/kv/k", R"({"ttl":"3s","at":4})", "give either \"ttl\" or \"at\""},
      {"PUT /api/v1/ns/ttl/docs/k?field=a..b", R"({"ttl":"3s"})", "a field's name is empty"},
      {"PUT /api/v1/ns/ttl/kv/k", R"({"at":-4})", "field \"at\" must be a number of milliseconds since 1970"},
      {"PUT /api/v1/ns/ttl/kv/k", R"({"ttl":"3s","if":"newer"})",
       "field \"if\" is none of none, any, later, sooner: \"newer\""},
      {"GET /api/v1/ns/conflicts?after=x", "", "parameter \"after\": \"x\" is no id of a conflict, like 17-0"},
      {"GET /api/v1/ns/conflicts?wait=2m", "", "parameter \"wait\" must be a time like 500ms or 30s, at most 60s"},
      {"POST /api/v1/ns/conflicts/017-0/restore", "", "\"017-0\" is no id of a conflict, like 17-0"},
      {"GET /api/v1/ns/kv/k?view=mine", "", "unknown view \"mine\""},
      {"POST /api/v1/ns/wal/backup", "{}", "missing field \"backupDir\""},
      {"POST /api/v1/ns/wal/backup", R"({"backupDir":" "})", "field \"backupDir\" is empty"},
      {"POST /api/v1/ns/wal/backup", R"({"backupDir":"/etc"})", "backupDir is outside the backup root: /etc"},
      {"POST /api/v1/ns/wal/backup", R"({"backupDir":"a/../../b"})", "backupDir is outside the backup root: a/../../b"},
      {"POST /api/v1/ns/wal/backup", R"({"backupDir":"b","afterSegmentId":-1})",
       "field \"afterSegmentId\" must be a whole number, 0 or more"},
      {"POST /api/v1/ns/btree/backup", R"({"path":".."})", "path is outside the backup root: .."},
      {"POST /api/v1/ns/btree/backup", R"({"path":""})", "field \"path\" is empty"},
  };
  for (const Row& row : table) {
    const auto request = parse(row.line, row.body);
    ASSERT_FALSE(request.has_value()) << row.line << " " << row.body.substr(0, 80);
    EXPECT_EQ(request.error().code(), StatusCode::kInvalidArgument) << row.line << " " << row.body.substr(0, 80);
    EXPECT_EQ(request.error().message(), row.text) << row.line << " " << row.body.substr(0, 80);
  }
}

TEST(RestParse, DepthOverTheLimitNamesIt) {
  // Unknown fields are looked at as strictly as known ones.
  const auto nested = [](std::size_t levels) {  // the object around it is one more
    return R"({"value":"aGk=","x":)" + std::string(levels - 1, '[') + "1" + std::string(levels - 1, ']') + "}";
  };
  EXPECT_TRUE(parse("PUT /api/v1/ns/kv/k", nested(limits::kJsonDepthMax - 1)).has_value());
  const auto deep = parse("PUT /api/v1/ns/kv/k", nested(limits::kJsonDepthMax));
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().message(), "invalid JSON body: nested 1024 levels deep or deeper");
}

TEST(RestParse, ValuesOverTheLimitNameIt) {
  const Bytes value(limits::kValueBytesMax + 1, 'v');
  const auto request = parse("PUT /api/v1/ns/kv/k", "{\"value\":\"" + base64_encode(value) + "\"}");
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().message(), "value has 16777217 bytes, the limit is 16777216");
}

TEST(RestParse, Batches) {
  auto put = expect<WriteRequest>(
      parse("POST /api/v1/ns/kv/batch",
            R"({"operation":"put","items":[{"key":"a","value":"MQ=="},{"value":"Mg==","key":"b"}]})"));
  ASSERT_EQ(put.mutations.size(), 2u);
  EXPECT_EQ(put.mutations[1].key, "b");
  EXPECT_EQ(put.mutations[1].value, "2");
  auto erase =
      expect<WriteRequest>(parse("POST /api/v1/ns/kv/batch", R"({"operation":"delete","keys":["a","b","a"]})"));
  ASSERT_EQ(erase.mutations.size(), 3u);
  EXPECT_EQ(erase.mutations[0].kind, Mutation::Kind::kDelete);
  auto rows = expect<WriteRequest>(parse(
      "POST /api/v1/ns/row/batch", R"({"operation":"delete","rows":[{"rowKey":"r","columns":{"a":"ignored"}}]})"));
  ASSERT_EQ(rows.mutations.size(), 1u);
  EXPECT_EQ(rows.mutations[0].kind, Mutation::Kind::kDeleteRow);
  EXPECT_EQ(rows.mutations[0].table, "row");
}

TEST(RestParse, BatchesAreBounded) {
  std::string body = R"({"operation":"delete","keys":["k")";
  for (std::size_t i = 0; i < limits::kBatchItemsMax; ++i) body += ",\"k\"";
  const auto request = parse("POST /api/v1/ns/kv/batch", body + "]}");
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().message(), "batch has 100001 keys, the limit is 100000");
}

TEST(RestParse, Rows) {
  const Mutation put = one_mutation(parse("PUT /api/v1/ns/row/r", R"({"columns":{"a":"MQ==","":"Mg=="}})"));
  EXPECT_EQ(put.kind, Mutation::Kind::kPutColumns);
  EXPECT_EQ(put.columns, (Columns{{"a", "1"}, {"", "2"}}));
  for (const std::string_view line :
       {"DELETE /api/v1/ns/row/r/columns?columns=a,%20b,,", "DELETE /api/v1/ns/row/r/columns"}) {
    const Mutation erase = one_mutation(parse(line, R"({"columns":{"a":"?","b":null}})"));
    EXPECT_EQ(erase.kind, Mutation::Kind::kDeleteColumns) << line;
    EXPECT_EQ(erase.columns, (Columns{{"a", ""}, {"b", ""}})) << line;
  }
  EXPECT_EQ(one_mutation(parse("DELETE /api/v1/ns/row/r/columns", R"({"columns":["a"]})")).columns,
            (Columns{{"a", ""}}));
  EXPECT_EQ(expect<GetRowRequest>(parse("GET /api/v1/ns/row/r?columns=a,b")).columns, (std::vector<Bytes>{"a", "b"}));
  EXPECT_EQ(expect<GetRowRequest>(parse("GET /api/v1/ns/row/r?columns=")).columns, std::nullopt);
}

TEST(RestParse, Transactions) {
  EXPECT_EQ(expect<TxBeginRequest>(parse("POST /api/v1/ns/tx/begin")).operation, std::nullopt);
  const auto begin =
      expect<TxBeginRequest>(parse("POST /api/v1/ns/tx/begin", R"({"operation":"delete","entryType":"lob"})"));
  EXPECT_EQ(begin.operation, TxOperation::kDelete);
  EXPECT_EQ(begin.entry_type, TxEntryType::kLob);

  struct Row {
    std::string_view line, body;
    Mutation::Kind kind;
    std::size_t columns;
  };
  const Row table[] = {
      {"POST /api/v1/ns/tx/ab/kv", R"({"key":"k","value":"MQ=="})", Mutation::Kind::kPut, 0},
      {"POST /api/v1/ns/tx/ab/kv", R"({"key":"k"})", Mutation::Kind::kDelete, 0},
      {"POST /api/v1/ns/tx/ab/kv", R"({"key":"k","value":"MQ==","operation":"delete"})", Mutation::Kind::kDelete, 0},
      {"POST /api/v1/ns/tx/ab/row", R"({"rowKey":"k","columns":{"a":"MQ=="}})", Mutation::Kind::kPutColumns, 1},
      {"POST /api/v1/ns/tx/ab/row", R"({"rowKey":"k"})", Mutation::Kind::kDeleteRow, 0},
      {"POST /api/v1/ns/tx/ab/row", R"({"rowKey":"k","columns":["a","b"],"operation":"delete"})",
       Mutation::Kind::kDeleteColumns, 2},
  };
  for (const Row& row : table) {
    const auto append = expect<TxAppendRequest>(parse(row.line, row.body));
    EXPECT_EQ(append.id, "ab") << row.body;
    EXPECT_EQ(append.mutation->kind, row.kind) << row.body;
    EXPECT_EQ(append.mutation->key, "k") << row.body;
    EXPECT_EQ(append.mutation->columns.size(), row.columns) << row.body;
  }
  const auto lob = expect<TxAppendLobRequest>(parse("POST /api/v1/ns/tx/ab/lob?key=o", Bytes("\0raw\xFF", 5)));
  EXPECT_EQ(lob.key, "o");
  EXPECT_EQ(lob.chunk, Bytes("\0raw\xFF", 5));
  EXPECT_EQ(expect<TxDeleteLobRequest>(parse("DELETE /api/v1/ns/tx/ab/lob?key=o")).key, "o");
  EXPECT_EQ(expect<TxCommitRequest>(parse("POST /api/v1/ns/tx/ab%2F/commit")).id, "ab/");
}

TEST(RestParse, CountersListsAndTheRest) {
  EXPECT_EQ(one_mutation(parse("POST /api/v1/ns/counters/c/incr")).delta, 1);
  EXPECT_EQ(one_mutation(parse("POST /api/v1/ns/counters/c/decr")).delta, -1);
  EXPECT_EQ(one_mutation(parse("POST /api/v1/ns/counters/c/decr", R"({"by":5})")).delta, -5);
  EXPECT_EQ(one_mutation(parse("POST /api/v1/ns/counters/c/incr", R"({"by":-9223372036854775808})")).delta, INT64_MIN);
  EXPECT_EQ(one_mutation(parse("DELETE /api/v1/ns/counters/c")).kind, Mutation::Kind::kReset);
  const auto list = expect<ListRequest>(parse("GET /api/v1/ns/row?prefix=a%2F&after=a%2Fb&limit=7"));
  EXPECT_EQ(list.table, "row");
  EXPECT_EQ(list.prefix, "a/");
  EXPECT_EQ(list.after, "a/b");
  EXPECT_EQ(list.count_max, 7u);
  EXPECT_TRUE(expect<GetRequest>(parse("GET /api/v1/ns/kv/k?view=raw")).raw);
  EXPECT_FALSE(expect<GetRequest>(parse("GET /api/v1/ns/kv/k")).raw);
  const auto backup =
      expect<BackupLogRequest>(parse("POST /api/v1/ns/wal/backup", R"({"backupDir":"a/b..c/.","afterSegmentId":3})"));
  EXPECT_EQ(backup.directory, "a/b..c/.");
  EXPECT_EQ(backup.after_segment, 3u);
}

TEST(RestParse, Watches) {
  const auto watch = [](std::string_view target, Headers headers = {}) {
    return parse_watch(*route(Method::kGet, target), headers);
  };
  EXPECT_EQ(watch("/api/v1/ns/watch")->filter.table, std::nullopt);
  EXPECT_EQ(watch("/api/v1/ns/watch?prefix=a%2F&table=kv&cursor=c1")->cursor, "c1");
  EXPECT_TRUE(watch("/api/v1/ns/watch?key=k")->filter.exact);
  // A browser repeats the URL when it reconnects; only the header has moved on.
  EXPECT_EQ(watch("/api/v1/ns/watch?cursor=old", {"", "new"})->cursor, "new");
  EXPECT_EQ(watch("/api/v1/ns/watch?key=a&prefix=b").error().message(), "give either \"key\" or \"prefix\"");
  EXPECT_EQ(watch("/api/v1/ns/watch?table=No").error().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pando::api::rest_parse_test

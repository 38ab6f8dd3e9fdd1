#include "api/document_json.h"

#include <gtest/gtest.h>

#include "api/rest.h"
#include "base/limits.h"

namespace pando::api::document_json_test {
namespace {

std::string round_trip(ByteSpan json) {
  const auto put = parse_document(json);
  if (!put) return put.error().message();
  Bytes out;
  append_document(put->document, out);
  return out;
}

TEST(DocumentJson, RoundTrips) {
  struct Row {
    const char* why;
    const char* in;
    const char* out;
  };
  const Row rows[] = {
      {"empty", "{}", "{}"},
      {"fields in byte order", R"({"b":1,"a":2})", R"({"a":2,"b":1})"},
      {"objects in objects", R"({"a":{"b":{},"c":{"d":1}},"e":2})", R"({"a":{"b":{},"c":{"d":1}},"e":2})"},
      {"a name that begins another", R"({"a":{"x":1},"ab":2,"a.b":3})", R"({"a":{"x":1},"a.b":3,"ab":2})"},
      {"numbers keep their text", R"([12.50])", "invalid JSON body: not an object"},
      {"decimals keep their text", R"({"n":12.50,"e":1E+3,"z":-0.0})", R"({"e":1E+3,"n":12.50,"z":-0.0})"},
      {"long ones too", R"({"n":123456789012345678901234567890})", R"({"n":123456789012345678901234567890})"},
      {"blanks go", "{ \"a\" : [ 1 , { \"b\" : null } , [ ] ] }", R"({"a":[1,{"b":null},[]]})"},
      {"escapes are the shortest", R"({"\u0061":"\u20ac\/\u0000\n"})", "{\"a\":\"\xE2\x82\xAC/\\u0000\\n\"}"},
      {"arrays of everything", R"({"a":[true,false,null,"x",{"k":[{}],"l":2},-1.5]})",
       R"({"a":[true,false,null,"x",{"k":[{}],"l":2},-1.5]})"},
      {"an empty name", R"({"":{"":1}})", R"({"":{"":1}})"},
  };
  for (const Row& row : rows) EXPECT_EQ(round_trip(row.in), row.out) << row.why;
}

TEST(DocumentJson, MistakesAreNamed) {
  std::string deep;
  for (std::size_t i = 0; i < limits::kDocumentDepthMax; ++i) deep += R"({"a":)";
  std::string wide = "{\"0\":0";
  for (std::size_t i = 0; i < limits::kDocumentFieldsMax; ++i) wide += ",\"f" + std::to_string(i) + "\":0";
  struct Row {
    std::string in;
    std::string text;
  };
  const Row rows[] = {
      {"", "invalid JSON body at byte 1: parse error"},
      {"{", "invalid JSON body at byte 2: parse error"},
      {R"({"a":1} x)", "invalid JSON body at byte 9: parse error"},
      {R"({"a":01})", "invalid JSON body at byte 7: parse error"},
      {"{\"a\":\"\xFF\"}", "invalid JSON body at byte 7: parse error"},
      {R"({"a":1e999})", "number overflow"},
      {R"({"a":{"b":1,"b":2}})", "field \"b\" is there twice"},
      {R"({"a":{"__op__":"add","value":1}})", "field \"a\": \"__op__\" belongs into a PATCH"},
      {R"({"__op__":1})", "\"__op__\" stands in place of a field, not of the document"},
      {deep + "{}" + std::string(limits::kDocumentDepthMax, '}'), "more than 32 levels deep, the limit"},
      {R"({"a":)" + std::string(1000, '[') + "1" + std::string(1000, ']') + "}", "more than 32 levels deep"},
      {wide + "}", "more than 50000 fields in one document, the limit"},
      {"{\"" + std::string(limits::kElementBytesMax, 'x') + "\":1}", "its path has 8193 bytes, the limit is 8192"},
  };
  for (const Row& row : rows) {
    EXPECT_NE(round_trip(row.in).find(row.text), std::string::npos) << round_trip(row.in);
  }
}

std::string patch(ByteSpan json) {
  static constexpr const char* kWords[] = {"object", "set", "remove", "add", "max", "min", "set-add", "set-remove"};
  const auto parsed = parse_document_patch(json);
  if (!parsed) return parsed.error().message();
  std::string text;
  for (const DocumentEdit& edit : parsed->edits) {
    text += (text.empty() ? "" : "; ") + std::string(kWords[static_cast<int>(edit.what)]);
    text += " " + field_text(edit.path) + (edit.text.empty() ? "" : " " + edit.text);
    for (const Bytes& member : edit.members) text += " " + member;
  }
  return text;
}

TEST(DocumentJson, Patches) {
  struct Row {
    const char* in;
    const char* edits;
  };
  const Row rows[] = {
      {"{}", "object (document)"},
      {R"({"a":{"b":null},"c":[1]})", "object (document); object a; remove a.b; set c [1]"},
      {R"({"n":{"__op__":"add","value":2}})", "object (document); add n 2"},
      {R"({"n":{"value":"0.10","__op__":"add"}})", "object (document); add n 0.10"},
      {R"({"o":{"n":{"__op__":"max","value":1e2}}})", "object (document); object o; max o.n 1e2"},
      {R"({"n":{"__op__":"min","value":-1}})", "object (document); min n -1"},
      {R"({"s":{"__op__":"set-add","value":["x",1,null]}})", "object (document); set-add s \"x\" 1 null"},
      {R"({"s":{"__op__":"set-remove","value":"x"}})", "object (document); set-remove s \"x\""},
      {R"({"a":{"n":{"__op__":"grow","value":1}}})",
       "field \"a.n\": \"__op__\" is none of add, max, min, set-add, set-remove"},
      {R"({"n":{"__op__":"add"}})", "field \"n\": \"__op__\" needs \"value\" beside it, and nothing else"},
      {R"({"n":{"__op__":"add","value":1,"x":2}})",
       "field \"n\": \"__op__\" needs \"value\" beside it, and nothing else"},
      {R"({"n":{"__op__":"add","value":"one"}})", "field \"n\": add takes a number"},
      {R"({"n":{"__op__":"max","value":[1]}})", "field \"n\": max takes a number"},
      {R"({"s":{"__op__":"set-add","value":[[1]]}})", "field \"s\": set-add takes a plain value or an array of them"},
      {R"({"s":{"__op__":"set-add","value":{}}})", "field \"s\": set-add takes a plain value or an array of them"},
      {"[]", "invalid JSON body: not an object"},
  };
  for (const Row& row : rows) EXPECT_EQ(patch(row.in), row.edits) << row.in;
}

TEST(DocumentJson, TextOfQueries) {
  EXPECT_EQ(scalar_of_text("5"), "5");
  EXPECT_EQ(scalar_of_text("true"), "true");
  EXPECT_EQ(scalar_of_text("ada"), "\"ada\"");
  EXPECT_EQ(scalar_of_text("\"5\""), "\"5\"");
  EXPECT_EQ(scalar_of_text("\"\\u0061\""), "\"a\"");
  EXPECT_EQ(scalar_of_text("\"x"), "\"\\\"x\"");
  EXPECT_EQ(scalar_of_text(""), "\"\"");
  EXPECT_EQ(path_of_text("a.b"), path_of_fields({"a", "b"}));
  EXPECT_EQ(path_of_text("/a.b/c~1d~0e"), path_of_fields({"a.b", "c/d~e"}));
  EXPECT_EQ(path_of_text("/"), path_of_fields({""}));
  for (const char* bad : {"", "a..b", ".a", "/a~2"}) EXPECT_FALSE(path_of_text(bad)) << bad;
}

// Requests. ---------------------------------------------------------------------------------------------------------

Result<Request> parse(std::string_view line, std::string_view body = "") {
  static Rest rest;
  const std::size_t space = line.find(' ');
  auto call = route(method_of(line.substr(0, space)), line.substr(space + 1));
  if (!call) return fail(StatusCode::kInternal, "no route: " + call.error().text);
  Bytes owned(body);
  return rest.parse(*call, {}, owned);
}

TEST(Records, AListingAsItIsAskedFor) {
  const auto request = parse(
      "GET /api/v1/ns/tables/users?prefix=a&from=b&to=c&order=desc&limit=7&cursor=6162&fields=x,y.z"
      "&age%5Bgt%5D=5&a.b[ne]=x+y&tags[has]=%22new%22");
  ASSERT_TRUE(request) << request.error().message();
  const auto& list = std::get<ListDocumentsRequest>(*request);
  EXPECT_EQ(list.table, "users");
  EXPECT_EQ(list.prefix + "|" + list.from + "|" + list.to + "|" + list.after, "a|b|c|ab");
  EXPECT_TRUE(list.descending);
  EXPECT_EQ(list.count_max, 7u);
  EXPECT_EQ(list.fields, (std::vector<Bytes>{path_of_fields({"x"}), path_of_fields({"y", "z"})}));
  ASSERT_EQ(list.filters.size(), 3u);
  EXPECT_EQ(list.filters[0].path, path_of_fields({"age"}));
  EXPECT_EQ(list.filters[0].op, FieldFilter::Op::kGreater);
  EXPECT_EQ(list.filters[0].value, "5");
  EXPECT_EQ(list.filters[1].path, path_of_fields({"a", "b"}));
  EXPECT_EQ(list.filters[1].value, "\"x y\"");
  EXPECT_EQ(list.filters[2].op, FieldFilter::Op::kHas);
  EXPECT_EQ(list.filters[2].value, "\"new\"");

  const auto reversed = parse("GET /api/v1/ns/tables/users?reverse=true&age[gte]=5&age[lte]=9");
  ASSERT_TRUE(reversed) << reversed.error().message();
  const auto& range = std::get<ListDocumentsRequest>(*reversed);
  EXPECT_TRUE(range.descending);
  ASSERT_EQ(range.filters.size(), 2u);
  EXPECT_EQ(range.filters[0].op, FieldFilter::Op::kGreaterEqual);
  EXPECT_EQ(range.filters[1].op, FieldFilter::Op::kLessEqual);
}

TEST(Records, RefusalsOfTheRequest) {
  struct Row {
    const char* line;
    const char* text;
  };
  const Row rows[] = {
      {"GET /api/v1/ns/tables/users?order=up", "parameter \"order\" is asc or desc"},
      {"GET /api/v1/ns/tables/users?reverse=yes", "parameter \"reverse\" is false or true"},
      {"GET /api/v1/ns/tables/users?age=5", "parameter \"age\" is not known; a condition is written age[eq]="},
      {"GET /api/v1/ns/tables/users?limit=0", "parameter \"limit\" must be a number from 1 to 10000"},
      {"GET /api/v1/ns/tables/users?cursor=xyz", "parameter \"cursor\" is none that a listing answered"},
      {"GET /api/v1/ns/tables/users?age[like]=5", "parameter \"age[like]\": a condition is one of eq, ne, lt, le, gt"},
      {"GET /api/v1/ns/tables/users?%5Beq%5D=5", "a field's name is empty"},
      {"GET /api/v1/ns/tables/users?a=%zz", "invalid percent-encoding in parameter \"a\" at byte 0"},
      {"GET /api/v1/ns/tables/.tables", "holds what Pando keeps for itself"},
      {"PUT /api/v1/ns/tables/lob/k", "table \"lob\" holds objects only"},
      {"DELETE /api/v1/ns/tables/row/k", "table \"row\" holds rows only"},
      {"PUT /api/v1/ns/kv/k?table=lob", "table \"lob\" holds objects only"},
      {"POST /api/v1/ns/sets/k/add?table=.merge", "holds what Pando keeps for itself"},
      {"GET /api/v1/ns/explain/.tables/k", "internal"},
  };
  for (const Row& row : rows) {
    const auto request = parse(row.line, R"({"value":"","members":["YQ=="]})");
    ASSERT_FALSE(request) << row.line;
    EXPECT_NE(request.error().message().find(row.text), std::string::npos) << request.error().message();
  }
}

TEST(Records, AnyTypeInAnyTable) {
  const auto table_of = [](const Result<Request>& request) -> std::string {
    if (!request) return request.error().message();
    if (const auto* write = std::get_if<WriteRequest>(&*request)) return write->mutations.front().table;
    if (const auto* get = std::get_if<GetCounterRequest>(&*request)) return get->table;
    if (const auto* has = std::get_if<HasMemberRequest>(&*request)) return has->table;
    if (const auto* list = std::get_if<ListMembersRequest>(&*request)) return list->table;
    if (const auto* size = std::get_if<CountMembersRequest>(&*request)) return size->table;
    if (const auto* flag = std::get_if<GetFlagRequest>(&*request)) return flag->table;
    if (const auto* keys = std::get_if<ListRequest>(&*request)) return keys->table;
    return std::get<GetRequest>(*request).table;
  };
  for (const char* path :
       {"POST /counters/k/incr", "POST /counters/k/decr", "GET /counters/k", "DELETE /counters/k", "POST /sets/k/add",
        "POST /sets/k/remove", "GET /sets/k", "GET /sets/k/size", "GET /sets/k/members/m", "DELETE /sets/k",
        "PUT /flags/k", "GET /flags/k", "DELETE /flags/k", "PUT /kv/k", "GET /kv/k", "DELETE /kv/k", "GET /kv"}) {
    std::string line(path);
    line.insert(line.find('/'), "/api/v1/ns");
    const char* body = R"({"value":"","members":["YQ=="]})";
    EXPECT_EQ(table_of(parse(line + "?table=users", body)), "users") << path;
    EXPECT_EQ(table_of(parse(line, body)), "kv") << path;
  }
}

TEST(Counters, DecimalsStandInQuotes) {
  const auto mutation = [](std::string_view line, std::string_view body) {
    const auto request = parse(line, body);
    return request ? std::get<WriteRequest>(*request).mutations.front() : Mutation{};
  };
  const Mutation decimal = mutation("POST /api/v1/ns/counters/k/decr", R"({"by":"12.5"})");
  EXPECT_EQ(decimal.kind, Mutation::Kind::kAddDecimal);
  EXPECT_EQ(decimal.units, Int128{-12'500'000'000});
  const Mutation whole = mutation("POST /api/v1/ns/counters/k/decr", R"({"by":12})");
  EXPECT_EQ(whole.kind, Mutation::Kind::kAdd);
  EXPECT_EQ(whole.delta, -12);
  for (const char* bad : {R"({"by":12.5})", R"({"by":"x"})", R"({"by":"1e3"})", R"({"by":"0.0000000001"})",
                          R"({"by":9223372036854775808})", R"({"by":"1000000000000000000000001"})"}) {
    EXPECT_FALSE(parse("POST /api/v1/ns/counters/k/incr", bad)) << bad;
  }
}

TEST(Declarations, PropertiesAreText) {
  const auto declare = [](std::string_view line, std::string_view body) {
    const auto request = parse(line, body);
    if (!request) return request.error().message();
    const Mutation& m = std::get<WriteRequest>(*request).mutations.front();
    const auto& made = std::get<DeclareTable>(m.detail);
    std::string text = m.table + "/" + m.key + (made.whole ? " whole" : "");
    for (const auto& [name, value] : made.properties) text += " " + name + "=" + value.value_or("-");
    return text;
  };
  EXPECT_EQ(declare("PUT /api/v1/ns/declarations/users", R"({"ttl":"60s","grow_only":true})"),
            ".tables/users whole ttl=60s grow_only=true");
  EXPECT_EQ(declare("PATCH /api/v1/ns/declarations/users", R"({"ttl":null})"), ".tables/users ttl=-");
  EXPECT_EQ(declare("DELETE /api/v1/ns/declarations/users", ""), ".tables/users whole");
  EXPECT_EQ(declare("PATCH /api/v1/ns/declarations/users", R"({"ttl":5})"),
            "table property ttl: must be text, true, false, or null for its default");
}

}  // namespace
}  // namespace pando::api::document_json_test

// What a namespace has agreed on for its tables: replicated data, in force as soon as it is here.
#include <fmt/format.h>

#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"

namespace pando::api {
namespace {

// A property's value: text, or true and false.
Result<std::optional<std::string>> text_of(std::string_view name, dom::element value) {
  if (value.is_null()) return std::nullopt;
  bool flag = false;
  if (value.get_bool().get(flag) == simdjson::SUCCESS) return std::string(flag ? "true" : "false");
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  return refuse(fmt::format("table property {}: must be text, true, false, or null for its default", name));
}

template <bool kWhole>
Result<Request> parse_declare(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  DeclareTable declare;
  declare.whole = kWhole;
  for (const auto field : *object) {
    auto text = text_of(field.key, field.value);
    if (!text) return fail(text.error());
    declare.properties.emplace_back(field.key, *std::move(text));
  }
  Mutation m = mutation(Mutation::Kind::kDetail, kTableTables, call.table);
  m.detail = std::move(declare);
  return write_one(std::move(m));
}

Result<Request> parse_forget(Call& call, JsonBody&) {
  Mutation m = mutation(Mutation::Kind::kDetail, kTableTables, call.table);
  m.detail = DeclareTable{{}, true};
  return write_one(std::move(m));
}

Result<Request> parse_get(Call& call, JsonBody&) { return Request(GetDeclarationRequest{call.table}); }
Result<Request> parse_list(Call&, JsonBody&) { return Request(ListDeclarationsRequest{}); }

void append_declaration(Bytes& out, const DeclarationsReply::Item& item) {
  out.push_back('{');
  append_field(out, "table", ByteSpan(item.table));
  append_flag(out, "declared", item.declared);
  for (const auto& [name, text] : item.properties) {
    if (text == "true" || text == "false") {
      append_flag(out, name, text == "true");
    } else {
      append_field(out, name, ByteSpan(text));
    }
  }
  out.push_back('}');
}

void append_one(Bytes& out, const Call&, const DeclarationsReply& reply) {
  for (const auto& item : reply.items) append_declaration(out, item);
}

void append_all(Bytes& out, const Call&, const DeclarationsReply& reply) {
  out += R"({"tables":[)";
  for (const auto& item : reply.items) {
    append_comma(out);
    append_declaration(out, item);
  }
  out += "]}";
}

constexpr std::string_view kExample = R"({"resolver":"max","ttl":"30d"})";

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/declarations/{table}",
     .id = "declaration_get",
     .summary = "Read what is declared of a table; what is not has its default",
     .takes = kReadTerms | kTakesConditions,
     .answer = json("Declaration"),
     .parse = parse_get,
     .reply = reply_with<append_one>},
    {.method = Method::kPut,
     .path = "/{ns}/declarations/{table}",
     .id = "declaration_put",
     .summary = "Declare a table; properties that are left out have their defaults",
     .takes = kWriteTerms | kTakesConditions,
     .body = json("DeclarationChange", kExample),
     .answer = json("Success"),
     .parse = parse_declare<true>,
     .reply = reply_with<append_done>},
    {.method = Method::kPatch,
     .path = "/{ns}/declarations/{table}",
     .id = "declaration_patch",
     .summary = "Change some properties of a table; null returns one to its default",
     .takes = kWriteTerms | kTakesConditions,
     .body = json("DeclarationChange", kExample),
     .answer = json("Success"),
     .parse = parse_declare<false>,
     .reply = reply_with<append_done>},
    {.method = Method::kDelete,
     .path = "/{ns}/declarations/{table}",
     .id = "declaration_delete",
     .summary = "Return a table to the defaults; its keys stay",
     .takes = kWriteTerms | kTakesConditions,
     .answer = json("Success"),
     .parse = parse_forget,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/declarations",
     .id = "declaration_list",
     .summary = "List the tables that are declared",
     .takes = kReadTerms,
     .answer = json("DeclarationList"),
     .parse = parse_list,
     .reply = reply_with<append_all>},
};

constexpr SchemaRow kSchemas[] = {
    {"Declaration",
     R"({"type":"object","required":["table","declared"],"properties":{"table":{"type":"string"},)"
     R"("declared":{"type":"boolean","description":"false: all defaults"},)"
     R"("resolver":{"enum":["lww","max","min","first-wins","origin-priority","multi"],)"
     R"("description":"which of several concurrent values reads show"},)"
     R"("origins":{"type":"string","description":"for origin-priority: node names, the first wins"},)"
     R"("sets":{"enum":["add","remove"],"description":"what wins of a member that is added and removed at once"},)"
     R"("flags":{"enum":["enable","disable"]},)"
     R"("grow_only":{"type":"boolean","description":"counters refuse to go down"},)"
     R"("ttl":{"type":"string","description":"none, or 500ms, 30s, 5m, 12h, 7d from a key's last write"},)"
     R"("durability":{"type":"string","description":"default, memory, os, fsync, sites:n, site:name"},)"
     R"("default_type":{"type":"string"},"publish":{"type":"boolean"},"subscribe":{"type":"boolean"}}})"},
    {"DeclarationChange", R"({"type":"object","description":"properties of a declaration; null is the default of one",)"
                          R"("additionalProperties":{"type":["string","boolean","null"]}})"},
    {"DeclarationList", R"({"type":"object","required":["tables"],"properties":{"tables":{"type":"array",)"
                        R"("items":{"$ref":"Declaration"}}}})"},
};

}  // namespace

Area declaration_routes() {
  return {"declarations", "What holds for all keys of a table. Replicated, and in force without a restart.", kRows,
          kSchemas};
}

}  // namespace pando::api

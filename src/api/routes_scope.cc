// Which tables of a namespace this node publishes and takes: read, and changed while it runs.
#include <fmt/core.h>

#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/reply_text.h"
#include "api/route.h"
#include "base/limits.h"

namespace pando::api {
namespace {

// A list of names; the one name * stands for all tables.
Result<std::optional<TableSet>> tables_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  if (!element) return std::optional<TableSet>();
  dom::array array;
  const auto malformed = [&] {
    return refuse(fmt::format("field \"{}\" must be a list of table names, or [\"*\"] for all", name));
  };
  if (element->get_array().get(array) != simdjson::SUCCESS) return malformed();
  std::vector<std::string> names;
  for (const dom::element item : array) {
    std::string_view table;
    if (item.get_string().get(table) != simdjson::SUCCESS) return malformed();
    names.emplace_back(table);
  }
  if (names.size() == 1 && names.front() == "*") return std::optional(TableSet{});
  if (names.size() > limits::kScopeNamesMax) {
    return refuse(fmt::format("field \"{}\" names more than {} tables", name, limits::kScopeNamesMax));
  }
  for (const std::string& table : names) {
    if (const Status valid = validate_table_name(table); !valid.ok()) {
      return refuse(fmt::format("field \"{}\": {}", name, valid.message()));
    }
    if (is_internal_table(table)) {
      return refuse(
          fmt::format("field \"{}\": table \"{}\" is internal and goes with the table it serves", name, table));
    }
  }
  return std::optional(TableSet::of(std::move(names)));
}

Result<Request> parse_scope_get(Call&, JsonBody&) { return Request(ScopeRequest{}); }

Result<Request> parse_scope_change(Call&, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  ScopeRequest scope;
  for (const auto& [name, tables] : {std::pair("publish", &scope.publish), {"subscribe", &scope.subscribe}}) {
    auto named = tables_field(*object, name);
    if (!named) return fail(named.error());
    *tables = *std::move(named);
  }
  const Result<bool> discard = bool_field(*object, "discard");
  if (!discard) return fail(discard.error());
  scope.discard = *discard;
  if (!scope.publish && !scope.subscribe) {
    return refuse("say what to change: \"publish\", \"subscribe\" or both, each a list of table names");
  }
  return Request(std::move(scope));
}

void append_scope(Bytes& out, const Call& call, const Boxed<ScopeReply>& boxed) {
  const ScopeReply& reply = *boxed;
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_tables(out, "publish", reply.scope.publish);
  append_tables(out, "subscribe", reply.scope.subscribe);
  append_tables(out, "held", reply.holds);
  append_field(out, "arriving", ByteSpan(reply.arriving));
  append_name(out, "configured");
  out.push_back('{');
  append_tables(out, "publish", reply.configured.publish);
  append_tables(out, "subscribe", reply.configured.subscribe);
  out += "}}";
}

constexpr std::string_view kScopeExample = R"({"subscribe":["thresholds","limits"],"publish":["alerts"]})";

constexpr RouteRow kScopeRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/scope",
     .id = "scope",
     .summary = "Read which tables this node publishes and takes, and which of those are here",
     .takes = kReadTerms,
     .answer = json("Scope"),
     .parse = parse_scope_get,
     .reply = reply_with<append_scope>},
    {.method = Method::kPatch,
     .path = "/{ns}/scope",
     .id = "scope_patch",
     .summary = "Change that while the node runs; what is left out stays. Tables taken anew arrive from a peer",
     .body = json("ScopeChange", kScopeExample),
     .answer = json("Scope"),
     .refusals = {409},
     .parse = parse_scope_change,
     .reply = reply_with<append_scope>},
};

constexpr SchemaRow kScopeSchemas[] = {
    {"Scope",
     R"({"type":"object","required":["namespace","publish","subscribe","held","arriving","configured"],"properties":{)"
     R"("namespace":{"type":"string"},"publish":{"$ref":"TableNames"},"subscribe":{"$ref":"TableNames"},)"
     R"("held":{"$ref":"TableNames"},"arriving":{"type":"string","description":"how far the tables are that are taken )"
     R"(and not held; empty when there are none"},"configured":{"$ref":"TableScope"}}})"},
    {"ScopeChange",
     R"({"type":"object","properties":{"publish":{"$ref":"TableNames"},"subscribe":{"$ref":"TableNames"},)"
     R"("discard":{"type":"boolean","description":"what this node alone holds of tables it takes anew may go"}}})"},
};

}  // namespace

Area scope_routes() {
  return {"scope", "Which tables of a namespace this node publishes and takes.", kScopeRows, kScopeSchemas};
}

}  // namespace pando::api

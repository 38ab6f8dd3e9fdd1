// Flags: enabling wins over a concurrent disabling.
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"

namespace pando::api {
namespace {

Result<Request> parse_get(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(GetFlagRequest{std::move(*table), std::move(call.key)});
}

Result<Request> parse_tx(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  const Result<std::string> table = table_field(*object, kTableKv);
  if (!table) return fail(table.error());
  const auto verb = verb_field(*object);
  if (!verb) return fail(verb.error());
  const auto kind = *verb == Verb::kPut ? Mutation::Kind::kEnable : Mutation::Kind::kDisable;
  return append_to_tx(call, mutation(kind, *table, std::move(*key)));
}

void append_enabled(Bytes& out, const Call&, const PresenceReply& presence) {
  out.push_back('{');
  append_flag(out, "enabled", presence.present);
  out.push_back('}');
}

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/flags/{key}",
     .id = "flag_get",
     .summary = "Ask whether a flag is on; one that was never enabled is off",
     .takes = kReadTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Enabled"),
     .refusals = {409},
     .parse = parse_get,
     .reply = reply_with<append_enabled>},
    {.method = Method::kPut,
     .path = "/{ns}/flags/{key}",
     .id = "flag_enable",
     .summary = "Turn a flag on",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = write_key<Mutation::Kind::kEnable>,
     .reply = reply_with<append_done>},
    {.method = Method::kDelete,
     .path = "/{ns}/flags/{key}",
     .id = "flag_disable",
     .summary = "Turn a flag off",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = write_key<Mutation::Kind::kDisable>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/flags",
     .id = "tx_flag",
     .summary = "Append the turning of a flag to a transaction",
     .body = json("TxFlag", R"({"operation":"put","key":"dark-mode"})"),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"Enabled", R"({"type":"object","required":["enabled"],"properties":{"enabled":{"type":"boolean"}}})"},
    {"TxFlag", R"({"type":"object","required":["operation","key"],"properties":{"operation":{"$ref":"Operation"},)"
               R"("key":{"$ref":"Key"},"table":{"$ref":"Table"}}})"},
};

}  // namespace

Area flag_routes() {
  return {"flags", "On or off. Enabling wins over a disabling that did not see it.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api

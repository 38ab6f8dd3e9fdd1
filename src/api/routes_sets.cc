// Sets: adding wins over a concurrent removal.
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "base/limits.h"

namespace pando::api {
namespace {

template <Mutation::Kind kKind>
Result<Request> parse_change(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  auto members = members_field(*object);
  if (!members) return fail(members.error());
  Result<Mutation> m = mutation_of_key(kKind, call);
  if (!m) return fail(m.error());
  m->members = std::move(*members);
  return write_one(std::move(*m));
}

Result<Request> parse_list(Call& call, JsonBody&) { return members_of(call); }

Result<Request> parse_size(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(CountMembersRequest{std::move(*table), std::move(call.key), limits::kSetCountMax});
}

Result<Request> parse_has(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(HasMemberRequest{std::move(*table), std::move(call.key), std::move(call.member)});
}

// {"key","members"} adds; with "operation":"delete" it removes them, without members the set.
Result<Request> parse_tx(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  const Result<std::string> table = table_field(*object, kTableKv);
  if (!table) return fail(table.error());
  const bool has_members = field(*object, "members").has_value();
  const auto verb = verb_or(*object, has_members ? Verb::kPut : Verb::kDelete);
  if (!verb) return fail(verb.error());
  Mutation m = mutation(Mutation::Kind::kDeleteSet, *table, std::move(*key));
  if (has_members || *verb == Verb::kPut) {
    auto members = members_field(*object);
    if (!members) return fail(members.error());
    m.kind = *verb == Verb::kPut ? Mutation::Kind::kAddMembers : Mutation::Kind::kRemoveMembers;
    m.members = std::move(*members);
  }
  return append_to_tx(call, std::move(m));
}

void append_members(Bytes& out, const Call&, const MembersReply& set) {
  out += R"({"members":[)";
  for (const Bytes& member : set.members) {
    append_comma(out);
    append_json_base64(out, member);
  }
  out.push_back(']');
  append_flag(out, "more", set.more);
  out.push_back('}');
}

void append_size(Bytes& out, const Call&, const MemberCountReply& set) {
  out.push_back('{');
  append_field(out, "size", set.count);
  append_flag(out, "more", set.more);
  out.push_back('}');
}

void append_is_member(Bytes& out, const Call&, const PresenceReply& presence) {
  out.push_back('{');
  append_flag(out, "member", presence.present);
  out.push_back('}');
}

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/sets/{key}/add",
     .id = "set_add",
     .summary = "Add members, all or none",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .body = json("Members", R"({"members":["YWRh","YmVu"]})"),
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_change<Mutation::Kind::kAddMembers>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/sets/{key}/remove",
     .id = "set_remove",
     .summary = "Remove members, all or none; those not in are fine",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .body = json("Members", R"({"members":["YmVu"]})"),
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_change<Mutation::Kind::kRemoveMembers>,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/sets/{key}/members/{member}",
     .id = "set_has",
     .summary = "Ask whether a member is in",
     .takes = kReadTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("IsMember"),
     .refusals = {409},
     .parse = parse_has,
     .reply = reply_with<append_is_member>},
    {.method = Method::kGet,
     .path = "/{ns}/sets/{key}/size",
     .id = "set_size",
     .summary = "Count the members, up to 10,000",
     .takes = kReadTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("SetSize"),
     .refusals = {409},
     .parse = parse_size,
     .reply = reply_with<append_size>},
    {.method = Method::kGet,
     .path = "/{ns}/sets/{key}",
     .id = "set_list",
     .summary = "List members in byte order",
     .takes = kReadTerms | kTakesConditions,
     .query = kPagingInTable,
     .answer = json("MemberList"),
     .refusals = {409},
     .parse = parse_list,
     .reply = reply_with<append_members>},
    {.method = Method::kDelete,
     .path = "/{ns}/sets/{key}",
     .id = "set_delete",
     .summary = "Delete the set with all members seen here",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = write_key<Mutation::Kind::kDeleteSet>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/sets",
     .id = "tx_set",
     .summary = "Append a change of a set to a transaction",
     .body = json("TxSet", R"({"key":"team","members":["YWRh"]})"),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"Members", R"({"type":"object","required":["members"],"properties":{"members":{"type":"array","minItems":1,)"
                R"("maxItems":100000,"items":{"$ref":"Base64"}}}})"},
    {"MemberList", R"({"type":"object","required":["members","more"],"properties":{"members":{"type":"array",)"
                   R"("items":{"$ref":"Base64"}},"more":{"$ref":"More"}}})"},
    {"SetSize", R"({"type":"object","required":["size","more"],"properties":{"size":{"type":"integer","minimum":0},)"
                R"("more":{"type":"boolean","description":"counting stopped; the set has more than that"}}})"},
    {"IsMember", R"({"type":"object","required":["member"],"properties":{"member":{"type":"boolean"}}})"},
    {"TxSet",
     R"({"type":"object","required":["key"],"properties":{"operation":{"$ref":"Operation"},)"
     R"("key":{"$ref":"Key"},"table":{"$ref":"Table"},"members":{"type":"array","minItems":1,"items":{"$ref":"Base64"},)"
     R"("description":"left out: the set is deleted"}}})"},
};

}  // namespace

Area set_routes() {
  return {"sets", "Members of any bytes. Adding wins over a removal that did not see it.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api

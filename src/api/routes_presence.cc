// Presences: members that are there while they renew.
#include <algorithm>

#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/spans.h"
#include "base/limits.h"

namespace pando::api {
namespace {

constexpr Duration kTtlDefault = Duration::seconds(30);

Result<Request> write_detail(Call& call, Mutation::Detail detail) {
  Result<Mutation> m = mutation_of_key(Mutation::Kind::kDetail, call);
  if (!m) return fail(m.error());
  m->detail = std::move(detail);
  return write_one(*std::move(m));
}

// What a member says of itself, as compact JSON; nothing without the field.
Result<std::optional<Bytes>> about_field(dom::object object) {
  const auto element = field(object, "about");
  if (!element) return std::nullopt;
  return Bytes(simdjson::minify(*element));
}

Result<RenewLeases> renewal_in(dom::object object) {
  const Result<Duration> ttl = span_field(object, "ttl", kTtlDefault);
  if (!ttl) return fail(ttl.error());
  RenewLeases renew;
  renew.ttl_ms = ttl->millis();
  return renew;
}

// {"ttl":"30s","about":{"name":"Ada"}}
Result<Request> parse_join(Call& call, JsonBody& body) {
  if (body.empty()) return write_detail(call, RenewLeases{{{std::move(call.member), {}}}, kTtlDefault.millis()});
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<RenewLeases> renew = renewal_in(*object);
  if (!renew) return fail(renew.error());
  Result<std::optional<Bytes>> about = about_field(*object);
  if (!about) return fail(about.error());
  renew->entries.push_back({std::move(call.member), *std::move(about)});
  return write_detail(call, *std::move(renew));
}

// {"members":["YWRh"],"ttl":"30s"}
Result<Request> parse_renew(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<RenewLeases> renew = renewal_in(*object);
  if (!renew) return fail(renew.error());
  Result<std::vector<Bytes>> members = members_field(*object);
  if (!members) return fail(members.error());
  for (Bytes& member : *members) renew->entries.push_back({std::move(member), {}});
  return write_detail(call, *std::move(renew));
}

Result<Request> parse_leave(Call& call, JsonBody&) { return write_detail(call, EndLeases{{std::move(call.member)}}); }

Result<Request> parse_leave_many(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<std::vector<Bytes>> members = members_field(*object);
  if (!members) return fail(members.error());
  return write_detail(call, EndLeases{*std::move(members)});
}

Result<Request> parse_delete(Call& call, JsonBody&) { return write_detail(call, DeleteTyped{ValueType::kPresence}); }

Result<Request> parse_get(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(GetLeaseRequest{*std::move(table), std::move(call.key), std::move(call.member)});
}

Result<Request> parse_count(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(CountLeasesRequest{*std::move(table), std::move(call.key), limits::kPresenceCountMax});
}

Result<Request> parse_list(Call& call, JsonBody&) { return leases_of(call); }

// "about": the JSON that came; as text what is none, as a peer may have written anything.
void append_about(Bytes& out, dom::parser& parser, const Bytes& about) {
  if (about.empty()) return;
  append_name(out, "about");
  dom::element element;
  if (parser.parse(about.data(), about.size(), /*realloc_if_needed=*/true).get(element) == simdjson::SUCCESS) {
    out += about;
  } else {
    append_json_string(out, about);
  }
}

void append_lease(Bytes& out, dom::parser& parser, const Lease& lease, std::int64_t remaining_ms) {
  append_field(out, "until", lease.ends_at_ms);
  append_field(out, "remaining_ms", remaining_ms);
  append_about(out, parser, lease.about);
}

void append_present(Bytes& out, const Call&, const LeaseReply& reply) {
  out.push_back('{');
  append_flag(out, "present", reply.present);
  dom::parser parser;
  if (reply.present) append_lease(out, parser, reply.lease, reply.remaining_ms);
  out.push_back('}');
}

void append_members(Bytes& out, const Call&, const LeasesReply& reply) {
  dom::parser parser;
  out += R"({"members":[)";
  for (const LeasesReply::Entry& entry : reply.entries) {
    append_comma(out);
    out += R"({"member":)";
    append_json_base64(out, entry.member);
    append_lease(out, parser, entry.lease, entry.remaining_ms);
    out.push_back('}');
  }
  out.push_back(']');
  append_flag(out, "more", reply.more);
  out.push_back('}');
}

void append_count(Bytes& out, const Call&, const MemberCountReply& reply) {
  out.push_back('{');
  append_field(out, "count", reply.count);
  append_flag(out, "more", reply.more);
  out.push_back('}');
}

void append_renewed(Bytes& out, const Call&, const RenewedReply& reply) {
  out += R"({"success":true)";
  append_field(out, "until", reply.ends_at_ms);
  append_field(out, "joined", reply.joined);
  out.push_back('}');
}

constexpr Takes kTakes = kCommitTerms;

constexpr RouteRow kRows[] = {
    {.method = Method::kPut,
     .path = "/{ns}/presence/{key}/members/{member}",
     .id = "presence_join",
     .summary = "Join, or renew, for a time",
     .takes = kTakes,
     .query = kInTable,
     .body = optional_json("Join", R"({"ttl":"30s","about":{"name":"Ada"}})"),
     .answer = json("Renewed"),
     .refusals = {409},
     .parse = parse_join,
     .reply = reply_with<append_renewed, append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/presence/{key}/members/{member}",
     .id = "presence_has",
     .summary = "Ask whether a member is present",
     .takes = kReadTerms,
     .query = kInTable,
     .answer = json("PresentMember"),
     .refusals = {409},
     .parse = parse_get,
     .reply = reply_with<append_present>},
    {.method = Method::kDelete,
     .path = "/{ns}/presence/{key}/members/{member}",
     .id = "presence_leave",
     .summary = "Leave; a renewal elsewhere that this site has not seen keeps the member",
     .takes = kTakes,
     .query = kInTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_leave,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/presence/{key}/renew",
     .id = "presence_renew",
     .summary = "Join, or renew, many at once, all or none; what they say of themselves stays",
     .takes = kTakes,
     .query = kInTable,
     .body = json("RenewMembers", R"({"members":["YWRh","YmVu"],"ttl":"30s"})"),
     .answer = json("Renewed"),
     .refusals = {409},
     .parse = parse_renew,
     .reply = reply_with<append_renewed, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/presence/{key}/leave",
     .id = "presence_leave_many",
     .summary = "Let many leave at once; those not there are fine",
     .takes = kTakes,
     .query = kInTable,
     .body = json("Members", R"({"members":["YmVu"]})"),
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_leave_many,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/presence/{key}/count",
     .id = "presence_count",
     .summary = "Count who is present, up to 100,000",
     .takes = kReadTerms,
     .query = kInTable,
     .answer = json("PresentCount"),
     .refusals = {409},
     .parse = parse_count,
     .reply = reply_with<append_count>},
    {.method = Method::kGet,
     .path = "/{ns}/presence/{key}",
     .id = "presence_list",
     .summary = "List who is present, in byte order",
     .takes = kReadTerms,
     .query = kPagingInTable,
     .answer = json("PresentMembers"),
     .refusals = {409},
     .parse = parse_list,
     .reply = reply_with<append_members>},
    {.method = Method::kDelete,
     .path = "/{ns}/presence/{key}",
     .id = "presence_delete",
     .summary = "Let all leave that are seen here",
     .takes = kTakes,
     .query = kInTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_delete,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"LeaseTime", R"({"type":"string","description":"500ms, 30s, 5m, 12h, at most 7d","default":"30s"})"},
    {"About", R"({"description":"any JSON, at most 4,096 bytes; a renewal without it leaves it as it was"})"},
    {"Join", R"({"type":"object","properties":{"ttl":{"$ref":"LeaseTime"},"about":{"$ref":"About"}}})"},
    {"RenewMembers", R"({"type":"object","required":["members"],"properties":{"members":{"type":"array","minItems":1,)"
                     R"("maxItems":100000,"items":{"$ref":"Base64"}},"ttl":{"$ref":"LeaseTime"}}})"},
    {"Renewed", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                R"("until":{"$ref":"Instant"},"joined":{"type":"integer","minimum":0,)"
                R"("description":"those that were not present at this site before"}}})"},
    {"Instant", R"({"type":"integer","description":"milliseconds since 1970"})"},
    {"PresentMember",
     R"({"type":"object","required":["present"],"properties":{"present":{"type":"boolean"},"until":{"$ref":"Instant"},)"
     R"("remaining_ms":{"type":"integer","minimum":1},"about":{"$ref":"About"}}})"},
    {"PresentMembers",
     R"({"type":"object","required":["members","more"],"properties":{"members":{"type":"array","items":{)"
     R"("type":"object","required":["member","until","remaining_ms"],"properties":{"member":{"$ref":"Base64"},)"
     R"("until":{"$ref":"Instant"},"remaining_ms":{"type":"integer","minimum":1},"about":{"$ref":"About"}}}},)"
     R"("more":{"$ref":"More"}}})"},
    {"PresentCount",
     R"({"type":"object","required":["count","more"],"properties":{"count":{"type":"integer","minimum":0},)"
     R"("more":{"type":"boolean","description":"counting stopped; more are present than that"}}})"},
};

}  // namespace

Area presence_routes() {
  return {"presence",
          "Members that are there while they renew. When a lease ends, its member is gone at every site at the same "
          "instant; of leases given at once the longest counts.",
          kRows, kSchemas};
}

}  // namespace pando::api

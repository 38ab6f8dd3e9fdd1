// Bounded counters: stock, seats, capacity.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/spans.h"

namespace pando::api {
namespace {

Result<Request> write_detail(Call& call, Mutation::Detail detail) {
  Result<Mutation> m = mutation_of_key(Mutation::Kind::kDetail, call);
  if (!m) return fail(m.error());
  m->detail = std::move(detail);
  return write_one(*std::move(m));
}

// {"lower":0,"upper":100,"initial":100,"sites":["dc1","dc2"]}
Result<Request> parse_declare(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  DeclareBounded declare;
  const auto lower = whole_field(*object, "lower");
  if (!lower) return fail(lower.error());
  const auto upper = whole_field(*object, "upper");
  if (!upper) return fail(upper.error());
  const auto initial = whole_field(*object, "initial");
  if (!initial) return fail(initial.error());
  declare.bounds.lower = *lower;
  declare.bounds.upper = *upper;
  declare.bounds.initial = initial->value_or(lower->value_or(upper->value_or(0)));
  Result<std::vector<std::string>> sites = node_names_field(*object, "sites");
  if (!sites) return fail(sites.error());
  declare.sites = *std::move(sites);
  return write_detail(call, std::move(declare));
}

struct Use {
  Way way = Way::kTake;
  std::uint64_t amount = 1;
};
// {"take":n} or {"give":n}
Result<Use> use_in(dom::object object) {
  const auto taken = field(object, "take");
  const auto given = field(object, "give");
  if (taken.has_value() == given.has_value()) return refuse("say either \"take\" or \"give\", with a whole number");
  Use use{taken ? Way::kTake : Way::kGive, 0};
  if ((taken ? *taken : *given).get_uint64().get(use.amount) != simdjson::SUCCESS) {
    return refuse(fmt::format("field \"{}\" must be a whole number above 0", name_of(use.way)));
  }
  return use;
}

Result<Request> parse_try(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const Result<Use> use = use_in(*object);
  if (!use) return fail(use.error());
  return write_detail(call, TryBounded{use->way, use->amount});
}

Result<Request> parse_reserve(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const Result<Use> use = use_in(*object);
  if (!use) return fail(use.error());
  const Result<Duration> ttl = span_field(*object, "ttl", Duration::seconds(60));
  if (!ttl) return fail(ttl.error());
  return write_detail(call, ReserveBounded{use->way, use->amount, *ttl});
}

template <bool kCommit>
Result<Request> parse_settle(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto name = string_field(*object, "reservation");
  if (!name) return fail(name.error());
  return write_detail(call, SettleBounded{Bytes(*name), kCommit});
}

Result<Request> parse_reclaim(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto text = string_field(*object, "origin");
  if (!text) return fail(text.error());
  const std::optional<Origin> origin = parse_origin(*text);
  if (!origin) return refuse("field \"origin\" must be an origin, like \"dc1\" or \"dc1#2\"");
  return write_detail(call, ReclaimBounded{*origin});
}

Result<Request> parse_get(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(GetBoundedRequest{*std::move(table), std::move(call.key)});
}

void append_right(Bytes& out, Way way, const std::optional<std::uint64_t>& n) {
  append_name(out, name_of(way));
  if (n) {
    append_number(out, *n);
  } else {
    out += "null";
  }
}

void append_rights(Bytes& out, const Rights& rights) {
  append_right(out, Way::kTake, rights[index_of(Way::kTake)]);
  append_right(out, Way::kGive, rights[index_of(Way::kGive)]);
}

void append_here(Bytes& out, const Rights& rights) {
  append_name(out, "here");
  out.push_back('{');
  append_rights(out, rights);
  out.push_back('}');
}

void append_bounds(Bytes& out, const Bounds& bounds) {
  for (const auto& [name, bound] : {std::pair("lower", bounds.lower), std::pair("upper", bounds.upper)}) {
    append_name(out, name);
    if (bound) {
      append_number(out, *bound);
    } else {
      out += "null";
    }
  }
  append_field(out, "initial", bounds.initial);
}

void append_bounded_done(Bytes& out, const Call&, const BoundedDoneReply& done) {
  out += R"({"success":true)";
  append_field(out, "value", done.value);
  append_here(out, done.here);
  if (!done.reservation.empty()) {
    append_field(out, "reservation", ByteSpan(done.reservation));
    append_field(out, "expires_at", done.expires_at_ms);
  }
  out.push_back('}');
}

void append_site(Bytes& out, const BoundedReply::Site& site) {
  append_name(out, to_string(site.origin));
  out.push_back('{');
  append_rights(out, site.rights);
  append_name(out, "held");
  out.push_back('{');
  append_field(out, "take", site.held[index_of(Way::kTake)]);
  append_field(out, "give", site.held[index_of(Way::kGive)]);
  out.push_back('}');
  append_field(out, "taken", site.used[index_of(Way::kTake)]);
  append_field(out, "given", site.used[index_of(Way::kGive)]);
  append_flag(out, "locked", site.locked);
  out.push_back('}');
}

void append_bounded(Bytes& out, const Call&, const BoundedReply& reply) {
  out.push_back('{');
  append_flag(out, "found", reply.found);
  if (reply.found) {
    append_field(out, "value", reply.value);
    append_bounds(out, reply.bounds);
    append_field(out, "incarnation", ByteSpan(to_string(reply.incarnation)));
    append_here(out, reply.here);
    append_name(out, "sites");
    out.push_back('{');
    for (const BoundedReply::Site& site : reply.sites) append_site(out, site);
    out.push_back('}');
    append_name(out, "lost");
    out.push_back('[');
    for (const BoundedReply::Lost& lost : reply.lost) {
      append_comma(out);
      out.push_back('{');
      append_field(out, "incarnation", ByteSpan(to_string(lost.incarnation)));
      append_bounds(out, lost.bounds);
      append_field(out, "value", lost.value);
      out.push_back('}');
    }
    out.push_back(']');
  }
  out.push_back('}');
}

constexpr RouteRow kRows[] = {
    {.method = Method::kPut,
     .path = "/{ns}/bounded/{key}",
     .id = "bounded_declare",
     .summary = "Declare a counter that never leaves its bounds; the same terms again change nothing",
     .takes = kWriteTerms,
     .query = kInTable,
     .body = json("DeclareBounded", R"({"lower":0,"upper":100,"initial":100})"),
     .answer = json("BoundedDone"),
     .refusals = {409},
     .parse = parse_declare,
     .reply = reply_with<append_bounded_done, append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/bounded/{key}",
     .id = "bounded_get",
     .summary = "Read a bounded counter, with the rights each site holds",
     .takes = kReadTerms,
     .query = kInTable,
     .answer = json("Bounded"),
     .refusals = {409},
     .parse = parse_get,
     .reply = reply_with<append_bounded>},
    {.method = Method::kDelete,
     .path = "/{ns}/bounded/{key}",
     .id = "bounded_delete",
     .summary = "Delete a bounded counter; what other sites still count in it goes too",
     .takes = kWriteTerms,
     .query = kInTable,
     .answer = json("Success"),
     .parse = write_key<Mutation::Kind::kDelete>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/bounded/{key}/try",
     .id = "bounded_try",
     .summary = "Take or give, if this site holds the rights to",
     .takes = kWriteTerms,
     .query = kInTable,
     .body = json("UseBounded", R"({"take":2})"),
     .answer = json("BoundedDone"),
     .refusals = {404, 409},
     .parse = parse_try,
     .reply = reply_with<append_bounded_done, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/bounded/{key}/reserve",
     .id = "bounded_reserve",
     .summary = "Hold rights of this site for a time",
     .takes = kWriteTerms,
     .query = kInTable,
     .body = json("ReserveBounded", R"({"take":2,"ttl":"30s"})"),
     .answer = json("BoundedDone"),
     .refusals = {404, 409},
     .parse = parse_reserve,
     .reply = reply_with<append_bounded_done, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/bounded/{key}/commit",
     .id = "bounded_commit",
     .summary = "Take or give what a reservation of this site holds",
     .takes = kWriteTerms,
     .query = kInTable,
     .body = json("SettleBounded", R"({"reservation":"dc1~1700000060000.17.0"})"),
     .answer = json("BoundedDone"),
     .refusals = {404, 409, 410},
     .parse = parse_settle<true>,
     .reply = reply_with<append_bounded_done, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/bounded/{key}/cancel",
     .id = "bounded_cancel",
     .summary = "Let go of what a reservation of this site holds",
     .takes = kWriteTerms,
     .query = kInTable,
     .body = json("SettleBounded", R"({"reservation":"dc1~1700000060000.17.0"})"),
     .answer = json("BoundedDone"),
     .refusals = {404, 409, 410},
     .parse = parse_settle<false>,
     .reply = reply_with<append_bounded_done, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/bounded/{key}/reclaim",
     .id = "bounded_reclaim",
     .summary = "Take over the rights that an earlier epoch of this site holds",
     .takes = kWriteTerms,
     .query = kInTable,
     .body = json("ReclaimBounded", R"({"origin":"dc1"})"),
     .answer = json("BoundedDone"),
     .refusals = {404, 409},
     .parse = parse_reclaim,
     .reply = reply_with<append_bounded_done, append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"DeclareBounded",
     R"({"type":"object","properties":{"lower":{"type":["integer","null"],"format":"int64"},)"
     R"("upper":{"type":["integer","null"],"format":"int64"},)"
     R"("initial":{"type":"integer","format":"int64","description":"the lower bound when left out"},)"
     R"("sites":{"type":"array","items":{"type":"string"},"description":"who holds the rights to begin with, in equal )"
     R"(parts; the site that is asked when left out"}}})"},
    {"UseBounded", R"({"type":"object","properties":{"take":{"type":"integer","minimum":1},)"
                   R"("give":{"type":"integer","minimum":1}}})"},
    {"ReserveBounded", R"({"type":"object","properties":{"take":{"type":"integer","minimum":1},)"
                       R"("give":{"type":"integer","minimum":1},)"
                       R"("ttl":{"type":"string","description":"500ms, 30s, 5m, 12h, at most 7d","default":"60s"}}})"},
    {"SettleBounded", R"({"type":"object","required":["reservation"],"properties":{"reservation":{"type":"string"}}})"},
    {"ReclaimBounded", R"({"type":"object","required":["origin"],"properties":{"origin":{"type":"string"}}})"},
    {"Rights", R"({"type":"object","description":"null: nothing limits it","properties":{)"
               R"("take":{"type":["integer","null"]},"give":{"type":["integer","null"]}}})"},
    {"BoundedDone", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                    R"("value":{"type":"integer","format":"int64"},"here":{"$ref":"Rights"},)"
                    R"("reservation":{"type":"string"},)"
                    R"("expires_at":{"type":"integer","description":"milliseconds since 1970"}}})"},
    {"Bounded",
     R"({"type":"object","required":["found"],"properties":{"found":{"type":"boolean"},)"
     R"("value":{"type":"integer","format":"int64"},"lower":{"type":["integer","null"]},)"
     R"("upper":{"type":["integer","null"]},"initial":{"type":"integer"},"incarnation":{"type":"string"},)"
     R"("here":{"$ref":"Rights"},"sites":{"type":"object","description":"by origin","additionalProperties":{)"
     R"("type":"object","properties":{"take":{"type":["integer","null"]},"give":{"type":["integer","null"]},)"
     R"("held":{"$ref":"Rights"},"taken":{"type":"integer"},"given":{"type":"integer"},)"
     R"("locked":{"type":"boolean"}}}},"lost":{"type":"array","items":{"type":"object","properties":{)"
     R"("incarnation":{"type":"string"},"lower":{"type":["integer","null"]},"upper":{"type":["integer","null"]},)"
     R"("initial":{"type":"integer"},"value":{"type":"integer"}}}}}})"},
};

}  // namespace

Area bounded_routes() {
  return {
      "bounded counters",
      "Numbers that never leave their bounds, at any site, whatever is cut off: a site takes and gives only what it "
      "holds rights to.",
      kRows, kSchemas};
}

}  // namespace pando::api

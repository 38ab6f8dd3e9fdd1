// Rate limiters: declared under a name, asked whether something may happen now.
#include <algorithm>

#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/spans.h"

namespace pando::api {
namespace {

Result<Request> write_detail(Call& call, Mutation::Detail detail) {
  Mutation m = mutation(Mutation::Kind::kDetail, kTableLimits, std::move(call.key));
  m.detail = std::move(detail);
  return write_one(std::move(m));
}

// A whole number above 0.
Result<std::uint64_t> number_field(dom::object object, std::string_view name, std::uint64_t fallback) {
  const auto element = field(object, name);
  std::uint64_t n = fallback;
  if (element && (element->get_uint64().get(n) != simdjson::SUCCESS || n == 0)) {
    return refuse(fmt::format("field \"{}\" must be a whole number above 0", name));
  }
  return n;
}

// True when the field has the second word, false when it has the first or is missing.
Result<bool> word_field(dom::object object, std::string_view name, std::string_view first, std::string_view second) {
  if (!field(object, name)) return false;
  const auto word = string_field(object, name);
  if (!word) return fail(word.error());
  if (*word != first && *word != second) {
    return refuse(fmt::format("field \"{}\" is neither {} nor {}: \"{}\"", name, first, second, word->substr(0, 100)));
  }
  return *word == second;
}

// {"limit":100,"per":"1m","algorithm":"bucket","rate":10,"mode":"strict","sites":["dc1","dc2"]}
Result<Request> parse_declare(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  DeclareLimiter declare;
  if (!field(*object, "limit") || !field(*object, "per")) {
    return refuse("say how many in which time: {\"limit\":100,\"per\":\"1m\"}");
  }
  const auto limit = number_field(*object, "limit", 0);
  if (!limit) return fail(limit.error());
  const auto per = span_field(*object, "per", {});
  if (!per) return fail(per.error());
  const auto bucket = word_field(*object, "algorithm", "window", "bucket");
  if (!bucket) return fail(bucket.error());
  const auto strict = word_field(*object, "mode", "fast", "strict");
  if (!strict) return fail(strict.error());
  const auto rate = number_field(*object, "rate", *bucket ? *limit : 0);
  if (!rate) return fail(rate.error());
  const auto kind = *bucket ? LimiterTerms::Kind::kBucket : LimiterTerms::Kind::kWindow;
  declare.terms = {kind, *strict, *limit, *rate, per->millis()};
  Result<std::vector<std::string>> sites = node_names_field(*object, "sites");
  if (!sites) return fail(sites.error());
  if (!sites->empty() && !*strict) return refuse("only a strict limiter is divided among \"sites\"");
  declare.sites = *std::move(sites);
  return write_detail(call, std::move(declare));
}

// {"n":1,"subject":"user:17"}
Result<Request> parse_take(Call& call, JsonBody& body) {
  if (body.empty()) return write_detail(call, TakeLimited{});
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto amount = number_field(*object, "n", 1);
  if (!amount) return fail(amount.error());
  TakeLimited take{{}, *amount};
  if (field(*object, "subject")) {
    const auto subject = string_field(*object, "subject");
    if (!subject) return fail(subject.error());
    take.subject = Bytes(*subject);
  }
  return write_detail(call, std::move(take));
}

Result<Request> parse_get(Call& call, JsonBody&) {
  auto subject = query_parameter(call.query, "subject");
  if (!subject) return fail(subject.error());
  return Request(GetLimiterRequest{std::move(call.key), subject->value_or(Bytes())});
}

Result<Request> parse_delete(Call& call, JsonBody&) {
  return write_one(mutation(Mutation::Kind::kDelete, kTableLimits, std::move(call.key)));
}

Result<Request> parse_list(Call& call, JsonBody&) { return list_of(call, kTableLimits); }

void append_verdict(Bytes& out, const LimiterReply& reply) {
  append_flag(out, "allowed", reply.allowed);
  append_field(out, "limit", reply.terms.limit);
  append_field(out, "remaining", reply.remaining);
  if (reply.retry_after_ms != LimiterReply::kNever) {
    append_field(out, "retry_after_ms", reply.retry_after_ms);
  } else {
    append_name(out, "retry_after_ms");
    out += "null";
  }
}

// 429 is an answer like 200, not a refusal.
int reply_take(const Call& call, const ReplyBody& body, Bytes& out) {
  const auto* reply = std::get_if<LimiterReply>(&body);
  if (reply == nullptr) return reply_with<append_done>(call, body, out);
  out.push_back('{');
  append_verdict(out, *reply);
  out += "}\n";
  return reply->allowed ? 200 : 429;
}

void append_limiter(Bytes& out, const Call&, const LimiterReply& reply) {
  out.push_back('{');
  append_flag(out, "found", reply.found);
  if (reply.found) {
    const bool bucket = reply.terms.kind == LimiterTerms::Kind::kBucket;
    append_verdict(out, reply);
    append_field(out, "algorithm", ByteSpan(bucket ? "bucket" : "window"));
    append_field(out, "mode", ByteSpan(reply.terms.strict ? "strict" : "fast"));
    append_field(out, "per_ms", reply.terms.per_ms);
    if (bucket) append_field(out, "rate", reply.terms.rate);
    append_field(out, "share", reply.share);
    append_name(out, "sites");
    out.push_back('[');
    for (const std::string& site : reply.sites) {
      append_comma(out);
      append_json_string(out, site);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

constexpr Takes kTakes = kCommitTerms;
constexpr Parameter kSubject[] = {{"subject", "Whose count; the limiter's own when left out"}};
constexpr Parameter kNames[] = {kPaging[0], kPaging[1], kPaging[2]};

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/limits/{key}/take",
     .id = "limit_take",
     .summary = "Ask whether it may happen now, and count it if so",
     .takes = kTakes,
     .body = optional_json("TakeLimited", R"({"n":1,"subject":"user:17"})"),
     .answer = json("Verdict"),
     .refusals = {404, 429},
     .parse = parse_take,
     .reply = reply_take},
    {.method = Method::kPut,
     .path = "/{ns}/limits/{key}",
     .id = "limit_declare",
     .summary = "Declare a limiter; other terms than before begin it anew",
     .takes = kTakes,
     .body = json("DeclareLimiter", R"({"limit":100,"per":"1m","mode":"strict","sites":["dc1","dc2"]})"),
     .answer = json("Success"),
     .parse = parse_declare,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/limits/{key}",
     .id = "limit_get",
     .summary = "Read a limiter, and what it would say to one more, without counting",
     .takes = kReadTerms,
     .query = kSubject,
     .answer = json("Limiter"),
     .parse = parse_get,
     .reply = reply_with<append_limiter>},
    {.method = Method::kDelete,
     .path = "/{ns}/limits/{key}",
     .id = "limit_delete",
     .summary = "Delete a limiter with all it has counted",
     .takes = kTakes,
     .answer = json("Success"),
     .parse = parse_delete,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/limits",
     .id = "limit_list",
     .summary = "List the names of limiters in byte order",
     .takes = kReadTerms,
     .query = kNames,
     .answer = json("KeyList"),
     .parse = parse_list,
     .reply = reply_with<append_keys>},
};

constexpr SchemaRow kSchemas[] = {
    {"DeclareLimiter",
     R"({"type":"object","required":["limit","per"],"properties":{)"
     R"("limit":{"type":"integer","minimum":1,"maximum":1000000000000,"description":"so many in any span; of a bucket: )"
     R"(at once"},"per":{"type":"string","description":"500ms, 30s, 5m, 12h, 7d; at most 366d"},)"
     R"("algorithm":{"enum":["window","bucket"],"default":"window"},)"
     R"("mode":{"enum":["fast","strict"],"default":"fast","description":"strict: never more over all sites, whatever )"
     R"(is cut off; fast: up to the limit more for every group of sites that cannot hear the others"},)"
     R"("rate":{"type":"integer","minimum":1,"description":"bucket: so many come back every per; the limit when left )"
     R"(out"},"sites":{"type":"array","items":{"type":"string"},"description":"strict: who holds an equal part; all )"
     R"(nodes known here when left out"}}})"},
    {"TakeLimited", R"({"type":"object","properties":{"n":{"type":"integer","minimum":1,"default":1},)"
                    R"("subject":{"type":"string","maxLength":1024,"description":"counted by itself: a user, an )"
                    R"(address"}}})"},
    {"Verdict",
     R"({"type":"object","required":["allowed","limit","remaining","retry_after_ms"],"properties":{)"
     R"("allowed":{"type":"boolean"},"limit":{"type":"integer"},"remaining":{"type":"integer","minimum":0,)"
     R"("description":"at this site now"},"retry_after_ms":{"type":["integer","null"],"description":"null: more than )"
     R"(this site's part of the limit"}}})"},
    {"Limiter",
     R"({"type":"object","required":["found"],"properties":{"found":{"type":"boolean"},"allowed":{"type":"boolean"},)"
     R"("limit":{"type":"integer"},"remaining":{"type":"integer","minimum":0},)"
     R"("retry_after_ms":{"type":["integer","null"]},"algorithm":{"enum":["window","bucket"]},)"
     R"("mode":{"enum":["fast","strict"]},"per_ms":{"type":"integer"},"rate":{"type":"integer"},)"
     R"("share":{"type":"integer","description":"of this site in the limit"},)"
     R"("sites":{"type":"array","items":{"type":"string"},"description":"strict: who holds a part"}}})"},
};

}  // namespace

Area limit_routes() {
  return {"limiters",
          "How often something may happen, counted over all sites. What is denied is answered 429 with Retry-After.",
          kRows, kSchemas};
}

}  // namespace pando::api

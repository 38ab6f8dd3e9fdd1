// Counters.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/route.h"

namespace pando::api {
namespace {

// {"by":n}, 1 when left out.
Result<std::int64_t> by_field(JsonBody& body) {
  std::int64_t by = 1;
  if (body.empty()) return by;
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto element = field(*object, "by");
  if (element && element->get_int64().get(by) != simdjson::SUCCESS) {
    return refuse("field \"by\" must be a whole number that fits 64 bits");
  }
  return by;
}

Result<Request> add(Call& call, std::int64_t by) {
  Mutation m = mutation(Mutation::Kind::kAdd, kTableKv, std::move(call.key));
  m.delta = by;
  return write_one(std::move(m));
}

Result<Request> parse_incr(Call& call, JsonBody& body) {
  const Result<std::int64_t> by = by_field(body);
  if (!by) return fail(by.error());
  return add(call, *by);
}

Result<Request> parse_decr(Call& call, JsonBody& body) {
  const Result<std::int64_t> by = by_field(body);
  if (!by) return fail(by.error());
  if (*by == INT64_MIN) return refuse("field \"by\" must be a whole number that fits 64 bits");
  return add(call, -*by);
}

Result<Request> parse_get(Call& call, JsonBody&) {
  return Request(GetCounterRequest{std::string(kTableKv), std::move(call.key)});
}

void append_counted(Bytes& out, const Call&, const CounterReply& counter) {
  out += R"({"success":true)";
  append_field(out, "value", counter.value);
  out.push_back('}');
}

void append_counter(Bytes& out, const Call&, const CounterReply& counter) {
  out.push_back('{');
  append_field(out, "value", counter.value);
  append_flag(out, "found", counter.found);
  append_name(out, "replicas");
  out.push_back('{');
  for (const auto& slot : counter.slots) append_field(out, to_string(slot.origin), slot.value);
  out += "}}";
}

void append_reset(Bytes& out, const Call&, const CounterReply&) { out += R"({"success":true})"; }

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/counters/{key}/incr",
     .id = "counter_incr",
     .summary = "Add to a counter",
     .takes = kWriteTerms,
     .body = optional_json("Add", R"({"by":41})"),
     .answer = json("Counted"),
     .refusals = {409},
     .parse = parse_incr,
     .reply = reply_with<append_counted, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/counters/{key}/decr",
     .id = "counter_decr",
     .summary = "Take away from a counter",
     .takes = kWriteTerms,
     .body = optional_json("Add", R"({"by":41})"),
     .answer = json("Counted"),
     .refusals = {409},
     .parse = parse_decr,
     .reply = reply_with<append_counted, append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/counters/{key}",
     .id = "counter_get",
     .summary = "Read a counter, with each site's part of it",
     .takes = kReadTerms | kTakesConditions,
     .answer = json("Counter"),
     .refusals = {409},
     .parse = parse_get,
     .reply = reply_with<append_counter>},
    {.method = Method::kDelete,
     .path = "/{ns}/counters/{key}",
     .id = "counter_reset",
     .summary = "Take back what was counted here to see; concurrent counting elsewhere stays",
     .takes = kWriteTerms | kTakesConditions,
     .answer = json("Success"),
     .refusals = {409},
     .parse = write_key<Mutation::Kind::kReset>,
     .reply = reply_with<append_done, append_reset>},
};

constexpr SchemaRow kSchemas[] = {
    {"Add", R"({"type":"object","properties":{"by":{"type":"integer","format":"int64","default":1}}})"},
    {"Counted",
     R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
     R"("value":{"type":"integer","format":"int64","description":"the sum here after it; left out when the request )"
     R"(repeats one that was done already"}}})"},
    {"Counter", R"({"type":"object","required":["value","found","replicas"],"properties":{)"
                R"("value":{"type":"integer","format":"int64"},"found":{"type":"boolean"},)"
                R"("replicas":{"type":"object","description":"by origin",)"
                R"("additionalProperties":{"type":"integer","format":"int64"}}}})"},
};

}  // namespace

Area counter_routes() {
  return {"counters", "Sums to which all sites may add at once; they come out exact.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api

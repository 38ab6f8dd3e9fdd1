// Counters.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"

namespace pando::api {
namespace {

// {"by":n} counts whole numbers, {"by":"12.5"} decimals; 1 when left out. `sign` is 1 or -1.
Result<Mutation> change(Call& call, JsonBody& body, int sign) {
  Result<Mutation> m = mutation_of_key(Mutation::Kind::kAdd, call);
  if (!m) return m;
  m->delta = sign;
  if (body.empty()) return m;
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto by = field(*object, "by");
  if (!by) return m;
  if (std::string_view text; by->get_string().get(text) == simdjson::SUCCESS) {
    const std::optional<Int128> units = parse_decimal(text);
    if (!units) {
      return refuse(
          fmt::format("field \"by\" must be a decimal number of at most {} digits behind the point within ±{}",
                      kDecimalDigits, decimal_text(kDecimalMax)));
    }
    m->kind = Mutation::Kind::kAddDecimal;
    m->units = sign * *units;
    return m;
  }
  std::int64_t whole = 0;
  if (by->get_int64().get(whole) != simdjson::SUCCESS || (sign < 0 && whole == INT64_MIN)) {
    return refuse("field \"by\" must be a whole number that fits 64 bits, or a decimal number in quotes");
  }
  m->delta = sign * whole;
  return m;
}

template <int kSign>
Result<Request> parse_change(Call& call, JsonBody& body) {
  Result<Mutation> m = change(call, body, kSign);
  if (!m) return fail(m.error());
  const bool decimal = m->kind == Mutation::Kind::kAddDecimal;
  Result<Request> request = write_one(std::move(*m));
  if (decimal) std::get<WriteRequest>(*request).results = true;
  return request;
}

Result<Request> parse_get(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(GetCounterRequest{std::move(*table), std::move(call.key)});
}

void append_counted(Bytes& out, const Call&, const CounterReply& counter) {
  out += R"({"success":true)";
  append_field(out, "value", counter.value);
  out.push_back('}');
}

// A decimal, in quotes. Nothing of it is known when the request repeats one that was done already.
void append_counted_decimal(Bytes& out, const Call&, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.returned.empty() && !done.returned.front().empty()) {
    append_field(out, "value", ByteSpan(done.returned.front().front()));
  }
  out.push_back('}');
}

void append_counter(Bytes& out, const Call&, const CounterReply& counter) {
  const auto append = [&](std::string_view name, std::int64_t whole, Int128 units) {
    if (counter.decimal) {
      append_field(out, name, ByteSpan(decimal_text(units)));
    } else {
      append_field(out, name, whole);
    }
  };
  out.push_back('{');
  append("value", counter.value, counter.decimal.value_or(0));
  append_flag(out, "found", counter.found);
  append_name(out, "replicas");
  out.push_back('{');
  for (const auto& slot : counter.slots) append(to_string(slot.origin), slot.value, slot.exact);
  out += "}}";
}

void append_reset(Bytes& out, const Call&, const CounterReply&) { out += R"({"success":true})"; }

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/counters/{key}/incr",
     .id = "counter_incr",
     .summary = "Add to a counter",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .body = optional_json("Add", R"({"by":41})"),
     .answer = json("Counted"),
     .refusals = {409},
     .parse = parse_change<1>,
     .reply = reply_with<append_counted, append_counted_decimal>},
    {.method = Method::kPost,
     .path = "/{ns}/counters/{key}/decr",
     .id = "counter_decr",
     .summary = "Take away from a counter",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .body = optional_json("Add", R"({"by":41})"),
     .answer = json("Counted"),
     .refusals = {409},
     .parse = parse_change<-1>,
     .reply = reply_with<append_counted, append_counted_decimal>},
    {.method = Method::kGet,
     .path = "/{ns}/counters/{key}",
     .id = "counter_get",
     .summary = "Read a counter, with each site's part of it",
     .takes = kReadTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Counter"),
     .refusals = {409},
     .parse = parse_get,
     .reply = reply_with<append_counter>},
    {.method = Method::kDelete,
     .path = "/{ns}/counters/{key}",
     .id = "counter_reset",
     .summary = "Take back what was counted here to see; concurrent counting elsewhere stays",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = write_key<Mutation::Kind::kReset>,
     .reply = reply_with<append_done, append_reset>},
};

constexpr SchemaRow kSchemas[] = {
    {"CounterNumber", R"({"oneOf":[{"type":"integer","format":"int64"},{"type":"string","minLength":1,)"
                      R"("description":"of a decimal counter: at most nine digits behind the point"}]})"},
    {"Add", R"({"type":"object","properties":{"by":{"$ref":"CounterNumber","default":1}}})"},
    {"Counted", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                R"("value":{"$ref":"CounterNumber","description":"the sum here after it; left out when the request )"
                R"(repeats one that was done already"}}})"},
    {"Counter", R"({"type":"object","required":["value","found","replicas"],"properties":{)"
                R"("value":{"$ref":"CounterNumber"},"found":{"type":"boolean"},)"
                R"("replicas":{"type":"object","description":"by origin",)"
                R"("additionalProperties":{"$ref":"CounterNumber"}}}})"},
};

}  // namespace

Area counter_routes() {
  return {"counters", "Sums to which all sites may add at once; they come out exact.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api

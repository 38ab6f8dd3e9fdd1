// How long a key, or one field of a row or a document, is there.
#include <algorithm>

#include "api/document_json.h"
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/ttl_text.h"

namespace pando::api {
namespace {

// In the tables that hold rows a column by its name, in all others a field of a document by its path.
Result<Bytes> field_parameter(const Call& call) {
  auto field = query_parameter(call.query, "field");
  if (!field) return fail(field.error());
  Bytes name = *field ? std::move(**field) : Bytes();
  if (*field && call.table != kTableRow && call.table != kTableKv) return path_of_text(name);
  PANDO_RETURN_IF_ERROR(check_column(name));
  return name;
}

constexpr std::pair<std::string_view, ExpireChange::When> kConditions[] = {
    {"none", ExpireChange::When::kIfNone},
    {"any", ExpireChange::When::kIfAny},
    {"later", ExpireChange::When::kIfLater},
    {"sooner", ExpireChange::When::kIfSooner},
};

Result<ExpireChange::When> condition_field(dom::object object) {
  if (!field(object, "if")) return ExpireChange::When::kAlways;
  const auto word = string_field(object, "if");
  if (!word) return fail(word.error());
  for (const auto& [name, when] : kConditions) {
    if (name == *word) return when;
  }
  return refuse(fmt::format("field \"if\" is none of none, any, later, sooner: \"{}\"", word->substr(0, 100)));
}

Result<Request> write(Call& call, ExpireChange change) {
  auto field = field_parameter(call);
  if (!field) return fail(field.error());
  change.field = std::move(*field);
  Mutation m = mutation(Mutation::Kind::kDetail, call.table, std::move(call.key));
  m.detail = std::move(change);
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  write.results = true;
  return Request(std::move(write));
}

Result<Request> parse_set(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto ttl = ttl_fields(*object);
  if (!ttl) return fail(ttl.error());
  if (!*ttl) return refuse("give \"ttl\", a time like 30s or none, or \"at\", milliseconds since 1970");
  const auto when = condition_field(*object);
  if (!when) return fail(when.error());
  return write(call, ExpireChange{**ttl, *when});
}

Result<Request> parse_persist(Call& call, JsonBody&) { return write(call, ExpireChange{}); }

Result<Request> parse_get(Call& call, JsonBody&) {
  auto field = field_parameter(call);
  if (!field) return fail(field.error());
  return Request(GetTtlRequest{call.table, std::move(call.key), std::move(*field)});
}

void append_changed(Bytes& out, const Call&, const DoneReply& done) {
  out += R"({"success":true)";
  append_flag(out, "changed", !done.results.empty() && done.results.front() == 1);
  out.push_back('}');
}

void append_ttl(Bytes& out, const Call&, const TtlReply& ttl) {
  out.push_back('{');
  append_flag(out, "found", ttl.found);
  if (ttl.ends) {
    append_field(out, "remaining_ms", ttl.remaining_ms);
    append_field(out, "at", ttl.at_ms);
  }
  out.push_back('}');
}

constexpr Parameter kField[] = {
    {"field", "Of a row: this column of it; of a document: this field of it, like address.city"}};

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/ttl/{table}/{key}",
     .id = "ttl_get",
     .summary = "Ask how long a key, or a field of a row or a document, will still be there",
     .takes = kReadTerms,
     .query = kField,
     .answer = json("TimeLeft"),
     .parse = parse_get,
     .reply = reply_with<append_ttl>},
    {.method = Method::kPut,
     .path = "/{ns}/ttl/{table}/{key}",
     .id = "ttl_set",
     .summary = "Say until when a key, or a field of a row or a document, is there",
     .takes = kWriteTerms,
     .query = kField,
     .body = json("TimeToLive", R"({"ttl":"30s"})"),
     .answer = json("TimeChanged"),
     .refusals = {409},
     .parse = parse_set,
     .reply = reply_with<append_changed>},
    {.method = Method::kDelete,
     .path = "/{ns}/ttl/{table}/{key}",
     .id = "ttl_persist",
     .summary = "Take away the end of a key, or of a field of a row or a document",
     .takes = kWriteTerms,
     .query = kField,
     .answer = json("TimeChanged"),
     .refusals = {409},
     .parse = parse_persist,
     .reply = reply_with<append_changed>},
};

constexpr SchemaRow kSchemas[] = {
    {"TimeToLive",
     R"({"type":"object","properties":{"ttl":{"type":"string","description":"a time like 500ms, 30s, 5m, )"
     R"(12h, 7d, or none"},"at":{"type":"integer","minimum":0,"description":"instead: milliseconds since )"
     R"(1970"},"if":{"enum":["none","any","later","sooner"],"description":"only if there is no end yet, )"
     R"(there is one, this moves it back, this moves it forward"}}})"},
    {"TimeChanged",
     R"({"type":"object","required":["success","changed"],"properties":{"success":{"type":"boolean"},)"
     R"("changed":{"type":"boolean","description":"false: no such key, or the condition is not met"}}})"},
    {"TimeLeft", R"({"type":"object","required":["found"],"properties":{"found":{"type":"boolean"},"remaining_ms":)"
                 R"({"type":"integer","minimum":1,"description":"left out: it has no end"},"at":{"type":"integer",)"
                 R"("description":"milliseconds since 1970"}}})"},
};

}  // namespace

Result<std::optional<TimeToLive>> parse_ttl_text(std::string_view text) {
  if (text == "none") return TimeToLive{};
  const Result<std::int64_t> span = parse_span_ms(text);
  if (!span) return refuse(fmt::format("ttl: {}, nor none", span.error().message()));
  return TimeToLive{TimeToLive::Kind::kFor, *span};
}

Result<std::optional<TimeToLive>> ttl_fields(dom::object object) {
  const bool has_at = field(object, "at").has_value();
  if (field(object, "ttl")) {
    if (has_at) return refuse("give either \"ttl\" or \"at\"");
    const auto text = string_field(object, "ttl");
    if (!text) return fail(text.error());
    return parse_ttl_text(*text);
  }
  if (!has_at) return std::nullopt;
  std::int64_t at_ms = 0;
  if (field(object, "at")->get_int64().get(at_ms) != simdjson::SUCCESS || at_ms < 0 || at_ms == kNeverExpires) {
    return refuse("field \"at\" must be a number of milliseconds since 1970");
  }
  return TimeToLive{TimeToLive::Kind::kUntil, at_ms};
}

Result<std::optional<TimeToLive>> ttl_parameter(const Call& call) {
  if (call.query.empty()) return std::nullopt;
  const auto text = query_parameter(call.query, "ttl");
  if (!text) return fail(text.error());
  if (!*text) return std::nullopt;
  return parse_ttl_text(**text);
}

Area ttl_routes() {
  return {"times to live",
          "Until when a key, or a field of a row or a document, is there. Of ends set concurrently the latest counts; "
          "every site hides "
          "it at the same instant.",
          kRows, kSchemas};
}

}  // namespace pando::api

// The conflict ledger: what was written and is not shown.
#include <algorithm>

#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/ttl_text.h"
#include "base/limits.h"

namespace pando::api {
namespace {

Result<Request> parse_list(Call& call, JsonBody&) {
  ListConflictsRequest list;
  auto table = query_parameter(call.query, "table");
  if (!table) return fail(table.error());
  if (*table) {
    PANDO_RETURN_IF_ERROR(as_invalid(validate_table_name(**table)));
    list.table = std::move(**table);
  }
  auto key = query_parameter(call.query, "key");
  if (!key) return fail(key.error());
  if (*key) {
    PANDO_RETURN_IF_ERROR(as_invalid(validate_key(**key)));
    list.key = std::move(**key);
  }
  const auto after = query_parameter(call.query, "after");
  if (!after) return fail(after.error());
  if (*after) {
    const Result<ConflictId> id = parse_conflict_id(**after);
    if (!id) return refuse("parameter \"after\": " + id.error().message());
    list.after = *id;
  }
  const auto limit = limit_parameter(call.query, list.count_max);
  if (!limit) return fail(limit.error());
  list.count_max = *limit;
  const auto wait = query_parameter(call.query, "wait");
  if (!wait) return fail(wait.error());
  if (*wait) {
    const Result<std::int64_t> ms = parse_span_ms(**wait);
    if (!ms || *ms > limits::kWaitMsMax)
      return refuse("parameter \"wait\" must be a time like 500ms or 30s, at most 60s");
    list.wait = Duration::millis(*ms);
  }
  return Request(std::move(list));
}

Result<Request> parse_restore(Call& call, JsonBody&) {
  const Result<ConflictId> id = parse_conflict_id(call.words.at(0));
  if (!id) return fail(id.error());
  return Request(RestoreConflictRequest{*id});
}

std::string_view kind_name(Conflict::Kind kind) {
  switch (kind) {
    case Conflict::Kind::kValue: return "value";
    case Conflict::Kind::kTypeClash: return "type_clash";
    case Conflict::Kind::kRefusedStamp: return "refused_stamp";
  }
  return "value";
}

void append_side(Bytes& out, std::string_view name, const Conflict::Side& side, bool has_value) {
  append_name(out, name);
  out.push_back('{');
  if (!side.dot.origin.node.empty()) {
    append_field(out, "origin", ByteSpan(to_string(side.dot.origin)));
    append_field(out, "seq", side.dot.seq.value);
  }
  if (side.hlc.bits != 0) {
    append_field(out, "hlc", side.hlc.bits);
    append_field(out, "written_ms", side.hlc.wall_ms());
  }
  if (side.type) append_field(out, "type", ByteSpan(name_of(*side.type)));
  if (side.value) {
    append_name(out, "value");
    append_json_base64(out, *side.value);
  } else if (has_value) {
    append_flag(out, "too_large", true);
  }
  out.push_back('}');
}

void append_line(Bytes& out, const Conflict& line) {
  out.push_back('{');
  append_field(out, "id", ByteSpan(to_string(line.id)));
  append_field(out, "kind", kind_name(line.kind));
  append_field(out, "met_ms", line.hlc.wall_ms());
  if (line.kind == Conflict::Kind::kRefusedStamp) {
    append_field(out, "reason", ByteSpan(line.reason));
  } else {
    append_field(out, "table", ByteSpan(line.path.table));
    append_field(out, "key", ByteSpan(line.path.key));
    if (!is_utf8(line.path.key)) {
      append_name(out, "key_b64");
      append_json_base64(out, line.path.key);
    }
    if (!line.path.element.empty()) {
      append_name(out, "element_b64");
      append_json_base64(out, line.path.element);
    }
    append_side(out, "winner", line.winner, line.kind == Conflict::Kind::kValue);
  }
  append_side(out, "loser", line.loser, line.kind == Conflict::Kind::kValue);
  out.push_back('}');
}

void append_conflicts(Bytes& out, const Call&, const ConflictsReply& reply) {
  out += R"({"conflicts":[)";
  for (const Conflict& line : reply.lines) {
    append_comma(out);
    append_line(out, line);
  }
  out.push_back(']');
  append_flag(out, "more", reply.more);
  append_field(out, "next", ByteSpan(to_string(reply.next)));
  append_field(out, "dropped", reply.dropped);
  out.push_back('}');
}

constexpr Parameter kQuery[] = {
    {"table", "Only of this table"},
    {"key", "Only of this key"},
    {"after", "Only those behind this id: \"next\" of the answer before"},
    {"limit", "At most so many, 1 to 10000; 100 when left out", Parameter::Type::kNumber},
    {"wait", "While there is none, wait so long for one: a time like 30s, at most 60s"},
};

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/conflicts/{id}/restore",
     .id = "conflict_restore",
     .summary = "Write the value that lost again",
     .takes = kWriteTerms,
     .answer = json("Success"),
     .refusals = {404, 409},
     .parse = parse_restore,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/conflicts",
     .id = "conflicts_list",
     .summary = "List what was written and is not shown, oldest first",
     .takes = kReadTerms,
     .query = kQuery,
     .answer = json("Conflicts"),
     .parse = parse_list,
     .reply = reply_with<append_conflicts>},
};

constexpr SchemaRow kSchemas[] = {
    {"ConflictSide",
     R"({"type":"object","properties":{"origin":{"type":"string"},"seq":{"type":"integer"},"hlc":{"type":"integer"},)"
     R"("written_ms":{"type":"integer","description":"by the clock of its site"},"type":{"type":"string","description":)"
     R"("type_clash: what it makes the key"},"value":{"$ref":"Base64"},"too_large":{"type":"boolean","description":)"
     R"("the value had more than 64 KiB and was not kept"}}})"},
    {"LedgerLine", R"({"type":"object","required":["id","kind","met_ms","loser"],"properties":{"id":{"type":"string"},)"
                   R"("kind":{"enum":["value","type_clash","refused_stamp"]},"met_ms":{"type":"integer"},)"
                   R"("table":{"type":"string"},"key":{"type":"string"},"key_b64":{"$ref":"Base64"},)"
                   R"("element_b64":{"$ref":"Base64"},"reason":{"type":"string"},"winner":{"$ref":"ConflictSide"},)"
                   R"("loser":{"$ref":"ConflictSide"}}})"},
    {"Conflicts", R"({"type":"object","required":["conflicts","more","next","dropped"],"properties":{"conflicts":)"
                  R"({"type":"array","items":{"$ref":"LedgerLine"}},"more":{"$ref":"More"},"next":{"type":"string"},)"
                  R"("dropped":{"type":"integer","minimum":0}}})"},
};

}  // namespace

Area conflict_routes() {
  return {
      "conflicts",
      "The conflict ledger of this node: every value that lost against a concurrent one, every clash of types, every "
      "commit refused for its stamp. The newest 10,000 lines, at most 16 MiB.",
      kRows, kSchemas};
}

}  // namespace pando::api

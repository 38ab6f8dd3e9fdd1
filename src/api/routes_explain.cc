// Why a key reads as it does.
#include <string>

#include "api/json_body.h"
#include "api/reply_text.h"
#include "api/route.h"
#include "model/document.h"
#include "model/expiry.h"

namespace pando::api {
namespace {

Result<Request> parse_explain(Call& call, JsonBody&) {
  if (is_internal_table(call.table))
    return fail(StatusCode::kInvalidArgument, "names that begin with '.' are internal");
  return Request(ExplainRequest{call.table, std::move(call.key)});
}

std::string_view word_of(CellKind kind) {
  switch (kind) {
    case CellKind::kRegister: return "value";
    case CellKind::kCounter: return "counter";
    case CellKind::kField: return "column";
    case CellKind::kMember: return "member";
    case CellKind::kFlag: return "flag";
    case CellKind::kExpiry: return "expiry";
    case CellKind::kDecimal: return "decimal counter";
    case CellKind::kGuard: return "guarded flag";
    case CellKind::kGuardedMember: return "guarded member";
    case CellKind::kScore: return "score";
    case CellKind::kScoreDelta: return "added to score";
    case CellKind::kItem: return "list item";
    case CellKind::kNode: return "object";
    case CellKind::kLeaf: return "field";
    case CellKind::kLeafCounter: return "added to field";
    case CellKind::kLeafMember: return "member of field";
    case CellKind::kBound: return "bound";
    case CellKind::kLease: return "lease";
    case CellKind::kSketch: return "sketch part";
    case CellKind::kEntry: return "stream entry";
  }
  return "unknown";
}

// Bytes as text where they are, else in base64 under a name that says so.
void append_bytes(Bytes& out, std::string_view name, ByteSpan bytes) {
  if (is_utf8(bytes)) return append_field(out, name, bytes);
  append_name(out, std::string(name) + "_b64");
  append_json_base64(out, bytes);
}

// "field":"a.b" and, of a set, "member":"\"x\"".
void append_field_of(Bytes& out, ByteSpan element) {
  const auto member = split_member(element);
  append_name(out, "field");
  append_json_string(out, field_text(member ? member->first : element));
  if (member) append_field(out, "member", member->second);
}

void append_element(Bytes& out, const ExplainReply::Cell& cell) {
  switch (cell.kind) {
    case CellKind::kNode:
    case CellKind::kLeaf:
    case CellKind::kLeafCounter:
    case CellKind::kLeafMember: return append_field_of(out, cell.element);
    default:
      if (!cell.element.empty()) append_bytes(out, "element", cell.element);
  }
}

void append_values(Bytes& out, const ExplainReply::Cell& cell) {
  append_name(out, "values");
  out.push_back('[');
  for (const auto& value : cell.values) {
    append_comma(out);
    out.push_back('{');
    append_field(out, "dot", ByteSpan(to_string(value.dot)));
    append_field(out, "written_ms", value.hlc.wall_ms());
    append_field(out, "stamp", ByteSpan(std::to_string(value.hlc.bits)));
    if (cell.kind == CellKind::kExpiry) {
      append_field(out, "until_ms", decode_expiry(value.value).value_or(kNeverExpires));
    } else if (const auto lease = cell.kind == CellKind::kLease ? decode_lease(value.value) : std::nullopt; lease) {
      append_field(out, "until_ms", lease->ends_at_ms);
      if (!lease->about.empty()) append_bytes(out, "about", lease->about);
    } else if (!is_presence(cell.kind)) {
      append_bytes(out, "value", value.value);
    }
    append_flag(out, "shown", value.shown);
    out.push_back('}');
  }
  out.push_back(']');
}

std::string number(CellKind kind, Int128 n) { return kind == CellKind::kCounter ? to_text(n) : decimal_text(n); }

void append_last_op(Bytes& out, CellKind kind, const ExplainReply::Slot& slot) {
  append_name(out, "last_op");
  if (!slot.last) {
    out += "null";
    return;
  }
  out.push_back('{');
  append_field(out, "dot", ByteSpan(to_string(slot.last->dot)));
  append_field(out, "written_ms", slot.last->hlc.wall_ms());
  append_field(out, "stamp", ByteSpan(std::to_string(slot.last->hlc.bits)));
  if (slot.last->change) append_field(out, "change", ByteSpan(number(kind, *slot.last->change)));
  out.push_back('}');
}

void append_slots(Bytes& out, const ExplainReply::Cell& cell) {
  append_field(out, "total", ByteSpan(number(cell.kind, cell.total)));
  append_name(out, "slots");
  out.push_back('[');
  for (const auto& slot : cell.slots) {
    const auto add = [&](std::string_view name, UInt128 n) {
      append_field(out, name, ByteSpan(number(cell.kind, static_cast<Int128>(n))));
    };
    append_comma(out);
    out.push_back('{');
    append_field(out, "origin", ByteSpan(to_string(slot.origin)));
    append_field(out, "born", ByteSpan(to_string(Dot{slot.origin, slot.birth})));
    add("added", slot.added);
    add("removed", slot.removed);
    add("added_base", slot.added_base);
    add("removed_base", slot.removed_base);
    append_last_op(out, cell.kind, slot);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_explanation(Bytes& out, const Call&, const ExplainReply& reply) {
  out.push_back('{');
  append_flag(out, "found", reply.type.has_value());
  if (reply.type) append_field(out, "type", name_of(*reply.type));
  if (reply.expires_ms && *reply.expires_ms != kNeverExpires) append_field(out, "expires_ms", *reply.expires_ms);
  if (reply.expired) append_flag(out, "expired", true);
  append_name(out, "cells");
  out.push_back('[');
  for (const auto& cell : reply.cells) {
    append_comma(out);
    out.push_back('{');
    append_field(out, "kind", word_of(cell.kind));
    append_element(out, cell);
    append_flag(out, "shown", cell.shown);
    is_counter(cell.kind) ? append_slots(out, cell) : append_values(out, cell);
    out.push_back('}');
  }
  out.push_back(']');
  append_flag(out, "more", reply.more);
  if (reply.searched) {
    append_name(out, "log");
    out.push_back('{');
    append_field(out, "records", static_cast<std::int64_t>(reply.searched->records));
    append_flag(out, "reached_start", reply.searched->reached_start);
    out.push_back('}');
  }
  out.push_back('}');
}

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/explain/{table}/{key}",
     .id = "explain",
     .summary = "Show all that is stored of a key: every concurrent value, who wrote it and when, each origin's part",
     .takes = kReadTerms,
     .answer = json("Explanation"),
     .parse = parse_explain,
     .reply = reply_with<append_explanation>},
};

constexpr SchemaRow kSchemas[] = {
    {"Explanation",
     R"({"type":"object","required":["found","cells","more"],"properties":{"found":{"type":"boolean"},)"
     R"("type":{"type":"string","description":"what reads answer"},"expires_ms":{"type":"integer"},)"
     R"("expired":{"type":"boolean"},"more":{"type":"boolean","description":"more cells than were described"},)"
     R"("cells":{"type":"array","items":{"type":"object","required":["kind","shown"],"properties":{)"
     R"("kind":{"type":"string"},"element":{"type":"string"},"element_b64":{"$ref":"Base64"},)"
     R"("field":{"type":"string"},"member":{"type":"string"},)"
     R"("shown":{"type":"boolean","description":"false: it reads as absent"},)"
     R"("values":{"type":"array","items":{"type":"object","required":["dot","written_ms","stamp","shown"],)"
     R"("properties":{"dot":{"type":"string","description":"origin and number of the commit"},)"
     R"("written_ms":{"type":"integer"},"stamp":{"type":"string"},"until_ms":{"type":"integer"},)"
     R"("value":{"type":"string"},"value_b64":{"$ref":"Base64"},)"
     R"("shown":{"type":"boolean","description":"what reads answer; the others are in conflict with it"}}}},)"
     R"("total":{"type":"string"},"slots":{"type":"array","items":{"type":"object","required":["origin","born"],)"
     R"("properties":{"origin":{"type":"string"},"born":{"type":"string"},"added":{"type":"string"},)"
     R"("removed":{"type":"string"},"added_base":{"type":"string","description":"what resets have taken away"},)"
     R"("removed_base":{"type":"string"},"last_op":{"type":["object","null"],"required":["dot","written_ms","stamp"],)"
     R"("description":"the last commit of this origin that counted here; null: not found where the log was searched",)"
     R"("properties":{"dot":{"type":"string"},"written_ms":{"type":"integer"},"stamp":{"type":"string"},)"
     R"("change":{"type":"string","description":"by how much, where the log has the one before too"}}}}}}}}},)"
     R"("log":{"type":"object","required":["records","reached_start"],"description":"what was searched for last_op",)"
     R"("properties":{"records":{"type":"integer","description":"the newest of the log of this node"},)"
     R"("reached_start":{"type":"boolean","description":"of what this node has of the log"}}}}})"},
};

}  // namespace

Area explain_routes() { return {"explain", "For people who want to know why.", kRows, kSchemas}; }

}  // namespace pando::api

#include "api/openapi_parts.h"

#include <algorithm>

#include "api/errors.h"
#include "api/reply_text.h"

namespace pando::api {
namespace {

constexpr std::string_view kText = R"({"type":"string"})";

constexpr HeaderPart kRequestHeaders[] = {
    {"Pando-Token", kTakesToken, kText,
     "Answer only once this site has what the token stands for, as in dc1:17,dc2#2:4. Empty: tell me what I have seen"},
    {"Pando-Wait", kTakesToken, R"({"type":"string","pattern":"^[0-9]{1,6}(ms|s)$","default":"2s"})",
     "How long it may wait for that, up to 60s; then 504"},
    {"Pando-Durability", kTakesDurability,
     R"({"type":"string","pattern":"^(memory|os|fsync|sites:[0-9]+|site:[^,]+)( *, *wait=[0-9]{1,6}(ms|s))?$"})",
     "How safe the write must be before it is answered"},
    {"Idempotency-Key", kTakesIdempotency, R"({"type":"string","maxLength":256})",
     "Do this write once, however often it is sent"},
    {"Pando-Transaction", kTakesTransaction, kText,
     "The id of an open transaction: read what it sees, or write with its commit"},
    {"If-Match", kTakesConditions, kText, "* or ETags: do it only if the thing is in one of these states here"},
    {"If-None-Match", kTakesConditions, kText, "* or ETags: do it only if it is not; a read answers 304 then"},
};

constexpr HeaderPart kAnswerHeaders[] = {
    {"Pando-Token", kTakesToken, kText, "Of a write its commit; of a read that sent a token what the reader has seen"},
    {"ETag", kTakesConditions, kText, "The state that was read or written"},
    {"Idempotency-Replayed", kTakesIdempotency, R"({"const":"true"})",
     "Nothing was done again: this is the answer of the first time"},
};

// Of refusals; no route has them of its own.
constexpr HeaderPart kErrorHeaders[] = {
    {"Pando-Error", kNoTerms, R"({"$ref":"#/components/schemas/ErrorCode"})", "What kind of error it is"},
    {"Pando-Hint", kNoTerms, kText, "What to do"},
    {"Retry-After", kNoTerms, R"({"type":"integer","minimum":0})", "Seconds"},
    {"Allow", kNoTerms, kText, "The methods this path has"},
    {"Pando-Durability", kNoTerms, kText,
     "How safe the write was when its wait ended; of `memory` a crash may still undo it"},
};

struct PathPart {
  std::string_view name;
  std::string_view schema;
  std::string_view text;
};
constexpr PathPart kPathParts[] = {
    {"ns", R"({"type":"string","minLength":1,"maxLength":128})", "The namespace"},
    {"key", R"({"type":"string","minLength":1,"maxLength":8192})", "The key, percent-encoded bytes"},
    {"member", R"({"type":"string","minLength":1,"maxLength":8192})", "The member, percent-encoded bytes"},
    {"table", R"({"type":"string","minLength":1,"maxLength":64})", "The table"},
    {"tx", R"({"type":"string"})", "The id of a transaction, as tx_begin answered it"},
};

struct Refusal {
  int status;
  std::string_view text;
};
constexpr Refusal kRefusals[] = {
    {400, "The request can never be right; the text says what and where"},
    {403, "This node only follows others"},
    {404, "There is no such namespace, transaction or object"},
    {409, "In conflict with what is there"},
    {410, "What this named is over"},
    {412, "The condition does not hold here"},
    {413, "The body, or the transaction, is over its limit"},
    {500, "Damaged data, or a bug; the text says which"},
    {501, "Known, but not served by this node"},
    {503, "Cannot serve now"},
    {504, "A bounded wait ended"},
};

void append_header_refs(Bytes& out, int status) {
  out += R"(,"headers":{)";
  for (const HeaderPart& header : kErrorHeaders) {
    if (header.name == "Retry-After" && status != 503 && status != 0) continue;
    if (header.name == "Allow" && status != 0) continue;
    if (header.name == "Pando-Durability" && status != 504) continue;
    append_name(out, header.name);
    out += R"({"$ref":"#/components/headers/)";
    out.append(header.name);
    out += "\"}";
  }
  out.push_back('}');
}

void append_refusal(Bytes& out, std::string_view name, int status, std::string_view text) {
  append_name(out, name);
  out.push_back('{');
  append_field(out, "description", text);
  append_header_refs(out, status);
  out += R"(,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Error"}}}})";
}

}  // namespace

std::span<const HeaderPart> request_headers() { return kRequestHeaders; }
std::span<const HeaderPart> answer_headers() { return kAnswerHeaders; }

bool is_health(const RouteRow& row) { return row.carriage == Carriage::kHealth || row.carriage == Carriage::kReady; }

std::vector<int> refusals_of(const RouteRow& row) {
  std::vector<int> list;
  for (const std::uint16_t status : row.refusals) {
    if (status != 0) list.push_back(status);
  }
  if (row.path.in_namespace()) list.insert(list.end(), {400, 404, 503});
  if (row.carriage == Carriage::kHealth) list.push_back(503);
  if (row.carriage == Carriage::kReady) list.insert(list.end(), {400, 404, 503});
  if ((row.takes & kTakesToken) != 0) list.push_back(504);
  if ((row.takes & kTakesDurability) != 0) list.push_back(403);
  if ((row.takes & kTakesTransaction) != 0) list.insert(list.end(), {409, 410});
  if ((row.takes & kTakesConditions) != 0) list.push_back(412);
  if ((row.takes & kTakesConditions) != 0 && row.method == Method::kGet) list.push_back(304);
  if (row.body.kind != Content::Kind::kNone) list.push_back(413);
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void append_error_schema(Bytes& out) {
  append_name(out, "Error");
  out +=
      R"({"type":"object","required":["error"],"properties":{"error":{"type":"string"},)"
      R"("code":{"$ref":"#/components/schemas/ErrorCode"},"hint":{"type":"string"}},)"
      R"("description":"error says what is wrong in this one case. Routes of the UnisonDB-compatible surface say it )"
      R"(alone; code and hint are in the headers Pando-Error and Pando-Hint everywhere"})";
  append_name(out, "ErrorCode");
  out += R"({"type":"string","enum":[)";
  for (const ErrorWords& words : all_error_words()) {
    append_comma(out);
    append_json_string(out, words.code);
  }
  out += "]}";
}

void append_parameter_components(Bytes& out) {
  append_name(out, "parameters");
  out.push_back('{');
  for (const PathPart& part : kPathParts) {
    append_name(out, part.name);
    out.push_back('{');
    append_field(out, "name", part.name);
    append_field(out, "in", ByteSpan("path"));
    append_flag(out, "required", true);
    append_field(out, "description", part.text);
    append_name(out, "schema");
    out.append(part.schema);
    out.push_back('}');
  }
  for (const HeaderPart& header : kRequestHeaders) {
    append_name(out, header.name);
    out.push_back('{');
    append_field(out, "name", header.name);
    append_field(out, "in", ByteSpan("header"));
    append_field(out, "description", header.text);
    append_name(out, "schema");
    out.append(header.schema);
    out.push_back('}');
  }
  out.push_back('}');
}

void append_header_components(Bytes& out) {
  append_name(out, "headers");
  out.push_back('{');
  const auto append = [&](const HeaderPart& header) {
    append_name(out, header.name);
    out.push_back('{');
    append_field(out, "description", header.text);
    append_name(out, "schema");
    out.append(header.schema);
    out.push_back('}');
  };
  for (const HeaderPart& header : kAnswerHeaders) append(header);
  for (const HeaderPart& header : kErrorHeaders) append(header);
  out.push_back('}');
}

void append_response_components(Bytes& out) {
  append_name(out, "responses");
  out += R"({"304":{"description":"Nothing has changed","headers":{"ETag":{"$ref":"#/components/headers/ETag"}}})";
  for (const Refusal& refusal : kRefusals) {
    append_refusal(out, std::to_string(refusal.status), refusal.status, refusal.text);
  }
  append_refusal(out, "default", 0, "Refused; what any request may meet, such as 405 or 408");
  out.push_back('}');
}

}  // namespace pando::api

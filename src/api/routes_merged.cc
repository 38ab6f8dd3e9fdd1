// What a merge group makes of typed keys.
#include "api/json_body.h"
#include "api/reply_text.h"
#include "api/route.h"

namespace pando::api {
namespace {

Result<Request> parse_get(Call& call, JsonBody&) { return Request(GetMergedRequest{std::move(call.key)}); }

void append_total(Bytes& out, const MergedReply& merged) {
  append_field(out, "value", merged.total);
  append_name(out, "replicas");
  out.push_back('{');
  for (const auto& count : merged.counts) {
    append_comma(out);
    append_json_string(out, count.replica);
    out.push_back(':');
    append_number(out, count.count);
  }
  out.push_back('}');
}

void append_merged(Bytes& out, const Call&, const MergedReply& merged) {
  const bool counter = merged.kind == MergedReply::Kind::kCounter;
  out.push_back('{');
  append_flag(out, "found", merged.found);
  append_field(out, "type", counter ? ByteSpan("counter") : ByteSpan("lww"));
  if (counter) {
    append_total(out, merged);
  } else {
    append_name(out, "value");
    append_json_base64(out, merged.value);
  }
  out.push_back('}');
}

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/merged/{key}",
     .id = "merged_get",
     .summary = "Read what the merge group of this namespace makes of a typed key",
     .takes = kReadTerms,
     .answer = json("Merged"),
     .parse = parse_get,
     .reply = reply_with<append_merged>},
};

constexpr SchemaRow kSchemas[] = {
    {"Merged", R"({"type":"object","required":["found","type","value"],"properties":{"found":{"type":"boolean"},)"
               R"("type":{"enum":["lww","counter"]},)"
               R"("value":{"oneOf":[{"$ref":"Base64"},{"type":"integer","minimum":0}],)"
               R"("description":"lww: the winner's bytes; counter: the total"},)"
               R"("replicas":{"type":"object","description":"counter: by replica",)"
               R"("additionalProperties":{"type":"integer","minimum":0}}}})"},
};

}  // namespace

Area merged_routes() {
  return {"merged values", "Keys whose payloads several namespaces of a merge group contribute to.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api

// Transactions in one request: a list of what requests of other routes ask for, done together or not at all. So every
// type that has routes can be part of one.
#include <fmt/format.h>

#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/route.h"
#include "api/terms_text.h"
#include "base/limits.h"

namespace pando::api {
namespace {

// One operation as it came, before its route has been found.
struct Part {
  Method method = Method::kGet;
  std::string path;
  Bytes body;  // JSON text; empty when there is none
  std::string if_match;
  std::string if_none_match;
};

Result<std::string> text_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  if (!element) return std::string();
  const auto text = string_of(*element, name, "a string");
  if (!text) return fail(text.error());
  return std::string(*text);
}

// {"method":"POST","path":"/counters/n/incr","body":{"by":5},"if_match":"\"…\"","if_none_match":"*"}
Result<Part> part_of(dom::object object) {
  Part part;
  const Result<std::string> method = text_field(object, "method");
  if (!method) return fail(method.error());
  if (!method->empty()) part.method = method_of(*method);
  for (const auto& [name, to] : {std::pair("path", &part.path), std::pair("if_match", &part.if_match),
                                 std::pair("if_none_match", &part.if_none_match)}) {
    Result<std::string> text = text_field(object, name);
    if (!text) return fail(text.error());
    *to = *std::move(text);
  }
  if (part.path.empty() || part.path.front() != '/') {
    return refuse("field \"path\" must begin with \"/\", as in \"/kv/key\"");
  }
  if (const auto body = field(object, "body")) part.body = simdjson::minify(*body);
  return part;
}

Result<std::vector<Part>> parts_of(JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  dom::array list;
  const auto element = field(*object, "operations");
  if (!element || element->get_array().get(list) != simdjson::SUCCESS) return refuse("missing list \"operations\"");
  std::vector<Part> parts;
  for (const dom::element one : list) {
    if (parts.size() == limits::kTxOperationsMax) {
      return fail(StatusCode::kTooLarge, fmt::format("more than {} operations", limits::kTxOperationsMax));
    }
    dom::object operation;
    if (one.get_object().get(operation) != simdjson::SUCCESS) {
      return at("operation", parts.size(), Status(StatusCode::kInvalidArgument, "must be an object"));
    }
    Result<Part> part = part_of(operation);
    if (!part) return at("operation", parts.size(), part.error());
    parts.push_back(*std::move(part));
  }
  if (parts.empty()) return refuse("the list \"operations\" is empty");
  return parts;
}

// The call that an operation stands for, in the namespace of `whole`.
Result<Call> call_of(const Call& whole, const Part& part) {
  auto call = route(part.method, "/api/v1/ns" + part.path);
  if (!call) return fail(StatusCode::kInvalidArgument, call.error().text);
  const Carriage carriage = call->carriage();
  if (carriage == Carriage::kDownload) {
    return refuse(fmt::format("{} cannot be part of a transaction: what an object holds is streamed, read it by itself",
                              call->operation()));
  }
  const bool streams = carriage == Carriage::kWatch || carriage == Carriage::kUpload || carriage == Carriage::kEraseLob;
  if (call->row->parse == nullptr || !call->in_namespace() || (carriage != Carriage::kRequest && !streams)) {
    return refuse(fmt::format("{} cannot be part of a transaction", call->operation()));
  }
  call->ns = whole.ns;
  return *std::move(call);
}

Result<TxItem> item_of(Call& call, Part& part, simdjson::dom::parser& parser) {
  Headers headers;
  headers.if_match = part.if_match;
  headers.if_none_match = part.if_none_match;
  PANDO_RETURN_IF_ERROR(take_terms(headers, call));
  JsonBody body(part.body, parser);
  Result<Request> request = call.row->parse(call, body);
  if (!request) return fail(request.error());
  const bool read = call.row->method == Method::kGet;
  return TxItem{*std::move(request), read ? std::exchange(call.read_if.match, {}) : std::move(call.terms.if_match),
                read ? std::exchange(call.read_if.none_match, {}) : std::move(call.terms.if_none_match)};
}

Result<Request> parse_whole(Call& call, JsonBody& body) {
  Result<std::vector<Part>> parts = parts_of(body);
  if (!parts) return fail(parts.error());
  TxRequest tx;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    Result<Call> inner = call_of(call, (*parts)[i]);
    if (!inner) return at("operation", i, inner.error());
    Result<TxItem> item = item_of(*inner, (*parts)[i], body.parser());
    if (!item) return at("operation", i, item.error());
    tx.items.push_back(*std::move(item));
    call.parts.push_back(*std::move(inner));
  }
  return Request(std::move(tx));
}

// {"status":200,"body":{…}}
void append_result(Bytes& out, const Call& call, const Reply& reply) {
  Bytes body;
  const int status = append_reply(call, reply, body);
  while (!body.empty() && body.back() == '\n') body.pop_back();
  out.push_back('{');
  append_field(out, "status", static_cast<std::uint64_t>(status));
  append_name(out, "body");
  out += body.empty() ? Bytes("null") : body;
  out.push_back('}');
}

void append_whole(Bytes& out, const Call& call, const TxReply& tx) {
  out += R"({"success":true,"results":[)";
  for (std::size_t i = 0; i < tx.items.size() && i < call.parts.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_result(out, call.parts[i], Reply{tx.items[i].status, tx.items[i].body, {}});
  }
  out += "]}";
}

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/tx",
     .id = "tx_whole",
     .summary = "Do a list of operations as one transaction: all of them or none",
     .takes = kCommitTerms,
     .body = json("TxOperations", R"({"operations":[{"path":"/kv/from"},)"
                                  R"({"method":"PUT","path":"/kv/from","body":{"value":"MTA="},"if_none_match":"*"},)"
                                  R"({"method":"POST","path":"/counters/moves/incr"}]})"),
     .answer = json("TxResults"),
     .refusals = {409, 412},
     .parse = parse_whole,
     .reply = reply_with<append_whole>},
};

constexpr SchemaRow kSchemas[] = {
    {"TxOperations",
     R"({"type":"object","required":["operations"],"properties":{"operations":{"type":"array","minItems":1,)"
     R"("maxItems":1000,"items":{"type":"object","required":["path"],"properties":{)"
     R"("method":{"enum":["GET","PUT","POST","PATCH","DELETE"],"default":"GET"},)"
     R"("path":{"type":"string","description":"of a route, from behind the namespace on, with its query"},)"
     R"("body":{"description":"as the route takes it"},)"
     R"("if_match":{"type":"string"},"if_none_match":{"type":"string"}}}}}})"},
    {"TxResults",
     R"({"type":"object","required":["success","results"],"properties":{"success":{"const":true},)"
     R"("results":{"type":"array","description":"one for each operation, in order","items":{"type":"object",)"
     R"("required":["status","body"],"properties":{"status":{"type":"integer"},)"
     R"("body":{"description":"as the route answers"}}}}}})"},
};

}  // namespace

Area tx_whole_routes() {
  return {"transactions in one request", "Operations of other routes, done together or not at all.", kRows, kSchemas};
}

}  // namespace pando::api

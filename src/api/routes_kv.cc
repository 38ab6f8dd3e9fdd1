// Key-values: one key, one value of any bytes.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/ttl_text.h"

namespace pando::api {
namespace {

// The value of exactly {"value":"plain base64"}, blanks allowed; anything else takes the general way. Saves the
// parser for the request that matters most.
std::optional<std::string_view> plain_value(std::string_view body) {
  std::size_t i = 0;
  const auto blanks = [&] {
    while (i < body.size() && (body[i] == ' ' || body[i] == '\n' || body[i] == '\r' || body[i] == '\t')) ++i;
  };
  const auto token = [&](std::string_view text) {
    blanks();
    if (body.substr(i, text.size()) != text) return false;
    i += text.size();
    return true;
  };
  if (!token("{") || !token("\"value\"") || !token(":") || !token("\"")) return std::nullopt;
  const std::size_t end = body.find('"', i);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view value = body.substr(i, end - i);
  // Escapes mean something else than they look; a raw line break is no JSON, though base64 would skip it.
  for (const char odd : {'\\', '\r', '\n'}) {
    if (value.find(odd) != std::string_view::npos) return std::nullopt;
  }
  i = end + 1;
  if (!token("}")) return std::nullopt;
  blanks();
  return i == body.size() ? std::optional(value) : std::nullopt;
}

Result<Request> parse_put(Call& call, JsonBody& body) {
  Result<Mutation> m = mutation_of_key(Mutation::Kind::kPut, call);
  if (!m) return fail(m.error());
  const auto ttl = ttl_parameter(call);
  if (!ttl) return fail(ttl.error());
  m->ttl = *ttl;
  if (const auto plain = plain_value(body.bytes())) {
    if (Result<Bytes> value = decode_value(*plain)) {
      m->value = std::move(*value);
      return write_one(std::move(*m));
    }
  }
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Bytes> value = value_field(*object);
  if (!value) return fail(value.error());
  m->value = std::move(*value);
  return write_one(std::move(*m));
}

Result<Request> parse_get(Call& call, JsonBody&) {
  GetRequest get;
  if (!call.query.empty()) {
    auto view = query_parameter(call.query, "view");
    if (!view) return fail(view.error());
    if (*view && **view != "raw" && **view != "merged") return refuse(fmt::format("unknown view \"{}\"", **view));
    get.raw = *view && **view == "raw";
    Result<std::string> table = table_parameter(call.query);
    if (!table) return fail(table.error());
    get.table = std::move(*table);
  }
  get.key = std::move(call.key);
  return Request(std::move(get));
}

Result<Mutation> put_item(dom::element element) {
  const auto object = object_in(element);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  Result<Bytes> value = value_field(*object);
  if (!value) return fail(value.error());
  const auto ttl = ttl_fields(*object);
  if (!ttl) return fail(ttl.error());
  Mutation m = mutation(Mutation::Kind::kPut, kTableKv, std::move(*key));
  m.value = std::move(*value);
  m.ttl = *ttl;
  return m;
}

Result<Mutation> delete_item(dom::element element) {
  std::string_view key;
  if (element.get_string().get(key) != simdjson::SUCCESS) return refuse("must be a string");
  PANDO_RETURN_IF_ERROR(as_invalid(validate_key(key)));
  return mutation(Mutation::Kind::kDelete, kTableKv, Bytes(key));
}

Result<Request> parse_batch(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto verb = verb_field(*object);
  if (!verb) return fail(verb.error());
  const auto list = list_field(*object, *verb == Verb::kPut ? "items" : "keys");
  if (!list) return fail(list.error());
  if (*verb == Verb::kPut) return write_all(*list, "item", call, put_item);
  return write_all(*list, "key", call, delete_item);
}

Result<Request> parse_list(Call& call, JsonBody&) {
  const Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return list_of(call, *table);
}

void append_value(Bytes& out, const Call&, const ValueReply& value) {
  out += R"({"value":)";
  append_json_base64(out, value.found ? ByteSpan(value.value) : ByteSpan());
  append_flag(out, "found", value.found);
  if (!value.siblings.empty()) {
    append_name(out, "siblings");
    out.push_back('[');
    for (const auto& sibling : value.siblings) {
      append_comma(out);
      append_json_base64(out, sibling.value);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

constexpr Parameter kPut[] = {
    {"ttl", "How long it is to be there: a time like 30s, or none; as the table says when left out"},
    kTableParameter,
};
constexpr Parameter kView[] = {
    {"view", "merged (the default: the winner of the merge group, for lww: keys) or raw (this namespace's own value)"},
    kTableParameter,
};

constexpr RouteRow kRows[] = {
    {.method = Method::kPut,
     .path = "/{ns}/kv/{key}",
     .id = "kv_put",
     .summary = "Set a key to a value",
     .takes = kWriteTerms | kTakesConditions,
     .query = kPut,
     .body = json("Value", R"({"value":"aGVsbG8="})"),
     .answer = json("Success"),
     .parse = parse_put,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/kv/{key}",
     .id = "kv_get",
     .summary = "Read the value of a key; a miss is an answer too",
     .takes = kReadTerms | kTakesConditions,
     .query = kView,
     .answer = json("FoundValue"),
     .refusals = {409},
     .parse = parse_get,
     .reply = reply_with<append_value>},
    {.method = Method::kDelete,
     .path = "/{ns}/kv/{key}",
     .id = "kv_delete",
     .summary = "Delete a key and everything under it, whatever its type",
     .takes = kWriteTerms | kTakesConditions,
     .query = kInTable,
     .answer = json("Success"),
     .parse = write_key<Mutation::Kind::kDelete>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/kv/batch",
     .id = "kv_batch",
     .summary = "Put or delete many keys in one commit",
     .takes = kWriteTerms,
     .body = json("KvBatch", R"({"operation":"put","items":[{"key":"a","value":"MQ=="}]})"),
     .answer = json("BatchDone"),
     .parse = parse_batch,
     .reply = reply_with<append_batch_done>},
    {.method = Method::kGet,
     .path = "/{ns}/kv",
     .id = "kv_list",
     .summary = "List keys in byte order",
     .takes = kReadTerms,
     .query = kPagingInTable,
     .answer = json("KeyList"),
     .parse = parse_list,
     .reply = reply_with<append_keys>},
};

constexpr SchemaRow kSchemas[] = {
    {"Value", R"({"type":"object","required":["value"],"properties":{"value":{"$ref":"Base64"}}})"},
    {"FoundValue",
     R"({"type":"object","required":["value","found"],"properties":{"value":{"$ref":"Base64"},)"
     R"("found":{"type":"boolean","description":"false: there is no such key, and value is empty"},)"
     R"("siblings":{"type":"array","items":{"$ref":"Base64"},"description":"the other concurrent values, )"
     R"(where the table's resolver is multi"}}})"},
    {"KvBatch", R"({"type":"object","required":["operation"],"properties":{"operation":{"$ref":"Operation"},)"
                R"("items":{"type":"array","minItems":1,"maxItems":100000,"description":"for put","items":)"
                R"({"type":"object","required":["key","value"],"properties":{"key":{"$ref":"Key"},)"
                R"("value":{"$ref":"Base64"}}}},)"
                R"("keys":{"type":"array","minItems":1,"maxItems":100000,"description":"for delete",)"
                R"("items":{"$ref":"Key"}}}})"},
};

}  // namespace

Area kv_routes() { return {"key-values", "One key, one value of any bytes.", kRows, kSchemas, /*bare_errors=*/true}; }

}  // namespace pando::api

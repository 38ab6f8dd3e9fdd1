// Records: the JSON documents of a table, by id.
#include <fmt/format.h>

#include "api/document_json.h"
#include "api/errors.h"
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "base/limits.h"

namespace pando::api {
namespace {

template <auto kParse>
Result<Mutation> change(Call& call, JsonBody& body) {
  PANDO_RETURN_IF_ERROR(check_any_type_table(call.table));
  auto detail = kParse(body.bytes());
  if (!detail) return fail(detail.error());
  Mutation m = mutation(Mutation::Kind::kDetail, call.table, std::move(call.key));
  m.detail = *std::move(detail);
  return m;
}

Result<Mutation> erase(Call& call, JsonBody&) {
  PANDO_RETURN_IF_ERROR(check_any_type_table(call.table));
  return mutation(Mutation::Kind::kDelete, call.table, std::move(call.key));
}

template <auto kChange>
Result<Request> parse_write(Call& call, JsonBody& body) {
  Result<Mutation> m = kChange(call, body);
  if (!m) return fail(m.error());
  return write_one(*std::move(m));
}

template <auto kChange>
Result<Request> parse_tx(Call& call, JsonBody& body) {
  Result<Mutation> m = kChange(call, body);
  if (!m) return fail(m.error());
  return append_to_tx(call, *std::move(m));
}

// ?fields=a,b.c
Result<std::vector<Bytes>> fields_of(ByteSpan text) {
  std::vector<Bytes> fields;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    Result<Bytes> field = path_of_text(text.substr(0, comma));
    if (!field) return fail(field.error().with_context("parameter \"fields\""));
    fields.push_back(*std::move(field));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (fields.size() <= limits::kFieldsNamedMax) return fields;
  return refuse(
      fmt::format("parameter \"fields\" names {} fields, the limit is {}", fields.size(), limits::kFieldsNamedMax));
}

Result<Request> parse_get(Call& call, JsonBody&) {
  PANDO_RETURN_IF_ERROR(check_any_type_table(call.table));
  GetDocumentRequest get{call.table, call.key};  // kept: a miss names it
  const auto fields = query_parameter(call.query, "fields");
  if (!fields) return fail(fields.error());
  if (*fields) {
    auto paths = fields_of(**fields);
    if (!paths) return fail(paths.error());
    get.fields = *std::move(paths);
  }
  return Request(std::move(get));
}

// "a.b[gt]" → the condition; nothing when the name has no brackets.
Result<std::optional<FieldFilter>> filter_of(ByteSpan name, ByteSpan value) {
  using Op = FieldFilter::Op;
  constexpr std::pair<std::string_view, Op> kOps[] = {
      {"eq", Op::kEqual},     {"ne", Op::kNotEqual},   {"lt", Op::kLess},
      {"le", Op::kLessEqual}, {"gt", Op::kGreater},    {"ge", Op::kGreaterEqual},
      {"has", Op::kHas},      {"lte", Op::kLessEqual}, {"gte", Op::kGreaterEqual},
  };
  const std::size_t bracket = name.rfind('[');
  if (!name.ends_with(']') || bracket == ByteSpan::npos) return std::nullopt;
  const ByteSpan word = name.substr(bracket + 1, name.size() - bracket - 2);
  for (const auto& [known, op] : kOps) {
    if (known != word) continue;
    Result<Bytes> path = path_of_text(name.substr(0, bracket));
    if (!path) return fail(path.error().with_context(fmt::format("parameter \"{}\"", name.substr(0, 100))));
    return FieldFilter{*std::move(path), op, scalar_of_text(value)};
  }
  return refuse(
      fmt::format("parameter \"{}\": a condition is one of eq, ne, lt, le, gt, ge, has", name.substr(0, 100)));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// A cursor is the last key looked at, in hex.
Result<Bytes> key_of_cursor(ByteSpan cursor) {
  Bytes key;
  for (std::size_t i = 0; i + 1 < cursor.size(); i += 2) {
    const int high = hex_digit(cursor[i]);
    const int low = hex_digit(cursor[i + 1]);
    if (high < 0 || low < 0) break;
    key.push_back(static_cast<char>(high * 16 + low));
  }
  if (key.empty() || key.size() * 2 != cursor.size()) {
    return refuse("parameter \"cursor\" is none that a listing answered");
  }
  return key;
}

// Which of two words it is: true for the second.
Result<bool> either(ByteSpan name, ByteSpan value, std::string_view first, std::string_view second) {
  if (value == first || value == second) return value == second;
  return refuse(fmt::format("parameter \"{}\" is {} or {}", name, first, second));
}

Status take_order(ByteSpan name, ByteSpan value, ListDocumentsRequest& list) {
  const Result<bool> descending =
      name == "order" ? either(name, value, "asc", "desc") : either(name, value, "false", "true");
  if (!descending) return descending.error();
  list.descending = *descending;
  return {};
}

Status take_parameter(ByteSpan name, ByteSpan value, ListDocumentsRequest& list) {
  if (name == "limit") return {};  // read apart
  if (name == "prefix") {
    list.prefix = Bytes(value);
  } else if (name == "from") {
    list.from = Bytes(value);
  } else if (name == "to") {
    list.to = Bytes(value);
  } else if (name == "order" || name == "reverse") {
    return take_order(name, value, list);
  } else if (name == "cursor") {
    Result<Bytes> key = key_of_cursor(value);
    if (!key) return key.error();
    list.after = *std::move(key);
  } else if (name == "fields") {
    Result<std::vector<Bytes>> fields = fields_of(value);
    if (!fields) return fields.error();
    list.fields = *std::move(fields);
  } else {
    Result<std::optional<FieldFilter>> filter = filter_of(name, value);
    if (!filter) return filter.error();
    // A condition without its brackets would be passed over, and all records answered.
    if (!*filter) {
      return Status(
          StatusCode::kInvalidArgument,
          fmt::format("parameter \"{0}\" is not known; a condition is written {0}[eq]=…", name.substr(0, 100)));
    }
    list.filters.push_back(**std::move(filter));
  }
  return {};
}

Result<Request> parse_list(Call& call, JsonBody&) {
  PANDO_RETURN_IF_ERROR(check_any_type_table(call.table));
  ListDocumentsRequest list;
  list.table = call.table;
  const auto parameters = query_parameters(call.query);
  if (!parameters) return fail(parameters.error());
  for (const auto& [name, value] : *parameters) PANDO_RETURN_IF_ERROR(take_parameter(name, value, list));
  if (list.filters.size() > limits::kFiltersMax) {
    return refuse(fmt::format("{} conditions, the limit is {}", list.filters.size(), limits::kFiltersMax));
  }
  const auto limit = number_parameter(call.query, "limit", list.count_max, limits::kListKeysMax);
  if (!limit) return fail(limit.error());
  list.count_max = *limit;
  return Request(std::move(list));
}

void append_found(Bytes& out, const Call&, const DocumentReply& reply) { append_document(reply.document, out); }

int reply_get(const Call& call, const ReplyBody& body, Bytes& out) {
  const auto* reply = std::get_if<DocumentReply>(&body);
  if (reply != nullptr && !reply->found) {
    const HttpError missing = http_error(
        Status(StatusCode::kNotFound, fmt::format("table \"{}\" has no record \"{}\"", call.table, call.key)));
    append_failure(call, missing, out);
    return missing.status;
  }
  return reply_with<append_found>(call, body, out);
}

void append_records(Bytes& out, const Call&, const DocumentsReply& list) {
  out += R"({"items":[)";
  for (const auto& item : list.items) {
    append_comma(out);
    out.push_back('{');
    append_json_key_field(out, "id", item.key);
    append_name(out, "value");
    append_document(item.document, out);
    out.push_back('}');
  }
  out.push_back(']');
  append_flag(out, "more", list.more);
  if (list.more) {
    append_name(out, "cursor");
    out.push_back('"');
    for (const char c : list.last) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<std::uint8_t>(c));
    out.push_back('"');
  }
  out.push_back('}');
}

constexpr Parameter kFields = {"fields", "Only these fields, separated by commas: a,b.c"};
constexpr Parameter kGetQuery[] = {kFields};
constexpr Parameter kListQuery[] = {
    {"prefix", "Only ids that start with it"},
    {"from", "Only this id and those behind it in byte order"},
    {"to", "Only ids before it in byte order"},
    {"order", "asc (the default) or desc"},
    {"reverse", "The same as order=desc", Parameter::Type::kBool},
    {"limit", "At most so many, 1 to 10000; 100 when left out", Parameter::Type::kNumber},
    {"cursor", "Go on where the answer with this cursor stopped; the other parameters as before"},
    kFields,
};
constexpr std::string_view kRecord = R"({"name":"Ada","city":"Riga","visits":1,"tags":["new"]})";
constexpr std::string_view kPatch = R"({"city":null,"visits":{"__op__":"add","value":1}})";

constexpr RouteRow kRows[] = {
    {.method = Method::kPut,
     .path = "/{ns}/tables/{table}/{key}",
     .id = "record_put",
     .summary = "Make a record this document; fields that stay as they are seen here are not written",
     .takes = kWriteTerms | kTakesConditions,
     .body = json("Record", kRecord),
     .answer = json("Success"),
     .refusals = {409, 413},
     .parse = parse_write<change<parse_document>>,
     .reply = reply_with<append_done>},
    {.method = Method::kPatch,
     .path = "/{ns}/tables/{table}/{key}",
     .id = "record_patch",
     .summary = "Change some fields: JSON Merge Patch, with operators that add up at all sites",
     .takes = kWriteTerms | kTakesConditions,
     .body = json("RecordPatch", kPatch),
     .answer = json("Success"),
     .refusals = {409, 413},
     .parse = parse_write<change<parse_document_patch>>,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/tables/{table}/{key}",
     .id = "record_get",
     .summary = "Read a record, or some of its fields",
     .takes = kReadTerms | kTakesConditions,
     .query = kGetQuery,
     .answer = json("Record"),
     .refusals = {404, 409, 413},
     .parse = parse_get,
     .reply = reply_get},
    {.method = Method::kDelete,
     .path = "/{ns}/tables/{table}/{key}",
     .id = "record_delete",
     .summary = "Delete what is seen here of a record; what others write to it meanwhile stays",
     .takes = kWriteTerms | kTakesConditions,
     .answer = json("Success"),
     .parse = parse_write<erase>,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/tables/{table}",
     .id = "record_list",
     .summary = "List records by id; conditions on fields are parameters like age[gt]=5, a.b[eq]=x",
     .takes = kReadTerms,
     .query = kListQuery,
     .answer = json("RecordList"),
     .refusals = {413},
     .parse = parse_list,
     .reply = reply_with<append_records>},
    {.method = Method::kPut,
     .path = "/{ns}/tx/{tx}/tables/{table}/{key}",
     .id = "tx_record_put",
     .summary = "Append the replacement of a record to a transaction",
     .body = json("Record", kRecord),
     .answer = json("Success"),
     .refusals = {409, 410, 413},
     .parse = parse_tx<change<parse_document>>,
     .reply = reply_with<append_done>},
    {.method = Method::kPatch,
     .path = "/{ns}/tx/{tx}/tables/{table}/{key}",
     .id = "tx_record_patch",
     .summary = "Append a patch of a record to a transaction",
     .body = json("RecordPatch", kPatch),
     .answer = json("Success"),
     .refusals = {409, 410, 413},
     .parse = parse_tx<change<parse_document_patch>>,
     .reply = reply_with<append_done>},
    {.method = Method::kDelete,
     .path = "/{ns}/tx/{tx}/tables/{table}/{key}",
     .id = "tx_record_delete",
     .summary = "Append the deletion of a record to a transaction",
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx<erase>,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"Record", R"({"type":"object","description":"any JSON object, at most 32 levels deep. Numbers keep their text"})"},
    {"RecordPatch",
     R"({"type":"object","description":"JSON Merge Patch (RFC 7386): null removes a field, an object goes into it, anything )"
     R"(else replaces it. A field may also be {\"__op__\":op,\"value\":v}: add, max, min with a number, set-add, set-remove )"
     R"(with a plain value or an array of them"})"},
    {"RecordList",
     R"({"type":"object","required":["items","more"],"properties":{"items":{"type":"array","items":{"type":"object",)"
     R"("required":["id","value"],"properties":{"id":{"type":"string"},"id_b64":{"$ref":"Base64",)"
     R"("description":"when the id is not UTF-8"},"value":{"$ref":"Record"}}}},"more":{"type":"boolean",)"
     R"("description":"there may be more: ask again with cursor="},"cursor":{"type":"string"}}})"},
};

}  // namespace

Area table_routes() {
  return {
      "tables",
      "JSON documents by id. Fields merge one by one, nested ones too; numbers and sets merge by what is done to them.",
      kRows, kSchemas};
}

}  // namespace pando::api

// Rows: columns by name under one key.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "base/base64.h"

namespace pando::api {
namespace {

Result<Request> parse_put(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Columns> columns = columns_field(*object);
  if (!columns) return fail(columns.error());
  Mutation m = mutation(Mutation::Kind::kPutColumns, kTableRow, std::move(call.key));
  m.columns = std::move(*columns);
  return write_one(std::move(m));
}

Result<Request> parse_get(Call& call, JsonBody&) {
  GetRowRequest get;
  auto columns = columns_parameter(call.query);
  if (!columns) return fail(columns.error());
  get.columns = std::move(*columns);
  get.key = call.key;  // kept: the reply names it
  return Request(std::move(get));
}

Result<Request> parse_delete(Call& call, JsonBody&) {
  return write_one(mutation(Mutation::Kind::kDeleteRow, kTableRow, std::move(call.key)));
}

Result<Request> parse_delete_columns(Call& call, JsonBody& body) {
  Mutation m = mutation(Mutation::Kind::kDeleteColumns, kTableRow, std::move(call.key));
  auto named = columns_parameter(call.query);
  if (!named) return fail(named.error());
  if (*named) {
    for (Bytes& name : **named) m.columns.emplace_back(std::move(name), Bytes());
    return write_one(std::move(m));
  }
  if (body.empty()) return refuse("no columns");
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Columns> columns = column_names_field(*object);
  if (!columns) return fail(columns.error());
  m.columns = std::move(*columns);
  return write_one(std::move(m));
}

Result<Mutation> row_item(dom::element element, Verb verb) {
  const auto object = object_in(element);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "rowKey");
  if (!key) return fail(key.error());
  if (verb == Verb::kDelete) return mutation(Mutation::Kind::kDeleteRow, kTableRow, std::move(*key));
  Result<Columns> columns = columns_field(*object);
  if (!columns) return fail(columns.error());
  Mutation m = mutation(Mutation::Kind::kPutColumns, kTableRow, std::move(*key));
  m.columns = std::move(*columns);
  return m;
}

Result<Request> parse_batch(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  const auto verb = verb_field(*object);
  if (!verb) return fail(verb.error());
  const auto list = list_field(*object, "rows");
  if (!list) return fail(list.error());
  return write_all(*list, "row", call, [&](dom::element element) { return row_item(element, *verb); });
}

Result<Request> parse_list(Call& call, JsonBody&) { return list_of(call, kTableRow); }

// {"rowKey","columns"} puts; {"rowKey"} deletes the row; with "operation":"delete" and "columns", those.
Result<Request> parse_tx(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "rowKey");
  if (!key) return fail(key.error());
  const bool has_columns = field(*object, "columns").has_value();
  const auto verb = verb_or(*object, has_columns ? Verb::kPut : Verb::kDelete);
  if (!verb) return fail(verb.error());
  Mutation m = mutation(Mutation::Kind::kDeleteRow, kTableRow, std::move(*key));
  if (has_columns || *verb == Verb::kPut) {
    Result<Columns> columns = *verb == Verb::kPut ? columns_field(*object) : column_names_field(*object);
    if (!columns) return fail(columns.error());
    m.kind = *verb == Verb::kPut ? Mutation::Kind::kPutColumns : Mutation::Kind::kDeleteColumns;
    m.columns = std::move(*columns);
  }
  return append_to_tx(call, std::move(m));
}

// Columns whose names are not UTF-8 stand apart, named in base64.
void append_row(Bytes& out, const Call& call, const RowReply& row) {
  out.push_back('{');
  append_json_key_field(out, "rowKey", call.key);
  append_name(out, "columns");
  out.push_back('{');
  bool all_text = true;
  for (const auto& column : row.columns) {
    if (!is_utf8(column.first)) {
      all_text = false;
      continue;
    }
    append_comma(out);
    append_json_string(out, column.first);
    out.push_back(':');
    append_json_base64(out, column.second);
  }
  out.push_back('}');
  append_flag(out, "found", row.found);
  if (!all_text) {
    append_name(out, "columns_b64");
    out.push_back('{');
    for (const auto& column : row.columns) {
      if (is_utf8(column.first)) continue;
      append_name(out, base64_encode(column.first));
      append_json_base64(out, column.second);
    }
    out.push_back('}');
  }
  out.push_back('}');
}

constexpr Parameter kColumns[] = {{"columns", "Names, separated by commas; all when left out"}};
constexpr Parameter kColumnsToDelete[] = {{"columns", "Names, separated by commas, instead of a body"}};

constexpr RouteRow kRows[] = {
    {.method = Method::kDelete,
     .path = "/{ns}/row/{key}/columns",
     .id = "row_delete_columns",
     .summary = "Delete columns of a row",
     .takes = kWriteTerms | kTakesConditions,
     .query = kColumnsToDelete,
     .body = optional_json("ColumnNames", R"({"columns":["city"]})"),
     .answer = json("Success"),
     .parse = parse_delete_columns,
     .reply = reply_with<append_done>},
    {.method = Method::kPut,
     .path = "/{ns}/row/{key}",
     .id = "row_put",
     .summary = "Set columns of a row; the others stay",
     .takes = kWriteTerms | kTakesConditions,
     .body = json("Columns", R"({"columns":{"name":"QWxpY2U="}})"),
     .answer = json("Success"),
     .parse = parse_put,
     .reply = reply_with<append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/row/{key}",
     .id = "row_get",
     .summary = "Read a row",
     .takes = kReadTerms | kTakesConditions,
     .query = kColumns,
     .answer = json("Row"),
     .parse = parse_get,
     .reply = reply_with<append_row>},
    {.method = Method::kDelete,
     .path = "/{ns}/row/{key}",
     .id = "row_delete",
     .summary = "Delete a row",
     .takes = kWriteTerms | kTakesConditions,
     .answer = json("Success"),
     .parse = parse_delete,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/row/batch",
     .id = "row_batch",
     .summary = "Put or delete many rows in one commit",
     .takes = kWriteTerms,
     .body = json("RowBatch", R"({"operation":"put","rows":[{"rowKey":"alice","columns":{"name":"QWxpY2U="}}]})"),
     .answer = json("BatchDone"),
     .parse = parse_batch,
     .reply = reply_with<append_batch_done>},
    {.method = Method::kGet,
     .path = "/{ns}/row",
     .id = "row_list",
     .summary = "List row keys in byte order",
     .takes = kReadTerms,
     .query = kPaging,
     .answer = json("KeyList"),
     .parse = parse_list,
     .reply = reply_with<append_keys>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/row",
     .id = "tx_row",
     .summary = "Append a change of a row to a transaction",
     .body = json("TxRow", R"({"rowKey":"alice","columns":{"name":"QWxpY2U="}})"),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"ColumnValues", R"({"type":"object","additionalProperties":{"$ref":"Base64"}})"},
    {"Columns", R"({"type":"object","required":["columns"],"properties":{"columns":{"$ref":"ColumnValues"}}})"},
    {"ColumnNames", R"({"type":"object","properties":{"columns":{"oneOf":[{"type":"array","items":{"$ref":"Key"}},)"
                    R"({"type":"object","description":"names with anything behind them"}]}}})"},
    {"Row",
     R"({"type":"object","required":["rowKey","columns","found"],"properties":{"rowKey":{"type":"string"},)"
     R"("rowKey_b64":{"$ref":"Base64","description":"when the key is not UTF-8"},)"
     R"("columns":{"$ref":"ColumnValues"},"found":{"type":"boolean"},)"
     R"("columns_b64":{"$ref":"ColumnValues","description":"columns whose names, here in base64, are not UTF-8"}}})"},
    {"RowBatch",
     R"({"type":"object","required":["operation","rows"],"properties":{"operation":{"$ref":"Operation"},)"
     R"("rows":{"type":"array","minItems":1,"maxItems":100000,"items":{"type":"object",)"
     R"("required":["rowKey"],"properties":{"rowKey":{"$ref":"Key"},"columns":{"$ref":"ColumnValues"}}}}}})"},
    {"TxRow", R"({"type":"object","required":["rowKey"],"properties":{"operation":{"$ref":"Operation"},)"
              R"("rowKey":{"$ref":"Key"},"columns":{"description":"for put, values by name; for delete, names"}}})"},
};

}  // namespace

Area row_routes() {
  return {"rows", "Columns by name under one key; each is a register of its own.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api

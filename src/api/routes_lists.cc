// Lists: values in an order that everybody sees alike.
#include "api/json_body.h"
#include "api/list_changes.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"

namespace pando::api {
namespace {

constexpr char kPush[] = "push";
constexpr char kInsert[] = "insert";
constexpr char kPop[] = "pop";
constexpr char kSet[] = "set";
constexpr char kRemove[] = "remove";
constexpr char kCut[] = "cut";
constexpr char kKeep[] = "keep";
constexpr char kMove[] = "move";
constexpr char kDelete[] = "delete";

template <const char* kName>
Result<Request> parse_change(Call& call, JsonBody& body) {
  return write_change(call, body, kName, list_change);
}

Result<Request> parse_tx(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Mutation> m = list_item(*object);
  if (!m) return fail(m.error());
  return append_to_tx(call, *std::move(m));
}

Result<Request> parse_range(Call& call, JsonBody&) {
  GetItemsRequest get;
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  const Result<std::int64_t> first = whole_parameter(call.query, "first", 0);
  if (!first) return fail(first.error());
  const Result<std::int64_t> last = whole_parameter(call.query, "last", -1);
  if (!last) return fail(last.error());
  const Result<std::uint32_t> limit = limit_parameter(call.query, get.count_max);
  if (!limit) return fail(limit.error());
  get.table = *std::move(table);
  get.key = std::move(call.key);
  get.first = *first;
  get.last = *last;
  get.count_max = *limit;
  return Request(std::move(get));
}

Result<Request> parse_length(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(GetItemsRequest{*std::move(table), std::move(call.key), 0, -1, 0});
}

Result<Request> parse_item(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  // As a parameter is read, sign included.
  const std::string& word = call.words.front();
  const Result<std::int64_t> index = whole_parameter("index=" + word, "index", 0);
  if (!index) return refuse(fmt::format("\"{}\" is no index: a whole number that fits 64 bits", word));
  return Request(GetItemsRequest{*std::move(table), std::move(call.key), *index, *index, 1});
}

Result<Request> parse_find(Call& call, JsonBody&) {
  FindItemsRequest find;
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  auto value = query_parameter(call.query, "value");
  if (!value) return fail(value.error());
  if (!*value) return refuse("missing parameter \"value\"");
  const Result<bool> reverse = bool_parameter(call.query, "reverse");
  if (!reverse) return fail(reverse.error());
  const Result<std::uint32_t> limit = limit_parameter(call.query, 1);
  if (!limit) return fail(limit.error());
  find.table = *std::move(table);
  find.key = std::move(call.key);
  find.value = std::move(**value);
  find.reverse = *reverse;
  find.count_max = *limit;
  return Request(std::move(find));
}

void append_result(Bytes& out, std::string_view name, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.results.empty()) append_field(out, name, done.results.front());
  out.push_back('}');
}
void append_pushed(Bytes& out, const Call&, const DoneReply& done) { append_result(out, "length", done); }
void append_removed(Bytes& out, const Call&, const DoneReply& done) { append_result(out, "removed", done); }

void append_inserted(Bytes& out, const Call&, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.results.empty()) {
    append_flag(out, "done", done.results.front() > 0);
    if (done.results.front() > 0) append_field(out, "length", done.results.front());
  }
  out.push_back('}');
}

void append_values(Bytes& out, const std::vector<Bytes>& values) {
  append_name(out, "values");
  out.push_back('[');
  for (const Bytes& value : values) {
    append_comma(out);
    append_json_base64(out, value);
  }
  out.push_back(']');
}

void append_popped(Bytes& out, const Call&, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.returned.empty()) append_values(out, done.returned.front());
  out.push_back('}');
}

void append_range(Bytes& out, const Call&, const ItemsReply& items) {
  out.push_back('{');
  append_field(out, "length", items.length);
  append_field(out, "first", items.first);
  append_values(out, items.values);
  append_flag(out, "more", items.more);
  out.push_back('}');
}

void append_length(Bytes& out, const Call&, const ItemsReply& items) {
  out.push_back('{');
  append_field(out, "length", items.length);
  out.push_back('}');
}

void append_item(Bytes& out, const Call&, const ItemsReply& items) {
  out += R"({"value":)";
  append_json_base64(out, items.values.empty() ? ByteSpan() : ByteSpan(items.values.front()));
  append_flag(out, "found", !items.values.empty());
  out.push_back('}');
}

void append_found(Bytes& out, const Call&, const FoundItemsReply& found) {
  out += R"({"indexes":[)";
  for (const std::uint64_t index : found.indexes) {
    append_comma(out);
    append_number(out, index);
  }
  out += "]}";
}

constexpr Parameter kTable[] = {{"table", "kv when left out"}};
constexpr Parameter kRange[] = {
    {"table", "kv when left out"},
    {"first", "From there on, 0 when left out; negative counts from the end", Parameter::Type::kNumber},
    {"last", "Up to there, -1 when left out", Parameter::Type::kNumber},
    {"limit", "At most so many, 1 to 10000; 100 when left out", Parameter::Type::kNumber},
};
constexpr Parameter kFind[] = {
    {"table", "kv when left out"},
    {"value", "Its bytes, percent-encoded", Parameter::Type::kText, /*required=*/true},
    {"reverse", "From the last item to the first", Parameter::Type::kBool},
    {"limit", "At most so many, 1 to 10000; 1 when left out", Parameter::Type::kNumber},
};

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/push",
     .id = "list_push",
     .summary = "Add values at an end, one after the other",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListPush", R"({"values":["YQ==","Yg=="],"end":"back"})"),
     .answer = json("ListLengthened"),
     .refusals = {409},
     .parse = parse_change<kPush>,
     .reply = reply_with<append_pushed>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/insert",
     .id = "list_insert",
     .summary = "Insert values at an index, or beside the first item with a value",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListInsert", R"({"index":1,"values":["Yg=="]})"),
     .answer = json("ListInserted"),
     .refusals = {409},
     .parse = parse_change<kInsert>,
     .reply = reply_with<append_inserted>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/pop",
     .id = "list_pop",
     .summary = "Take values off an end",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = optional_json("ListPop", R"({"end":"front","count":2})"),
     .answer = json("ListPopped"),
     .refusals = {409},
     .parse = parse_change<kPop>,
     .reply = reply_with<append_popped>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/set",
     .id = "list_set",
     .summary = "Change the value of an item",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListSet", R"({"index":-1,"value":"Yg=="})"),
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_change<kSet>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/move",
     .id = "list_move",
     .summary = "Move an item to another index; it stays one item, whoever else moves it",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListMove", R"({"from":2,"to":0})"),
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_change<kMove>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/remove",
     .id = "list_remove",
     .summary = "Remove items by value: so many from the front, or from the back when negative, or all",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListRemove", R"({"value":"Yg==","count":1})"),
     .answer = json("Removed"),
     .refusals = {409},
     .parse = parse_change<kRemove>,
     .reply = reply_with<append_removed>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/cut",
     .id = "list_cut",
     .summary = "Remove the items from one index to another",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListSpan", R"({"first":0,"last":9})"),
     .answer = json("Removed"),
     .refusals = {409},
     .parse = parse_change<kCut>,
     .reply = reply_with<append_removed>},
    {.method = Method::kPost,
     .path = "/{ns}/lists/{key}/keep",
     .id = "list_keep",
     .summary = "Remove all items but those from one index to another",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ListSpan", R"({"first":-100,"last":-1})"),
     .answer = json("Removed"),
     .refusals = {409},
     .parse = parse_change<kKeep>,
     .reply = reply_with<append_removed>},
    {.method = Method::kGet,
     .path = "/{ns}/lists/{key}/range",
     .id = "list_range",
     .summary = "Read the values from one index to another",
     .takes = kReadTerms | kTakesConditions,
     .query = kRange,
     .answer = json("ListItems"),
     .refusals = {409},
     .parse = parse_range,
     .reply = reply_with<append_range>},
    {.method = Method::kGet,
     .path = "/{ns}/lists/{key}/length",
     .id = "list_length",
     .summary = "Tell how many items there are",
     .takes = kReadTerms | kTakesConditions,
     .query = kTable,
     .answer = json("ListLength"),
     .refusals = {409},
     .parse = parse_length,
     .reply = reply_with<append_length>},
    {.method = Method::kGet,
     .path = "/{ns}/lists/{key}/items/{index}",
     .id = "list_item",
     .summary = "Read the value at an index",
     .takes = kReadTerms | kTakesConditions,
     .query = kTable,
     .answer = json("FoundValue"),
     .refusals = {409},
     .parse = parse_item,
     .reply = reply_with<append_item>},
    {.method = Method::kGet,
     .path = "/{ns}/lists/{key}/find",
     .id = "list_find",
     .summary = "Tell the indexes of items with a value",
     .takes = kReadTerms | kTakesConditions,
     .query = kFind,
     .answer = json("ListFound"),
     .refusals = {409},
     .parse = parse_find,
     .reply = reply_with<append_found>},
    {.method = Method::kGet,
     .path = "/{ns}/lists/{key}",
     .id = "list_get",
     .summary = "Read values in their order, as /range does",
     .takes = kReadTerms | kTakesConditions,
     .query = kRange,
     .answer = json("ListItems"),
     .refusals = {409},
     .parse = parse_range,
     .reply = reply_with<append_range>},
    {.method = Method::kDelete,
     .path = "/{ns}/lists/{key}",
     .id = "list_delete",
     .summary = "Delete the list with all items seen here",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_change<kDelete>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/lists",
     .id = "tx_list",
     .summary = "Append a change of a list to a transaction",
     .body = json("TxList", R"({"key":"queue","change":"push","values":["YQ=="]})"),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"Values", R"({"type":"array","minItems":1,"maxItems":100000,"items":{"$ref":"Base64"}})"},
    {"ListPush", R"({"type":"object","properties":{"values":{"$ref":"Values"},"value":{"$ref":"Base64",)"
                 R"("description":"one alone"},"end":{"enum":["front","back"],"default":"back"},)"
                 R"("if_exists":{"type":"boolean","description":"nothing happens where there is no list"}}})"},
    {"ListLengthened", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                       R"("length":{"$ref":"Count","description":"the length here after it"}}})"},
    {"ListInsert", R"({"type":"object","properties":{"values":{"$ref":"Values"},"value":{"$ref":"Base64"},)"
                   R"("index":{"type":"integer","description":"of the first of them; -1 is behind the last item"},)"
                   R"("before":{"$ref":"Base64"},"behind":{"$ref":"Base64"}},)"
                   R"("description":"one of index, before and behind"})"},
    {"ListInserted", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                     R"("done":{"type":"boolean","description":"false: there is no item with that value"},)"
                     R"("length":{"$ref":"Count"}}})"},
    {"ListPop", R"({"type":"object","properties":{"end":{"enum":["front","back"],"default":"front"},)"
                R"("count":{"type":"integer","minimum":1,"maximum":10000,"default":1}}})"},
    {"ListPopped", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                   R"("values":{"type":"array","items":{"$ref":"Base64"},"description":"as they came off"}}})"},
    {"ListSet", R"({"type":"object","required":["index","value"],"properties":{"index":{"type":"integer"},)"
                R"("value":{"$ref":"Base64"}}})"},
    {"ListMove", R"({"type":"object","required":["from","to"],"properties":{"from":{"type":"integer"},)"
                 R"("to":{"type":"integer"}}})"},
    {"ListRemove", R"({"type":"object","required":["value"],"properties":{"value":{"$ref":"Base64"},)"
                   R"("count":{"type":"integer","default":0,"description":"0: all"}}})"},
    {"ListSpan", R"({"type":"object","required":["first","last"],"properties":{"first":{"type":"integer"},)"
                 R"("last":{"type":"integer"}},"description":"both included; negative counts from the end"})"},
    {"ListItems", R"({"type":"object","required":["length","first","values","more"],"properties":{)"
                  R"("length":{"$ref":"Count","description":"of the whole list; 0: there is none"},)"
                  R"("first":{"$ref":"Count","description":"index of the first value"},)"
                  R"("values":{"type":"array","items":{"$ref":"Base64"}},"more":{"type":"boolean"}}})"},
    {"ListLength", R"({"type":"object","required":["length"],"properties":{"length":{"$ref":"Count"}}})"},
    {"ListFound", R"({"type":"object","required":["indexes"],"properties":{"indexes":{"type":"array",)"
                  R"("items":{"$ref":"Count"}}}})"},
    {"TxList",
     R"({"type":"object","required":["key","change"],"properties":{"key":{"$ref":"Key"},)"
     R"("table":{"type":"string"},"change":{"enum":["push","insert","pop","set","remove","cut","keep",)"
     R"("move","delete"]}},"additionalProperties":true,"description":"beside these, the fields that the route of the same name takes"})"},
};

}  // namespace

Area list_routes() {
  return {"lists", "Values in an order that all sites see alike. What several sites insert at one spot never mixes.",
          kRows, kSchemas};
}

}  // namespace pando::api

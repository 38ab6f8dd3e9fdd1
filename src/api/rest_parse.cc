// Call + headers + body → Request.
#include <fmt/format.h>
#include <simdjson.h>

#include "api/rest.h"
#include "base/base64.h"
#include "base/limits.h"

namespace pando::api {
namespace {

namespace dom = simdjson::dom;

tl::unexpected<Status> refuse(std::string text) { return fail(StatusCode::kInvalidArgument, std::move(text)); }

// The same refusal, as a Status about part `index` of a list.
tl::unexpected<Status> at(std::string_view part, std::size_t index, const Status& status) {
  return fail(status.with_context(fmt::format("{} {}", part, index)));
}

// Limits of keys and columns are 400 here whatever code model/ gave them: see api/errors.h.
Status as_invalid(Status status) {
  return status.ok() ? status : Status(StatusCode::kInvalidArgument, status.message());
}

std::string json_reason(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY: return "body is empty";
    case simdjson::UTF8_ERROR: return "not valid UTF-8";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a control character inside a string";
    case simdjson::STRING_ERROR: return "a bad escape inside a string";
    case simdjson::DEPTH_ERROR: return "nested too deeply";
    case simdjson::NUMBER_ERROR: return "a bad number";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR: return "a bad word, expected true, false or null";
    case simdjson::TAPE_ERROR: return "missing or superfluous comma, brace, colon or quote";
    default: return simdjson::error_message(error);
  }
}

Result<std::string_view> string_of(dom::element element, std::string_view name, std::string_view what) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS) {
    return refuse(fmt::format("field \"{}\" must be {}", name, what));
  }
  return text;
}

// A field of an object, nullopt when it is not there or null.
std::optional<dom::element> field(dom::object object, std::string_view name) {
  dom::element element;
  if (object.at_key(name).get(element) != simdjson::SUCCESS || element.is_null()) return std::nullopt;
  return element;
}

Result<std::string_view> string_field(dom::object object, std::string_view name, std::string_view what = "a string") {
  const auto element = field(object, name);
  if (!element) return refuse(fmt::format("missing field \"{}\"", name));
  return string_of(*element, name, what);
}

Result<Bytes> decode_value(std::string_view text) {
  Result<Bytes> value = base64_decode(text);
  if (!value) return fail(value.error().with_context("invalid base64 value"));
  if (value->size() > limits::kValueBytesMax) {
    return refuse(fmt::format("value has {} bytes, the limit is {}", value->size(), limits::kValueBytesMax));
  }
  return value;
}

Result<Bytes> value_field(dom::object object) {
  const auto text = string_field(object, "value", "a base64 string");
  if (!text) return fail(text.error());
  return decode_value(*text);
}

// A key given as JSON text.
Result<Bytes> key_field(dom::object object, std::string_view name) {
  const auto text = string_field(object, name);
  if (!text) return fail(text.error());
  PANDO_RETURN_IF_ERROR(as_invalid(validate_key(*text)));
  return Bytes(*text);
}

Status check_column(ByteSpan name) { return as_invalid(validate_element(name)); }

// {"columns":{name: base64, …}}; a missing or empty object is "no columns".
Result<Columns> columns_field(dom::object object) {
  const auto element = field(object, "columns");
  if (!element) return refuse("no columns");
  dom::object list;
  if (element->get_object().get(list) != simdjson::SUCCESS) {
    return refuse("field \"columns\" must be an object of base64 strings");
  }
  Columns columns;
  for (const auto pair : list) {
    PANDO_RETURN_IF_ERROR(check_column(pair.key));
    const auto text = string_of(pair.value, pair.key, "a base64 string");
    if (!text) return fail(text.error());
    Result<Bytes> value = decode_value(*text);
    if (!value) return fail(value.error().with_context(fmt::format("column \"{}\"", pair.key)));
    columns.emplace_back(Bytes(pair.key), std::move(*value));
  }
  if (columns.empty()) return refuse("no columns");
  return columns;
}

// {"columns":{name: anything}} or {"columns":[name, …]}: names to delete.
Result<Columns> column_names_field(dom::object object) {
  const auto element = field(object, "columns");
  Columns columns;
  dom::object named;
  dom::array listed;
  if (element && element->get_object().get(named) == simdjson::SUCCESS) {
    for (const auto pair : named) columns.emplace_back(Bytes(pair.key), Bytes());
  } else if (element && element->get_array().get(listed) == simdjson::SUCCESS) {
    for (const dom::element entry : listed) {
      const auto name = string_of(entry, "columns", "an object or a list of names");
      if (!name) return fail(name.error());
      columns.emplace_back(Bytes(*name), Bytes());
    }
  } else if (element) {
    return refuse("field \"columns\" must be an object or a list of names");
  }
  if (columns.empty()) return refuse("no columns");
  for (const auto& column : columns) PANDO_RETURN_IF_ERROR(check_column(column.first));
  return columns;
}

// ?columns=a,b with blanks around the names dropped; nullopt when absent or empty.
Result<std::optional<std::vector<Bytes>>> columns_parameter(std::string_view query) {
  auto text = query_parameter(query, "columns");
  if (!text) return fail(text.error());
  std::vector<Bytes> names;
  std::string_view rest = *text ? std::string_view(**text) : std::string_view{};
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view name = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.empty()) continue;
    PANDO_RETURN_IF_ERROR(check_column(name));
    names.emplace_back(name);
  }
  if (names.empty()) return std::optional<std::vector<Bytes>>();
  return std::optional<std::vector<Bytes>>(std::move(names));
}

// A whole number parameter; `fallback` when absent.
Result<std::uint32_t> number_parameter(std::string_view query, std::string_view name, std::uint32_t fallback,
                                       std::uint32_t max) {
  auto text = query_parameter(query, name);
  if (!text) return fail(text.error());
  if (!*text) return fallback;
  std::uint64_t n = 0;
  const auto wrong = [&] { return refuse(fmt::format("parameter \"{}\" must be a number from 1 to {}", name, max)); };
  if ((*text)->empty() || (*text)->size() > 10) return wrong();
  for (const char c : **text) {
    if (c < '0' || c > '9') return wrong();
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (n < 1 || n > max) return wrong();
  return static_cast<std::uint32_t>(n);
}

// Relative to the backup root, and staying below it.
Status check_backup_path(std::string_view name, std::string_view path) {
  if (path.find_first_not_of(" \t") == std::string_view::npos) {
    return Status(StatusCode::kInvalidArgument, fmt::format("field \"{}\" is empty", name));
  }
  const Status outside(StatusCode::kInvalidArgument, fmt::format("{} is outside the backup root: {}", name, path));
  if (path.front() == '/' || path.find('\0') != std::string_view::npos) return outside;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    if (path.substr(from, slash - from) == "..") return outside;
    from = slash + 1;
  }
  return {};
}

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
  if (value.find_first_of("\\\r\n") != std::string_view::npos) return std::nullopt;
  i = end + 1;
  if (!token("}")) return std::nullopt;
  blanks();
  return i == body.size() ? std::optional(value) : std::nullopt;
}

Mutation mutation(Mutation::Kind kind, std::string_view table, Bytes key) {
  Mutation m;
  m.kind = kind;
  m.table = std::string(table);
  m.key = std::move(key);
  return m;
}

}  // namespace

struct Rest::Impl {
  // Grown by one huge body, the parser's buffers are given back.
  static constexpr std::size_t kKeepBytesMax = 1 << 20;

  dom::parser parser;

  // The top object. Valid until the next call.
  Result<dom::object> object_of(Bytes& body) {
    if (parser.capacity() > kKeepBytesMax && body.size() <= kKeepBytesMax) parser = dom::parser();
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    dom::element root;
    const auto error = parser.parse(body.data(), body.size(), /*realloc_if_needed=*/false).get(root);
    if (error != simdjson::SUCCESS) return refuse("invalid JSON body: " + json_reason(error));
    dom::object object;
    if (root.get_object().get(object) != simdjson::SUCCESS) return refuse("invalid JSON body: not an object");
    return object;
  }

  Result<Request> kv_put(Call& call, Bytes& body);
  Result<Request> kv_batch(Call& call, Bytes& body);
  Result<Request> row_put(Call& call, Bytes& body);
  Result<Request> row_delete_columns(Call& call, Bytes& body);
  Result<Request> row_batch(Call& call, Bytes& body);
  Result<Request> counter_add(Call& call, Bytes& body);
  Result<Request> tx_begin(Bytes& body);
  Result<Request> tx_kv(Call& call, Bytes& body);
  Result<Request> tx_row(Call& call, Bytes& body);
  Result<Request> log_backup(Bytes& body);
  Result<Request> store_backup(Bytes& body);
  Result<Request> dispatch(Call& call, Bytes& body);
};

namespace {

Result<Request> write_one(Mutation m) {
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return Request(std::move(write));
}

enum class Verb { kPut, kDelete };

Result<Verb> verb_of(std::string_view text) {
  if (text == "put") return Verb::kPut;
  if (text == "delete") return Verb::kDelete;
  return refuse(fmt::format("unknown operation \"{}\"", text));
}

Result<Verb> verb_field(dom::object object) {
  const auto text = string_field(object, "operation");
  if (!text) return fail(text.error());
  return verb_of(*text);
}

// The list called `name`, not empty and within the limit of a batch.
Result<dom::array> list_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  dom::array list;
  if (!element) return refuse(fmt::format("no {}", name));
  if (element->get_array().get(list) != simdjson::SUCCESS) return refuse(fmt::format("field \"{}\" must be a list", name));
  const std::size_t count = static_cast<std::size_t>(std::distance(list.begin(), list.end()));
  if (count == 0) return refuse(fmt::format("no {}", name));
  if (count > limits::kBatchItemsMax) {
    return refuse(fmt::format("batch has {} {}, the limit is {}", count, name, limits::kBatchItemsMax));
  }
  return list;
}

Result<dom::object> object_in(dom::element element) {
  dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return refuse("must be an object");
  return object;
}

Result<Mutation> kv_put_item(dom::element element) {
  const auto object = object_in(element);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  Result<Bytes> value = value_field(*object);
  if (!value) return fail(value.error());
  Mutation m = mutation(Mutation::Kind::kPut, kTableKv, std::move(*key));
  m.value = std::move(*value);
  return m;
}

Result<Mutation> kv_delete_item(dom::element element) {
  std::string_view key;
  if (element.get_string().get(key) != simdjson::SUCCESS) return refuse("must be a string");
  PANDO_RETURN_IF_ERROR(as_invalid(validate_key(key)));
  return mutation(Mutation::Kind::kDelete, kTableKv, Bytes(key));
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

// Every element of `list` through `read`; a refusal names its place ("item 3: …").
template <typename Read>
Result<Request> write_all(dom::array list, std::string_view part, Call& call, Read read) {
  WriteRequest write;
  std::size_t index = 0;
  for (const dom::element element : list) {
    Result<Mutation> m = read(element);
    if (!m) return at(part, index, m.error());
    write.mutations.push_back(std::move(*m));
    ++index;
  }
  call.count = write.mutations.size();
  return Request(std::move(write));
}

// What an item of a transaction does: its own "operation", or `fallback`.
Result<Verb> verb_or(dom::object object, Verb fallback) {
  if (!field(object, "operation")) return fallback;
  return verb_field(object);
}

Result<Request> list_of(const Call& call, std::string_view table) {
  ListRequest list;
  list.table = std::string(table);
  auto prefix = query_parameter(call.query, "prefix");
  if (!prefix) return fail(prefix.error());
  auto after = query_parameter(call.query, "after");
  if (!after) return fail(after.error());
  auto limit = number_parameter(call.query, "limit", list.count_max, limits::kListKeysMax);
  if (!limit) return fail(limit.error());
  if (*prefix) list.prefix = std::move(**prefix);
  if (*after) list.after = std::move(**after);
  list.count_max = *limit;
  return Request(std::move(list));
}

Result<Request> kv_get(Call& call) {
  GetRequest get;
  if (!call.query.empty()) {
    auto view = query_parameter(call.query, "view");
    if (!view) return fail(view.error());
    if (*view && **view != "raw" && **view != "merged") return refuse(fmt::format("unknown view \"{}\"", **view));
    get.raw = *view && **view == "raw";
  }
  get.key = std::move(call.key);
  return Request(std::move(get));
}

Result<Request> row_get(Call& call) {
  GetRowRequest get;
  auto columns = columns_parameter(call.query);
  if (!columns) return fail(columns.error());
  get.columns = std::move(*columns);
  get.key = call.key;  // kept: the reply names it
  return Request(std::move(get));
}

Result<Bytes> lob_key_parameter(const Call& call) {
  auto key = query_parameter(call.query, "key");
  if (!key) return fail(key.error());
  Bytes bytes = *key ? std::move(**key) : Bytes();
  PANDO_RETURN_IF_ERROR(as_invalid(validate_key(bytes)));
  return bytes;
}

}  // namespace

Result<Request> Rest::Impl::kv_put(Call& call, Bytes& body) {
  Mutation m = mutation(Mutation::Kind::kPut, kTableKv, std::move(call.key));
  if (const auto plain = plain_value(body)) {
    if (Result<Bytes> value = decode_value(*plain)) {
      m.value = std::move(*value);
      return write_one(std::move(m));
    }
  }
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Bytes> value = value_field(*object);
  if (!value) return fail(value.error());
  m.value = std::move(*value);
  return write_one(std::move(m));
}

Result<Request> Rest::Impl::kv_batch(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  const auto verb = verb_field(*object);
  if (!verb) return fail(verb.error());
  const auto list = list_field(*object, *verb == Verb::kPut ? "items" : "keys");
  if (!list) return fail(list.error());
  if (*verb == Verb::kPut) return write_all(*list, "item", call, kv_put_item);
  return write_all(*list, "key", call, kv_delete_item);
}

Result<Request> Rest::Impl::row_put(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Columns> columns = columns_field(*object);
  if (!columns) return fail(columns.error());
  Mutation m = mutation(Mutation::Kind::kPutColumns, kTableRow, std::move(call.key));
  m.columns = std::move(*columns);
  return write_one(std::move(m));
}

Result<Request> Rest::Impl::row_delete_columns(Call& call, Bytes& body) {
  Mutation m = mutation(Mutation::Kind::kDeleteColumns, kTableRow, std::move(call.key));
  auto named = columns_parameter(call.query);
  if (!named) return fail(named.error());
  if (*named) {
    for (Bytes& name : **named) m.columns.emplace_back(std::move(name), Bytes());
    return write_one(std::move(m));
  }
  if (body.empty()) return refuse("no columns");
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Columns> columns = column_names_field(*object);
  if (!columns) return fail(columns.error());
  m.columns = std::move(*columns);
  return write_one(std::move(m));
}

Result<Request> Rest::Impl::row_batch(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  const auto verb = verb_field(*object);
  if (!verb) return fail(verb.error());
  const auto list = list_field(*object, "rows");
  if (!list) return fail(list.error());
  return write_all(*list, "row", call, [&](dom::element element) { return row_item(element, *verb); });
}

Result<Request> Rest::Impl::counter_add(Call& call, Bytes& body) {
  std::int64_t by = 1;
  if (!body.empty()) {
    const auto object = object_of(body);
    if (!object) return fail(object.error());
    const auto element = field(*object, "by");
    if (element && element->get_int64().get(by) != simdjson::SUCCESS) {
      return refuse("field \"by\" must be a whole number that fits 64 bits");
    }
  }
  if (call.route == Route::kCounterDecr) {
    if (by == INT64_MIN) return refuse("field \"by\" must be a whole number that fits 64 bits");
    by = -by;
  }
  Mutation m = mutation(Mutation::Kind::kAdd, kTableKv, std::move(call.key));
  m.delta = by;
  return write_one(std::move(m));
}

Result<Request> Rest::Impl::tx_begin(Bytes& body) {
  TxBeginRequest begin;
  if (body.empty()) return Request(begin);
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  if (field(*object, "operation")) {
    const auto verb = verb_field(*object);
    if (!verb) return fail(verb.error());
    begin.operation = *verb == Verb::kPut ? TxOperation::kPut : TxOperation::kDelete;
  }
  if (const auto element = field(*object, "entryType")) {
    const auto type = string_of(*element, "entryType", "a string");
    if (!type) return fail(type.error());
    if (*type == "kv") begin.entry_type = TxEntryType::kKv;
    else if (*type == "row") begin.entry_type = TxEntryType::kRow;
    else if (*type == "lob") begin.entry_type = TxEntryType::kLob;
    else return refuse(fmt::format("unknown entry type \"{}\"", *type));
  }
  return Request(begin);
}

Result<Request> Rest::Impl::tx_kv(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  const auto verb = verb_or(*object, field(*object, "value") ? Verb::kPut : Verb::kDelete);
  if (!verb) return fail(verb.error());
  TxAppendRequest append;
  append.id = std::move(call.tx_id);
  append.mutation = mutation(*verb == Verb::kPut ? Mutation::Kind::kPut : Mutation::Kind::kDelete, kTableKv, std::move(*key));
  if (*verb == Verb::kPut) {
    Result<Bytes> value = value_field(*object);
    if (!value) return fail(value.error());
    append.mutation.value = std::move(*value);
  }
  return Request(std::move(append));
}

Result<Request> Rest::Impl::tx_row(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "rowKey");
  if (!key) return fail(key.error());
  const bool has_columns = field(*object, "columns").has_value();
  const auto verb = verb_or(*object, has_columns ? Verb::kPut : Verb::kDelete);
  if (!verb) return fail(verb.error());
  TxAppendRequest append;
  append.id = std::move(call.tx_id);
  append.mutation = mutation(Mutation::Kind::kDeleteRow, kTableRow, std::move(*key));
  if (has_columns || *verb == Verb::kPut) {
    Result<Columns> columns = *verb == Verb::kPut ? columns_field(*object) : column_names_field(*object);
    if (!columns) return fail(columns.error());
    append.mutation.kind = *verb == Verb::kPut ? Mutation::Kind::kPutColumns : Mutation::Kind::kDeleteColumns;
    append.mutation.columns = std::move(*columns);
  }
  return Request(std::move(append));
}

Result<Request> Rest::Impl::log_backup(Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  BackupLogRequest backup;
  if (const auto element = field(*object, "afterSegmentId")) {
    if (element->get_uint64().get(backup.after_segment) != simdjson::SUCCESS) {
      return refuse("field \"afterSegmentId\" must be a whole number, 0 or more");
    }
  }
  const auto directory = string_field(*object, "backupDir");
  if (!directory) return fail(directory.error());
  PANDO_RETURN_IF_ERROR(check_backup_path("backupDir", *directory));
  backup.directory = std::string(*directory);
  return Request(std::move(backup));
}

Result<Request> Rest::Impl::store_backup(Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  const auto path = string_field(*object, "path");
  if (!path) return fail(path.error());
  PANDO_RETURN_IF_ERROR(check_backup_path("path", *path));
  return Request(BackupStoreRequest{std::string(*path)});
}

Result<Request> Rest::Impl::dispatch(Call& call, Bytes& body) {
  switch (call.route) {
    case Route::kKvPut: return kv_put(call, body);
    case Route::kKvGet: return kv_get(call);
    case Route::kKvDelete: return write_one(mutation(Mutation::Kind::kDelete, kTableKv, std::move(call.key)));
    case Route::kKvBatch: return kv_batch(call, body);
    case Route::kKvList: return list_of(call, kTableKv);
    case Route::kRowPut: return row_put(call, body);
    case Route::kRowGet: return row_get(call);
    case Route::kRowDelete: return write_one(mutation(Mutation::Kind::kDeleteRow, kTableRow, std::move(call.key)));
    case Route::kRowDeleteColumns: return row_delete_columns(call, body);
    case Route::kRowBatch: return row_batch(call, body);
    case Route::kRowList: return list_of(call, kTableRow);
    case Route::kLobList: return list_of(call, kTableLob);
    case Route::kTxBegin: return tx_begin(body);
    case Route::kTxKv: return tx_kv(call, body);
    case Route::kTxRow: return tx_row(call, body);
    case Route::kTxLob: {
      Result<Bytes> key = lob_key_parameter(call);
      if (!key) return fail(key.error());
      return Request(TxAppendLobRequest{std::move(call.tx_id), std::move(*key), std::move(body)});
    }
    case Route::kTxLobDelete: {
      Result<Bytes> key = lob_key_parameter(call);
      if (!key) return fail(key.error());
      return Request(TxDeleteLobRequest{std::move(call.tx_id), std::move(*key)});
    }
    case Route::kTxCommit: return Request(TxCommitRequest{std::move(call.tx_id)});
    case Route::kTxAbort: return Request(TxAbortRequest{std::move(call.tx_id)});
    case Route::kCounterGet: return Request(GetCounterRequest{std::string(kTableKv), std::move(call.key)});
    case Route::kCounterIncr:
    case Route::kCounterDecr: return counter_add(call, body);
    case Route::kCounterReset: return write_one(mutation(Mutation::Kind::kReset, kTableKv, std::move(call.key)));
    case Route::kMergedGet: return Request(GetMergedRequest{std::move(call.key)});
    case Route::kOffset: return Request(OffsetRequest{});
    case Route::kStats: return Request(StatsRequest{});
    case Route::kCheckpoint: return Request(CheckpointRequest{});
    case Route::kDigest: return Request(DigestRequest{});
    case Route::kLogBackup: return log_backup(body);
    case Route::kStoreBackup: return store_backup(body);
    case Route::kHealth: case Route::kReady: case Route::kMetrics: case Route::kWatch:
    case Route::kLobGet: case Route::kLobPut: case Route::kLobDelete: break;
  }
  return fail(StatusCode::kInternal, "this route is not one request");
}

Rest::Rest() : impl_(std::make_unique<Impl>()) {}
Rest::~Rest() = default;

Result<Request> Rest::parse(Call& call, const Headers& headers, Bytes& body) {
  Result<Request> request = impl_->dispatch(call, body);
  if (!request || headers.idempotency_key.empty()) return request;
  if (auto* write = std::get_if<WriteRequest>(&*request)) {
    if (headers.idempotency_key.size() > limits::kIdempotencyKeyBytesMax) {
      return refuse(fmt::format("Idempotency-Key has {} bytes, the limit is {}", headers.idempotency_key.size(),
                                limits::kIdempotencyKeyBytesMax));
    }
    write->idempotency_key = Bytes(headers.idempotency_key);
  }
  return request;
}

Result<WatchCall> parse_watch(const Call& call, const Headers& headers) {
  WatchCall watch;
  auto table = query_parameter(call.query, "table");
  if (!table) return fail(table.error());
  auto prefix = query_parameter(call.query, "prefix");
  if (!prefix) return fail(prefix.error());
  auto key = query_parameter(call.query, "key");
  if (!key) return fail(key.error());
  auto cursor = query_parameter(call.query, "cursor");
  if (!cursor) return fail(cursor.error());
  if (*key && *prefix) return refuse("give either \"key\" or \"prefix\"");
  if (*table) {
    PANDO_RETURN_IF_ERROR(as_invalid(validate_table_name(**table)));
    watch.filter.table = std::move(**table);
  }
  if (*key) PANDO_RETURN_IF_ERROR(as_invalid(validate_key(**key)));
  watch.filter.exact = key->has_value();
  if (*key) watch.filter.prefix = std::move(**key);
  if (*prefix) watch.filter.prefix = std::move(**prefix);
  if (*cursor) watch.cursor = std::move(**cursor);
  if (!headers.last_event_id.empty()) watch.cursor = std::string(headers.last_event_id);
  return watch;
}

}  // namespace pando::api

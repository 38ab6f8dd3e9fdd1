// Call + headers + body → Request.
#include <fmt/format.h>
#include <simdjson.h>

#include "api/json_fields.h"
#include "api/rest.h"
#include "api/rest_query.h"
#include "base/limits.h"

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
  if (value.find_first_of("\\\r\n") != std::string_view::npos) return std::nullopt;
  i = end + 1;
  if (!token("}")) return std::nullopt;
  blanks();
  return i == body.size() ? std::optional(value) : std::nullopt;
}

// A refusal about part `index` of a list.
tl::unexpected<Status> at(std::string_view part, std::size_t index, const Status& status) {
  return fail(status.with_context(fmt::format("{} {}", part, index)));
}

Mutation mutation(Mutation::Kind kind, std::string_view table, Bytes key) {
  Mutation m;
  m.kind = kind;
  m.table = std::string(table);
  m.key = std::move(key);
  return m;
}

Result<Request> write_one(Mutation m) {
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return Request(std::move(write));
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
  Result<Request> set_change(Call& call, Mutation::Kind kind, Bytes& body);
  Result<Request> tx_begin(Bytes& body);
  Result<Request> tx_kv(Call& call, Bytes& body);
  Result<Request> tx_row(Call& call, Bytes& body);
  Result<Request> tx_set(Call& call, Bytes& body);
  Result<Request> tx_flag(Call& call, Bytes& body);
  Result<Request> log_backup(Bytes& body);
  Result<Request> store_backup(Bytes& body);
  Result<Request> dispatch(Call& call, Bytes& body);
};

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

Result<Request> Rest::Impl::set_change(Call& call, Mutation::Kind kind, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  auto members = members_field(*object);
  if (!members) return fail(members.error());
  Mutation m = mutation(kind, kTableKv, std::move(call.key));
  m.members = std::move(*members);
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
    if (*type == "kv")
      begin.entry_type = TxEntryType::kKv;
    else if (*type == "row")
      begin.entry_type = TxEntryType::kRow;
    else if (*type == "lob")
      begin.entry_type = TxEntryType::kLob;
    else
      return refuse(fmt::format("unknown entry type \"{}\"", *type));
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
  append.mutation =
      mutation(*verb == Verb::kPut ? Mutation::Kind::kPut : Mutation::Kind::kDelete, kTableKv, std::move(*key));
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

// {"key":…, "members":[…]} adds, {"operation":"delete", "key":…, "members":[…]} removes, without members the set.
Result<Request> Rest::Impl::tx_set(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  const bool has_members = field(*object, "members").has_value();
  const auto verb = verb_or(*object, has_members ? Verb::kPut : Verb::kDelete);
  if (!verb) return fail(verb.error());
  TxAppendRequest append;
  append.id = std::move(call.tx_id);
  append.mutation = mutation(Mutation::Kind::kDeleteSet, kTableKv, std::move(*key));
  if (has_members || *verb == Verb::kPut) {
    auto members = members_field(*object);
    if (!members) return fail(members.error());
    append.mutation.kind = *verb == Verb::kPut ? Mutation::Kind::kAddMembers : Mutation::Kind::kRemoveMembers;
    append.mutation.members = std::move(*members);
  }
  return Request(std::move(append));
}

Result<Request> Rest::Impl::tx_flag(Call& call, Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  const auto verb = verb_field(*object);
  if (!verb) return fail(verb.error());
  const auto kind = *verb == Verb::kPut ? Mutation::Kind::kEnable : Mutation::Kind::kDisable;
  return Request(TxAppendRequest{std::move(call.tx_id), mutation(kind, kTableKv, std::move(*key))});
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
  auto directory = backup_path_field(*object, "backupDir");
  if (!directory) return fail(directory.error());
  backup.directory = std::move(*directory);
  return Request(std::move(backup));
}

Result<Request> Rest::Impl::store_backup(Bytes& body) {
  const auto object = object_of(body);
  if (!object) return fail(object.error());
  auto path = backup_path_field(*object, "path");
  if (!path) return fail(path.error());
  return Request(BackupStoreRequest{std::move(*path)});
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
    case Route::kSetAdd: return set_change(call, Mutation::Kind::kAddMembers, body);
    case Route::kSetRemove: return set_change(call, Mutation::Kind::kRemoveMembers, body);
    case Route::kSetDelete: return write_one(mutation(Mutation::Kind::kDeleteSet, kTableKv, std::move(call.key)));
    case Route::kSetList: return members_of(call);
    case Route::kSetSize:
      return Request(CountMembersRequest{std::string(kTableKv), std::move(call.key), limits::kSetCountMax});
    case Route::kSetHas:
      return Request(HasMemberRequest{std::string(kTableKv), std::move(call.key), std::move(call.member)});
    case Route::kFlagGet: return Request(GetFlagRequest{std::string(kTableKv), std::move(call.key)});
    case Route::kFlagEnable: return write_one(mutation(Mutation::Kind::kEnable, kTableKv, std::move(call.key)));
    case Route::kFlagDisable: return write_one(mutation(Mutation::Kind::kDisable, kTableKv, std::move(call.key)));
    case Route::kTxSet: return tx_set(call, body);
    case Route::kTxFlag: return tx_flag(call, body);
    case Route::kMergedGet: return Request(GetMergedRequest{std::move(call.key)});
    case Route::kOffset: return Request(OffsetRequest{});
    case Route::kStats: return Request(StatsRequest{});
    case Route::kCheckpoint: return Request(CheckpointRequest{});
    case Route::kDigest: return Request(DigestRequest{});
    case Route::kLogBackup: return log_backup(body);
    case Route::kStoreBackup: return store_backup(body);
    case Route::kHealth:
    case Route::kReady:
    case Route::kMetrics:
    case Route::kWatch:
    case Route::kLobGet:
    case Route::kLobPut:
    case Route::kLobDelete: break;
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

}  // namespace pando::api

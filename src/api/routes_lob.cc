// Large objects, streamed. api/lob_transfer.h makes the requests of up- and download.
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"

namespace pando::api {
namespace {

Result<Request> parse_list(Call& call, JsonBody&) { return list_of(call, kTableLob); }

Result<Request> parse_tx_append(Call& call, JsonBody& body) {
  Result<Bytes> key = lob_key_parameter(call);
  if (!key) return fail(key.error());
  return Request(TxAppendLobRequest{std::move(call.tx_id), std::move(*key), std::move(body.bytes())});
}

Result<Request> parse_tx_delete(Call& call, JsonBody&) {
  Result<Bytes> key = lob_key_parameter(call);
  if (!key) return fail(key.error());
  return Request(TxDeleteLobRequest{std::move(call.tx_id), std::move(*key)});
}

// Only as part of a transaction in one request, where an object comes whole: {"value":base64}.
Result<Request> parse_whole_object(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Bytes> value = value_field(*object);
  if (!value) return fail(value.error());
  Mutation m = mutation(Mutation::Kind::kDetail, kTableLob, std::move(call.key));
  m.detail = PutObject{*std::move(value)};
  return write_one(std::move(m));
}

// Likewise.
Result<Request> parse_delete_object(Call& call, JsonBody&) {
  return write_one(mutation(Mutation::Kind::kDelete, kTableLob, std::move(call.key)));
}

void append_uploaded(Bytes& out, const Call&, const TxCommittedReply& committed) {
  out += R"({"success":true)";
  append_field(out, "checksum", std::uint64_t{committed.checksum});
  out.push_back('}');
}

// The object is erased by a transaction under the hood; its checksum is of nothing.
void append_erased(Bytes& out, const Call&, const TxCommittedReply&) { out += R"({"success":true})"; }

// /lob?key=x is /lob/x: a key is needed, or, for GET, makes a listing a download.
std::optional<HttpError> settle_key(Call& call);

constexpr Parameter kKeyOrPaging[] = {
    {"key", "The object called so is answered, as by /lob/{key}; without it keys are listed"},
    {"prefix", "Only keys that start with it"},
    {"after", "Only keys behind it in byte order"},
    {"limit", "At most so many, 1 to 10000; 100 when left out", Parameter::Type::kNumber},
};
constexpr Parameter kKeyParameter[] = {{"key", "Of the object", Parameter::Type::kText, /*required=*/true}};

constexpr RouteRow kRows[] = {
    // The first: settle_key() turns to it.
    {.method = Method::kGet,
     .path = "/{ns}/lob/{key}",
     .id = "lob_get",
     .summary = "Download an object",
     .takes = kReadTerms,
     .carriage = Carriage::kDownload,
     .answer = bytes(),
     .refusals = {410}},
    {.method = Method::kPut,
     .path = "/{ns}/lob/{key}",
     .id = "lob_put",
     .summary = "Upload an object of any size; it becomes visible when it is whole",
     .takes = kTakesToken | kTakesDurability,
     .carriage = Carriage::kUpload,
     .body = bytes(),
     .answer = json("Checksum"),
     .parse = parse_whole_object,
     .reply = reply_with<append_uploaded>},
    {.method = Method::kDelete,
     .path = "/{ns}/lob/{key}",
     .id = "lob_delete",
     .summary = "Delete an object",
     .takes = kTakesToken | kTakesDurability,
     .carriage = Carriage::kEraseLob,
     .answer = json("Success"),
     .parse = parse_delete_object,
     .reply = reply_with<append_erased, append_done>},
    {.method = Method::kGet,
     .path = "/{ns}/lob",
     .id = "lob_list",
     .summary = "List the keys of objects in byte order, or with ?key= download one",
     .takes = kReadTerms,
     .query = kKeyOrPaging,
     .answer = json("KeyList"),
     .settle = settle_key,
     .parse = parse_list,
     .reply = reply_with<append_keys>},
    {.method = Method::kPut,
     .path = "/{ns}/lob",
     .id = "lob_put_by_query",
     .summary = "Upload the object called ?key=",
     .takes = kTakesToken | kTakesDurability,
     .carriage = Carriage::kUpload,
     .query = kKeyParameter,
     .body = bytes(),
     .answer = json("Checksum"),
     .settle = settle_key,
     .parse = parse_whole_object,
     .reply = reply_with<append_uploaded>},
    {.method = Method::kDelete,
     .path = "/{ns}/lob",
     .id = "lob_delete_by_query",
     .summary = "Delete the object called ?key=",
     .takes = kTakesToken | kTakesDurability,
     .carriage = Carriage::kEraseLob,
     .query = kKeyParameter,
     .answer = json("Success"),
     .settle = settle_key,
     .parse = parse_delete_object,
     .reply = reply_with<append_erased, append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/lob",
     .id = "tx_lob",
     .summary = "Append the next part of an object to a transaction",
     .query = kKeyParameter,
     .body = bytes(),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx_append,
     .reply = reply_with<append_done>},
    {.method = Method::kDelete,
     .path = "/{ns}/tx/{tx}/lob",
     .id = "tx_lob_delete",
     .summary = "Delete an object in a transaction",
     .query = kKeyParameter,
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx_delete,
     .reply = reply_with<append_done>},
};

std::optional<HttpError> settle_key(Call& call) {
  Result<std::optional<Bytes>> key = query_parameter(call.query, "key");
  if (!key) return http_error(key.error());
  const bool lists = call.row->method == Method::kGet;
  if (!*key && lists) return std::nullopt;
  if (*key) call.key = std::move(**key);
  if (Status status = validate_key(call.key); !status.ok()) return http_error(as_invalid(std::move(status)));
  if (lists) call.row = &kRows[0];
  return std::nullopt;
}

}  // namespace

Area lob_routes() {
  return {
      "large objects", "Bytes of any size, streamed both ways, visible when whole.", kRows, {}, /*bare_errors=*/true};
}

}  // namespace pando::api

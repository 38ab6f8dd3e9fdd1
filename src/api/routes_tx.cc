// Transactions: begin, append key-values, commit, abort. What else can be appended stands with its own area.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/route.h"

namespace pando::api {
namespace {

Result<Request> parse_begin(Call&, JsonBody& body) {
  TxBeginRequest begin;
  if (body.empty()) return Request(begin);
  const auto object = body.object();
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

// {"key","value"} puts, {"key"} deletes.
Result<Request> parse_kv(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Bytes> key = key_field(*object, "key");
  if (!key) return fail(key.error());
  const auto verb = verb_or(*object, field(*object, "value") ? Verb::kPut : Verb::kDelete);
  if (!verb) return fail(verb.error());
  Mutation m = mutation(Mutation::Kind::kDelete, kTableKv, std::move(*key));
  if (*verb == Verb::kPut) {
    Result<Bytes> value = value_field(*object);
    if (!value) return fail(value.error());
    m.kind = Mutation::Kind::kPut;
    m.value = std::move(*value);
  }
  return append_to_tx(call, std::move(m));
}

Result<Request> parse_commit(Call& call, JsonBody&) { return Request(TxCommitRequest{std::move(call.tx_id)}); }
Result<Request> parse_abort(Call& call, JsonBody&) { return Request(TxAbortRequest{std::move(call.tx_id)}); }

void append_begun(Bytes& out, const Call&, const TxBegunReply& begun) {
  out.push_back('{');
  append_field(out, "txnId", ByteSpan(begun.id));
  out += R"(,"success":true})";
}

void append_committed(Bytes& out, const Call&, const TxCommittedReply& committed) {
  out += R"({"success":true)";
  append_field(out, "checksum", std::uint64_t{committed.checksum});
  out.push_back('}');
}

void append_aborted(Bytes& out, const Call&, const DoneReply&) { out += R"({"success":true,"checksum":0})"; }

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/tx/begin",
     .id = "tx_begin",
     .summary = "Begin a transaction",
     .body = optional_json("TxBegin", R"({"operation":"put","entryType":"kv"})"),
     .answer = json("TxBegun"),
     .parse = parse_begin,
     .reply = reply_with<append_begun>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/kv",
     .id = "tx_kv",
     .summary = "Append a put or delete of a key to a transaction",
     .body = json("TxKv", R"({"key":"from","value":"MTA="})"),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_kv,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/commit",
     .id = "tx_commit",
     .summary = "Commit a transaction: all of it becomes visible together, here and at every other site",
     .takes = kCommitTerms,
     .answer = json("Checksum"),
     .refusals = {409, 410},
     .parse = parse_commit,
     .reply = reply_with<append_committed>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/abort",
     .id = "tx_abort",
     .summary = "Forget a transaction",
     .answer = json("Checksum"),
     .refusals = {409, 410},
     .parse = parse_abort,
     .reply = reply_with<append_aborted>},
};

constexpr SchemaRow kSchemas[] = {
    {"TxBegin", R"({"type":"object","properties":{"operation":{"$ref":"Operation"},)"
                R"("entryType":{"enum":["kv","row","lob"]}},)"
                R"("description":"what is given is all the transaction takes; it may be mixed otherwise"})"},
    {"TxBegun", R"({"type":"object","required":["txnId","success"],"properties":{"txnId":{"type":"string"},)"
                R"("success":{"const":true}}})"},
    {"TxKv", R"({"type":"object","required":["key"],"properties":{"operation":{"$ref":"Operation"},)"
             R"("key":{"$ref":"Key"},"value":{"$ref":"Base64","description":"left out: the key is deleted"}}})"},
};

}  // namespace

Area tx_routes() {
  return {"transactions", "Changes of any keys of a namespace that are seen all or not at all, at every site.", kRows,
          kSchemas, /*bare_errors=*/true};
}

}  // namespace pando::api

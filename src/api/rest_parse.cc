// Call + headers + body → Request.
#include <simdjson.h>

#include "api/json_body.h"
#include "api/terms_text.h"
#include "base/codec.h"

namespace pando::api {

namespace {

// Of all that makes the request what it is.
std::uint64_t fingerprint(const Call& call, ByteSpan body) {
  Bytes all;
  Writer out(all);
  for (const ByteSpan part : {ByteSpan(call.operation()), ByteSpan(call.ns), ByteSpan(call.table), ByteSpan(call.key),
                              ByteSpan(call.member), ByteSpan(call.tx_id), ByteSpan(call.query)}) {
    out.bytes(part);
  }
  for (const Bytes& word : call.words) out.bytes(word);
  out.u64(fingerprint_of(body));
  return fingerprint_of(all);
}

}  // namespace

struct Rest::Impl {
  simdjson::dom::parser parser;
};

Rest::Rest() : impl_(std::make_unique<Impl>()) {}
Rest::~Rest() = default;

Result<Request> Rest::parse(Call& call, const Headers& headers, Bytes& body) {
  if (call.row->parse == nullptr) return fail(StatusCode::kInternal, "this route is not one request");
  PANDO_RETURN_IF_ERROR(take_terms(headers, call));
  if (call.terms.idempotency_key) call.terms.fingerprint = fingerprint(call, body);
  JsonBody text(body, impl_->parser);
  return call.row->parse(call, text);
}

}  // namespace pando::api

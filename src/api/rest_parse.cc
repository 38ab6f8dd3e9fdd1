// Call + headers + body → Request.
#include <simdjson.h>

#include "api/json_body.h"
#include "api/terms_text.h"

namespace pando::api {

struct Rest::Impl {
  simdjson::dom::parser parser;
};

Rest::Rest() : impl_(std::make_unique<Impl>()) {}
Rest::~Rest() = default;

Result<Request> Rest::parse(Call& call, const Headers& headers, Bytes& body) {
  if (call.row->parse == nullptr) return fail(StatusCode::kInternal, "this route is not one request");
  PANDO_RETURN_IF_ERROR(take_terms(headers, call));
  JsonBody text(body, impl_->parser);
  Result<Request> request = call.row->parse(call, text);
  if (!request || !call.terms.idempotency_key) return request;
  if (auto* write = std::get_if<WriteRequest>(&*request)) write->idempotency_key = call.terms.idempotency_key;
  return request;
}

}  // namespace pando::api

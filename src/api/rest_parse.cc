// Call + headers + body → Request.
#include <fmt/format.h>
#include <simdjson.h>

#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/route.h"
#include "base/limits.h"

namespace pando::api {

struct Rest::Impl {
  simdjson::dom::parser parser;
};

Rest::Rest() : impl_(std::make_unique<Impl>()) {}
Rest::~Rest() = default;

Result<Request> Rest::parse(Call& call, const Headers& headers, Bytes& body) {
  if (call.row->parse == nullptr) return fail(StatusCode::kInternal, "this route is not one request");
  JsonBody text(body, impl_->parser);
  Result<Request> request = call.row->parse(call, text);
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

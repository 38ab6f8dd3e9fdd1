#include "api/json_body.h"

#include "api/json_fields.h"

namespace pando::api {

// Grown by one huge body, the parser's buffers are given back.
constexpr std::size_t kKeepBytesMax = 1 << 20;

Result<dom::element> JsonBody::value() {
  if (parser_.capacity() > kKeepBytesMax && bytes_.size() <= kKeepBytesMax) parser_ = dom::parser();
  bytes_.reserve(bytes_.size() + simdjson::SIMDJSON_PADDING);
  dom::element root;
  const auto error = parser_.parse(bytes_.data(), bytes_.size(), /*realloc_if_needed=*/false).get(root);
  if (error != simdjson::SUCCESS) return refuse("invalid JSON body: " + json_reason(error));
  return root;
}

Result<dom::object> JsonBody::object() {
  const Result<dom::element> root = value();
  if (!root) return fail(root.error());
  dom::object object;
  if (root->get_object().get(object) != simdjson::SUCCESS) return refuse("invalid JSON body: not an object");
  return object;
}

}  // namespace pando::api

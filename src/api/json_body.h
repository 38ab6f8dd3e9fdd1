// api/json_body.h — the body of one request, parsed as JSON when a route asks for it.
//
// Internal to api/ (simdjson is a heavy header). Elements point into the parser's buffers and live until the next
// document. The parser is shared by all requests of a thread and outlives the body.
#pragma once

#include <simdjson.h>

#include "base/bytes.h"
#include "base/status.h"

namespace pando::api {

class JsonBody {
 public:
  JsonBody(Bytes& bytes, simdjson::dom::parser& parser) : bytes_(bytes), parser_(parser) {}

  bool empty() const { return bytes_.empty(); }
  // As they came. May be moved from.
  Bytes& bytes() { return bytes_; }
  // For the bodies within this one, once all that is needed of it has been copied.
  simdjson::dom::parser& parser() { return parser_; }
  // The whole document, of any type.
  Result<simdjson::dom::element> value();
  // The same, which must be an object.
  Result<simdjson::dom::object> object();

 private:
  Bytes& bytes_;
  simdjson::dom::parser& parser_;
};

}  // namespace pando::api

// api/openapi_parts.h — the components of the OpenAPI document that all routes share: headers, path parameters, errors.
//
// Internal to openapi.cc.
#pragma once

#include <span>
#include <vector>

#include "api/route.h"

namespace pando::api {

// A header, of requests or of answers, and the routes that have it (any of the bits).
struct HeaderPart {
  std::string_view name;
  Takes takes = kNoTerms;
  std::string_view schema;
  std::string_view text;
};
std::span<const HeaderPart> request_headers();
std::span<const HeaderPart> answer_headers();

bool is_health(const RouteRow& row);
// Statuses from 300 on that a row answers, ascending; what any request may meet (405, 408, …) is `default`.
std::vector<int> refusals_of(const RouteRow& row);

// "Error":{…}
void append_error_schema(Bytes& out);
// "parameters":{…}, "headers":{…}, "responses":{…}
void append_parameter_components(Bytes& out);
void append_header_components(Bytes& out);
void append_response_components(Bytes& out);

}  // namespace pando::api

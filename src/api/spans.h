// api/spans.h — spans of time in JSON: "500ms", "30s", "5m", "12h", "7d". Internal to api/.
#pragma once

#include "api/json_fields.h"
#include "base/time.h"

namespace pando::api {

// Nothing when the text is no such span, or is not above zero.
std::optional<Duration> parse_span(std::string_view text);
// Field `name`; `fallback` when it is missing. A number is refused, it has no unit.
Result<Duration> span_field(dom::object object, std::string_view name, Duration fallback);

}  // namespace pando::api

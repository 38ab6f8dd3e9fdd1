// api/ttl_text.h — times to live as clients write them: ?ttl=30s, {"ttl":"30s"}, {"at":1698765432000}. Internal to
// api/.
#pragma once

#include <optional>

#include "api/json_fields.h"
#include "api/route.h"
#include "model/expiry.h"

namespace pando::api {

// "30s", or "none" for TimeToLive::Kind::kForever. Never nothing.
Result<std::optional<TimeToLive>> parse_ttl_text(std::string_view text);
// Fields "ttl" or "at"; nothing without either.
Result<std::optional<TimeToLive>> ttl_fields(dom::object object);
// ?ttl=
Result<std::optional<TimeToLive>> ttl_parameter(const Call& call);

}  // namespace pando::api

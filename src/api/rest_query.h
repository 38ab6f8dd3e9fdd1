// api/rest_query.h — requests that are all path and query. Internal to api/.
#pragma once

#include <optional>
#include <vector>

#include "api/rest.h"

namespace pando::api {

// ?columns=a,b with blanks around the names dropped; nullopt when absent or empty.
Result<std::optional<std::vector<Bytes>>> columns_parameter(std::string_view query);
// ?key= of an object appended to a transaction.
Result<Bytes> lob_key_parameter(const Call& call);

// ?prefix=&after=&limit=
Result<Request> list_of(const Call& call, std::string_view table);
// ?prefix=&after=&limit=, of the members of a set
Result<Request> members_of(Call& call);
// ?view=raw|merged
Result<Request> kv_get(Call& call);
Result<Request> row_get(Call& call);

}  // namespace pando::api

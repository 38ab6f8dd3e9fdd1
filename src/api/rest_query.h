// api/rest_query.h — query parameters that several routes take. Internal to api/.
#pragma once

#include <optional>
#include <vector>

#include "api/route.h"

namespace pando::api {

// ?columns=a,b with blanks around the names dropped; nullopt when absent or empty.
Result<std::optional<std::vector<Bytes>>> columns_parameter(std::string_view query);
inline constexpr Parameter kTableParameter = {"table", "Where the key lies: a-z, 0-9, '.', '_', '-'; kv when left out"};
inline constexpr Parameter kInTable[] = {kTableParameter};
// A whole number from 1 to `max`; `fallback` when absent.
Result<std::uint32_t> number_parameter(std::string_view query, std::string_view name, std::uint32_t fallback,
                                       std::uint32_t max);
// ?key= of an object appended to a transaction.
Result<Bytes> lob_key_parameter(const Call& call);

// ?table=, kv when left out; one whose keys may be of any type.
Result<std::string> table_parameter(std::string_view query);
// A whole number of either sign, `fallback` when absent.
Result<std::int64_t> whole_parameter(std::string_view query, std::string_view name, std::int64_t fallback);
// "true" or "false".
Result<bool> bool_parameter(std::string_view query, std::string_view name);
// ?limit=, 1 to limits::kListKeysMax.
Result<std::uint32_t> limit_parameter(std::string_view query, std::uint32_t fallback);

// What the next two take.
inline constexpr Parameter kPaging[] = {
    {"prefix", "Only those that start with it"},
    {"after", "Only those behind it in byte order"},
    {"limit", "At most so many, 1 to 10000; 100 when left out", Parameter::Type::kNumber},
};
inline constexpr Parameter kPagingInTable[] = {kPaging[0], kPaging[1], kPaging[2], kTableParameter};
// ?prefix=&after=&limit=
Result<Request> list_of(const Call& call, std::string_view table);
// ?prefix=&after=&limit=&table=, of the members of a set
Result<Request> members_of(Call& call);
// The same, of those present in a presence
Result<Request> leases_of(Call& call);

}  // namespace pando::api

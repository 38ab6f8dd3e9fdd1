#include "api/rest_query.h"

#include <fmt/format.h>

#include <charconv>

#include "api/json_fields.h"
#include "base/limits.h"

namespace pando::api {
Result<std::uint32_t> number_parameter(std::string_view query, std::string_view name, std::uint32_t fallback,
                                       std::uint32_t max) {
  auto text = query_parameter(query, name);
  if (!text) return fail(text.error());
  if (!*text) return fallback;
  std::uint64_t n = 0;
  const auto wrong = [&] { return refuse(fmt::format("parameter \"{}\" must be a number from 1 to {}", name, max)); };
  if ((*text)->empty() || (*text)->size() > 10) return wrong();
  for (const char c : **text) {
    if (c < '0' || c > '9') return wrong();
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (n < 1 || n > max) return wrong();
  return static_cast<std::uint32_t>(n);
}

Result<std::optional<std::vector<Bytes>>> columns_parameter(std::string_view query) {
  auto text = query_parameter(query, "columns");
  if (!text) return fail(text.error());
  std::vector<Bytes> names;
  std::string_view rest = *text ? std::string_view(**text) : std::string_view{};
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view name = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.empty()) continue;
    PANDO_RETURN_IF_ERROR(check_column(name));
    names.emplace_back(name);
  }
  if (names.empty()) return std::optional<std::vector<Bytes>>();
  return std::optional<std::vector<Bytes>>(std::move(names));
}

namespace {

// ?prefix=&after=&limit= into a request that has fields for them.
template <typename Paged>
Result<Request> paged(const Call& call, Paged request) {
  auto prefix = query_parameter(call.query, "prefix");
  if (!prefix) return fail(prefix.error());
  auto after = query_parameter(call.query, "after");
  if (!after) return fail(after.error());
  auto limit = number_parameter(call.query, "limit", request.count_max, limits::kListKeysMax);
  if (!limit) return fail(limit.error());
  if (*prefix) request.prefix = std::move(**prefix);
  if (*after) request.after = std::move(**after);
  request.count_max = *limit;
  return Request(std::move(request));
}

}  // namespace

Result<std::string> table_parameter(std::string_view query) {
  auto table = query_parameter(query, "table");
  if (!table) return fail(table.error());
  if (!*table) return std::string(kTableKv);
  PANDO_RETURN_IF_ERROR(check_any_type_table(**table));
  return std::move(**table);
}

Result<std::int64_t> whole_parameter(std::string_view query, std::string_view name, std::int64_t fallback) {
  const auto text = query_parameter(query, name);
  if (!text) return fail(text.error());
  if (!*text) return fallback;
  std::int64_t n = 0;
  const char* end = (*text)->data() + (*text)->size();
  const auto [stop, error] = std::from_chars((*text)->data(), end, n);
  if (error != std::errc() || stop != end) {
    return refuse(fmt::format("parameter \"{}\" must be a whole number that fits 64 bits", name));
  }
  return n;
}

Result<bool> bool_parameter(std::string_view query, std::string_view name) {
  const auto text = query_parameter(query, name);
  if (!text) return fail(text.error());
  if (*text && **text != "true" && **text != "false") {
    return refuse(fmt::format("parameter \"{}\" must be true or false", name));
  }
  return *text && **text == "true";
}

Result<std::uint32_t> limit_parameter(std::string_view query, std::uint32_t fallback) {
  return number_parameter(query, "limit", fallback, limits::kListKeysMax);
}

Result<Request> list_of(const Call& call, std::string_view table) {
  ListRequest list;
  list.table = std::string(table);
  return paged(call, std::move(list));
}

Result<Request> members_of(Call& call) {
  ListMembersRequest list;
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  list.table = std::move(*table);
  list.key = std::move(call.key);
  return paged(call, std::move(list));
}

Result<Request> leases_of(Call& call) {
  ListLeasesRequest list;
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  list.table = std::move(*table);
  list.key = std::move(call.key);
  return paged(call, std::move(list));
}

Result<Bytes> lob_key_parameter(const Call& call) {
  auto key = query_parameter(call.query, "key");
  if (!key) return fail(key.error());
  Bytes bytes = *key ? std::move(**key) : Bytes();
  PANDO_RETURN_IF_ERROR(as_invalid(validate_key(bytes)));
  return bytes;
}

Result<WatchCall> parse_watch(const Call& call, const Headers& headers) {
  WatchCall watch;
  auto table = query_parameter(call.query, "table");
  if (!table) return fail(table.error());
  auto prefix = query_parameter(call.query, "prefix");
  if (!prefix) return fail(prefix.error());
  auto key = query_parameter(call.query, "key");
  if (!key) return fail(key.error());
  auto cursor = query_parameter(call.query, "cursor");
  if (!cursor) return fail(cursor.error());
  if (*key && *prefix) return refuse("give either \"key\" or \"prefix\"");
  if (*table) {
    PANDO_RETURN_IF_ERROR(as_invalid(validate_table_name(**table)));
    watch.filter.table = std::move(**table);
  }
  if (*key) PANDO_RETURN_IF_ERROR(as_invalid(validate_key(**key)));
  watch.filter.exact = key->has_value();
  if (*key) watch.filter.prefix = std::move(**key);
  if (*prefix) watch.filter.prefix = std::move(**prefix);
  if (*cursor) watch.cursor = std::move(**cursor);
  if (!headers.last_event_id.empty()) watch.cursor = std::string(headers.last_event_id);
  return watch;
}

}  // namespace pando::api

#include <gtest/gtest.h>

#include <set>

#include "api/errors.h"
#include "api/rest.h"
#include "base/limits.h"

namespace pando::api::rest_route_test {
namespace {

struct Found {
  const char* why;
  std::string_view method;
  std::string target;
  std::string_view operation;
  std::string ns;
  Bytes key;
};

TEST(Route, FindsRouteNamespaceAndKey) {
  const Found table[] = {
      {"plain", "GET", "/api/v1/ad/kv/k", "kv_get", "ad", "k"},
      {"colons stay", "PUT", "/api/v1/ad/kv/lww:user:alice:status", "kv_put", "ad", "lww:user:alice:status"},
      {"%2F stays inside the key", "GET", "/api/v1/ad/kv/a%2Fb%2fc", "kv_get", "ad", "a/b/c"},
      {"bytes that are not UTF-8", "DELETE", "/api/v1/ad/kv/%FE%00%ff", "kv_delete", "ad", Bytes("\xFE\0\xFF", 3)},
      {"a plus in a path is a plus", "GET", "/api/v1/ad/kv/a+b", "kv_get", "ad", "a+b"},
      {"dots are a key like any other", "GET", "/api/v1/ad/kv/..", "kv_get", "ad", ".."},
      {"the namespace is decoded too", "GET", "/api/v1/a%20d/kv/k", "kv_get", "a d", "k"},
      {"the query is not part of the key", "GET", "/api/v1/ad/kv/k?view=raw", "kv_get", "ad", "k"},
      {"HEAD is GET without a body", "HEAD", "/api/v1/ad/kv/k", "kv_get", "ad", "k"},
      {"a proxy's absolute form", "GET", "http://host:8001/api/v1/ad/kv/k", "kv_get", "ad", "k"},
      {"POST batch is the batch", "POST", "/api/v1/ad/kv/batch", "kv_batch", "ad", ""},
      {"GET batch is a key", "GET", "/api/v1/ad/kv/batch", "kv_get", "ad", "batch"},
      {"PUT batch is a key", "PUT", "/api/v1/ad/row/batch", "row_put", "ad", "batch"},
      {"listing", "GET", "/api/v1/ad/kv?prefix=a", "kv_list", "ad", ""},
      {"row", "PUT", "/api/v1/ad/row/r", "row_put", "ad", "r"},
      {"row columns", "DELETE", "/api/v1/ad/row/r/columns", "row_delete_columns", "ad", "r"},
      {"a row called columns", "DELETE", "/api/v1/ad/row/columns", "row_delete", "ad", "columns"},
      {"row batch", "POST", "/api/v1/ad/row/batch", "row_batch", "ad", ""},
      {"object", "GET", "/api/v1/ad/lob/o", "lob_get", "ad", "o"},
      {"object by query", "GET", "/api/v1/ad/lob?key=a%2Fb+c", "lob_get", "ad", "a/b c"},
      {"objects listed", "GET", "/api/v1/ad/lob", "lob_list", "ad", ""},
      {"object upload by query", "PUT", "/api/v1/ad/lob?key=o", "lob_put_by_query", "ad", "o"},
      {"begin", "POST", "/api/v1/ad/tx/begin", "tx_begin", "ad", ""},
      {"append", "POST", "/api/v1/ad/tx/ab12/kv", "tx_kv", "ad", ""},
      {"abort", "POST", "/api/v1/ad/tx/ab12/abort", "tx_abort", "ad", ""},
      {"counter", "POST", "/api/v1/ad/counters/page%2Fviews/incr", "counter_incr", "ad", "page/views"},
      {"counter reset", "DELETE", "/api/v1/ad/counters/c", "counter_reset", "ad", "c"},
      {"set", "GET", "/api/v1/ad/sets/s?limit=5", "set_list", "ad", "s"},
      {"set deleted", "DELETE", "/api/v1/ad/sets/s", "set_delete", "ad", "s"},
      {"members added", "POST", "/api/v1/ad/sets/a%2Fb/add", "set_add", "ad", "a/b"},
      {"members removed", "POST", "/api/v1/ad/sets/s/remove", "set_remove", "ad", "s"},
      {"set counted", "GET", "/api/v1/ad/sets/s/size", "set_size", "ad", "s"},
      {"a member", "GET", "/api/v1/ad/sets/s/members/a%2Fb", "set_has", "ad", "s"},
      {"flag", "GET", "/api/v1/ad/flags/f", "flag_get", "ad", "f"},
      {"flag on", "PUT", "/api/v1/ad/flags/f", "flag_enable", "ad", "f"},
      {"flag off", "DELETE", "/api/v1/ad/flags/f", "flag_disable", "ad", "f"},
      {"time left", "GET", "/api/v1/ad/ttl/sessions/a%2Fb", "ttl_get", "ad", "a/b"},
      {"time to live", "PUT", "/api/v1/ad/ttl/kv/k", "ttl_set", "ad", "k"},
      {"no end", "DELETE", "/api/v1/ad/ttl/kv/k", "ttl_persist", "ad", "k"},
      {"conflicts", "GET", "/api/v1/ad/conflicts?wait=5s", "conflicts_list", "ad", ""},
      {"a conflict undone", "POST", "/api/v1/ad/conflicts/17-0/restore", "conflict_restore", "ad", ""},
      {"merged", "GET", "/api/v1/ad/merged/lww:x", "merged_get", "ad", "lww:x"},
      {"offset", "GET", "/api/v1/ad/offset", "offset", "ad", ""},
      {"log backup", "POST", "/api/v1/ad/wal/backup", "log_backup", "ad", ""},
      {"store backup", "POST", "/api/v1/ad/btree/backup", "store_backup", "ad", ""},
      {"watch", "GET", "/api/v1/ad/watch", "watch", "ad", ""},
      {"health", "GET", "/healthz", "health", "", ""},
      {"health, the other name", "GET", "/health", "health_alias", "", ""},
      {"ready", "GET", "/readyz?namespace=ad", "ready", "", ""},
      {"metrics", "GET", "/metrics", "metrics", "", ""},
      {"what there is", "GET", "/openapi.json", "openapi", "", ""},
  };
  for (const Found& row : table) {
    const auto call = route(method_of(row.method), row.target);
    ASSERT_TRUE(call.has_value()) << row.why << ": " << call.error().text;
    EXPECT_EQ(call->operation(), row.operation) << row.why;
    EXPECT_EQ(call->ns, row.ns) << row.why;
    EXPECT_EQ(call->key, row.key) << row.why;
    EXPECT_EQ(call->head, row.method == "HEAD") << row.why;
  }
}

TEST(Route, RefusesWithStatusTextAndAllow) {
  const std::string long_key(limits::kKeyBytesMax + 1, 'k');
  struct Refused {
    const char* why;
    std::string_view method;
    std::string target;
    int status;
    std::string text;
    std::string_view allow;
  };
  const Refused table[] = {
      {"no such path", "GET", "/", 404, "route not found: /", ""},
      {"no such word", "GET", "/api/v1/ad/nothing", 404, "route not found: /api/v1/ad/nothing", ""},
      {"a slash in a key must be encoded", "GET", "/api/v1/ad/kv/a/b", 404, "route not found: /api/v1/ad/kv/a/b", ""},
      {"too deep", "GET", "/api/v1/a/b/c/d/e/f", 404, "route not found: /api/v1/a/b/c/d/e/f", ""},
      {"asterisk form", "OPTIONS", "*", 404, "route not found: *", ""},
      {"unknown method", "PATCH", "/api/v1/ad/kv/k", 405, "method not allowed", "GET, HEAD, PUT, DELETE"},
      {"POST to a key", "POST", "/api/v1/ad/kv/k", 405, "method not allowed", "GET, HEAD, PUT, DELETE"},
      {"the key called batch also takes POST", "PATCH", "/api/v1/ad/kv/batch", 405, "method not allowed",
       "GET, HEAD, PUT, POST, DELETE"},
      {"GET of a command", "GET", "/api/v1/ad/tx/begin", 405, "method not allowed", "POST"},
      {"PUT of a view", "PUT", "/api/v1/ad/stats", 405, "method not allowed", "GET, HEAD"},
      {"HEAD of a command", "HEAD", "/api/v1/ad/wal/backup", 405, "method not allowed", "POST"},
      {"method names are case-sensitive", "get", "/healthz", 405, "method not allowed", "GET, HEAD"},
      {"empty key", "PUT", "/api/v1/ad/kv/", 400, "key is empty", ""},
      {"empty row key", "DELETE", "/api/v1/ad/row//columns", 400, "key is empty", ""},
      {"empty object key", "GET", "/api/v1/ad/lob?key=", 400, "key is empty", ""},
      {"object upload without a key", "PUT", "/api/v1/ad/lob", 400, "key is empty", ""},
      {"cut escape", "GET", "/api/v1/ad/kv/ab%2", 400, "invalid percent-encoding in key at byte 2", ""},
      {"bad escape", "GET", "/api/v1/ad/kv/%zz", 400, "invalid percent-encoding in key at byte 0", ""},
      {"bad escape in the namespace", "GET", "/api/v1/a%/kv/k", 400, "invalid percent-encoding in namespace at byte 1",
       ""},
      {"bad escape in a parameter", "GET", "/api/v1/ad/lob?key=%f", 400,
       "invalid percent-encoding in parameter \"key\" at byte 0", ""},
      {"long key", "GET", "/api/v1/ad/kv/" + long_key, 400, "key has 8193 bytes, the limit is 8192", ""},
  };
  for (const Refused& row : table) {
    const auto call = route(method_of(row.method), row.target);
    ASSERT_FALSE(call.has_value()) << row.why;
    EXPECT_EQ(call.error().status, row.status) << row.why;
    EXPECT_EQ(call.error().text, row.text) << row.why;
    EXPECT_EQ(call.error().allow, row.allow) << row.why;
  }
}

TEST(Route, AKeyAtTheLimitIsTaken) {
  EXPECT_TRUE(route(Method::kGet, "/api/v1/ad/kv/" + std::string(limits::kKeyBytesMax, 'k')).has_value());
}

TEST(QueryParameter, FirstOneDecodedOrAbsent) {
  const std::string query = "a=1&b=x+y%26z&b=second&c&=d&%zz=e";
  EXPECT_EQ(query_parameter(query, "a").value(), "1");
  EXPECT_EQ(query_parameter(query, "b").value(), "x y&z");
  EXPECT_EQ(query_parameter(query, "c").value(), "");
  EXPECT_EQ(query_parameter(query, "zz").value(), std::nullopt);
  EXPECT_EQ(query_parameter("", "a").value(), std::nullopt);
  EXPECT_FALSE(query_parameter("a=%", "a").has_value());
}

TEST(Errors, OneRowPerCode) {
  const std::pair<StatusCode, int> table[] = {
      {StatusCode::kOk, 200},
      {StatusCode::kInvalidArgument, 400},
      {StatusCode::kNotFound, 404},
      {StatusCode::kReadOnly, 403},
      {StatusCode::kWrongType, 409},
      {StatusCode::kConflict, 409},
      {StatusCode::kGone, 410},
      {StatusCode::kTooLarge, 413},
      {StatusCode::kOutOfRange, 409},
      {StatusCode::kTimeout, 504},
      {StatusCode::kPreconditionFailed, 412},
      {StatusCode::kOverloaded, 503},
      {StatusCode::kUnavailable, 503},
      {StatusCode::kDataLoss, 500},
      {StatusCode::kPermissionDenied, 403},
      {StatusCode::kUnimplemented, 501},
      {StatusCode::kIoError, 500},
      {StatusCode::kInternal, 500},
  };
  for (const auto& row : table) {
    EXPECT_EQ(error_row(row.first).http, row.second) << code_name(row.first);
    EXPECT_EQ(error_row(row.first).retry, row.second == 503) << code_name(row.first);
    EXPECT_NE(http_reason(row.second), "Error") << row.second;
  }
}

TEST(Errors, EveryKindHasAWordAndAHint) {
  std::set<std::string_view> words;
  for (int i = 1; i <= static_cast<int>(StatusCode::kInternal); ++i) {
    const ErrorWords kind = error_words(static_cast<StatusCode>(i));
    EXPECT_EQ(kind.code, code_name(static_cast<StatusCode>(i)));
    EXPECT_FALSE(kind.hint.empty()) << kind.code;
    EXPECT_TRUE(words.insert(kind.code).second) << kind.code;
  }
  const std::pair<int, std::string_view> table[] = {
      {400, "invalid_argument"}, {404, "route_not_found"},     {405, "method_not_allowed"},
      {408, "request_timeout"},  {412, "precondition_failed"}, {413, "too_large"},
      {414, "target_too_long"},  {417, "unknown_expectation"}, {431, "headers_too_large"},
      {501, "unimplemented"},    {503, "overloaded"},          {505, "version_not_supported"},
      {599, "internal"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(error_words_of_http(row.first).code, row.second) << row.first;
    EXPECT_FALSE(error_words_of_http(row.first).hint.empty()) << row.first;
  }
}

}  // namespace
}  // namespace pando::api::rest_route_test

#include "api/errors.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace pando::api {
namespace {

// In the order of StatusCode, so that the code is the index. A conflict with what is stored is 409; what the
// client may simply send again carries `retry`.
constexpr std::array<ErrorRow, 18> kRows{{
    {StatusCode::kOk, 200, "OK", 0, false, ""},
    {StatusCode::kInvalidArgument, 400, "ERR", 3, false, "mend the request; sent again as it is, it fails again"},
    {StatusCode::kNotFound, 404, "ERR", 5, false, "check the name and the namespace"},
    {StatusCode::kReadOnly, 403, "READONLY", 9, false, "send writes to a replicator; this node only follows"},
    {StatusCode::kWrongType, 409, "WRONGTYPE", 9, false, "use the key as what it holds, or delete it first"},
    {StatusCode::kConflict, 409, "ERR", 10, false, "read the current state, then decide anew"},
    {StatusCode::kGone, 410, "ERR", 10, false, "begin anew; what this named is over"},
    {StatusCode::kTooLarge, 413, "ERR", 8, false, "send it in smaller parts, or raise the limit that the text names"},
    {StatusCode::kOutOfRange, 409, "ERR", 11, false, "ask for less; nothing was changed"},
    {StatusCode::kPreconditionFailed, 412, "ERR", 9, false, "read again, and repeat with the ETag of that answer"},
    {StatusCode::kOverloaded, 503, "BUSY", 8, true, "send it again after Retry-After"},
    {StatusCode::kUnavailable, 503, "LOADING", 14, true,
     "send it again after Retry-After; /readyz says when the node serves"},
    {StatusCode::kTimeout, 504, "ERR", 4, false, "send it again with a longer wait; the text says what was reached"},
    {StatusCode::kDataLoss, 500, "ERR", 15, false,
     "the text names the damaged place; restore it from a peer or a backup"},
    {StatusCode::kPermissionDenied, 403, "NOPERM", 7, false, "log in as somebody who may do this"},
    {StatusCode::kUnimplemented, 501, "ERR", 12, false, "ask a node whose version has it"},
    {StatusCode::kIoError, 500, "ERR", 13, false, "look into the log of the node"},
    {StatusCode::kInternal, 500, "ERR", 13, false, "report it, with the log of the node"},
}};

struct HttpRow {
  int status = 0;
  ErrorWords words;
};
constexpr HttpRow kHttpRows[] = {
    {404, {"route_not_found", "/openapi.json lists every route"}},
    {405, {"method_not_allowed", "use one of the methods in Allow"}},
    {408, {"request_timeout", "send the whole request without long pauses"}},
    {413, {"too_large", "send it in smaller parts, or raise the limit that the text names"}},
    {414, {"target_too_long", "shorten the path or the query"}},
    {417, {"unknown_expectation", "leave out Expect, or send 100-continue"}},
    {429, {"rate_limited", "ask again after Retry-After; without it, for less"}},
    {431, {"headers_too_large", "send fewer or shorter headers"}},
    {505, {"version_not_supported", "speak HTTP/1.1"}},
};

const HttpRow* http_row(int status) {
  for (const HttpRow& row : kHttpRows) {
    if (row.status == status) return &row;
  }
  return nullptr;
}

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order(), "a row per StatusCode, in its order");

}  // namespace

const ErrorRow& error_row(StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  CHECK(index < kRows.size());
  return kRows[index];
}

ErrorWords error_words(StatusCode code) { return {code_name(code), error_row(code).hint}; }

ErrorWords error_words_of_http(int status) {
  const HttpRow* row = http_row(status);
  return row != nullptr ? row->words : error_words_of_answer(status);
}

ErrorWords error_words_of_answer(int status) {
  for (const ErrorRow& row : kRows) {
    if (row.http == status) return error_words(row.code);
  }
  const HttpRow* row = http_row(status);
  return row != nullptr ? row->words : error_words(StatusCode::kInternal);
}

std::vector<ErrorWords> all_error_words() {
  std::vector<ErrorWords> all;
  for (const ErrorRow& row : kRows) {
    if (row.code != StatusCode::kOk) all.push_back(error_words(row.code));
  }
  for (const HttpRow& row : kHttpRows) {
    const auto same = [&](const ErrorWords& known) { return known.code == row.words.code; };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back(row.words);
  }
  return all;
}

std::string_view http_reason(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

}  // namespace pando::api

#include "api/errors.h"

#include <array>

#include "base/check.h"

namespace pando::api {
namespace {

// In the order of StatusCode, so that the code is the index. A conflict with what is stored is 409; what the
// client may simply send again carries `retry`.
constexpr std::array<ErrorRow, 18> kRows{{
    {StatusCode::kOk, 200, "OK", 0, false},
    {StatusCode::kInvalidArgument, 400, "ERR", 3, false},
    {StatusCode::kNotFound, 404, "ERR", 5, false},
    {StatusCode::kReadOnly, 403, "READONLY", 9, false},
    {StatusCode::kWrongType, 409, "WRONGTYPE", 9, false},
    {StatusCode::kConflict, 409, "ERR", 10, false},
    {StatusCode::kGone, 410, "ERR", 10, false},
    {StatusCode::kTooLarge, 413, "ERR", 8, false},
    {StatusCode::kOutOfRange, 409, "ERR", 11, false},
    {StatusCode::kPreconditionFailed, 412, "ERR", 9, false},
    {StatusCode::kOverloaded, 503, "BUSY", 8, true},
    {StatusCode::kUnavailable, 503, "LOADING", 14, true},
    {StatusCode::kTimeout, 504, "ERR", 4, false},
    {StatusCode::kDataLoss, 500, "ERR", 15, false},
    {StatusCode::kPermissionDenied, 403, "NOPERM", 7, false},
    {StatusCode::kUnimplemented, 501, "ERR", 12, false},
    {StatusCode::kIoError, 500, "ERR", 13, false},
    {StatusCode::kInternal, 500, "ERR", 13, false},
}};

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

#include "base/status.h"

#include <fmt/core.h>

namespace pando {

std::string_view code_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "ok";
    case StatusCode::kInvalidArgument: return "invalid_argument";
    case StatusCode::kNotFound: return "not_found";
    case StatusCode::kReadOnly: return "read_only";
    case StatusCode::kWrongType: return "wrong_type";
    case StatusCode::kConflict: return "conflict";
    case StatusCode::kGone: return "gone";
    case StatusCode::kTooLarge: return "too_large";
    case StatusCode::kOutOfRange: return "out_of_range";
    case StatusCode::kPreconditionFailed: return "precondition_failed";
    case StatusCode::kOverloaded: return "overloaded";
    case StatusCode::kUnavailable: return "unavailable";
    case StatusCode::kTimeout: return "timeout";
    case StatusCode::kDataLoss: return "data_loss";
    case StatusCode::kPermissionDenied: return "permission_denied";
    case StatusCode::kUnimplemented: return "unimplemented";
    case StatusCode::kIoError: return "io_error";
    case StatusCode::kInternal: return "internal";
  }
  return "unknown";
}

const std::string& Status::message() const {
  static const std::string kNothing;
  return ok() ? kNothing : said_->message;
}

std::string Status::to_string() const {
  if (ok()) return "ok";
  return fmt::format("{}: {}", code_name(code()), message());
}

Status Status::with_context(std::string_view where) const {
  if (ok()) return *this;
  return Status(code(), fmt::format("{}: {}", where, message()));
}

}  // namespace pando

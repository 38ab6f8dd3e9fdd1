// base/status.h — the second kind of failure: the world misbehaved.
//
// A Status is a code plus a sentence for a person. It travels up by value; each level may add context in
// front ("segment 3: record at 4096: bad checksum"). Absence of a value is not an error: use optional.
// One table in api/ maps codes to HTTP, RESP and gRPC; nobody else invents protocol errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace pando {

enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument,     // the request is malformed; the message names what and where
  kNotFound,            // namespace, transaction or object does not exist
  kReadOnly,            // a write on a node that only follows
  kWrongType,           // the key holds another type
  kConflict,            // transaction already committed
  kGone,                // transaction aborted or timed out
  kTooLarge,            // over a named limit
  kOutOfRange,          // overflow, bound would be crossed
  kPreconditionFailed,  // If-Match and friends
  kOverloaded,          // a named queue is full; try again
  kUnavailable,         // cannot serve now: starting, stopping, link down, disk full; try again
  kTimeout,             // a bounded wait ended
  kDataLoss,            // damaged bytes on disk or wire; the message names the place
  kPermissionDenied,    // authenticated but not allowed, or not authenticated
  kUnimplemented,       // known, but not served by this node
  kIoError,             // the operating system refused; errno text in the message
  kInternal,            // a bug we survived
};

// "kDataLoss" → "data_loss": the word used in JSON, logs and metrics.
std::string_view code_name(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // "data_loss: segment 3: …", for logs.
  std::string to_string() const;
  // The same code with "`where`: " in front of the message.
  Status with_context(std::string_view where) const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

template <typename T>
using Result = tl::expected<T, Status>;

// `return fail(StatusCode::kTooLarge, "…");` from a function that returns Result<T>.
inline tl::unexpected<Status> fail(StatusCode code, std::string message) {
  return tl::unexpected<Status>(Status(code, std::move(message)));
}
inline tl::unexpected<Status> fail(Status status) { return tl::unexpected<Status>(std::move(status)); }

}  // namespace pando

// Leaves the function with the failure of a Status or Result expression.
#define PANDO_RETURN_IF_ERROR(expression)                                    \
  do {                                                                       \
    if (auto status_or_ = (expression); !::pando::detail::is_ok(status_or_)) \
      return ::pando::detail::failure(status_or_);                           \
  } while (false)

namespace pando::detail {

inline bool is_ok(const Status& status) { return status.ok(); }
template <typename T>
bool is_ok(const Result<T>& result) {
  return result.has_value();
}

// Converts to both Status and Result<U>.
struct Failure {
  Status status;
  operator Status() const { return status; }
  template <typename U>
  operator Result<U>() const {
    return tl::unexpected<Status>(status);
  }
};
inline Failure failure(const Status& status) { return {status}; }
template <typename T>
Failure failure(const Result<T>& result) {
  return {result.error()};
}

}  // namespace pando::detail

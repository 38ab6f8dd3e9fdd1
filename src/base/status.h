// base/status.h — the second kind of failure: the world misbehaved.
//
// A Status is a code plus a sentence for a person. It travels up by value; each level may add context in
// front ("segment 3: record at 4096: bad checksum"). Absence of a value is not an error: use optional.
// One table in api/ maps codes to HTTP, RESP and gRPC; nobody else invents protocol errors.
#pragma once

#include <cstdint>
#include <memory>
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

// A pointer: most of what is returned is ok, many times for every command, and then it is null. A moved-from Status is
// ok.
class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusCode code, std::string message)
      : said_(code == StatusCode::kOk ? nullptr : new Said{code, std::move(message)}) {}
  Status(const Status& other) : said_(other.ok() ? nullptr : new Said(*other.said_)) {}
  Status(Status&&) noexcept = default;
  Status& operator=(const Status& other) {
    if (this != &other) said_.reset(other.ok() ? nullptr : new Said(*other.said_));
    return *this;
  }
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const { return said_ == nullptr; }
  StatusCode code() const { return ok() ? StatusCode::kOk : said_->code; }
  const std::string& message() const;  // empty when ok
  // "data_loss: segment 3: …", for logs.
  std::string to_string() const;
  // The same code with "`where`: " in front of the message.
  Status with_context(std::string_view where) const;

  friend bool operator==(const Status& a, const Status& b) {
    return a.code() == b.code() && a.message() == b.message();
  }

 private:
  struct Said {
    StatusCode code;
    std::string message;
  };

  std::unique_ptr<Said> said_;
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

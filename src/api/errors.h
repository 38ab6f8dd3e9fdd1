// api/errors.h — the one table that says what each StatusCode is in each protocol.
//
//   StatusCode            HTTP   RESP prefix   gRPC code               tell the client to retry
//   invalid_argument      400    ERR           3  INVALID_ARGUMENT
//   not_found             404    ERR           5  NOT_FOUND
//   read_only             403    READONLY      9  FAILED_PRECONDITION
//   wrong_type            409    WRONGTYPE     9  FAILED_PRECONDITION
//   …                                                                  yes for overloaded, unavailable
//
// 413 is for bodies and transactions (too_large); a key, column or value over its limit is part of a request
// that can never be right and is answered 400 (invalid_argument) naming the limit. Nobody else invents
// protocol errors.
#pragma once

#include <string_view>

#include "base/status.h"

namespace pando::api {

struct ErrorRow {
  StatusCode code = StatusCode::kOk;
  int http = 200;
  std::string_view resp;  // the word a RESP error starts with
  int grpc = 0;           // grpc::StatusCode by number
  bool retry = false;     // HTTP adds Retry-After, a client may send the same again
};

const ErrorRow& error_row(StatusCode code);

// "Not Found" for 404; "Error" for a number we never send.
std::string_view http_reason(int status);

}  // namespace pando::api

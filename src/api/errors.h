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
#include <vector>

#include "base/status.h"

namespace pando::api {

// Over HTTP an error is a text for this one case, and two words that are the same each time:
//
//   HTTP/1.1 409 Conflict
//   Pando-Error: wrong_type                                                   stable, for programs: code_name()
//   Pando-Hint: use the key as what it holds, or delete it first             what to do
//
//   {"error":"key \"k\" holds a set, not a counter","code":"wrong_type","hint":"use the key …"}
//
// Routes of the outside contract (Area::bare_errors) have the headers, and {"error":"text"} alone as body.

struct ErrorRow {
  StatusCode code = StatusCode::kOk;
  int http = 200;
  std::string_view resp;  // the word a RESP error starts with
  int grpc = 0;           // grpc::StatusCode by number
  bool retry = false;     // HTTP adds Retry-After, a client may send the same again
  std::string_view hint;
};

const ErrorRow& error_row(StatusCode code);

struct ErrorWords {
  std::string_view code;
  std::string_view hint;
};
ErrorWords error_words(StatusCode code);
// Of a refusal that no StatusCode stands behind: 405, 414 and what else only HTTP knows.
ErrorWords error_words_of_http(int status);
// Of what was answered and not refused: nothing found (404), another state than conditions name (412), not now (429).
ErrorWords error_words_of_answer(int status);

// Every word an answer may carry, each once.
std::vector<ErrorWords> all_error_words();

// "Not Found" for 404; "Error" for a number we never send.
std::string_view http_reason(int status);

}  // namespace pando::api

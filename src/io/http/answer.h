// io/http/answer.h — the text of an answer's head, and the date in it.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

#include "api/errors.h"
#include "api/terms_text.h"
#include "base/bytes.h"

namespace pando::io::http {

inline constexpr std::string_view kJson = "application/json";

struct AnswerHead {
  int status = 200;
  std::string_view content_type = kJson;
  std::optional<std::uint64_t> body_bytes;  // absent: the body ends with the connection
  int version = 11;
  bool keep_alive = true;
  std::string_view allow = {};  // for 405
  bool no_store = false;        // event streams
  const api::AnswerTerms* terms = nullptr;
  api::ErrorWords error = {};  // from 400 on
};

// HTTP/1.1 200 OK … up to and with the empty line. 503 carries Retry-After, 429 that of its terms.
void append_head(Bytes& out, const AnswerHead& head, std::string_view date);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string_view http_date(std::time_t now, char (&text)[32]);

}  // namespace pando::io::http

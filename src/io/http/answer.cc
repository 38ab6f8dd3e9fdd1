#include "io/http/answer.h"

#include <fmt/format.h>

#include "api/json_text.h"

namespace pando::io::http {

namespace {

void append_field(Bytes& out, std::string_view name, std::string_view value) {
  out += "\r\n";
  out.append(name);
  out += ": ";
  out.append(value);
}

void append_terms(Bytes& out, const api::AnswerTerms& terms) {
  if (terms.has_token) append_field(out, "Pando-Token", terms.token);
  if (!terms.etag.empty()) append_field(out, "ETag", terms.etag);
  if (!terms.reached.empty()) append_field(out, "Pando-Durability", terms.reached);
  if (terms.replayed) append_field(out, "Idempotency-Replayed", "true");
}

}  // namespace

void append_head(Bytes& out, const AnswerHead& head, std::string_view date) {
  if (head.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", head.status, api::http_reason(head.status));
  }
  out += "Date: ";
  out.append(date);
  out += "\r\nContent-Type: ";
  out.append(head.content_type);
  if (head.body_bytes) {
    out += "\r\nContent-Length: ";
    api::append_number(out, *head.body_bytes);
  }
  if (!head.allow.empty()) append_field(out, "Allow", head.allow);
  if (!head.error.code.empty()) {
    append_field(out, "Pando-Error", head.error.code);
    append_field(out, "Pando-Hint", head.error.hint);
  }
  if (head.status == 503) out += "\r\nRetry-After: 1";
  if (head.terms != nullptr) {
    append_terms(out, *head.terms);
    if (head.status == 429 && !head.terms->retry_after.empty()) {
      append_field(out, "Retry-After", head.terms->retry_after);
    }
  }
  if (head.no_store) out += "\r\nCache-Control: no-store";
  if (!head.keep_alive) {
    out += "\r\nConnection: close";
  } else if (head.version == 10) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

std::string_view http_date(std::time_t now, char (&text)[32]) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  const auto end =
      fmt::format_to_n(text, sizeof(text), "{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                       kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text, static_cast<std::size_t>(end.out - text)};
}

}  // namespace pando::io::http

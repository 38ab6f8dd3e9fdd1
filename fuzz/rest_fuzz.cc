// fuzz/rest_fuzz.cc — any request line, headers and body through api/rest.h.
//
// Input: a first line that is either
//   METHOD target                     as a client would send it, or
//   @ and a byte and captures?query   the row of the table with that index, its captures cut at '/'
// then a line of headers, "idempotency-key|last-event-id|token|wait|durability|if-match|if-none-match", and the rest is
// the body. Beyond not crashing: a refusal has a text, a status and words we know, whatever is answered is valid UTF-8,
// and what is let through obeys the limits that the node relies on.
#include <cstdint>
#include <cstdlib>

#include "api/errors.h"
#include "api/json_text.h"
#include "api/rest.h"
#include "api/route.h"
#include "api/terms_text.h"
#include "base/check.h"
#include "base/limits.h"

namespace {

using namespace pando;

std::string_view cut(std::string_view& rest, char at) {
  const std::size_t end = std::min(rest.find(at), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

struct Line {
  api::Method method;
  std::string target;
};

Line line_of_row(std::string_view text) {
  static const std::vector<const api::RouteRow*> rows = [] {
    std::vector<const api::RouteRow*> all;
    for (const api::Area& area : api::routes().areas()) {
      for (const api::RouteRow& row : area.rows) all.push_back(&row);
    }
    return all;
  }();
  const std::size_t index = text.empty() ? 0 : static_cast<std::uint8_t>(text.front());
  const api::RouteRow& row = *rows[index % rows.size()];
  text.remove_prefix(std::min<std::size_t>(1, text.size()));
  const std::size_t question = std::min(text.find('?'), text.size());
  std::string_view captures = text.substr(0, question);
  Line line{row.method, row.path.in_namespace() ? "/api/v1" : ""};
  for (std::size_t i = 0; i < row.path.size(); ++i) {
    line.target += '/';
    switch (row.path[i].capture) {
      case api::Capture::kNone: line.target += row.path[i].text; break;
      case api::Capture::kTail: line.target += captures; break;
      default: line.target += cut(captures, '/'); break;
    }
  }
  line.target += text.substr(question);
  return line;
}

Line line_of(std::string_view text) {
  if (!text.empty() && text.front() == '@') return line_of_row(text.substr(1));
  const std::string_view method = cut(text, ' ');
  return {api::method_of(method), std::string(text)};
}

api::Headers headers_of(std::string_view text) {
  api::Headers headers;
  headers.idempotency_key = cut(text, '|');
  headers.last_event_id = cut(text, '|');
  const bool has_token = !text.empty();
  const std::string_view token = cut(text, '|');
  if (has_token) headers.token = token;
  headers.wait = cut(text, '|');
  headers.durability = cut(text, '|');
  headers.if_match = cut(text, '|');
  headers.if_none_match = cut(text, '|');
  return headers;
}

void check_mutation(const Mutation& m) {
  CHECK(validate_key(m.key).ok());
  CHECK(validate_table_name(m.table).ok());
  CHECK(m.value.size() <= limits::kValueBytesMax);
  CHECK(m.members.size() <= limits::kBatchItemsMax);
  for (const Bytes& member : m.members) CHECK(validate_member(member).ok());
  const bool names_columns = m.kind == Mutation::Kind::kPutColumns || m.kind == Mutation::Kind::kDeleteColumns;
  CHECK(names_columns == !m.columns.empty());
  for (const auto& column : m.columns) CHECK(validate_element(column.first).ok());
}

void check_terms(const Terms& terms) {
  CHECK(terms.after_wait.us >= 0 && terms.after_wait.millis() <= limits::kWaitMsMax);
  CHECK(terms.durability_wait.us >= 0 && terms.durability_wait.millis() <= limits::kWaitMsMax);
  if (terms.after) CHECK(!terms.after->empty() && terms.after->size() <= limits::kTokenDotsMax);
  if (terms.if_match) CHECK(terms.if_match->etags.size() <= limits::kConditionEtagsMax);
  if (terms.if_none_match) CHECK(terms.if_none_match->etags.size() <= limits::kConditionEtagsMax);
  if (terms.idempotency_key) CHECK(terms.idempotency_key->size() <= limits::kIdempotencyKeyBytesMax);
}

void check_refusal(const api::Call& call, const api::HttpError& error) {
  CHECK(!error.text.empty());
  CHECK(api::http_reason(error.status) != "Error");
  CHECK(!api::error_words_of_http(error.status).code.empty());
  Bytes body;
  api::append_failure(call, error, body);
  CHECK(api::is_utf8(body));
}

// A refusal before the node was asked can only be that the request is wrong, or too much.
void check_invalid(const api::Call& call, const Status& status) {
  CHECK(status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kTooLarge);
  check_refusal(call, api::http_error(status));
}

void check_request(const Request& request) {
  if (const auto* write = std::get_if<WriteRequest>(&request)) {
    CHECK(!write->mutations.empty() && write->mutations.size() <= limits::kBatchItemsMax);
    for (const Mutation& m : write->mutations) check_mutation(m);
  }
  if (const auto* append = std::get_if<TxAppendRequest>(&request)) check_mutation(*append->mutation);
  if (const auto* list = std::get_if<ListRequest>(&request)) CHECK(list->count_max <= limits::kListKeysMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static api::Rest rest;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const Line line = line_of(cut(input, '\n'));
  const api::Headers headers = headers_of(cut(input, '\n'));
  auto call = api::route(line.method, line.target);
  if (!call) {
    check_refusal(api::Call(), call.error());
    return 0;
  }
  CHECK(call->row != nullptr && call->words.size() <= limits::kPathWordsMax + api::Pattern::kPartsMax);
  if (call->carriage() == api::Carriage::kWatch) {
    if (auto watch = api::parse_watch(*call, headers); !watch) check_invalid(*call, watch.error());
    return 0;
  }
  if (call->carriage() != api::Carriage::kRequest) {
    if (Status status = api::take_terms(headers, *call); !status.ok()) check_invalid(*call, status);
    check_terms(call->terms);
    return 0;
  }
  Bytes body(input);
  Result<Request> request = rest.parse(*call, headers, body);
  if (!request) {
    check_invalid(*call, request.error());
    return 0;
  }
  check_terms(call->terms);
  check_request(*request);
  return 0;
}

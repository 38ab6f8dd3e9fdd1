// fuzz/rest_fuzz.cc — any request line, headers and body through api/rest.h.
//
// Input: first line "METHOD target", second line headers "idempotency-key|last-event-id", the rest is the body.
// Beyond not crashing: a refusal always has a text and a status we know, and what is let through obeys the limits
// that the node relies on.
#include <cstdint>
#include <cstdlib>

#include "api/errors.h"
#include "api/json_text.h"
#include "api/rest.h"
#include "base/check.h"
#include "base/limits.h"

namespace {

using namespace pando;

std::string_view cut_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

void check_mutation(const Mutation& m) {
  CHECK(validate_key(m.key).ok());
  CHECK(m.table == kTableKv || m.table == kTableRow);
  CHECK(m.value.size() <= limits::kValueBytesMax);
  const bool names_columns = m.kind == Mutation::Kind::kPutColumns || m.kind == Mutation::Kind::kDeleteColumns;
  CHECK(names_columns == !m.columns.empty());
  for (const auto& column : m.columns) CHECK(validate_element(column.first).ok());
}

void check_refusal(int status, std::string_view text) {
  CHECK(!text.empty());
  CHECK(api::http_reason(status) != "Error");
  Bytes body;
  api::append_error(text, body);
  CHECK(api::is_utf8(body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static api::Rest rest;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view line = cut_line(input);
  const std::string_view headers = cut_line(input);
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::size_t bar = std::min(headers.find('|'), headers.size());
  const api::Headers known{headers.substr(0, bar), headers.substr(std::min(bar + 1, headers.size()))};

  auto call = api::route(api::method_of(line.substr(0, space)), line.substr(std::min(space + 1, line.size())));
  if (!call) {
    check_refusal(call.error().status, call.error().text);
    return 0;
  }
  if (call->carriage() == api::Carriage::kWatch) {
    if (auto watch = api::parse_watch(*call, known); !watch) check_refusal(400, watch.error().message());
    return 0;
  }
  if (call->carriage() != api::Carriage::kRequest) return 0;
  Bytes body(input);
  Result<Request> request = rest.parse(*call, known, body);
  if (!request) {
    CHECK(request.error().code() == StatusCode::kInvalidArgument);
    check_refusal(400, request.error().message());
    return 0;
  }
  if (const auto* write = std::get_if<WriteRequest>(&*request)) {
    CHECK(!write->mutations.empty() && write->mutations.size() <= limits::kBatchItemsMax);
    for (const Mutation& m : write->mutations) check_mutation(m);
  }
  if (const auto* append = std::get_if<TxAppendRequest>(&*request)) check_mutation(append->mutation);
  return 0;
}

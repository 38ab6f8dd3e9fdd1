// fuzz/document_fuzz.cc — JSON documents, patches of them, and the typed payloads of merge groups: any text is refused
// in words, or means the same when it is written out and read again, and lies within the limits of documents.
#include <cstdint>

#include "api/document_json.h"
#include "api/json_text.h"
#include "base/check.h"
#include "engine/typed_payload.h"
#include "model/document.h"

namespace {

using namespace pando;

void check_refusal(const Status& status) {
  CHECK(status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kTooLarge);
  CHECK(!status.message().empty());
}

void check_put(ByteSpan json) {
  const Result<PutDocument> put = api::parse_document(json);
  if (!put) return check_refusal(put.error());
  if (Status status = validate(*put); !status.ok()) return check_refusal(status);
  Bytes text;
  api::append_document(put->document, text);
  CHECK(api::is_utf8(text));
  const Result<PutDocument> again = api::parse_document(text);
  CHECK(again && again->document == put->document);
}

void check_patch(ByteSpan json) {
  const Result<PatchDocument> patch = api::parse_document_patch(json);
  if (!patch) return check_refusal(patch.error());
  if (Status status = validate(*patch); !status.ok()) return check_refusal(status);
  for (const DocumentEdit& edit : patch->edits) CHECK(fields_of_path(edit.path).has_value());
}

void check_payloads(ByteSpan payload) {
  static engine::TypedPayloadParser parser;
  (void)parser.parse_lww(payload);
  if (const auto counter = parser.parse_counter(payload)) CHECK(counter->count <= INT64_MAX);
  // The order of payloads is total: one of them and itself are equal, and something differs from nothing.
  CHECK(engine::compare_lww(parser, payload, payload) == std::strong_ordering::equal);
  const auto order = engine::compare_lww(parser, payload, "");
  CHECK((order == std::strong_ordering::equal) == payload.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan text(reinterpret_cast<const char*>(data), size);
  check_put(text);
  check_patch(text);
  check_payloads(text);
  return 0;
}

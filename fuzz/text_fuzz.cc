// fuzz/text_fuzz.cc — the words of the ways in: spans, durations, tokens, numbers, names, base64, patterns.
//
// Whatever is taken means the same when it is written out and read again, and lies within its limits.
#include <algorithm>
#include <cstdint>

#include "api/document_json.h"
#include "api/resp_glob.h"
#include "api/spans.h"
#include "api/ttl_text.h"
#include "base/base64.h"
#include "base/int128.h"
#include "base/limits.h"
#include "canonical.h"
#include "engine/catalog.h"
#include "model/bounded.h"
#include "model/conflict.h"
#include "model/expiry.h"
#include "model/scores.h"
#include "model/terms.h"

namespace {

using namespace pando;

template <typename T>
std::string text_of(const T& value) {
  return to_string(value);
}

void check_names(ByteSpan text) {
  fuzz::check_text(text, parse_origin, text_of<Origin>);
  fuzz::check_text(text, parse_conflict_id, text_of<ConflictId>);
  fuzz::check_text(text, parse_durability, text_of<Durability>);
  fuzz::check_text(text, parse_causal_token, text_of<CausalToken>);
  if (const auto reservation = parse_reservation(text)) CHECK(to_string(*reservation) == text);
  if (const auto path = api::path_of_text(text)) CHECK(fields_of_path(*path).has_value());
  CHECK(!api::scalar_of_text(text).empty());
}

void check_numbers(ByteSpan text) {
  fuzz::check_text(text, parse_decimal, decimal_text);
  fuzz::check_text(text, parse_score, score_text);
  if (const auto units = parse_decimal(text)) CHECK(*units <= kDecimalMax && *units >= -kDecimalMax);
  if (const auto ms = parse_span_ms(text)) CHECK(*ms > 0 && *ms <= kTtlMsMax);
  if (const auto span = api::parse_span(text)) CHECK(span->us > 0);
  if (const auto ttl = api::parse_ttl_text(text)) CHECK(ttl->has_value() && validate_ttl(**ttl).ok());
}

void check_base64(ByteSpan text) {
  if (const auto bytes = base64_decode(text)) {
    Bytes unwrapped(text);
    std::erase_if(unwrapped, [](char c) { return c == '\r' || c == '\n'; });
    CHECK(base64_encode(*bytes) == unwrapped);
  }
  if (const auto bytes = base64url_decode(text)) CHECK(base64url_encode(*bytes) == text);
}

// "pattern\ntext"; "property\nvalue" of a table declaration.
void check_pair(ByteSpan first, ByteSpan second) {
  if (api::glob_match(first, second)) CHECK(second.starts_with(api::glob_prefix(first)));
  TableDeclaration declaration;
  const Status status = engine::set_property(declaration, first, second);
  if (!status.ok()) {
    CHECK(!status.message().empty());
    CHECK(declaration == TableDeclaration());
    return;
  }
  TableDeclaration again;
  for (const auto& [name, value] : engine::properties_of(declaration)) {
    CHECK(engine::set_property(again, name, value).ok());
  }
  CHECK(again == declaration);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan text(reinterpret_cast<const char*>(data), size);
  check_names(text);
  check_numbers(text);
  check_base64(text);
  const std::size_t line = std::min(text.find('\n'), text.size());
  check_pair(text.substr(0, line), text.substr(std::min(line + 1, text.size())));
  return 0;
}

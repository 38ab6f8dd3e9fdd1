// fuzz/canonical.h — what every decoder owes: it refuses in words, and what it takes has one form only, so encoding it
// again gives the same bytes.
#pragma once

#include "base/bytes.h"
#include "base/check.h"
#include "base/codec.h"
#include "base/status.h"

namespace pando::fuzz {

inline void check_refusal(const Status& status, StatusCode code) {
  CHECK(status.code() == code);
  CHECK(!status.message().empty());
}

// `decode` takes whole bytes and gives a Result; `encode` makes bytes of what it gave.
template <typename Decode, typename Encode>
void check_whole(ByteSpan bytes, Decode decode, Encode encode) {
  const auto value = decode(bytes);
  if (value) {
    CHECK(encode(*value) == bytes);
  } else {
    CHECK(!value.error().message().empty());
  }
}

// `decode` reads a part of something larger; encode(value, Writer&) is found where its noun lives.
template <typename Decode>
void check_part(ByteSpan bytes, Decode decode) {
  Reader in(bytes);
  const auto value = decode(in);
  if (!in.ok()) {
    check_refusal(in.status(), StatusCode::kDataLoss);
    return;
  }
  Bytes again;
  Writer out(again);
  encode(value, out);
  CHECK(again == bytes.substr(0, in.offset()));
}

// `parse` reads text; several texts may mean the same, and to_text(value) is the one that we write.
template <typename Parse, typename ToText>
void check_text(ByteSpan text, Parse parse, ToText to_text) {
  const auto value = parse(text);
  if (!value) return;
  const auto again = parse(to_text(*value));
  CHECK(again && *again == *value);
}

}  // namespace pando::fuzz

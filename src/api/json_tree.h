// api/json_tree.h — a JSON text as a tree of objects whose leaves are text. Internal to document_json.cc.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace pando::api {

struct JsonField;

struct JsonTree {
  enum class Kind : std::uint8_t { kObject, kNull, kNumber, kString, kOther };  // kOther: booleans and arrays
  Kind kind = Kind::kNull;
  Bytes text;  // JSON without blanks, for all but objects
  std::vector<JsonField> fields;

  const JsonTree* find(ByteSpan name) const;
};

struct JsonField {
  Bytes name;
  JsonTree value;
};

// kInvalidArgument naming place and mistake; kTooLarge for more fields or levels than a document may have.
Result<JsonTree> parse_json_tree(ByteSpan json);

}  // namespace pando::api

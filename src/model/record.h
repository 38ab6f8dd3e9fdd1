// model/record.h — reading the documents of a table: one, or a list of them.
#pragma once

#include <cstdint>
#include <vector>

#include "model/document.h"
#include "model/path.h"

namespace pando {

struct GetDocumentRequest {
  std::string table{kTableKv};
  Bytes key;
  std::vector<Bytes> fields = {};  // paths: only these, with what they hold and what holds them; all when empty
};

// A condition on one field.
struct FieldFilter {
  enum class Op : std::uint8_t {
    kEqual,
    kNotEqual,  // the only one that also holds for a field that is not there
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kHas,  // a set, or an array of plain values, has it
  };
  Bytes path;
  Op op = Op::kEqual;
  Bytes value;  // a JSON scalar. Numbers compare with numbers, strings with strings; other types do not compare
};

// Documents of a table by key. Keys that hold other types are passed over.
struct ListDocumentsRequest {
  std::string table{kTableKv};
  Bytes prefix = {};
  Bytes from = {};   // included
  Bytes to = {};     // not included
  Bytes after = {};  // goes on behind this key, in the order asked for
  bool descending = false;
  std::uint32_t count_max = 100;
  std::vector<FieldFilter> filters = {};  // all of them hold
  std::vector<Bytes> fields = {};         // as in GetDocumentRequest
};

struct DocumentReply {
  bool found = false;
  Document document = {};
};

struct DocumentsReply {
  struct Item {
    Bytes key;
    Document document;
  };
  std::vector<Item> items = {};
  // There is more, or may be: what one request looks at is bounded. Ask again behind `last`.
  bool more = false;
  Bytes last = {};
};

}  // namespace pando

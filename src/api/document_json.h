// api/document_json.h — documents as JSON text, both ways.
//
// Numbers keep the text they came with: 12.50 stays 12.50, and whole numbers have as many digits as they like. That is
// why nlohmann's parser, which hands out that text, and not simdjson reads them. Fields come back in byte order of
// their names. A set is written as an array. Limits: model/document.h; they are held to while the text is read, so a
// hostile one takes no more memory than its own size.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "model/document.h"

namespace pando::api {

// A JSON object. kInvalidArgument naming the place of a mistake, a field that is there twice, or "__op__", which
// belongs into patches.
Result<PutDocument> parse_document(ByteSpan json);
// A JSON Merge Patch (RFC 7386) whose values may be {"__op__":"add","value":n}: add, max, min with a number, or a
// decimal in quotes; set-add, set-remove with a scalar or an array of them.
Result<PatchDocument> parse_document_patch(ByteSpan json);

void append_document(const Document& document, Bytes& out);

// Text of a query into a JSON scalar: itself when it is one (5, true, null, "quoted"), else a string.
Bytes scalar_of_text(ByteSpan text);
// A field named in a query: "a.b", or a JSON Pointer, "/a.b/c", for names with dots in them.
Result<Bytes> path_of_text(ByteSpan text);

}  // namespace pando::api

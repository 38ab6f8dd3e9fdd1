// api/json_fields.h — reading the JSON bodies of rest.h: one function per kind of field, one text per mistake.
//
// Internal to api/ (simdjson is a heavy header). Every refusal is kInvalidArgument naming the field. A field that
// is null counts as missing. Views point into the parser's buffers and live until its next document.
#pragma once

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/request.h"

namespace pando::api {

namespace dom = simdjson::dom;

inline tl::unexpected<Status> refuse(std::string text) { return fail(StatusCode::kInvalidArgument, std::move(text)); }
// Limits of keys and columns are 400 here, whatever code model/ gave them: see api/errors.h.
Status as_invalid(Status status);
// "missing or superfluous comma, …": what is wrong with the text.
std::string json_reason(simdjson::error_code error);

std::optional<dom::element> field(dom::object object, std::string_view name);
Result<std::string_view> string_of(dom::element element, std::string_view name, std::string_view what);
Result<std::string_view> string_field(dom::object object, std::string_view name, std::string_view what = "a string");
Result<dom::object> object_in(dom::element element);

// "invalid base64 value: illegal base64 data at input byte 3", or over the limit of a value.
Result<Bytes> decode_value(std::string_view text);
// Field "value".
Result<Bytes> value_field(dom::object object);
// A key given as JSON text, checked.
Result<Bytes> key_field(dom::object object, std::string_view name);
Status check_column(ByteSpan name);
// {"columns":{name: base64, …}}; a missing or empty object is "no columns".
Result<Columns> columns_field(dom::object object);
// {"columns":{name: anything}} or {"columns":[name, …]}: names to delete.
Result<Columns> column_names_field(dom::object object);
// {"members":[base64, …]}: "no members" when missing or empty; within limits::kBatchItemsMax.
Result<std::vector<Bytes>> members_field(dom::object object);
// The list called `name`: "no items" when missing or empty; within limits::kBatchItemsMax.
Result<dom::array> list_field(dom::object object, std::string_view name);

// {`name`:[base64, …]}: "no `name`" when missing or empty; within limits::kBatchItemsMax.
Result<std::vector<Bytes>> bytes_list_field(dom::object object, std::string_view name);
// Fields that may be left out. A whole number fits 64 bits.
Result<std::optional<std::int64_t>> whole_field(dom::object object, std::string_view name);
Result<bool> bool_field(dom::object object, std::string_view name, bool fallback = false);
Result<std::optional<Bytes>> base64_field(dom::object object, std::string_view name);
// Field "table", `fallback` when it is missing: one whose keys may be of any type.
Result<std::string> table_field(dom::object object, std::string_view fallback);
// kInvalidArgument when keys of that table are not of any type: it breaks a rule, is ours, `row` or `lob`.
Status check_any_type_table(std::string_view table);

enum class Verb { kPut, kDelete };
// The list of node names called `name`; empty when missing.
Result<std::vector<std::string>> node_names_field(dom::object object, std::string_view name);
// Field "operation".
Result<Verb> verb_field(dom::object object);
// The same, `fallback` when it is missing.
Result<Verb> verb_or(dom::object object, Verb fallback);
// Field `name`: a path relative to the backup root that stays below it.
Result<std::string> backup_path_field(dom::object object, std::string_view name);

}  // namespace pando::api

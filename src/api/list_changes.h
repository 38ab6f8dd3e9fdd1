// api/list_changes.h — the JSON form of changes of lists: one for routes and transactions. Internal to api/.
//
//   "push"    {"values":[base64, …] or "value":base64, "end":"front"|"back", "if_exists":bool}
//   "insert"  {"values" or "value", "index":n | "before":base64 | "behind":base64}
//   "pop"     {"end":"front"|"back", "count":n}
//   "set"     {"index":n, "value":base64}
//   "remove"  {"value":base64, "count":n}
//   "cut"     {"first":n, "last":n}           takes them out
//   "keep"    {"first":n, "last":n}           takes all others out
//   "move"    {"from":n, "to":n}
//   "delete"
#pragma once

#include "api/json_fields.h"

namespace pando::api {

inline constexpr std::string_view kListChanges = "push, insert, pop, set, remove, cut, keep, move, delete";

// kInvalidArgument naming the field, or the changes there are.
Result<Mutation::Detail> list_change(std::string_view change, dom::object body);
// {"key","table","change", and its fields}: an item of a transaction.
Result<Mutation> list_item(dom::object item);

}  // namespace pando::api

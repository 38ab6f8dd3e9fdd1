// api/score_changes.h — the JSON form of changes of sorted sets: one for routes and transactions. Internal to api/.
//
//   "add"     {"members":[{"member":base64,"score":n}, …], "nx","xx","gt","lt","ch":bool}, or one "member" and "score"
//   "incr"    {"member":base64, "by":n, "nx","xx","gt","lt":bool}
//   "remove"  {"members":[base64, …]}
//   "cut"     {range, "limit":n}             range: {"by":"rank"|"score"|"member","first","last","min","max",
//   "pop"     {"end":"top"|"bottom","count"}         "from","to","min_open","max_open","from_open","to_open","reverse"}
//   "delete"
//
// Scores are JSON numbers, or "inf" and "-inf".
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#pragma once

#include "api/json_fields.h"

namespace pando::api {

inline constexpr std::string_view kScoreChanges = "add, incr, remove, cut, pop, delete";

// kInvalidArgument naming the field, or the changes there are.
Result<Mutation::Detail> score_change(std::string_view change, dom::object body);
// {"key","table","change", and its fields}: an item of a transaction.
Result<Mutation> score_item(dom::object item);
// A score out of a JSON number or text.
Result<double> score_of(dom::element element, std::string_view name);

}  // namespace pando::api

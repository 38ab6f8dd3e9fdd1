// api/openapi.h — the whole HTTP surface as an OpenAPI 3.1 document, made from the table of routes (api/route.h).
//
// https://spec.openapis.org/oas/v3.1.0. Nothing in it is written twice: paths, methods, parameters, bodies, answers and
// refusals come from the rows, schemas from the areas, error words from api/errors.*. openapi_test.cc holds it against
// what route(), parse and reply really do.
//
// HEAD stands for GET wherever that is. A path's tail ({path...} in a row) is written {path}: OpenAPI has no word for
// "one or more segments", its description says so.
#pragma once

#include "api/route.h"

namespace pando::api {

Bytes openapi_of(const RouteTable& table);
// Of routes(), made once. Ends with a newline.
const Bytes& openapi_json();

}  // namespace pando::api

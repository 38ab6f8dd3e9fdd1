// About the process: health, metrics, and what it can do, answered by io/http's owner.
#include "api/route.h"

namespace pando::api {
namespace {

constexpr Parameter kNamespace[] = {{"namespace", "Only this one; 404 when it is not configured"}};

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/healthz",
     .id = "health",
     .summary = "Ask whether every namespace can serve",
     .carriage = Carriage::kHealth,
     .answer = json("Health")},
    {.method = Method::kGet,
     .path = "/health",
     .id = "health_alias",
     .summary = "The same as /healthz",
     .carriage = Carriage::kHealth,
     .answer = json("Health")},
    {.method = Method::kGet,
     .path = "/readyz",
     .id = "ready",
     .summary = "Ask whether requests will be served",
     .carriage = Carriage::kReady,
     .query = kNamespace,
     .answer = json("Health")},
    {.method = Method::kGet,
     .path = "/metrics",
     .id = "metrics",
     .summary = "Read all metrics in the Prometheus text format",
     .carriage = Carriage::kMetrics,
     .answer = text()},
    {.method = Method::kGet,
     .path = "/openapi.json",
     .id = "openapi",
     .summary = "Read this document",
     .carriage = Carriage::kDescription,
     .answer = json("Document")},
};

constexpr SchemaRow kSchemas[] = {
    {"Document", R"({"type":"object","required":["openapi","info","paths"],"description":"OpenAPI 3.1"})"},
    {"Health",
     R"({"type":"object","required":["status","namespaces"],"properties":{)"
     R"("status":{"enum":["ok","failing","ready","not ready"]},)"
     R"("namespaces":{"type":"array","items":{"type":"string"}},)"
     R"("reasons":{"type":"object","description":"by namespace","additionalProperties":{"type":"string"}}}})"},
};

}  // namespace

Area process_routes() {
  return {"process", "Health, metrics, and this document.", kRows, kSchemas, /*bare_errors=*/true};
}

}  // namespace pando::api

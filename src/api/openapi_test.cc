// The document against the rules of OpenAPI 3.1, and against what the routes really do, both ways.
#include "api/openapi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "api/errors.h"
#include "api/json_schema_suite.h"
#include "api/samples_suite.h"

namespace pando::api::openapi_test {
namespace {

const Json& document() {
  static const Json parsed = Json::parse(openapi_json());
  return parsed;
}

// A $ref followed, once.
const Json& deref(const Json& node) {
  if (!node.contains("$ref")) return node;
  const Json* target = resolve(document(), node["$ref"]);
  EXPECT_NE(target, nullptr) << node;
  return target == nullptr ? node : *target;
}

struct Operation {
  std::string path;
  std::string method;  // upper case
  const Json* node;
};

std::vector<Operation> operations() {
  std::vector<Operation> all;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, node] : item.items()) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      all.push_back({path, upper, &node});
    }
  }
  return all;
}

std::map<std::string_view, const RouteRow*> rows_by_id() {
  std::map<std::string_view, const RouteRow*> rows;
  for (const Area& area : routes().areas()) {
    for (const RouteRow& row : area.rows) EXPECT_TRUE(rows.emplace(row.id, &row).second) << row.id << " is there twice";
  }
  return rows;
}

template <typename Visit>
void each_node(const Json& node, const std::string& at, const Visit& visit) {
  visit(node, at);
  if (!node.is_structured()) return;
  for (const auto& [name, inner] : node.items()) each_node(inner, at + "/" + name, visit);
}

// A request line for an operation: its path with samples in it, and the query parameters it requires.
std::string sample_target(const Operation& operation) {
  static const std::regex kName(R"(\{[^}]*\})");
  std::string target = std::regex_replace(operation.path, std::regex(R"(\{table\})"), "users");
  target = std::regex_replace(target, kName, "x1");
  char mark = '?';
  for (const Json& reference : (*operation.node)["parameters"]) {
    const Json& parameter = deref(reference);
    if (parameter["in"] != "query" || !parameter.value("required", false)) continue;
    target += mark + parameter["name"].get<std::string>() + "=y";
    mark = '&';
  }
  return target;
}

// The rules. -----------------------------------------------------------------------------------------------

TEST(OpenApi, TheDocumentHasWhatTheRulesAskFor) {
  const Json& doc = document();
  EXPECT_TRUE(std::regex_match(doc["openapi"].get<std::string>(), std::regex(R"(3\.1\.\d+)")));
  EXPECT_TRUE(doc["info"]["title"].is_string());
  EXPECT_TRUE(doc["info"]["version"].is_string());
  EXPECT_TRUE(doc["servers"][0]["url"].is_string());
  const std::set<std::string> known{"openapi", "info", "servers", "tags", "paths", "components"};
  for (const auto& entry : doc.items()) EXPECT_TRUE(known.count(entry.key())) << entry.key();
  const std::regex component("[a-zA-Z0-9._-]+");
  for (const auto& kind : doc["components"].items()) {
    for (const auto& entry : kind.value().items()) EXPECT_TRUE(std::regex_match(entry.key(), component)) << entry.key();
  }
  EXPECT_EQ(openapi_json().back(), '\n');
}

TEST(OpenApi, EveryReferenceResolves) {
  std::size_t count = 0;
  each_node(document(), "#", [&](const Json& node, const std::string& at) {
    if (!node.is_object() || !node.contains("$ref")) return;
    ++count;
    EXPECT_NE(resolve(document(), node["$ref"]), nullptr) << at << ": " << node["$ref"];
  });
  EXPECT_GT(count, 100u);
}

TEST(OpenApi, NoNameIsGivenTwiceOrForNothing) {
  // A duplicate key would have been swallowed by the parser.
  std::set<std::string> schemas;
  const auto add = [&](std::span<const SchemaRow> rows) {
    for (const SchemaRow& row : rows) EXPECT_TRUE(schemas.insert(std::string(row.name)).second) << row.name;
  };
  add(common_schemas());
  for (const Area& area : routes().areas()) add(area.schemas);
  std::set<std::string> used;
  each_node(document(), "#", [&](const Json& node, const std::string&) {
    if (node.is_object() && node.contains("$ref")) used.insert(node["$ref"].get<std::string>());
  });
  for (const std::string& name : schemas) EXPECT_TRUE(used.count("#/components/schemas/" + name)) << name;
}

TEST(OpenApi, OperationsAreWhole) {
  const std::set<std::string> methods{"GET", "PUT", "POST", "PATCH", "DELETE"};
  std::set<std::string> ids, shapes, tags;
  for (const Json& tag : document()["tags"]) tags.insert(tag["name"].get<std::string>());
  for (const auto& entry : document()["paths"].items()) {
    EXPECT_EQ(entry.key().front(), '/');
    // Two templates that differ in names only are the same path.
    const std::string shape = std::regex_replace(entry.key(), std::regex(R"(\{[^}]*\})"), "{}");
    EXPECT_TRUE(shapes.insert(shape).second) << entry.key();
  }
  for (const Operation& operation : operations()) {
    const Json& node = *operation.node;
    SCOPED_TRACE(operation.method + " " + operation.path);
    EXPECT_TRUE(methods.count(operation.method));
    EXPECT_TRUE(ids.insert(node["operationId"].get<std::string>()).second);
    EXPECT_TRUE(std::regex_match(node["operationId"].get<std::string>(), std::regex("[a-z][a-z0-9_]*")));
    EXPECT_FALSE(node["summary"].get<std::string>().empty());
    EXPECT_NE(node["summary"].get<std::string>().back(), '.');
    for (const Json& tag : node["tags"]) EXPECT_TRUE(tags.count(tag));
    std::set<std::string> in_path;
    std::set<std::pair<std::string, std::string>> parameters;
    for (const Json& reference : node["parameters"]) {
      const Json& parameter = deref(reference);
      const std::string name = parameter["name"], where = parameter["in"];
      EXPECT_TRUE(parameters.emplace(name, where).second) << name;
      EXPECT_TRUE(parameter.contains("schema")) << name;
      EXPECT_TRUE(where == "path" || where == "query" || where == "header") << where;
      if (where == "path") {
        EXPECT_TRUE(parameter["required"].get<bool>()) << name;
        in_path.insert("{" + name + "}");
      }
    }
    std::set<std::string> wanted;
    const std::regex name(R"(\{[^}]*\})");
    for (auto at = std::sregex_iterator(operation.path.begin(), operation.path.end(), name);
         at != std::sregex_iterator(); ++at) {
      wanted.insert(at->str());
    }
    EXPECT_EQ(in_path, wanted);
    EXPECT_FALSE(node.contains("requestBody") && node["requestBody"]["content"].empty());
    ASSERT_TRUE(node["responses"].contains("200"));
    for (const auto& [status, response] : node["responses"].items()) {
      EXPECT_TRUE(std::regex_match(status, std::regex("[1-5][0-9][0-9]|default"))) << status;
      EXPECT_FALSE(deref(response)["description"].get<std::string>().empty()) << status;
    }
  }
}

// The routes. ----------------------------------------------------------------------------------------------

TEST(OpenApi, EveryRowIsInTheDocumentAndEveryOperationRoutesToItsRow) {
  const auto rows = rows_by_id();
  std::set<std::string> documented;
  for (const Operation& operation : operations()) {
    const std::string id = (*operation.node)["operationId"];
    documented.insert(id);
    ASSERT_TRUE(rows.count(id)) << id;
    const auto call = route(method_of(operation.method), sample_target(operation));
    ASSERT_TRUE(call.has_value()) << operation.method << " " << sample_target(operation) << ": " << call.error().text;
    EXPECT_EQ(call->operation(), id) << operation.method << " " << sample_target(operation);
  }
  for (const auto& row : rows) EXPECT_TRUE(documented.count(std::string(row.first))) << row.first;
}

TEST(OpenApi, RowsHaveWhatTheirCarriageNeeds) {
  for (const auto& [id, row] : rows_by_id()) {
    const bool replies = row->carriage == Carriage::kRequest || row->carriage == Carriage::kUpload ||
                         row->carriage == Carriage::kEraseLob;
    EXPECT_EQ(row->parse != nullptr, replies) << id;
    EXPECT_EQ(row->reply != nullptr, replies) << id;
    EXPECT_NE(row->answer.kind, Content::Kind::kNone) << id;
    EXPECT_TRUE(row->body.kind == Content::Kind::kNone || row->method != Method::kGet) << id;
  }
}

// An example is what the schema says, and what parse takes; so is no body where one is optional.
TEST(OpenApi, ExamplesOfBodiesAreTaken) {
  Rest rest;
  const SchemaCheck check(document());
  for (const Operation& operation : operations()) {
    const auto row = rows_by_id().at((*operation.node)["operationId"].get<std::string>());
    if (row->body.kind != Content::Kind::kJson) continue;
    SCOPED_TRACE(row->id);
    const Json& media = (*operation.node)["requestBody"]["content"]["application/json"];
    ASSERT_TRUE(media.contains("example"));
    EXPECT_EQ(check.mistake(media["schema"], media["example"]), "");
    auto call = route(row->method, sample_target(operation));
    Bytes body = media["example"].dump();
    const Result<Request> request = rest.parse(*call, {}, body);
    EXPECT_TRUE(request.has_value()) << request.error().message();
    if (row->body.required || row->id == "row_delete_columns") continue;  // there the names may be in the query
    auto bare = route(row->method, sample_target(operation));
    Bytes nothing;
    EXPECT_TRUE(rest.parse(*bare, {}, nothing).has_value());
  }
}

TEST(OpenApi, AnswersAreAsDocumented) {
  const SchemaCheck check(document());
  for (const Operation& operation : operations()) {
    const auto row = rows_by_id().at((*operation.node)["operationId"].get<std::string>());
    if (row->reply == nullptr) continue;
    SCOPED_TRACE(row->id);
    const auto samples = Sample::all().find(row->id);
    ASSERT_NE(samples, Sample::all().end()) << "samples_suite.h says where to put one";
    for (const ReplyBody& body : samples->second) {
      const auto call = route(row->method, sample_target(operation));
      Bytes out;
      const int status = append_reply(*call, Reply{{}, body, {}}, out);
      ASSERT_TRUE(status == 200 || status == 429) << out;
      const Json& response = deref((*operation.node)["responses"][std::to_string(status)]);
      EXPECT_EQ(check.mistake(response["content"]["application/json"]["schema"], Json::parse(out)), "") << out;
    }
  }
}

TEST(OpenApi, RefusalsAreAsDocumented) {
  const SchemaCheck check(document());
  for (const Operation& operation : operations()) {
    const auto call = route(method_of(operation.method), sample_target(operation));
    for (int code = 1; code <= static_cast<int>(StatusCode::kInternal); ++code) {
      Bytes out;
      const int status = append_reply(*call, Reply::failure(Status(static_cast<StatusCode>(code), "text")), out);
      const Json& responses = (*operation.node)["responses"];
      const std::string name = responses.contains(std::to_string(status)) ? std::to_string(status) : "default";
      const Json& response = deref(responses[name]);
      if (status == 503 && !call->in_namespace()) continue;  // health says 503 in its own words
      EXPECT_EQ(check.mistake(response["content"]["application/json"]["schema"], Json::parse(out)), "") << out;
    }
  }
}

TEST(OpenApi, HealthIsAsDocumented) {
  const SchemaCheck check(document());
  const Json& schema = document()["components"]["schemas"]["Health"];
  const std::vector<NamespaceHealth> bad{{"a", {}}, {"b", Status(StatusCode::kDataLoss, "segment 3 is damaged")}};
  for (const auto& namespaces : {std::vector<NamespaceHealth>{}, bad}) {
    Bytes health, ready;
    append_health(namespaces, health);
    append_ready(namespaces, std::nullopt, ready);
    EXPECT_EQ(check.mistake(schema, Json::parse(health)), "");
    EXPECT_EQ(check.mistake(schema, Json::parse(ready)), "");
  }
}

// The check can fail.
TEST(OpenApi, TheCheckSeesMistakes) {
  const SchemaCheck check(document());
  const Json& schema = document()["components"]["schemas"]["FoundValue"];
  EXPECT_EQ(check.mistake(schema, Json::parse(R"({"value":"","found":true})")), "");
  EXPECT_EQ(check.mistake(schema, Json::parse(R"({"value":""})")), "$ lacks \"found\"");
  EXPECT_EQ(check.mistake(schema, Json::parse(R"({"value":1,"found":true})")), "$.value breaks type \"string\"");
  EXPECT_EQ(check.mistake(schema, Json::parse(R"({"value":"","found":true,"x":1})")), "$.x is not documented");
  EXPECT_EQ(check.mistake(schema, Json::parse("[]")), "$ breaks type \"object\"");
}

}  // namespace
}  // namespace pando::api::openapi_test

#include "api/openapi.h"

#include <algorithm>

#include "api/errors.h"
#include "api/openapi_parts.h"
#include "api/reply_text.h"

namespace pando::api {
namespace {

std::string_view method_word(Method method) {
  switch (method) {
    case Method::kPut: return "put";
    case Method::kPost: return "post";
    case Method::kPatch: return "patch";
    case Method::kDelete: return "delete";
    default: return "get";
  }
}

// "/{ns}/docs/{key}/{path...}" → "/api/v1/{ns}/docs/{key}/{path}".
std::string template_of(const Pattern& pattern) {
  std::string text = pattern.in_namespace() ? "/api/v1" : "";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool literal = pattern[i].capture == Capture::kNone;
    text += literal ? "/" : "/{";
    text += pattern[i].text;
    if (!literal) text += '}';
  }
  return text;
}

void append_ref(Bytes& out, std::string_view kind, std::string_view name) {
  append_comma(out);
  out += R"({"$ref":"#/components/)";
  out.append(kind);
  out.push_back('/');
  out.append(name);
  out += "\"}";
}

// A capture that has no component of its own.
void append_word_parameter(Bytes& out, const Pattern::Part& part) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "name", part.text);
  append_field(out, "in", ByteSpan("path"));
  append_flag(out, "required", true);
  if (part.capture == Capture::kTail) {
    append_field(out, "description", ByteSpan("one or more segments, each percent-encoded, with / between them"));
  }
  out += R"(,"schema":{"type":"string"}})";
}

void append_query_parameter(Bytes& out, const Parameter& parameter) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "name", parameter.name);
  append_field(out, "in", ByteSpan("query"));
  append_field(out, "description", parameter.text);
  if (parameter.required) append_flag(out, "required", true);
  append_name(out, "schema");
  switch (parameter.type) {
    case Parameter::Type::kText: out += R"({"type":"string"}})"; break;
    case Parameter::Type::kNumber: out += R"({"type":"integer"}})"; break;
    case Parameter::Type::kBool: out += R"({"type":"boolean"}})"; break;
  }
}

void append_parameters(Bytes& out, const RouteRow& row) {
  append_name(out, "parameters");
  out.push_back('[');
  for (std::size_t i = 0; i < row.path.size(); ++i) {
    const Pattern::Part& part = row.path[i];
    if (part.capture == Capture::kNone) continue;
    if (part.capture == Capture::kWord || part.capture == Capture::kTail) {
      append_word_parameter(out, part);
    } else {
      append_ref(out, "parameters", part.text);
    }
  }
  for (const Parameter& parameter : row.query) append_query_parameter(out, parameter);
  for (const HeaderPart& header : request_headers()) {
    if ((row.takes & header.takes) != 0) append_ref(out, "parameters", header.name);
  }
  out.push_back(']');
}

void append_content(Bytes& out, const Content& content) {
  append_name(out, "content");
  switch (content.kind) {
    case Content::Kind::kNone: out += "{}"; return;
    case Content::Kind::kBytes: out += R"({"application/octet-stream":{}})"; return;
    case Content::Kind::kText: out += R"({"text/plain":{"schema":{"type":"string"}}})"; return;
    case Content::Kind::kEvents: out += R"({"text/event-stream":{"schema":{"type":"string"}}})"; return;
    case Content::Kind::kJson: break;
  }
  out += R"({"application/json":{"schema":{"$ref":"#/components/schemas/)";
  out.append(content.schema);
  out += "\"}";
  if (!content.example.empty()) {
    append_name(out, "example");
    out.append(content.example);
  }
  out += "}}";
}

void append_success(Bytes& out, const RouteRow& row) {
  append_name(out, "200");
  out.push_back('{');
  append_field(out, "description", ByteSpan("Done"));
  bool any = false;
  for (const HeaderPart& header : answer_headers()) {
    if ((row.takes & header.takes) == 0) continue;
    if (!any) out += R"(,"headers":{)";
    any = true;
    append_name(out, header.name);
    out += R"({"$ref":"#/components/headers/)";
    out.append(header.name);
    out += "\"}";
  }
  if (any) out.push_back('}');
  if (row.answer.kind != Content::Kind::kNone) append_content(out, row.answer);
  out.push_back('}');
}

void append_responses(Bytes& out, const RouteRow& row) {
  append_name(out, "responses");
  out.push_back('{');
  append_success(out, row);
  for (const int status : refusals_of(row)) {
    append_name(out, std::to_string(status));
    if (status == 503 && is_health(row)) {
      out += R"({"description":"No, with the reasons")";
      append_content(out, row.answer);
      out.push_back('}');
    } else if (status == 429) {
      out += R"({"description":"Not now","headers":{"Retry-After":{"$ref":"#/components/headers/Retry-After"}})";
      append_content(out, row.answer);
      out.push_back('}');
    } else {
      out += R"({"$ref":"#/components/responses/)" + std::to_string(status) + "\"}";
    }
  }
  out += R"(,"default":{"$ref":"#/components/responses/default"}})";
}

void append_operation(Bytes& out, const Area& area, const RouteRow& row) {
  append_name(out, method_word(row.method));
  out.push_back('{');
  append_field(out, "operationId", row.id);
  append_name(out, "tags");
  out.push_back('[');
  append_json_string(out, area.tag);
  out.push_back(']');
  append_field(out, "summary", row.summary);
  append_parameters(out, row);
  if (row.body.kind != Content::Kind::kNone) {
    append_name(out, "requestBody");
    out.push_back('{');
    append_flag(out, "required", row.body.required && row.body.kind == Content::Kind::kJson);
    append_content(out, row.body);
    out.push_back('}');
  }
  append_responses(out, row);
  out.push_back('}');
}

struct Operation {
  const Area* area;
  const RouteRow* row;
};

void append_paths(Bytes& out, const RouteTable& table) {
  // In the order of the table; operations of one path stand together.
  std::vector<std::pair<std::string, std::vector<Operation>>> paths;
  for (const Area& area : table.areas()) {
    for (const RouteRow& row : area.rows) {
      const std::string path = template_of(row.path);
      auto at = std::find_if(paths.begin(), paths.end(), [&](const auto& known) { return known.first == path; });
      if (at == paths.end()) at = paths.insert(paths.end(), {path, {}});
      at->second.push_back({&area, &row});
    }
  }
  append_name(out, "paths");
  out.push_back('{');
  for (const auto& path : paths) {
    append_name(out, path.first);
    out.push_back('{');
    for (const Operation& operation : path.second) append_operation(out, *operation.area, *operation.row);
    out.push_back('}');
  }
  out.push_back('}');
}

void append_tags(Bytes& out, const RouteTable& table) {
  append_name(out, "tags");
  out.push_back('[');
  for (const Area& area : table.areas()) {
    append_comma(out);
    out.push_back('{');
    append_field(out, "name", area.tag);
    append_field(out, "description", area.about);
    out.push_back('}');
  }
  out.push_back(']');
}

// A schema's text, with bare names in "$ref" spelled out.
void append_schema(Bytes& out, const SchemaRow& schema) {
  constexpr std::string_view kRef = R"("$ref":")";
  append_name(out, schema.name);
  std::string_view rest = schema.text;
  for (std::size_t at = rest.find(kRef); at != std::string_view::npos; at = rest.find(kRef)) {
    out.append(rest.substr(0, at + kRef.size()));
    out += "#/components/schemas/";
    rest.remove_prefix(at + kRef.size());
  }
  out.append(rest);
}

void append_schemas(Bytes& out, const RouteTable& table) {
  append_name(out, "schemas");
  out.push_back('{');
  for (const SchemaRow& schema : common_schemas()) append_schema(out, schema);
  for (const Area& area : table.areas()) {
    for (const SchemaRow& schema : area.schemas) append_schema(out, schema);
  }
  append_error_schema(out);
  out.push_back('}');
}

}  // namespace

Bytes openapi_of(const RouteTable& table) {
  Bytes out = R"({"openapi":"3.1.0","info":{"title":"Pando","version":"1",)"
              R"("summary":"An active-active, multi-model state database",)"
              R"("description":"Keys are percent-encoded path segments of 1 to 8192 bytes; bytes in JSON are padded )"
              R"(standard base64. HEAD answers wherever GET does. Unknown fields of a body are ignored."},)"
              R"("servers":[{"url":"/"}])";
  append_tags(out, table);
  append_paths(out, table);
  append_name(out, "components");
  out.push_back('{');
  append_schemas(out, table);
  append_parameter_components(out);
  append_header_components(out);
  append_response_components(out);
  out += "}}\n";
  return out;
}

const Bytes& openapi_json() {
  static const Bytes text = openapi_of(routes());
  return text;
}

}  // namespace pando::api

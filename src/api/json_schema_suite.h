// api/json_schema_suite.h — for tests: whether a JSON document is what a schema of the OpenAPI document says.
//
// Knows the keywords our schemas use, and fails on one it does not know. Stricter than JSON Schema in one thing: a
// property that a schema with `properties` does not list is a mistake, so that nothing is answered undocumented.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pando::api {

using Json = nlohmann::ordered_json;

// What "#/a/b" points to; null when nothing.
inline const Json* resolve(const Json& document, std::string pointer) {
  if (pointer.rfind("#/", 0) != 0) return nullptr;
  const Json::json_pointer at(pointer.substr(1));
  return document.contains(at) ? &document.at(at) : nullptr;
}

class SchemaCheck {
 public:
  explicit SchemaCheck(const Json& document) : document_(document) {}

  // Empty when `value` fits; otherwise where and why it does not.
  std::string mistake(const Json& schema, const Json& value, const std::string& at = "$") const;

 private:
  std::string of_keyword(const std::string& word, const Json& rule, const Json& schema, const Json& value,
                         const std::string& at) const;
  std::string of_properties(const Json& schema, const Json& value, const std::string& at) const;

  const Json& document_;
};

inline bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

inline std::string SchemaCheck::of_properties(const Json& schema, const Json& value, const std::string& at) const {
  if (!value.is_object()) return {};
  const bool lists = schema.contains("properties");
  for (const auto& [name, inner] : value.items()) {
    const std::string place = at + "." + name;
    if (lists && schema["properties"].contains(name)) {
      if (auto wrong = mistake(schema["properties"][name], inner, place); !wrong.empty()) return wrong;
    } else if (schema.contains("additionalProperties")) {
      if (auto wrong = mistake(schema["additionalProperties"], inner, place); !wrong.empty()) return wrong;
    } else if (lists) {
      return place + " is not documented";
    }
  }
  return {};
}

inline std::string SchemaCheck::of_keyword(const std::string& word, const Json& rule, const Json& schema,
                                           const Json& value, const std::string& at) const {
  const auto unless = [&](bool good) { return good ? std::string() : at + " breaks " + word + " " + rule.dump(); };
  if (word == "description" || word == "format" || word == "contentEncoding" || word == "default" || word == "title")
    return {};
  if (word == "$ref") {
    const Json* other = resolve(document_, rule);
    return other == nullptr ? at + ": no " + rule.dump() : mistake(*other, value, at);
  }
  if (word == "type") {
    if (rule.is_string()) return unless(has_type(value, rule));
    for (const Json& type : rule) {
      if (has_type(value, type)) return {};
    }
    return unless(false);
  }
  if (word == "const") return unless(value == rule);
  if (word == "enum") return unless(std::find(rule.begin(), rule.end(), value) != rule.end());
  if (word == "required") {
    for (const Json& name : rule) {
      if (value.is_object() && !value.contains(name)) return at + " lacks " + name.dump();
    }
    return {};
  }
  if (word == "items") {
    if (!value.is_array()) return {};
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto wrong = mistake(rule, value[i], at + "[" + std::to_string(i) + "]"); !wrong.empty()) return wrong;
    }
    return {};
  }
  if (word == "oneOf" || word == "anyOf") {
    int fitting = 0;
    for (const Json& one : rule) fitting += mistake(one, value, at).empty() ? 1 : 0;
    return unless(word == "oneOf" ? fitting == 1 : fitting > 0);
  }
  if (word == "minimum") return unless(!value.is_number() || value >= rule);
  if (word == "maximum") return unless(!value.is_number() || value <= rule);
  if (word == "minLength") return unless(!value.is_string() || value.get<std::string>().size() >= rule);
  if (word == "maxLength") return unless(!value.is_string() || value.get<std::string>().size() <= rule);
  if (word == "minItems") return unless(!value.is_array() || value.size() >= rule);
  if (word == "maxItems") return unless(!value.is_array() || value.size() <= rule);
  if (word == "properties" || word == "additionalProperties") return of_properties(schema, value, at);
  return at + ": the keyword " + word + " is not known to this check";
}

inline std::string SchemaCheck::mistake(const Json& schema, const Json& value, const std::string& at) const {
  if (schema.is_boolean()) return schema.get<bool>() ? "" : at + " must not be there";
  for (const auto& [word, rule] : schema.items()) {
    if (auto wrong = of_keyword(word, rule, schema, value, at); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace pando::api

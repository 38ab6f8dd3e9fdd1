// engine/document_suite.h — for tests: documents from and to nlohmann::json.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/sites_suite.h"
#include "model/document.h"

namespace pando::engine {

using Json = nlohmann::json;

inline void flatten(const Json& json, const Bytes& path, Document& document) {
  if (!json.is_object()) {
    document.push_back({path, DocumentEntry::Kind::kValue, json.dump()});
    return;
  }
  document.push_back({path, DocumentEntry::Kind::kObject});
  for (const auto& [name, value] : json.items()) {
    Bytes below = path;
    append_field_name(name, below);
    flatten(value, below, document);
  }
}

inline void flatten_patch(const Json& patch, const Bytes& path, std::vector<DocumentEdit>& edits) {
  using What = DocumentEdit::What;
  if (patch.is_null()) {
    edits.push_back({What::kRemove, path});
  } else if (!patch.is_object()) {
    edits.push_back({What::kSet, path, patch.dump()});
  } else if (patch.contains("__op__")) {
    const std::string op = patch["__op__"];
    const Json& value = patch["value"];
    DocumentEdit edit{op == "add"       ? What::kAdd
                      : op == "max"     ? What::kMax
                      : op == "min"     ? What::kMin
                      : op == "set-add" ? What::kAddMembers
                                        : What::kRemoveMembers,
                      path};
    const bool members =
        edit.what == DocumentEdit::What::kAddMembers || edit.what == DocumentEdit::What::kRemoveMembers;
    if (members) {
      for (const Json& member : value.is_array() ? value : Json::array({value})) edit.members.push_back(member.dump());
    } else {
      edit.text = value.is_string() ? value.get<std::string>() : value.dump();
    }
    edits.push_back(edit);
  } else {
    edits.push_back({What::kObject, path});
    for (const auto& [name, value] : patch.items()) {
      Bytes below = path;
      append_field_name(name, below);
      flatten_patch(value, below, edits);
    }
  }
}

inline Mutation on_document(Bytes key, Mutation::Detail detail, std::string table = "docs") {
  Mutation m;
  m.kind = Mutation::Kind::kDetail;
  m.table = std::move(table);
  m.key = std::move(key);
  m.detail = std::move(detail);
  return m;
}
inline Mutation put_document(const Json& json, Bytes key = "k") {
  PutDocument put;
  flatten(json, {}, put.document);
  return on_document(std::move(key), std::move(put));
}
inline Mutation patch_document(const Json& json, Bytes key = "k") {
  PatchDocument patch;
  flatten_patch(json, {}, patch.edits);
  return on_document(std::move(key), std::move(patch));
}
inline Mutation delete_document(Bytes key = "k") {
  Mutation m;
  m.kind = Mutation::Kind::kDelete;
  m.table = "docs";
  m.key = std::move(key);
  return m;
}

inline Json json_of(const Document& document) {
  Json json;
  for (const DocumentEntry& entry : document) {
    Json* at = &json;
    const auto names = fields_of_path(entry.path);
    for (const Bytes& name : *names) at = &(*at)[name];
    switch (entry.kind) {
      case DocumentEntry::Kind::kObject: *at = Json::object(); break;
      case DocumentEntry::Kind::kValue: *at = Json::parse(entry.text); break;
      case DocumentEntry::Kind::kSet:
        *at = Json::array();
        for (const Bytes& member : entry.members) at->push_back(Json::parse(member));
        break;
    }
  }
  return json;
}

// What a site reads of key "k" of table "docs"; "discarded" when there is none, which no document equals.
inline Json read_document(Site& site, const Bytes& key = "k") {
  const auto reply = site.ask<DocumentReply>(GetDocumentRequest{"docs", key});
  return reply.found ? json_of(reply.document) : Json(Json::value_t::discarded);
}
inline std::string text_of(Site& site, const Bytes& key = "k") {
  const auto reply = site.ask<DocumentReply>(GetDocumentRequest{"docs", key});
  return reply.found ? json_of(reply.document).dump() : "(none)";
}

}  // namespace pando::engine

#include "api/document_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/json_fields.h"
#include "api/json_text.h"
#include "api/json_tree.h"
#include "model/json_scalar.h"

namespace pando::api {
namespace {

using Kind = JsonTree::Kind;
using What = DocumentEdit::What;

constexpr std::string_view kOperator = "__op__";
constexpr std::pair<std::string_view, What> kOperators[] = {
    {"add", What::kAdd},
    {"max", What::kMax},
    {"min", What::kMin},
    {"set-add", What::kAddMembers},
    {"set-remove", What::kRemoveMembers},
};

Result<JsonTree> object_of(ByteSpan json) {
  Result<JsonTree> tree = parse_json_tree(json);
  if (!tree) return tree;
  if (tree->kind != Kind::kObject) return refuse("invalid JSON body: not an object");
  if (tree->find(kOperator) != nullptr) return refuse("\"__op__\" stands in place of a field, not of the document");
  return tree;
}

Bytes below(const Bytes& path, ByteSpan name) {
  Bytes longer = path;
  append_field_name(name, longer);
  return longer;
}

Status flatten(JsonTree& tree, Bytes path, Document& document) {
  DocumentEntry entry{std::move(path)};
  if (tree.kind != Kind::kObject) {
    entry.kind = DocumentEntry::Kind::kValue;
    entry.text = std::move(tree.text);
    document.push_back(std::move(entry));
    return {};
  }
  const Bytes here = entry.path;
  document.push_back(std::move(entry));
  std::sort(tree.fields.begin(), tree.fields.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (auto& [name, value] : tree.fields) {
    if (name == kOperator) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("field \"{}\": \"__op__\" belongs into a PATCH", field_text(here)));
    }
    PANDO_RETURN_IF_ERROR(flatten(value, below(here, name), document));
  }
  return {};
}

Status bad_operator(ByteSpan path, std::string_view why) {
  return Status(StatusCode::kInvalidArgument, fmt::format("field \"{}\": {}", field_text(path), why));
}

// {"__op__":name,"value":…}
Result<DocumentEdit> operator_of(const JsonTree& tree, Bytes path) {
  const JsonTree* name = tree.find(kOperator);
  const JsonTree* value = tree.find("value");
  const Bytes word = name->kind == Kind::kString ? json_string_bytes(name->text).value_or("") : Bytes();
  const auto* known = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [&](const auto& entry) { return entry.first == word; });
  if (known == std::end(kOperators)) {
    return fail(bad_operator(path, "\"__op__\" is none of add, max, min, set-add, set-remove"));
  }
  if (value == nullptr || tree.fields.size() != 2) {
    return fail(bad_operator(path, "\"__op__\" needs \"value\" beside it, and nothing else"));
  }
  DocumentEdit edit{known->second, std::move(path)};
  if (edit.what == What::kAddMembers || edit.what == What::kRemoveMembers) {
    const bool scalar = value->kind != Kind::kObject && !value->text.starts_with('[');
    const auto items = scalar ? std::optional(std::vector<Bytes>{value->text}) : scalar_items(value->text);
    if (!items) return fail(bad_operator(edit.path, word + " takes a plain value or an array of them"));
    edit.members = *items;
    return edit;
  }
  // A decimal may stand in quotes, so that no JSON library rounds it on the way.
  edit.text = value->kind == Kind::kString ? json_string_bytes(value->text).value_or("") : value->text;
  if (!is_json_number(edit.text)) return fail(bad_operator(edit.path, word + " takes a number"));
  return edit;
}

Status flatten_patch(const JsonTree& tree, Bytes path, std::vector<DocumentEdit>& edits) {
  if (tree.kind == Kind::kNull) {
    edits.push_back({What::kRemove, std::move(path)});
    return {};
  }
  if (tree.kind != Kind::kObject) {
    edits.push_back({What::kSet, std::move(path), tree.text});
    return {};
  }
  if (tree.find(kOperator) != nullptr) {
    Result<DocumentEdit> edit = operator_of(tree, std::move(path));
    if (!edit) return edit.error();
    edits.push_back(*std::move(edit));
    return {};
  }
  edits.push_back({What::kObject, path});
  for (const auto& [name, value] : tree.fields) PANDO_RETURN_IF_ERROR(flatten_patch(value, below(path, name), edits));
  return {};
}

void append_entry(const DocumentEntry& entry, Bytes& out) {
  switch (entry.kind) {
    case DocumentEntry::Kind::kObject: out.push_back('{'); return;
    case DocumentEntry::Kind::kValue: out += entry.text; return;
    case DocumentEntry::Kind::kSet: break;
  }
  out.push_back('[');
  for (const Bytes& member : entry.members) {
    if (out.back() != '[') out.push_back(',');
    out += member;
  }
  out.push_back(']');
}

}  // namespace

Result<PutDocument> parse_document(ByteSpan json) {
  Result<JsonTree> tree = object_of(json);
  if (!tree) return fail(tree.error());
  PutDocument put;
  PANDO_RETURN_IF_ERROR(flatten(*tree, {}, put.document));
  PANDO_RETURN_IF_ERROR(validate(put));
  return put;
}

Result<PatchDocument> parse_document_patch(ByteSpan json) {
  const Result<JsonTree> tree = object_of(json);
  if (!tree) return fail(tree.error());
  PatchDocument patch;
  PANDO_RETURN_IF_ERROR(flatten_patch(*tree, {}, patch.edits));
  PANDO_RETURN_IF_ERROR(validate(patch));
  return patch;
}

void append_document(const Document& document, Bytes& out) {
  std::vector<ByteSpan> open;  // paths of objects that are not closed
  for (const DocumentEntry& entry : document) {
    while (!open.empty() && !entry.path.starts_with(open.back())) {
      out.push_back('}');
      open.pop_back();
    }
    if (!entry.path.empty()) {
      if (out.back() != '{') out.push_back(',');
      const ByteSpan own = ByteSpan(entry.path).substr(parent_of(entry.path).size());
      append_json_string(out, fields_of_path(own).value_or(std::vector<Bytes>{""}).front());
      out.push_back(':');
    }
    append_entry(entry, out);
    if (entry.kind == DocumentEntry::Kind::kObject) open.push_back(entry.path);
  }
  out.append(open.size(), '}');
}

Bytes scalar_of_text(ByteSpan text) {
  const bool scalar = text == "true" || text == "false" || text == "null" || is_json_number(text);
  if (scalar) return Bytes(text);
  // A quoted one is taken apart and put together again, so that it compares with what is stored.
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  if (quoted) {
    if (const Result<JsonTree> tree = parse_json_tree(text); tree && tree->kind == Kind::kString) return tree->text;
  }
  Bytes string;
  append_json_string(string, text);
  return string;
}

Result<Bytes> path_of_text(ByteSpan text) {
  std::vector<Bytes> names;
  const bool pointer = text.starts_with('/');
  if (pointer) text.remove_prefix(1);
  while (true) {
    const std::size_t end = text.find(pointer ? '/' : '.');
    Bytes name(text.substr(0, end));
    for (std::size_t i = 0; pointer && (i = name.find('~', i)) != Bytes::npos; ++i) {
      const char escaped = i + 1 < name.size() ? name[i + 1] : '\0';
      if (escaped != '0' && escaped != '1')
        return refuse(fmt::format("field \"{}\": ~ stands only in ~0 and ~1", name));
      name.replace(i, 2, 1, escaped == '0' ? '~' : '/');
    }
    if (name.empty() && !pointer) return refuse("a field's name is empty");
    names.push_back(std::move(name));
    if (end == ByteSpan::npos) break;
    text.remove_prefix(end + 1);
  }
  Bytes path = path_of_fields(names);
  if (const Status status = validate(PutDocument{{{path}}}); !status.ok()) return fail(as_invalid(status));
  return path;
}

}  // namespace pando::api

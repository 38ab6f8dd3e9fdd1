#include "engine/document_tree.h"

#include <algorithm>

#include "model/json_scalar.h"

namespace pando::engine {
namespace {

bool from_max(ByteSpan value) { return value.starts_with(kLeafMax); }
bool from_min(ByteSpan value) { return value.starts_with(kLeafMin); }
ByteSpan without_mark(ByteSpan value) { return from_max(value) || from_min(value) ? value.substr(1) : value; }

}  // namespace

std::optional<Bytes> leaf_text(const crdt::Register& reg, const TableDeclaration& table) {
  if (reg.empty()) return std::nullopt;
  if (!reg.conflicted()) return Bytes(without_mark(reg.entries().front().value));
  crdt::Register plain;
  for (const auto& entry : reg.entries()) {
    if (without_mark(entry.value).size() == entry.value.size()) plain.put(entry.dot, entry.hlc, entry.value, {});
  }
  std::optional<Bytes> shown;
  if (!plain.empty()) {
    shown = resolve(plain, table)->value;
    if (!is_json_number(*shown)) return shown;
  }
  const auto move = [&](bool up) {
    for (const auto& entry : reg.entries()) {
      if (!(up ? from_max(entry.value) : from_min(entry.value))) continue;
      const ByteSpan number = without_mark(entry.value);
      const auto order = shown ? compare_numbers(number, *shown) : std::strong_ordering::equal;
      if (!shown || (up ? order > 0 : order < 0)) shown = Bytes(number);
    }
  };
  move(true);
  move(false);
  return shown;
}

std::optional<Int128> field_units(const std::optional<Bytes>& leaf, const crdt::Counter& counter) {
  if (!leaf) return counter.absent() ? std::nullopt : std::optional(counter.exact());
  const std::optional<Int128> base = number_units(*leaf);
  return base ? std::optional(*base + counter.exact()) : std::nullopt;
}

DocumentTree::Field& DocumentTree::field(ByteSpan path) {
  // Everything above it is an object.
  for (ByteSpan above = path; !above.empty();) {
    above = parent_of(above);
    const auto [at, fresh] = fields_.try_emplace(Bytes(above));
    if (at->second.object) break;
    at->second.object = true;
  }
  return fields_[Bytes(path)];
}

void DocumentTree::add(const CellPath& path, const store::Cell& cell) {
  if ((kDocumentKinds >> static_cast<unsigned>(path.kind) & 1U) == 0) return;
  if (is_counter(path.kind)) {
    add_counter(path.element, cell.counter());
  } else {
    add_register(path.kind, path.element, cell.reg());
  }
}

void DocumentTree::add_register(CellKind kind, ByteSpan element, const crdt::Register& reg) {
  if (reg.empty()) return;
  const auto member = kind == CellKind::kLeafMember ? split_member(element) : std::nullopt;
  const ByteSpan path = member ? member->first : element;
  if (!fields_of_path(path) || (kind == CellKind::kLeafMember && !member)) return;
  if (path.empty() && kind != CellKind::kNode) return;
  ++cells_;
  Field& found = field(path);
  if (kind == CellKind::kNode) found.object = true;
  if (kind == CellKind::kLeaf) found.leaf = leaf_text(reg, table_);
  if (member) found.members.emplace_back(member->second);
}

void DocumentTree::add_counter(ByteSpan element, const crdt::Counter& counter) {
  if (counter.absent() || element.empty() || !fields_of_path(element)) return;
  ++cells_;
  field(element).counter = counter;
}

bool DocumentTree::clashes(ByteSpan path) const {
  const auto at = fields_.find(path);
  if (at == fields_.end()) return false;
  const Field& field = at->second;
  const bool number = field.leaf || field.counter;
  const bool whole = !field.leaf || !field.counter || number_units(*field.leaf);
  return static_cast<int>(field.object) + static_cast<int>(!field.members.empty()) + static_cast<int>(number) > 1 ||
         !whole;
}

Document DocumentTree::document() const {
  Document document;
  document.reserve(fields_.size());
  for (const auto& [path, field] : fields_) {
    DocumentEntry entry{path};
    if (field.object) {
      entry.kind = DocumentEntry::Kind::kObject;
    } else if (!field.members.empty()) {
      entry.kind = DocumentEntry::Kind::kSet;
      entry.members = field.members;
      std::sort(entry.members.begin(), entry.members.end());  // cells may have come in any order
    } else {
      entry.kind = DocumentEntry::Kind::kValue;
      const crdt::Counter none;
      const crdt::Counter& counter = field.counter ? *field.counter : none;
      const std::optional<Int128> sum = field.counter ? field_units(field.leaf, counter) : std::nullopt;
      // A leaf that cannot be added to gives way to the number.
      entry.text = sum             ? decimal_text(*sum)
                   : field.counter ? decimal_text(counter.exact())
                                   : field.leaf.value_or("null");
    }
    document.push_back(std::move(entry));
  }
  return document;
}

}  // namespace pando::engine

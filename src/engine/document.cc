#include "engine/document.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/document_tree.h"
#include "model/expiry.h"
#include "model/json_scalar.h"

namespace pando::engine {
namespace {

using What = DocumentEdit::What;

// One document within a draft.
class Editor {
 public:
  Editor(Draft& draft, std::string_view table, ByteSpan key) : draft_(draft), table_(table), key_(key) {}

  Status replace(const Document& wanted);
  Status apply(const DocumentEdit& edit);
  Result<bool> has(ByteSpan path);

 private:
  // What is at one field.
  struct Spot {
    std::optional<Bytes> leaf;
    crdt::Counter counter;
    bool set = false;
    bool object = false;

    bool empty() const { return !leaf && counter.absent() && !set && !object; }
  };

  CellPath cell(CellKind kind, ByteSpan path) const { return {table_, key_, kind, Bytes(path)}; }
  CellPath member_cell(ByteSpan path, ByteSpan member) const {
    return cell(CellKind::kLeafMember, Bytes(path).append(kMemberMark).append(member));
  }

  Result<Spot> look(ByteSpan path);
  Result<bool> any_below(ByteSpan path);
  Result<DocumentTree> tree();
  // With all that lies in it, ends included.
  Status clear(ByteSpan path) {
    return draft_.clear(table_, key_, kDocumentKinds | 1U << static_cast<unsigned>(CellKind::kExpiry), path);
  }
  // Fields whose time has run out are gone before anything is written at them, in them or, but for an edit that leaves
  // them alone, above them.
  Status begin_anew(const DocumentEdit* edit);
  Result<bool> ends(ByteSpan path);
  Status clear_scalars(ByteSpan path, const Spot& spot);
  Status clear_members(ByteSpan path) {
    return draft_.clear(table_, key_, 1U << static_cast<unsigned>(CellKind::kLeafMember),
                        Bytes(path).append(kMemberMark));
  }

  Status make_object(ByteSpan path);
  Status set(ByteSpan path, ByteSpan text);
  Status remove(ByteSpan path);
  Status add(ByteSpan path, ByteSpan number);
  Status move(const DocumentEdit& edit);
  Status change_members(const DocumentEdit& edit);
  Status same_or_write(const DocumentTree& seen, const DocumentEntry* now, const DocumentEntry& wanted);

  // kWrongType: field "a.b" holds an object, not a number
  static Status wrong_field(ByteSpan path, const Spot& spot, std::string_view asked) {
    const std::string_view holds = spot.object                                ? "an object"
                                   : spot.set                                 ? "a set"
                                   : !spot.leaf || is_json_number(*spot.leaf) ? "a number"
                                   : spot.leaf->starts_with('[')              ? "an array"
                                                                              : "a plain value";
    return Status(StatusCode::kWrongType,
                  fmt::format("field \"{}\" holds {}, not {}; remove it first", field_text(path), holds, asked));
  }
  static Status out_of_range(ByteSpan path, ByteSpan number) {
    return Status(StatusCode::kOutOfRange,
                  fmt::format("field \"{}\": {} is not a number of at most {} digits behind the point within ±{}",
                              field_text(path), number.substr(0, 100), kDecimalDigits, decimal_text(kDecimalMax)));
  }

  Draft& draft_;
  const std::string table_;
  const Bytes key_;
};

Result<bool> Editor::any_below(ByteSpan path) {
  for (const CellKind kind : {CellKind::kLeaf, CellKind::kNode, CellKind::kLeafCounter, CellKind::kLeafMember}) {
    auto found = draft_.elements_after(table_, key_, kind, path, path, 1);
    if (!found) return fail(found.error());
    if (!found->empty() && found->front().substr(path.size()).starts_with(kMemberMark)) {
      // Members of the field itself lie between its fields.
      Bytes past(path);
      past.append(kMemberMark).back() = static_cast<char>(kMemberMark.back() + 1);
      found = draft_.elements_after(table_, key_, kind, path, past, 1);
      if (!found) return fail(found.error());
    }
    if (!found->empty()) return true;
  }
  return false;
}

Result<Editor::Spot> Editor::look(ByteSpan path) {
  Spot spot;
  const Result<crdt::Register> leaf = draft_.register_after(cell(CellKind::kLeaf, path));
  if (!leaf) return fail(leaf.error());
  spot.leaf = leaf_text(*leaf, draft_.table(table_));
  Result<crdt::Counter> counter = draft_.counter_after(cell(CellKind::kLeafCounter, path));
  if (!counter) return fail(counter.error());
  spot.counter = *std::move(counter);
  const auto member =
      draft_.elements_after(table_, key_, CellKind::kLeafMember, Bytes(path).append(kMemberMark), {}, 1);
  if (!member) return fail(member.error());
  spot.set = !member->empty();
  const Result<bool> node = draft_.has(cell(CellKind::kNode, path));
  if (!node) return fail(node.error());
  const Result<bool> below = *node ? node : any_below(path);
  if (!below) return fail(below.error());
  spot.object = *below;
  return spot;
}

Status Editor::clear_scalars(ByteSpan path, const Spot& spot) {
  if (spot.leaf) PANDO_RETURN_IF_ERROR(draft_.remove(cell(CellKind::kLeaf, path)));
  if (!spot.counter.absent()) PANDO_RETURN_IF_ERROR(draft_.reset(cell(CellKind::kLeafCounter, path)));
  return spot.set ? clear_members(path) : Status();
}

Status Editor::begin_anew(const DocumentEdit* edit) {
  const Result<std::vector<Bytes>> ended = draft_.view().ended_fields(table_, key_);
  if (!ended) return ended.error();
  for (const Bytes& field : *ended) {
    const bool touched = edit == nullptr || edit->path.starts_with(field) ||
                         (edit->what != What::kObject && field.starts_with(edit->path));
    if (touched) draft_.begin_field_anew(table_, key_, field);
  }
  return {};
}

Result<bool> Editor::ends(ByteSpan path) {
  if (path.empty() || !draft_.view().cells().may_expire(table_)) return false;
  const auto end = draft_.ends_after(table_, key_, path);
  if (!end) return fail(end.error());
  return end->value_or(kNeverExpires) != kNeverExpires;
}

Result<bool> Editor::has(ByteSpan path) {
  const Result<std::vector<Bytes>> ended = draft_.view().ended_fields(table_, key_);
  if (!ended) return fail(ended.error());
  const bool over = std::any_of(ended->begin(), ended->end(), [&](const Bytes& field) {
    const CellPath end = cell(CellKind::kExpiry, field);
    return path.starts_with(field) && !draft_.cleared(end) && !draft_.wrote(end);
  });
  if (over) return false;
  return look(path).map([](const Spot& spot) { return !spot.empty(); });
}

// A patch. ---------------------------------------------------------------------------------------------------

Status Editor::apply(const DocumentEdit& edit) {
  PANDO_RETURN_IF_ERROR(begin_anew(&edit));
  if (edit.path.empty()) {
    if (edit.what == What::kObject) return make_object(edit.path);
    return Status(StatusCode::kInvalidArgument, "a document is an object; only its fields can be something else");
  }
  switch (edit.what) {
    case What::kObject: return make_object(edit.path);
    case What::kSet: return set(edit.path, edit.text);
    case What::kRemove: return remove(edit.path);
    case What::kAdd: return add(edit.path, edit.text);
    case What::kMax:
    case What::kMin: return move(edit);
    case What::kAddMembers:
    case What::kRemoveMembers: return change_members(edit);
  }
  return Status(StatusCode::kInternal, "unknown edit of a document");
}

Status Editor::make_object(ByteSpan path) {
  if (!path.empty()) {
    const Result<Spot> spot = look(path);
    if (!spot) return spot.error();
    PANDO_RETURN_IF_ERROR(clear_scalars(path, *spot));
    if (spot->leaf || spot->set || !spot->counter.absent()) {
      PANDO_RETURN_IF_ERROR(draft_.take_end(table_, key_, path));
    }
  }
  const CellPath node = cell(CellKind::kNode, path);
  const Result<bool> there = draft_.has(node);
  if (!there) return there.error();
  return *there ? Status() : draft_.put(node, {});
}

Status Editor::set(ByteSpan path, ByteSpan text) {
  const Result<Spot> spot = look(path);
  if (!spot) return spot.error();
  const Result<bool> ended = ends(path);
  if (!ended) return ended.error();
  if (spot->object || spot->set) {
    PANDO_RETURN_IF_ERROR(clear(path));
  } else if (!spot->counter.absent()) {
    PANDO_RETURN_IF_ERROR(draft_.reset(cell(CellKind::kLeafCounter, path)));
  }
  if (*ended) PANDO_RETURN_IF_ERROR(draft_.set_end(table_, key_, path, kNeverExpires));
  return draft_.put(cell(CellKind::kLeaf, path), text);
}

Status Editor::remove(ByteSpan path) {
  const Result<Spot> spot = look(path);
  if (!spot) return spot.error();
  if (spot->object || spot->set) return clear(path);
  PANDO_RETURN_IF_ERROR(clear_scalars(path, *spot));
  return draft_.view().cells().may_expire(table_) ? draft_.remove(cell(CellKind::kExpiry, path)) : Status();
}

Status Editor::add(ByteSpan path, ByteSpan number) {
  const std::optional<Int128> units = number_units(number);
  if (!units) return out_of_range(path, number);
  if (*units < 0 && draft_.table(table_).grow_only) {
    return Status(StatusCode::kOutOfRange, fmt::format("counters of table \"{}\" only grow: field \"{}\" cannot be "
                                                       "decremented",
                                                       table_, field_text(path)));
  }
  const Result<Spot> spot = look(path);
  if (!spot) return spot.error();
  if (spot->object || spot->set || (spot->leaf && !is_json_number(*spot->leaf))) {
    return wrong_field(path, *spot, "a number");
  }
  // A number that nothing was ever added to would not exist.
  if (spot->empty() && *units == 0) return draft_.put(cell(CellKind::kLeaf, path), "0");
  const std::optional<Int128> now = spot->empty() ? Int128{0} : field_units(spot->leaf, spot->counter);
  if (!now) return out_of_range(path, *spot->leaf);
  const Int128 sum = *now + *units;
  if ((*units > 0 && sum > kDecimalMax) || (*units < 0 && sum < -kDecimalMax)) {
    return Status(StatusCode::kOutOfRange,
                  fmt::format("field \"{}\" at {} plus {} leaves the range of ±{}", field_text(path),
                              decimal_text(*now), decimal_text(*units), decimal_text(kDecimalMax)));
  }
  return draft_.count(cell(CellKind::kLeafCounter, path), *units);
}

// To a larger or a smaller number. What was added so far is in it.
Status Editor::move(const DocumentEdit& edit) {
  const bool up = edit.what == What::kMax;
  const Result<Spot> spot = look(edit.path);
  if (!spot) return spot.error();
  if (spot->object || spot->set || (spot->leaf && !is_json_number(*spot->leaf))) {
    return wrong_field(edit.path, *spot, "a number");
  }
  if (!spot->empty()) {
    const std::optional<Int128> sum = spot->counter.absent() ? std::nullopt : field_units(spot->leaf, spot->counter);
    const Bytes now = sum ? decimal_text(*sum) : spot->leaf.value_or(decimal_text(spot->counter.exact()));
    const auto order = compare_numbers(edit.text, now);
    if (up ? order <= 0 : order >= 0) return {};
    if (!spot->counter.absent()) PANDO_RETURN_IF_ERROR(draft_.reset(cell(CellKind::kLeafCounter, edit.path)));
  }
  return draft_.put(cell(CellKind::kLeaf, edit.path), Bytes(1, up ? kLeafMax : kLeafMin) + edit.text);
}

Status Editor::change_members(const DocumentEdit& edit) {
  const Result<Spot> spot = look(edit.path);
  if (!spot) return spot.error();
  const bool adds = edit.what == What::kAddMembers;
  std::optional<std::vector<Bytes>> items;
  if (spot->leaf) items = scalar_items(*spot->leaf);
  if (spot->object || !spot->counter.absent() || (spot->leaf && !items)) {
    return wrong_field(edit.path, *spot, "a set or an array of plain values");
  }
  if (items) {
    const bool changes = adds || std::any_of(edit.members.begin(), edit.members.end(), [&](const Bytes& member) {
                           return std::find(items->begin(), items->end(), member) != items->end();
                         });
    if (!changes) return {};
    // The array becomes a set.
    PANDO_RETURN_IF_ERROR(draft_.remove(cell(CellKind::kLeaf, edit.path)));
    for (const Bytes& item : *items) {
      const std::size_t bytes = edit.path.size() + kMemberMark.size() + item.size();
      if (bytes > limits::kElementBytesMax) {
        return Status(StatusCode::kTooLarge,
                      fmt::format("field \"{}\": its path with an item of the array has {} bytes, the limit is {}",
                                  field_text(edit.path), bytes, limits::kElementBytesMax));
      }
      PANDO_RETURN_IF_ERROR(draft_.put(member_cell(edit.path, item), {}));
    }
  }
  for (const Bytes& member : edit.members) {
    const CellPath path = member_cell(edit.path, member);
    PANDO_RETURN_IF_ERROR(adds ? draft_.put(path, {}) : draft_.remove(path));
  }
  return {};
}

// A replacement. ---------------------------------------------------------------------------------------------

Result<DocumentTree> Editor::tree() {
  DocumentTree tree(draft_.table(table_));
  for (const CellKind kind : {CellKind::kNode, CellKind::kLeaf, CellKind::kLeafCounter, CellKind::kLeafMember}) {
    const auto elements =
        draft_.elements_after(table_, key_, kind, {}, {}, limits::kDocumentCellsMax + 1 - tree.cells());
    if (!elements) return fail(elements.error());
    for (const Bytes& element : *elements) {
      if (is_counter(kind)) {
        const Result<crdt::Counter> counter = draft_.counter_after(cell(kind, element));
        if (!counter) return fail(counter.error());
        tree.add_counter(element, *counter);
      } else {
        const Result<crdt::Register> reg = draft_.register_after(cell(kind, element));
        if (!reg) return fail(reg.error());
        tree.add_register(kind, element, *reg);
      }
    }
    if (tree.cells() > limits::kDocumentCellsMax) {
      return fail(StatusCode::kTooLarge,
                  fmt::format("document \"{}\" has more than {} fields and members; patch it, or delete it first", key_,
                              limits::kDocumentCellsMax));
    }
  }
  return tree;
}

// `now` is what is shown at the same field; null when nothing is.
Status Editor::same_or_write(const DocumentTree& seen, const DocumentEntry* now, const DocumentEntry& wanted) {
  const bool clash = seen.clashes(wanted.path);
  if (wanted.kind == DocumentEntry::Kind::kObject) {
    return now != nullptr && now->kind == wanted.kind && !clash ? Status() : make_object(wanted.path);
  }
  if (now != nullptr && !clash) {
    if (now->kind == DocumentEntry::Kind::kValue && now->text == wanted.text) return {};
    // A set is read as an array, and so it comes back.
    if (now->kind == DocumentEntry::Kind::kSet && scalar_items(wanted.text) == now->members) return {};
  }
  return set(wanted.path, wanted.text);
}

Status Editor::replace(const Document& wanted) {
  PANDO_RETURN_IF_ERROR(begin_anew(nullptr));
  const Result<DocumentTree> seen = tree();
  if (!seen) return seen.error();
  const Document now = seen->document();
  // Both ascend. What lies below a field that went whole is passed over.
  auto at = now.begin();
  std::optional<Bytes> gone;
  const auto remove_before = [&](const Bytes* path) -> Status {
    for (; at != now.end() && (path == nullptr || at->path < *path); ++at) {
      if (gone && at->path.starts_with(*gone)) continue;
      PANDO_RETURN_IF_ERROR(remove(at->path));
      gone = at->path;
    }
    return {};
  };
  for (const DocumentEntry& entry : wanted) {
    PANDO_RETURN_IF_ERROR(remove_before(&entry.path));
    const bool shown = at != now.end() && at->path == entry.path;
    PANDO_RETURN_IF_ERROR(same_or_write(*seen, shown ? &*at : nullptr, entry));
    if (!shown) continue;
    if (entry.kind != DocumentEntry::Kind::kObject) gone = at->path;  // set() took what was below
    ++at;
  }
  return remove_before(nullptr);
}

Status check_document(Draft& draft, const Mutation& mutation) {
  return draft.check_type(mutation.table, mutation.key, ValueType::kDocument);
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const PutDocument& put) {
  PANDO_RETURN_IF_ERROR(validate(put));
  PANDO_RETURN_IF_ERROR(check_document(draft, mutation));
  return Editor(draft, mutation.table, mutation.key).replace(put.document);
}

Result<bool> has_field(Draft& draft, std::string_view table, ByteSpan key, ByteSpan path) {
  if (!fields_of_path(path)) return fail(StatusCode::kInvalidArgument, "the field is no path of a document");
  return Editor(draft, table, key).has(path);
}

Status decide(Draft& draft, const Mutation& mutation, const PatchDocument& patch) {
  PANDO_RETURN_IF_ERROR(validate(patch));
  PANDO_RETURN_IF_ERROR(check_document(draft, mutation));
  Editor editor(draft, mutation.table, mutation.key);
  PANDO_RETURN_IF_ERROR(editor.apply({What::kObject, {}}));
  for (const DocumentEdit& edit : patch.edits) PANDO_RETURN_IF_ERROR(editor.apply(edit));
  return {};
}

}  // namespace pando::engine

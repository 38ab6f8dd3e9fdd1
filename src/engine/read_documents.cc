// Documents: one, or a list of them by key.
#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/document_tree.h"
#include "engine/read.h"
#include "model/json_scalar.h"
#include "store/back_cursor.h"

namespace pando::engine {
namespace {

// The fields asked for, with what they hold and the objects that hold them.
Document project(Document document, const std::vector<Bytes>& fields) {
  if (fields.empty()) return document;
  std::map<Bytes, DocumentEntry> kept;
  kept.emplace(Bytes(), DocumentEntry{});
  for (DocumentEntry& entry : document) {
    const bool wanted =
        std::any_of(fields.begin(), fields.end(), [&](const Bytes& field) { return entry.path.starts_with(field); });
    if (!wanted) continue;
    for (Bytes above(parent_of(entry.path)); kept.try_emplace(above, DocumentEntry{above}).second;) {
      above = Bytes(parent_of(above));
    }
    Bytes path = entry.path;
    kept.insert_or_assign(std::move(path), std::move(entry));
  }
  Document projected;
  for (auto& [path, entry] : kept) projected.push_back(std::move(entry));
  return projected;
}

// Without those that lie in another one.
std::vector<Bytes> outermost(std::vector<Bytes> fields) {
  std::sort(fields.begin(), fields.end());
  std::vector<Bytes> kept;
  for (Bytes& field : fields) {
    if (kept.empty() || !field.starts_with(kept.back())) kept.push_back(std::move(field));
  }
  if (kept.empty()) kept.emplace_back();
  return kept;
}

bool has_item(const DocumentEntry& entry, ByteSpan item) {
  const auto equal = [&](const Bytes& one) { return compare_scalars(one, item) == 0; };
  if (entry.kind == DocumentEntry::Kind::kSet) {
    return std::any_of(entry.members.begin(), entry.members.end(), equal);
  }
  const auto items = entry.kind == DocumentEntry::Kind::kValue ? scalar_items(entry.text) : std::nullopt;
  return items && std::any_of(items->begin(), items->end(), equal);
}

bool matches(const Document& document, const FieldFilter& filter) {
  using Op = FieldFilter::Op;
  const auto at = std::lower_bound(document.begin(), document.end(), filter.path,
                                   [](const DocumentEntry& entry, const Bytes& path) { return entry.path < path; });
  if (at == document.end() || at->path != filter.path) return filter.op == Op::kNotEqual;
  if (filter.op == Op::kHas) return has_item(*at, filter.value);
  const auto order = at->kind == DocumentEntry::Kind::kValue ? compare_scalars(at->text, filter.value)
                                                             : std::partial_ordering::unordered;
  switch (filter.op) {
    case Op::kEqual: return order == 0;
    case Op::kNotEqual: return order != 0;
    case Op::kLess: return order < 0;
    case Op::kLessEqual: return order <= 0;
    case Op::kGreater: return order > 0;
    case Op::kGreaterEqual: return order >= 0;
    case Op::kHas: break;
  }
  return false;
}

Status too_large(ByteSpan key) {
  return Status(StatusCode::kTooLarge, fmt::format("document \"{}\" has more than {} fields and members; read some of "
                                                   "its fields",
                                                   key, limits::kDocumentCellsMax));
}

std::size_t size_of(const Document& document) {
  std::size_t bytes = 0;
  for (const DocumentEntry& entry : document) {
    bytes += entry.path.size() + entry.text.size();
    for (const Bytes& member : entry.members) bytes += member.size();
  }
  return bytes;
}

// Reads one key from where the cursor stands to the next. Nothing when it is no document.
// Whether it lies in one of the fields, which ascend and do not lie in one another.
bool lies_in(ByteSpan element, const std::vector<Bytes>& fields) {
  const auto after = std::upper_bound(fields.begin(), fields.end(), element,
                                      [](ByteSpan one, const Bytes& field) { return one < ByteSpan(field); });
  return after != fields.begin() && element.starts_with(*std::prev(after));
}

template <typename Cursor>
Result<std::optional<Document>> take_document(View& view, const std::string& table, Cursor& at, std::size_t& cells) {
  const Bytes key = at.key();
  DocumentTree tree(view.table(table));
  const Result<std::vector<Bytes>> ended = view.ended_fields(table, key);
  if (!ended) return fail(ended.error());
  bool expires = false;
  bool other = false;
  while (at.valid() && at.key() == key) {
    ++cells;
    const CellKind kind = at.path().kind;
    const std::optional<ValueType> type = type_of(kind);
    expires = expires || kind == CellKind::kExpiry;
    // A type before it is what the key reads as.
    if (type && *type < ValueType::kDocument) {
      const Result<bool> there = view.shows(at.path(), at.cell());
      if (!there) return fail(there.error());
      other = *there;
    }
    if (other || tree.cells() > limits::kDocumentCellsMax) break;
    if (!lies_in(at.path().element, *ended)) tree.add(at.path(), at.cell());
    at.next();
  }
  if (at.valid() && at.key() == key) at.skip_key();
  if (other || tree.empty()) return std::nullopt;
  if (expires) {
    const Result<bool> gone = view.expired(table, key);
    if (!gone) return fail(gone.error());
    if (*gone) return std::nullopt;
  }
  if (tree.cells() > limits::kDocumentCellsMax) return fail(too_large(key));
  return tree.document();
}

template <typename Cursor>
Result<ReplyBody> list(View& view, const ListDocumentsRequest& request, Cursor&& at) {
  DocumentsReply reply;
  std::size_t cells = 0;
  std::size_t bytes = 0;
  while (at.valid()) {
    if (reply.items.size() == request.count_max || cells >= limits::kScanCellsMax || bytes >= limits::kScanBytesMax) {
      reply.more = true;
      break;
    }
    Bytes key = at.key();
    Result<std::optional<Document>> document = take_document(view, request.table, at, cells);
    if (!document) return fail(document.error());
    reply.last = key;
    if (!*document) continue;
    const bool wanted = std::all_of(request.filters.begin(), request.filters.end(),
                                    [&](const FieldFilter& filter) { return matches(**document, filter); });
    if (!wanted) continue;
    reply.items.push_back({std::move(key), project(std::move(**document), request.fields)});
    bytes += size_of(reply.items.back().document);
  }
  view.note(at.touched());
  PANDO_RETURN_IF_ERROR(at.status());
  return reply;
}

}  // namespace

Result<ReplyBody> read(View& view, const GetDocumentRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  const auto type = view.type_of(request.table, request.key);
  if (!type) return fail(type.error());
  DocumentReply reply;
  if (!*type) return reply;
  if (**type != ValueType::kDocument) return fail(wrong_type(request.key, **type, ValueType::kDocument));
  reply.found = true;
  DocumentTree tree(view.table(request.table));
  const Result<std::vector<Bytes>> ended = view.ended_fields(request.table, request.key);
  if (!ended) return fail(ended.error());
  const auto take = [&](const store::CellCursor& at) {
    if (!lies_in(at.path().element, *ended)) tree.add(at.path(), at.cell());
    return tree.cells() > limits::kDocumentCellsMax ? too_large(request.key) : Status();
  };
  for (const Bytes& field : outermost(request.fields)) {
    const Result<LogPos> touched =
        store::visit_part(view.cells(), request.table, request.key, kDocumentKinds, field, take);
    if (!touched) return fail(touched.error());
    view.note(*touched);
  }
  reply.document = project(tree.document(), request.fields);
  return reply;
}

Result<ReplyBody> read(View& view, const ListDocumentsRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_table_name(request.table));
  store::KeyRange range{request.prefix, request.from, request.to, {}};
  if (request.descending) {
    if (!request.after.empty() && (range.to.empty() || request.after < range.to)) range.to = request.after;
    return list(view, request, view.cells().scan_back(request.table, range));
  }
  range.after = request.after;
  return list(view, request, view.cells().scan_range(request.table, range));
}

}  // namespace pando::engine

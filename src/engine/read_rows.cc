// Rows: all their fields, or some looked up one by one.
#include <algorithm>

#include "engine/read.h"

namespace pando::engine {
namespace {

// Calls visit(field, value) for every field in byte order until it answers false.
template <typename Visit>
Status for_each_field(View& view, std::string_view table, ByteSpan key, Visit visit) {
  const Result<bool> gone = view.expired(table, key);
  if (!gone) return gone.error();
  if (*gone) return {};
  store::CellCursor at = view.cells().scan_elements(table, key, CellKind::kField, {}, {});
  for (; at.valid(); at.next()) {
    const crdt::Register::Entry* entry = resolve(at.cell().reg(), view.table(table));
    if (entry == nullptr) continue;
    const Result<bool> over = view.expired(table, key, at.path().element);
    if (!over) return over.error();
    if (!*over && !visit(at.path().element, entry->value)) break;
  }
  return view.note(at);
}

// Table `row` holds nothing else.
Status check_row(View& view, std::string_view table, ByteSpan key) {
  return table == kTableRow ? Status() : view.check_type(table, key, ValueType::kRow);
}

}  // namespace

Result<ReplyBody> read(View& view, const GetRowRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  RowReply reply;
  if (!request.columns) {
    PANDO_RETURN_IF_ERROR(check_row(view, request.table, request.key));
    PANDO_RETURN_IF_ERROR(for_each_field(view, request.table, request.key, [&](const Bytes& field, const Bytes& value) {
      reply.columns.emplace_back(field, value);
      return true;
    }));
    reply.found = !reply.columns.empty();
    return reply;
  }
  std::vector<Bytes> names = *request.columns;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (Bytes& name : names) {
    Result<std::optional<Bytes>> value = view.value({request.table, request.key, CellKind::kField, name});
    if (!value) return fail(value.error());
    if (*value) reply.columns.emplace_back(std::move(name), **std::move(value));
  }
  reply.found = !reply.columns.empty();
  if (reply.found) return reply;
  // None of those: the row may have others, or the key be something else.
  PANDO_RETURN_IF_ERROR(check_row(view, request.table, request.key));
  PANDO_RETURN_IF_ERROR(for_each_field(view, request.table, request.key, [&](const Bytes&, const Bytes&) {
    reply.found = true;
    return false;
  }));
  return reply;
}

Result<ReplyBody> read(View& view, const CountFieldsRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  PANDO_RETURN_IF_ERROR(check_row(view, request.table, request.key));
  MemberCountReply reply;
  PANDO_RETURN_IF_ERROR(for_each_field(view, request.table, request.key, [&](const Bytes&, const Bytes&) {
    ++reply.count;
    return true;
  }));
  return reply;
}

}  // namespace pando::engine

#include "engine/stream.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/crc32c.h"
#include "base/limits.h"
#include "base/prng.h"
#include "engine/read.h"
#include "store/back_cursor.h"
#include "store/cell_key.h"

namespace pando::engine {
namespace {

constexpr unsigned kSiteBits = 24;

CellPath entry_path(std::string_view table, ByteSpan key, const StreamId& id) {
  return {std::string(table), Bytes(key), CellKind::kEntry, encode_stream_id(id)};
}
// Holds the highest id that was taken out.
CellPath mark_path(std::string_view table, ByteSpan key) {
  return {std::string(table), Bytes(key), CellKind::kEntry, {}};
}

StreamId marked(const crdt::Register& reg) {
  StreamId highest;
  for (const crdt::Register::Entry& entry : reg.entries()) {
    highest = std::max(highest, decode_stream_id(entry.value).value_or(StreamId{}));
  }
  return highest;
}

// The highest id in the cells, of those that `counts` is true of.
template <typename Counts>
Result<StreamId> last_in_cells(View& view, std::string_view table, ByteSpan key, Counts counts) {
  Bytes from;
  store::append_cell_key(table, key, CellKind::kEntry, {}, from);
  store::BackCursor at = view.cells().scan_back_between(from, store::prefix_end(from));
  StreamId last;
  for (; at.valid(); at.next()) {
    const auto id = decode_stream_id(at.path().element);
    if (!id || !at.visible() || !counts(at.path())) continue;
    last = *id;
    break;
  }
  view.note(at.touched());
  PANDO_RETURN_IF_ERROR(at.status());
  return last;
}

// The highest id that ever was in the stream, after the draft.
Result<StreamId> top_after(Draft& draft, const Mutation& mutation) {
  const Result<crdt::Register> mark = draft.register_after(mark_path(mutation.table, mutation.key));
  if (!mark) return fail(mark.error());
  // One that this draft takes out alone is in the mark.
  const Result<StreamId> last = last_in_cells(draft.view(), mutation.table, mutation.key,
                                              [&](const CellPath& path) { return !draft.cleared(path); });
  if (!last) return last;
  const std::optional<Bytes> own = draft.last_put(mutation.table, mutation.key, CellKind::kEntry);
  return std::max({marked(*mark), *last, own ? decode_stream_id(*own).value_or(StreamId{}) : StreamId{}});
}

Result<StreamId> id_for(Draft& draft, const AddEntry& add, const StreamId& top) {
  const auto none = [] { return fail(StatusCode::kOutOfRange, "the stream has come to the highest id there is"); };
  switch (add.how) {
    case AddEntry::Id::kGiven: return add.id;
    case AddEntry::Id::kOfTime:
      if (add.id.ms != top.ms) return StreamId{add.id.ms, 0};
      if (top.number == UINT64_MAX) return none();
      return StreamId{top.ms, top.number + 1};
    case AddEntry::Id::kMade: break;
  }
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, draft.view().now_ms()));
  const Origin& origin = draft.dot().origin;
  if (now_ms > top.ms) return StreamId{now_ms, made_stream_number(origin, 0)};
  const std::uint64_t count = (top.number >> kSiteBits) + 1;
  if (count >> (64 - kSiteBits) == 0) return StreamId{top.ms, made_stream_number(origin, count)};
  if (top.ms == UINT64_MAX) return none();
  return StreamId{top.ms + 1, made_stream_number(origin, 0)};
}

// Takes entries out; of the ids those that are there. How many there were.
Result<std::int64_t> take_out(Draft& draft, const Mutation& mutation, const std::vector<StreamId>& ids) {
  const Result<StreamId> top = top_after(draft, mutation);
  if (!top) return fail(top.error());
  std::int64_t count = 0;
  for (const StreamId& id : ids) {
    const CellPath path = entry_path(mutation.table, mutation.key, id);
    const Result<bool> there = draft.has(path);
    if (!there) return fail(there.error());
    if (!*there) continue;
    ++count;
    PANDO_RETURN_IF_ERROR(draft.remove(path));
    if (id == *top) PANDO_RETURN_IF_ERROR(draft.put(mark_path(mutation.table, mutation.key), path.element));
  }
  return count;
}

// How many entries there are after the draft.
Result<std::uint64_t> count_after(Draft& draft, const Mutation& mutation) {
  std::uint64_t count = 0;
  for (const auto& [element, value] : draft.written(mutation.table, mutation.key, CellKind::kEntry)) {
    if (value && !element.empty()) ++count;
  }
  store::CellCursor at = draft.view().cells().scan_elements(mutation.table, mutation.key, CellKind::kEntry, {}, {});
  for (; at.valid(); at.next()) {
    const CellPath& path = at.path();
    if (at.visible() && !path.element.empty() && !draft.cleared(path) && !draft.wrote(path)) ++count;
  }
  PANDO_RETURN_IF_ERROR(draft.view().note(at));
  return count;
}

Result<std::int64_t> trim_to(Draft& draft, const Mutation& mutation, const StreamTrim& trim) {
  std::uint64_t goes = std::min<std::uint64_t>(trim.remove_max, limits::kListChangesMax);
  if (trim.count_max) {
    const Result<std::uint64_t> count = count_after(draft, mutation);
    if (!count) return fail(count.error());
    if (*count <= *trim.count_max) return 0;
    goes = std::min(goes, *count - *trim.count_max);
  }
  // The mark comes first, if it is there.
  const auto elements = draft.elements_after(mutation.table, mutation.key, CellKind::kEntry, {}, {}, goes + 1);
  if (!elements) return fail(elements.error());
  std::vector<StreamId> ids;
  for (const Bytes& element : *elements) {
    const auto id = decode_stream_id(element);
    if (id && ids.size() < goes && (!trim.from || *id < *trim.from)) ids.push_back(*id);
  }
  return take_out(draft, mutation, ids);
}

Result<bool> is_there(Draft& draft, const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kStream));
  const Result<std::optional<ValueType>> type = draft.type_of(mutation.table, mutation.key);
  if (!type) return fail(type.error());
  return type->has_value();
}

}  // namespace

std::uint64_t made_stream_number(const Origin& origin, std::uint64_t count) {
  const std::uint64_t site = crc32c(to_string(origin)) & ((1U << kSiteBits) - 1);
  return count << kSiteBits | site;
}

Status decide(Draft& draft, const Mutation& mutation, const AddEntry& add) {
  if (add.fields.empty()) return Status(StatusCode::kInvalidArgument, "an entry has one field or more");
  const Result<bool> there = is_there(draft, mutation);
  if (!there) return there.error();
  if (add.if_exists && !*there) return {};
  const Result<StreamId> top = top_after(draft, mutation);
  if (!top) return top.error();
  const Result<StreamId> id = id_for(draft, add, *top);
  if (!id) return id.error();
  if (*id <= *top) {
    return Status(StatusCode::kPreconditionFailed,
                  fmt::format("id {} is not above {}, the highest there was", to_string(*id), to_string(*top)));
  }
  Bytes value = encode_stream_fields(add.fields);
  if (value.size() > limits::kValueBytesMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("entry has {} bytes, the limit is {}", value.size(), limits::kValueBytesMax));
  }
  PANDO_RETURN_IF_ERROR(draft.put(entry_path(mutation.table, mutation.key, *id), value));
  draft.give_back(to_string(*id));
  if (!add.trim) return {};
  const Result<std::int64_t> trimmed = trim_to(draft, mutation, *add.trim);
  return trimmed ? Status() : trimmed.error();
}

Status decide(Draft& draft, const Mutation& mutation, const RemoveEntries& remove) {
  const Result<bool> there = is_there(draft, mutation);
  if (!there) return there.error();
  const Result<std::int64_t> count = take_out(draft, mutation, remove.ids);
  if (!count) return count.error();
  draft.set_result(*count);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const TrimStream& trim) {
  const Result<bool> there = is_there(draft, mutation);
  if (!there) return there.error();
  const Result<std::int64_t> count = trim_to(draft, mutation, trim.trim);
  if (!count) return count.error();
  draft.set_result(*count);
  return {};
}

// Reading. -----------------------------------------------------------------------------------------------------

namespace {

// False: there is enough.
bool take(EntriesReply& reply, const RangeEntriesRequest& request, const CellPath& path, const store::Cell& cell) {
  const auto id = decode_stream_id(path.element);
  if (!id) return true;
  if (request.count_max == 0) {
    ++reply.count;
    return true;
  }
  if (reply.entries.size() == request.count_max) {
    reply.more = true;
    return false;
  }
  // What a peer wrote that is no entry shows no fields.
  reply.entries.push_back({*id, decode_stream_fields(cell.reg().resolve()->value).value_or(StreamFields())});
  ++reply.count;
  return true;
}

}  // namespace

Result<ReplyBody> read(View& view, const RangeEntriesRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  PANDO_RETURN_IF_ERROR(view.check_type(request.table, request.key, ValueType::kStream));
  const Result<std::optional<ValueType>> type = view.type_of(request.table, request.key);
  if (!type) return fail(type.error());
  EntriesReply reply;
  reply.found = type->has_value();
  if (!reply.found) return reply;
  const Result<const crdt::Register*> mark = view.find_register(mark_path(request.table, request.key));
  if (!mark) return fail(mark.error());
  if (*mark != nullptr) reply.top = marked(**mark);
  const Result<StreamId> last = last_in_cells(view, request.table, request.key, [](const CellPath&) { return true; });
  if (!last) return fail(last.error());
  reply.top = std::max(reply.top, *last);
  if (request.last < request.first) return reply;
  if (request.reverse) {
    Bytes from;
    Bytes to;
    store::append_cell_key(request.table, request.key, CellKind::kEntry, encode_stream_id(request.first), from);
    store::append_cell_key(request.table, request.key, CellKind::kEntry, encode_stream_id(request.last), to);
    to.push_back('\0');
    store::BackCursor at = view.cells().scan_back_between(from, to);
    while (at.valid() && (!at.visible() || take(reply, request, at.path(), at.cell()))) at.next();
    view.note(at.touched());
    PANDO_RETURN_IF_ERROR(at.status());
    return reply;
  }
  const Bytes end = encode_stream_id(request.last);
  const std::optional<StreamId> before = request.first.previous();
  store::CellCursor at = view.cells().scan_elements(request.table, request.key, CellKind::kEntry, {},
                                                    before ? encode_stream_id(*before) : Bytes());
  for (; at.valid() && at.path().element <= end; at.next()) {
    if (at.visible() && !take(reply, request, at.path(), at.cell())) break;
  }
  PANDO_RETURN_IF_ERROR(view.note(at));
  return reply;
}

}  // namespace pando::engine

// Keys whatever they hold: their type, the name of their state, and walks over those of a table.
#include "engine/etag.h"
#include "engine/read.h"

namespace pando::engine {
namespace {

// Calls visit(key) for the keys that are there, in byte order, until it answers false. False when it stopped there.
template <typename Visit>
Result<bool> for_each_key(View& view, std::string_view table, ByteSpan prefix, ByteSpan after, Visit visit) {
  bool whole = true;
  store::CellCursor at = view.cells().scan(table, prefix, after);
  while (whole && at.valid()) {
    const Result<bool> there = view.shows(at.path(), at.cell());
    if (!there) return fail(there.error());
    if (!*there) {
      at.next();
      continue;
    }
    const Result<bool> gone = view.expired(table, at.key());
    if (!gone) return fail(gone.error());
    whole = *gone || visit(at.key());
    if (whole) at.skip_key();
  }
  PANDO_RETURN_IF_ERROR(view.note(at));
  return whole;
}

}  // namespace

Result<std::vector<Bytes>> keys_of(View& view, std::string_view table, ByteSpan prefix, std::size_t count_max) {
  PANDO_RETURN_IF_ERROR(validate_table_name(table));
  std::vector<Bytes> keys;
  const Result<bool> whole = for_each_key(view, table, prefix, {}, [&](const Bytes& key) {
    if (keys.size() < count_max) keys.push_back(key);
    return keys.size() < count_max;
  });
  if (!whole) return fail(whole.error());
  return keys;
}

Result<ReplyBody> read(View& view, const GetTypeRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  const Result<std::optional<ValueType>> type = view.type_of(request.table, request.key);
  if (!type) return fail(type.error());
  return TypeReply{*type};
}

Result<ReplyBody> read(View& view, const GetEtagRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  Result<std::string> etag = etag_of(view, request.table, request.key);
  if (!etag) return fail(etag.error());
  return EtagReply{*std::move(etag)};
}

Result<ReplyBody> read(View& view, const ScanKeysRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_table_name(request.table));
  ScanKeysReply reply;
  std::vector<Bytes> keys;
  const Result<bool> whole = for_each_key(view, request.table, request.prefix, request.after, [&](const Bytes& key) {
    if (keys.size() == request.look_max) return false;
    keys.push_back(key);
    return true;
  });
  if (!whole) return fail(whole.error());
  reply.more = !*whole;
  if (!keys.empty()) reply.last = keys.back();
  for (Bytes& key : keys) {
    if (request.types != 0) {
      const Result<std::optional<ValueType>> type = view.type_of(request.table, key);
      if (!type) return fail(type.error());
      if (!*type || (request.types >> static_cast<unsigned>(**type) & 1U) == 0) continue;
    }
    reply.keys.push_back(std::move(key));
  }
  return reply;
}

Result<ReplyBody> read(View& view, const CountKeysRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_table_name(request.table));
  MemberCountReply reply;
  const Result<bool> whole = for_each_key(view, request.table, {}, {}, [&](const Bytes&) {
    if (reply.count == request.count_max) return false;
    ++reply.count;
    return true;
  });
  if (!whole) return fail(whole.error());
  reply.more = !*whole;
  return reply;
}

}  // namespace pando::engine

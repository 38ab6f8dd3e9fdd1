// Reads of sets and flags: cells that say "here" (model/path.h, is_presence()).
#include <algorithm>

#include "engine/draft.h"
#include "node/read_path.h"
#include "store/cell_cursor.h"

namespace pando::node {
namespace {

CellPath path_of(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element = {}) {
  return {std::string(table), Bytes(key), kind, Bytes(element)};
}

}  // namespace

Result<LogPos> ReadPath::check_above(std::string_view table, ByteSpan key, CellKind asked) {
  PANDO_RETURN_IF_ERROR(validate_table_name(table));
  PANDO_RETURN_IF_ERROR(validate_key(key));
  const Result<store::KeyKinds> kinds = replica_.cells().kinds(table, key, {.fields = false, .members = false});
  if (!kinds) return fail(kinds.error());
  if (kinds->has_counter) return fail(engine::wrong_type(key, CellKind::kCounter, asked));
  if (kinds->has_register) return fail(engine::wrong_type(key, CellKind::kRegister, asked));
  if (kinds->has_flag && asked != CellKind::kFlag) return fail(engine::wrong_type(key, CellKind::kFlag, asked));
  return kinds->touched;
}

void ReadPath::handle(RequestId id, const ListMembersRequest& request, Outputs& out) {
  answer(id, members(request), out);
}

Result<ReadPath::Answer> ReadPath::members(const ListMembersRequest& request) {
  const Result<LogPos> above = check_above(request.table, request.key, CellKind::kMember);
  if (!above) return fail(above.error());
  MembersReply reply;
  store::CellCursor at =
      replica_.cells().scan_elements(request.table, request.key, CellKind::kMember, request.prefix, request.after);
  for (; at.valid() && reply.members.size() < request.count_max; at.next()) {
    reply.members.push_back(at.path().element);
  }
  PANDO_RETURN_IF_ERROR(at.status());
  reply.more = at.valid();
  return Answer{std::move(reply), std::max(*above, at.touched())};
}

void ReadPath::handle(RequestId id, const CountMembersRequest& request, Outputs& out) {
  answer(id, count_members(request), out);
}

Result<ReadPath::Answer> ReadPath::count_members(const CountMembersRequest& request) {
  const Result<LogPos> above = check_above(request.table, request.key, CellKind::kMember);
  if (!above) return fail(above.error());
  MemberCountReply reply;
  store::CellCursor at = replica_.cells().scan_elements(request.table, request.key, CellKind::kMember, {}, {});
  for (; at.valid() && reply.count < request.count_max; at.next()) ++reply.count;
  PANDO_RETURN_IF_ERROR(at.status());
  reply.more = at.valid();
  return Answer{reply, std::max(*above, at.touched())};
}

void ReadPath::handle(RequestId id, const HasMemberRequest& request, Outputs& out) {
  answer(id, has_member(request), out);
}

Result<ReadPath::Answer> ReadPath::has_member(const HasMemberRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_member(request.member));
  const Result<LogPos> above = check_above(request.table, request.key, CellKind::kMember);
  if (!above) return fail(above.error());
  const CellPath path = path_of(request.table, request.key, CellKind::kMember, request.member);
  const Result<const crdt::Register*> found = replica_.cells().find_register(path);
  if (!found) return fail(found.error());
  return Answer{PresenceReply{*found != nullptr}, std::max(*above, replica_.cells().touched(path))};
}

void ReadPath::handle(RequestId id, const GetFlagRequest& request, Outputs& out) { answer(id, flag(request), out); }

Result<ReadPath::Answer> ReadPath::flag(const GetFlagRequest& request) {
  const Result<LogPos> above = check_above(request.table, request.key, CellKind::kFlag);
  if (!above) return fail(above.error());
  const Result<const crdt::Register*> found =
      replica_.cells().find_register(path_of(request.table, request.key, CellKind::kFlag));
  if (!found) return fail(found.error());
  if (*found != nullptr) return Answer{PresenceReply{true}, *above};
  const store::CellCursor set = replica_.cells().scan_kinds(request.table, request.key, CellKind::kMember);
  PANDO_RETURN_IF_ERROR(set.status());
  if (set.valid()) return fail(engine::wrong_type(request.key, CellKind::kMember, CellKind::kFlag));
  return Answer{PresenceReply{false}, std::max(*above, set.touched())};
}

}  // namespace pando::node

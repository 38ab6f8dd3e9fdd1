// Sets and flags. A set's members are those of both its forms: cells that say "here", and guards that do.
#include "engine/read.h"

namespace pando::engine {
namespace {

CellPath path_of(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element = {}) {
  return {std::string(table), Bytes(key), kind, Bytes(element)};
}

Status check_set(View& view, std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  return view.check_type(table, key, ValueType::kSet);
}

// Calls visit(member) for each in byte order until it answers false. False in the end when it stopped there.
template <typename Visit>
Result<bool> for_each_member(View& view, std::string_view table, ByteSpan key, ByteSpan prefix, ByteSpan after,
                             Visit visit) {
  const Result<bool> gone = view.expired(table, key);
  if (!gone) return fail(gone.error());
  if (*gone) return true;
  store::CellCursor plain = view.cells().scan_elements(table, key, CellKind::kMember, prefix, after);
  store::CellCursor guarded = view.cells().scan_elements(table, key, CellKind::kGuardedMember, prefix, after);
  bool whole = true;
  while (whole) {
    while (guarded.valid() && !guarded.visible()) guarded.next();
    if (!plain.valid() && !guarded.valid()) break;
    const bool first = !guarded.valid() || (plain.valid() && plain.path().element <= guarded.path().element);
    const Bytes member = first ? plain.path().element : guarded.path().element;
    whole = visit(member);
    if (plain.valid() && plain.path().element == member) plain.next();
    if (guarded.valid() && guarded.path().element == member) guarded.next();
  }
  PANDO_RETURN_IF_ERROR(view.note(plain));
  PANDO_RETURN_IF_ERROR(view.note(guarded));
  return whole;
}

Result<bool> is_on(View& view, const CellPath& presence, const CellPath& guard) {
  const auto here = view.find_register(presence);
  if (!here) return fail(here.error());
  if (*here != nullptr) return true;
  const auto held = view.find_register(guard);
  if (!held) return fail(held.error());
  return *held != nullptr && (*held)->all(kGuardOn);
}

}  // namespace

Result<ReplyBody> read(View& view, const ListMembersRequest& request) {
  PANDO_RETURN_IF_ERROR(check_set(view, request.table, request.key));
  MembersReply reply;
  const Result<bool> whole =
      for_each_member(view, request.table, request.key, request.prefix, request.after, [&](const Bytes& member) {
        if (reply.members.size() == request.count_max) return false;
        reply.members.push_back(member);
        return true;
      });
  if (!whole) return fail(whole.error());
  reply.more = !*whole;
  return reply;
}

Result<ReplyBody> read(View& view, const CountMembersRequest& request) {
  PANDO_RETURN_IF_ERROR(check_set(view, request.table, request.key));
  const auto bounded = [&](std::uint64_t count) {
    return MemberCountReply{std::min<std::uint64_t>(count, request.count_max), count > request.count_max};
  };
  const Result<bool> gone = view.expired(request.table, request.key);
  if (!gone) return fail(gone.error());
  if (*gone) return MemberCountReply{};
  LogPos touched;
  if (const auto known = view.indexes().set_size(request.table, request.key, touched)) {
    view.note(touched);
    return bounded(*known);
  }
  // Counted once, and known from then on.
  std::uint64_t count = 0;
  const Result<bool> whole = for_each_member(view, request.table, request.key, {}, {}, [&](const Bytes&) {
    if (count > request.count_max) return false;
    ++count;
    return true;
  });
  if (!whole) return fail(whole.error());
  if (*whole) {
    const store::CellCursor guarded =
        view.cells().scan_elements(request.table, request.key, CellKind::kGuardedMember, {}, {});
    PANDO_RETURN_IF_ERROR(view.note(guarded));
    const store::CellCursor plain = view.cells().scan_elements(request.table, request.key, CellKind::kMember, {}, {});
    PANDO_RETURN_IF_ERROR(view.note(plain));
    if (!guarded.valid() || !plain.valid()) {
      const CellKind kind = guarded.valid() ? CellKind::kGuardedMember : CellKind::kMember;
      view.indexes().keep_set_size(request.table, request.key, kind, count, view.touched());
    }
  }
  return bounded(count);
}

Result<ReplyBody> read(View& view, const HasMemberRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_member(request.member));
  PANDO_RETURN_IF_ERROR(check_set(view, request.table, request.key));
  const Result<bool> in = is_on(view, path_of(request.table, request.key, CellKind::kMember, request.member),
                                path_of(request.table, request.key, CellKind::kGuardedMember, request.member));
  if (!in) return fail(in.error());
  return PresenceReply{*in};
}

Result<ReplyBody> read(View& view, const GetFlagRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  PANDO_RETURN_IF_ERROR(view.check_type(request.table, request.key, ValueType::kFlag));
  const Result<bool> on = is_on(view, path_of(request.table, request.key, CellKind::kFlag),
                                path_of(request.table, request.key, CellKind::kGuard));
  if (!on) return fail(on.error());
  return PresenceReply{*on};
}

}  // namespace pando::engine

// Presences: of their leases those that are not over, by the clock of the view.
#include "engine/presence.h"
#include "engine/read.h"

namespace pando::engine {
namespace {

Status check_presence(View& view, std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  return view.check_type(table, key, ValueType::kPresence);
}

// Calls visit(member, lease) for each that is present, in byte order, until it answers false. False in the end when it
// stopped there.
template <typename Visit>
Result<bool> for_each_present(View& view, std::string_view table, ByteSpan key, ByteSpan prefix, ByteSpan after,
                              Visit visit) {
  const Result<bool> gone = view.expired(table, key);
  if (!gone) return fail(gone.error());
  if (*gone) return true;
  store::CellCursor at = view.cells().scan_elements(table, key, CellKind::kLease, prefix, after);
  bool whole = true;
  for (; at.valid() && whole; at.next()) {
    const std::optional<Lease> lease = lease_of(at.cell().reg());
    if (lease && lease->ends_at_ms > view.now_ms()) whole = visit(at.path().element, *lease);
  }
  PANDO_RETURN_IF_ERROR(view.note(at));
  return whole;
}

}  // namespace

Result<ReplyBody> read(View& view, const GetLeaseRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_member(request.member));
  PANDO_RETURN_IF_ERROR(check_presence(view, request.table, request.key));
  const auto found = view.find_register({request.table, request.key, CellKind::kLease, request.member});
  if (!found) return fail(found.error());
  LeaseReply reply;
  std::optional<Lease> lease = *found == nullptr ? std::nullopt : lease_of(**found);
  if (!lease || lease->ends_at_ms <= view.now_ms()) return reply;
  reply.present = true;
  reply.remaining_ms = lease->ends_at_ms - view.now_ms();
  reply.lease = *std::move(lease);
  return reply;
}

Result<ReplyBody> read(View& view, const ListLeasesRequest& request) {
  PANDO_RETURN_IF_ERROR(check_presence(view, request.table, request.key));
  LeasesReply reply;
  const Result<bool> whole = for_each_present(
      view, request.table, request.key, request.prefix, request.after, [&](const Bytes& member, const Lease& lease) {
        if (reply.entries.size() == request.count_max) return false;
        reply.entries.push_back({member, lease, lease.ends_at_ms - view.now_ms()});
        return true;
      });
  if (!whole) return fail(whole.error());
  reply.more = !*whole;
  return reply;
}

Result<ReplyBody> read(View& view, const CountLeasesRequest& request) {
  PANDO_RETURN_IF_ERROR(check_presence(view, request.table, request.key));
  MemberCountReply reply;
  const Result<bool> whole =
      for_each_present(view, request.table, request.key, {}, {}, [&](const Bytes&, const Lease&) {
        if (reply.count == request.count_max) return false;
        ++reply.count;
        return true;
      });
  if (!whole) return fail(whole.error());
  reply.more = !*whole;
  return reply;
}

}  // namespace pando::engine

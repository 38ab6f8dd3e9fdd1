#include "engine/presence.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

// The end of a key is moved in steps of this, so that renewals need not write it every time.
constexpr std::int64_t kEndStepMs = 3'600'000;

Status check_member_count(std::size_t count) {
  if (count == 0) return Status(StatusCode::kInvalidArgument, "no members");
  if (count <= limits::kBatchItemsMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("{} members, the limit is {}", count, limits::kBatchItemsMax));
}

CellPath lease_path(const Mutation& mutation, ByteSpan member) {
  return {mutation.table, mutation.key, CellKind::kLease, Bytes(member)};
}

// The end of the key is behind that of all its leases, by the grace.
Status put_off_end(Draft& draft, const Mutation& mutation, std::int64_t lease_ends_at_ms) {
  const Result<std::optional<std::int64_t>> end = draft.ends_after(mutation.table, mutation.key);
  if (!end) return end.error();
  if (*end && **end >= lease_ends_at_ms + kClockGraceMs) return {};
  return draft.set_end(mutation.table, mutation.key, {}, lease_ends_at_ms + kClockGraceMs + kEndStepMs);
}

// The entries of one member that no site shows any more and this one may remove. Sorted.
std::vector<Dot> spent_entries(const crdt::Register& reg, const Origin& self, std::int64_t now_ms) {
  std::vector<Dot> spent;
  for (const crdt::Register::Entry& entry : reg.entries()) {
    const std::optional<Lease> lease = decode_lease(entry.value);
    const std::int64_t by_ms = entry.dot.origin.node == self.node ? now_ms : now_ms - kClockGraceMs;
    if (lease && lease->ends_at_ms <= by_ms) spent.push_back(entry.dot);
  }
  return spent;
}

// Looks at a few members behind `after`, and goes on at the first when it comes to the last: in a presence that lives,
// all are looked at in the end.
Status sweep(Draft& draft, const Mutation& mutation, ByteSpan after) {
  std::size_t left = limits::kLeaseSweepCells;
  std::vector<std::pair<CellPath, std::vector<Dot>>> found;
  for (const ByteSpan from : {after, ByteSpan()}) {
    store::CellCursor at = draft.view().cells().scan_elements(mutation.table, mutation.key, CellKind::kLease, {}, from);
    for (; at.valid() && left > 0; at.next(), --left) {
      if (draft.cleared(at.path()) || draft.wrote(at.path())) continue;
      std::vector<Dot> spent = spent_entries(at.cell().reg(), draft.dot().origin, draft.view().now_ms());
      if (!spent.empty()) found.emplace_back(at.path(), std::move(spent));
    }
    PANDO_RETURN_IF_ERROR(draft.view().note(at));
  }
  for (auto& [path, spent] : found) {
    // The second round may have come to where the first one began.
    if (!draft.wrote(path)) draft.remove_entries(path, std::move(spent));
  }
  return {};
}

Result<std::optional<Lease>> lease_after(Draft& draft, const CellPath& path) {
  const Result<crdt::Register> reg = draft.register_after(path);
  if (!reg) return fail(reg.error());
  return lease_of(*reg);
}

}  // namespace

std::optional<Lease> lease_of(const crdt::Register& reg) {
  std::optional<Lease> found;
  const crdt::Register::Entry* from = nullptr;
  for (const crdt::Register::Entry& entry : reg.entries()) {
    std::optional<Lease> lease = decode_lease(entry.value);
    if (!lease) continue;
    if (from != nullptr &&
        std::tie(lease->ends_at_ms, entry.hlc, entry.dot) < std::tie(found->ends_at_ms, from->hlc, from->dot)) {
      continue;
    }
    found = std::move(lease);
    from = &entry;
  }
  return found;
}

Status decide(Draft& draft, const Mutation& mutation, const RenewLeases& renew) {
  PANDO_RETURN_IF_ERROR(check_member_count(renew.entries.size()));
  if (renew.ttl_ms < 1 || renew.ttl_ms > limits::kLeaseMsMax) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("a lease of {} ms; it must be 1 to {}", renew.ttl_ms, limits::kLeaseMsMax));
  }
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kPresence));
  const std::int64_t now_ms = draft.view().now_ms();
  RenewedReply reply{now_ms + renew.ttl_ms, 0};
  for (std::size_t i = 0; i < renew.entries.size(); ++i) {
    const RenewLeases::Entry& entry = renew.entries[i];
    if (Status status = validate_member(entry.member); !status.ok()) {
      return status.with_context(fmt::format("member {}", i));
    }
    if (entry.about && entry.about->size() > limits::kLeaseAboutBytesMax) {
      return Status(StatusCode::kInvalidArgument, fmt::format("member {} says {} bytes about itself, the limit is {}",
                                                              i, entry.about->size(), limits::kLeaseAboutBytesMax));
    }
    const CellPath path = lease_path(mutation, entry.member);
    const Result<std::optional<Lease>> before = lease_after(draft, path);
    if (!before) return before.error();
    const bool present = *before && (*before)->ends_at_ms > now_ms;
    if (!present) ++reply.joined;
    Lease lease{reply.ends_at_ms, entry.about.value_or(present ? (*before)->about : Bytes())};
    PANDO_RETURN_IF_ERROR(draft.put(path, encode_lease(lease)));
  }
  PANDO_RETURN_IF_ERROR(sweep(draft, mutation, renew.entries.back().member));
  PANDO_RETURN_IF_ERROR(put_off_end(draft, mutation, reply.ends_at_ms));
  draft.set_result(static_cast<std::int64_t>(reply.joined));
  draft.answer(reply);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const EndLeases& end) {
  PANDO_RETURN_IF_ERROR(check_member_count(end.members.size()));
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kPresence));
  std::int64_t went = 0;
  for (std::size_t i = 0; i < end.members.size(); ++i) {
    if (Status status = validate_member(end.members[i]); !status.ok()) {
      return status.with_context(fmt::format("member {}", i));
    }
    const CellPath path = lease_path(mutation, end.members[i]);
    const Result<std::optional<Lease>> before = lease_after(draft, path);
    if (!before) return before.error();
    if (*before && (*before)->ends_at_ms > draft.view().now_ms()) ++went;
    PANDO_RETURN_IF_ERROR(draft.remove(path));
  }
  PANDO_RETURN_IF_ERROR(sweep(draft, mutation, end.members.back()));
  draft.set_result(went);
  return {};
}

}  // namespace pando::engine

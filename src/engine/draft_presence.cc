// Sets and flags: cells that say "here", or guards that say "not here" (model/path.h).
#include <fmt/core.h>

#include "base/limits.h"
#include "engine/draft.h"

namespace pando::engine {
Status Draft::change_members(const Mutation& mutation) {
  if (mutation.members.empty()) return Status(StatusCode::kInvalidArgument, "no members");
  if (mutation.members.size() > limits::kBatchItemsMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("{} members, the limit is {}", mutation.members.size(), limits::kBatchItemsMax));
  }
  const bool guarded = table(mutation.table).sets == Wins::kRemove;
  const bool add = mutation.kind == Mutation::Kind::kAddMembers;
  bool checked = false;
  std::int64_t count = 0;  // new ones, or those that were in
  for (std::size_t i = 0; i < mutation.members.size(); ++i) {
    const Bytes& member = mutation.members[i];
    if (Status status = validate_member(member); !status.ok()) return status.with_context(fmt::format("member {}", i));
    if (add && !guarded) {
      // One that is in already is added again: a removal elsewhere that did not see this must not take it away, unless
      // none can be under way (leave_unshared()). Where adding wins there are guards only from before the declaration
      // changed.
      const Result<bool> there =
          put_element({mutation.table, mutation.key, CellKind::kMember, member}, {}, ValueType::kSet, checked);
      if (!there) return there.error();
      if (!*there) ++count;
      continue;
    }
    const CellPath plain{mutation.table, mutation.key, CellKind::kMember, member};
    const CellPath guard{mutation.table, mutation.key, CellKind::kGuardedMember, member};
    if (!checked || keeps_results_) {
      Result<bool> in = has(plain);
      if (in && !*in) in = has(guard);
      if (!in) return in.error();
      if (!checked) PANDO_RETURN_IF_ERROR(check_type(mutation.table, mutation.key, ValueType::kSet));
      checked = true;
      if (*in != add) ++count;
    }
    // The other form is there when the table's declaration changed: it must not say otherwise.
    if (guarded) {
      PANDO_RETURN_IF_ERROR(remove(plain));
      PANDO_RETURN_IF_ERROR(put(guard, add ? kGuardOn : kGuardOff));
    } else {
      PANDO_RETURN_IF_ERROR(remove(guard));
      PANDO_RETURN_IF_ERROR(remove(plain));
    }
  }
  set_result(count);
  return {};
}

Status Draft::change_flag(const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(check_type(mutation.table, mutation.key, ValueType::kFlag));
  const bool enable = mutation.kind == Mutation::Kind::kEnable;
  const CellPath flag{mutation.table, mutation.key, CellKind::kFlag, {}};
  const CellPath guard{mutation.table, mutation.key, CellKind::kGuard, {}};
  if (table(mutation.table).flags == Wins::kRemove) {
    PANDO_RETURN_IF_ERROR(remove(flag));
    return put(guard, enable ? kGuardOn : kGuardOff);
  }
  PANDO_RETURN_IF_ERROR(remove(guard));
  return enable ? put(flag, {}) : remove(flag);
}

}  // namespace pando::engine

// Sets and flags: cells that say "here" (model/path.h, is_presence()), and what else their key may be.
#include <fmt/core.h>

#include "base/limits.h"
#include "engine/draft.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

CellPath path_of(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element = {}) {
  return {std::string(table), Bytes(key), kind, Bytes(element)};
}

std::string_view noun_of(CellKind kind) {
  switch (kind) {
    case CellKind::kRegister: return "value";
    case CellKind::kCounter: return "counter";
    case CellKind::kField: return "row";
    case CellKind::kMember: return "set";
    case CellKind::kFlag: return "flag";
  }
  return "cell";
}

}  // namespace

Status wrong_type(ByteSpan key, CellKind holds, CellKind asked) {
  return Status(StatusCode::kWrongType,
                fmt::format("key \"{}\" holds a {}, not a {}; delete it first", key, noun_of(holds), noun_of(asked)));
}

Status Draft::change_members(const Mutation& mutation) {
  if (mutation.members.empty()) return Status(StatusCode::kInvalidArgument, "no members");
  if (mutation.members.size() > limits::kBatchItemsMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("{} members, the limit is {}", mutation.members.size(), limits::kBatchItemsMax));
  }
  PANDO_RETURN_IF_ERROR(check_presence(mutation.table, mutation.key, CellKind::kMember));
  for (std::size_t i = 0; i < mutation.members.size(); ++i) {
    const Bytes& member = mutation.members[i];
    if (Status status = validate_member(member); !status.ok()) return status.with_context(fmt::format("member {}", i));
    CellPath path = path_of(mutation.table, mutation.key, CellKind::kMember, member);
    // One that is in already is added again: a removal elsewhere that did not see this must not take it away.
    PANDO_RETURN_IF_ERROR(mutation.kind == Mutation::Kind::kAddMembers ? put_register(std::move(path), {})
                                                                       : remove_register(path));
  }
  return {};
}

Status Draft::delete_set(std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_presence(table, key, CellKind::kMember));
  return clear_key(table, key);
}

Status Draft::change_flag(const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(check_presence(mutation.table, mutation.key, CellKind::kFlag));
  CellPath path = path_of(mutation.table, mutation.key, CellKind::kFlag);
  return mutation.kind == Mutation::Kind::kEnable ? put_register(std::move(path), {}) : remove_register(path);
}

Status Draft::check_presence(std::string_view table, ByteSpan key, CellKind asked) {
  const Result<crdt::Counter> counter = counter_after(path_of(table, key, CellKind::kCounter));
  if (!counter) return counter.error();
  if (!counter->absent()) return wrong_type(key, CellKind::kCounter, asked);
  const Result<bool> value = present(path_of(table, key, CellKind::kRegister));
  if (!value) return value.error();
  if (*value) return wrong_type(key, CellKind::kRegister, asked);
  const Result<bool> flag = present(path_of(table, key, CellKind::kFlag));
  if (!flag) return flag.error();
  if (asked == CellKind::kFlag && *flag) return {};
  if (asked == CellKind::kMember) return *flag ? wrong_type(key, CellKind::kFlag, asked) : Status();
  return check_no_presence(table, key, asked);
}

Status Draft::check_no_presence(std::string_view table, ByteSpan key, CellKind asked) {
  const Result<std::optional<CellKind>> found = any_presence(table, key);
  if (!found) return found.error();
  return *found ? wrong_type(key, **found, asked) : Status();
}

Result<bool> Draft::present(const CellPath& path) {
  if (const Op* op = find_op(path); op != nullptr) return std::holds_alternative<PutOp>(*op);
  if (!cleared_.empty() && cleared_.contains({path.table, path.key})) return false;
  const Result<const crdt::Register*> current = cells_.find_register(path);
  if (!current) return fail(current.error());
  return *current != nullptr;
}

Result<std::optional<CellKind>> Draft::any_presence(std::string_view table, ByteSpan key) {
  const CellPath first = path_of(table, key, CellKind::kMember);
  for (auto at = index_.lower_bound(first); at != index_.end(); ++at) {
    if (at->first.table != table || at->first.key != key) break;
    if (std::holds_alternative<PutOp>(ops_[at->second])) return at->first.kind;
  }
  if (!cleared_.empty() && cleared_.contains({first.table, first.key})) return std::nullopt;
  store::CellCursor at = cells_.scan_kinds(table, key, CellKind::kMember);
  // Passes over no more than this draft removes.
  while (at.valid() && find_op(at.path()) != nullptr) at.next();
  if (!at.status().ok()) return fail(at.status());
  return at.valid() ? std::optional(at.path().kind) : std::nullopt;
}

}  // namespace pando::engine

#include "engine/restore.h"

#include <fmt/core.h>

#include <utility>

namespace pando::engine {

namespace {

std::uint32_t kinds_of(ValueType type) {
  std::uint32_t kinds = 0;
  for (std::uint8_t kind = 1; kind <= kCellKindMax; ++kind) {
    if (type_of(static_cast<CellKind>(kind)) == type) kinds |= 1U << kind;
  }
  return kinds;
}

// Takes away what reads answer before `wanted`, one type after the other, until that is what they answer or nothing is.
Status uncover(Draft& draft, const Mutation& mutation, ValueType wanted) {
  for (;;) {
    const auto shown = draft.type_of(mutation.table, mutation.key);
    if (!shown) return shown.error();
    if (!*shown || **shown == wanted) return {};
    PANDO_RETURN_IF_ERROR(draft.clear(mutation.table, mutation.key, kinds_of(**shown)));
  }
}

Status decide_type(Draft& draft, const Mutation& mutation, const RestoreValue& restore) {
  PANDO_RETURN_IF_ERROR(uncover(draft, mutation, *restore.type));
  const auto shown = draft.type_of(mutation.table, mutation.key);
  if (!shown) return shown.error();
  if (*shown) return {};
  if (restore.value) return draft.put({mutation.table, mutation.key, restore.kind, restore.element}, *restore.value);
  return Status(StatusCode::kConflict,
                fmt::format("key \"{}\" has nothing left of the {} that lost", mutation.key, name_of(*restore.type)));
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const RestoreValue& restore) {
  if (restore.type) return decide_type(draft, mutation, restore);
  const std::optional<ValueType> type = type_of(restore.kind);
  if (!type || class_of(restore.kind) != CellClass::kRegister) {
    return Status(StatusCode::kInvalidArgument, "this cell holds no value that could be restored");
  }
  PANDO_RETURN_IF_ERROR(validate_element(restore.element));
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, *type));
  return draft.put({mutation.table, mutation.key, restore.kind, restore.element}, *restore.value);
}

void resolve_line(const TableDeclaration& table, Conflict& line) {
  if (line.kind != Conflict::Kind::kValue || !line.winner.value || !line.loser.value) return;
  crdt::Register both;
  both.put(line.winner.dot, line.winner.hlc, *line.winner.value, {});
  both.put(line.loser.dot, line.loser.hlc, *line.loser.value, {});
  if (resolve(both, table)->dot == line.loser.dot) std::swap(line.winner, line.loser);
}

Result<Mutation> restoring(const Conflict& line) {
  if (line.kind == Conflict::Kind::kRefusedStamp) {
    return fail(StatusCode::kConflict, fmt::format("conflict {} is about a commit that was never taken: its values are "
                                                   "at {}, where they can be written again",
                                                   to_string(line.id), to_string(line.loser.dot.origin)));
  }
  Mutation mutation;
  mutation.kind = Mutation::Kind::kDetail;
  mutation.table = line.path.table;
  mutation.key = line.path.key;
  if (line.kind == Conflict::Kind::kTypeClash) {
    // Of other types a line knows one part at most, and a part is not what was lost.
    const bool whole = line.loser.type == ValueType::kValue;
    mutation.detail = RestoreValue{CellKind::kRegister, {}, whole ? line.loser.value : std::nullopt, line.loser.type};
    return mutation;
  }
  if (!line.loser.value) {
    return fail(StatusCode::kConflict,
                fmt::format("the value that lost conflict {} was too large to be kept", to_string(line.id)));
  }
  mutation.detail = RestoreValue{line.path.kind, line.path.element, line.loser.value};
  return mutation;
}

}  // namespace pando::engine

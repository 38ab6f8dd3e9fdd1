#include "engine/restore.h"

#include <fmt/core.h>

#include <utility>

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const RestoreValue& restore) {
  const std::optional<ValueType> type = type_of(restore.kind);
  if (!type || class_of(restore.kind) != CellClass::kRegister) {
    return Status(StatusCode::kInvalidArgument, "this cell holds no value that could be restored");
  }
  PANDO_RETURN_IF_ERROR(validate_element(restore.element));
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, *type));
  return draft.put({mutation.table, mutation.key, restore.kind, restore.element}, restore.value);
}

void resolve_line(const TableDeclaration& table, Conflict& line) {
  if (line.kind != Conflict::Kind::kValue || !line.winner.value || !line.loser.value) return;
  crdt::Register both;
  both.put(line.winner.dot, line.winner.hlc, *line.winner.value, {});
  both.put(line.loser.dot, line.loser.hlc, *line.loser.value, {});
  if (resolve(both, table)->dot == line.loser.dot) std::swap(line.winner, line.loser);
}

Result<Mutation> restoring(const Conflict& line) {
  if (line.kind != Conflict::Kind::kValue) {
    return fail(
        StatusCode::kPreconditionFailed,
        fmt::format("conflict {} is not between two values of one type: nothing to write again", to_string(line.id)));
  }
  if (!line.loser.value) {
    return fail(StatusCode::kPreconditionFailed,
                fmt::format("the value that lost conflict {} was too large to be kept", to_string(line.id)));
  }
  Mutation mutation;
  mutation.kind = Mutation::Kind::kDetail;
  mutation.table = line.path.table;
  mutation.key = line.path.key;
  mutation.detail = RestoreValue{line.path.kind, line.path.element, *line.loser.value};
  return mutation;
}

}  // namespace pando::engine

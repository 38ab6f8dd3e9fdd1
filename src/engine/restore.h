// engine/restore.h — writing the loser of a conflict again: a value in its place; of two types the one that reads do
// not answer, by taking the other away as far as it is seen here.
#pragma once

#include "engine/draft.h"
#include "model/conflict.h"
#include "model/restore.h"

namespace pando::engine {

// kWrongType when the key has become something else meanwhile; of a clash kConflict when nothing of the type is left.
Status decide(Draft& draft, const Mutation& mutation, const RestoreValue& restore);
// Lines are filed as the default resolver decides. Turns one round where reads of its table show the other value.
void resolve_line(const TableDeclaration& table, Conflict& line);
// The mutation that restores the loser of a line. kConflict when nothing of it was kept.
Result<Mutation> restoring(const Conflict& line);

}  // namespace pando::engine

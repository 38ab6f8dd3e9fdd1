// engine/restore.h — writing the loser of a conflict again.
#pragma once

#include "engine/draft.h"
#include "model/conflict.h"
#include "model/restore.h"

namespace pando::engine {

// kWrongType when the key has become something else meanwhile.
Status decide(Draft& draft, const Mutation& mutation, const RestoreValue& restore);
// Lines are filed as the default resolver decides. Turns one round where reads of its table show the other value.
void resolve_line(const TableDeclaration& table, Conflict& line);
// The mutation that restores the loser of a line. kPreconditionFailed when nothing of it was kept, or it was a type.
Result<Mutation> restoring(const Conflict& line);

}  // namespace pando::engine

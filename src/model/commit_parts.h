// model/commit_parts.h — what of a commit goes to a node that does not hold all of its tables.
//
//   Commit {alerts: …, sensor_data: …} at its origin    sections [alerts | sensor_data, local]
//   as it is sent                                       sections [alerts | left out, a digest]
//
// The running hash is over the digests of sections, so the receiver checks the whole from the part. A commit of which
// nothing goes becomes a skip, and neighbouring skips of one origin become one: their chain hash is taken on trust
// until the next commit of that origin proves it.
#pragma once

#include <functional>
#include <optional>

#include "model/commit.h"
#include "model/table_scope.h"

namespace pando {

// Sets `sections` of a commit that is about to be sealed: where it is of several ruling tables, or some are local.
void divide(Commit& commit, const std::function<bool(std::string_view table)>& is_local);

// What of the commit goes to who takes `wanted`. No local section ever does.
struct CommitPart {
  bool whole = false;               // its very bytes
  std::optional<Commit> rest = {};  // otherwise what goes instead: a part of it, or a skip
};
// kDataLoss when it is no commit.
Result<CommitPart> part_for(ByteSpan encoded, const TableSet& wanted);

}  // namespace pando

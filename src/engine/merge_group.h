// engine/merge_group.h — reads that look across the namespaces of one merge group.
//
// Each member keeps, in its own cells of table `.merge`, the best payload it ever took per `lww:` key and per
// replica of each `counter:` key (engine/draft.h). The group's answer is the join of the members' answers, so it
// does not depend on which member is asked, nor on the order in which anything arrived.
#pragma once

#include <vector>

#include "base/status.h"
#include "engine/typed_payload.h"
#include "model/reply.h"
#include "store/cells.h"

namespace pando::engine {

struct MergedRead {
  MergedReply reply;
  // Per member, in the order given: the read shows nothing until that record is durable there.
  std::vector<LogPos> touched;
};

// `key` must be typed (typed_key() != kNone), else kInvalidArgument.
Result<MergedRead> read_merged(ByteSpan key, const std::vector<store::Cells*>& members, TypedPayloadParser& parser);

// Of the concurrent payloads in one `.merge` register the one that counts; `kind` tells which rule. Nothing
// when empty.
std::optional<Bytes> payload_winner(TypedPayloadParser& parser, CellKind kind, const crdt::Register& payloads);

}  // namespace pando::engine

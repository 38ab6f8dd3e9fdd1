// The conflict ledger, told as the resolvers of its tables decide.
#include <algorithm>

#include "engine/read.h"
#include "engine/restore.h"

namespace pando::engine {
Result<ReplyBody> read(View& view, const ListConflictsRequest& request) {
  if (request.table) PANDO_RETURN_IF_ERROR(validate_table_name(*request.table));
  if (request.key) PANDO_RETURN_IF_ERROR(validate_key(*request.key));
  const store::Ledger& ledger = view.cells().ledger();
  ConflictsReply reply;
  reply.dropped = ledger.dropped();
  reply.next = request.after;
  const auto first = std::upper_bound(ledger.lines().begin(), ledger.lines().end(), request.after,
                                      [](const ConflictId& id, const Conflict& line) { return id < line.id; });
  for (auto at = first; at != ledger.lines().end(); ++at) {
    const bool asked =
        (!request.table || at->path.table == *request.table) && (!request.key || at->path.key == *request.key);
    if (asked && reply.lines.size() == request.count_max) {
      reply.more = true;
      break;
    }
    reply.next = at->id;
    if (!asked) continue;
    // A line is shown once the commit that made it cannot be lost.
    view.note(at->id.pos);
    reply.lines.push_back(*at);
    resolve_line(view.table(at->path.table), reply.lines.back());
  }
  return reply;
}

}  // namespace pando::engine

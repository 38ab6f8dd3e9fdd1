// How long something will still be there.
#include "engine/read.h"
#include "model/expiry.h"

namespace pando::engine {

Result<ReplyBody> read(View& view, const GetTtlRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  PANDO_RETURN_IF_ERROR(validate_element(request.field));
  TtlReply reply;
  if (request.field.empty()) {
    const auto type = view.type_of(request.table, request.key);
    if (!type) return fail(type.error());
    reply.found = type->has_value();
  } else {
    const auto field = view.find_register({request.table, request.key, CellKind::kField, request.field});
    if (!field) return fail(field.error());
    reply.found = *field != nullptr;
  }
  if (!reply.found) return reply;
  // A field ends with its row at the latest.
  for (const ByteSpan field : {ByteSpan(), ByteSpan(request.field)}) {
    const auto end = view.ends_at(request.table, request.key, field);
    if (!end) return fail(end.error());
    if (!*end || **end == kNeverExpires || (reply.ends && reply.at_ms <= **end)) continue;
    reply.ends = true;
    reply.at_ms = **end;
    reply.remaining_ms = **end - view.now_ms();
  }
  return reply;
}

}  // namespace pando::engine

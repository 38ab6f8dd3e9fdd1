// How long something will still be there.
#include "engine/read.h"
#include "model/document.h"
#include "model/expiry.h"

namespace pando::engine {
namespace {

// Whether anything at the field of a document, or in it, is within its time.
Result<bool> has_field(View& view, const GetTtlRequest& request) {
  bool found = false;
  const auto take = [&](const store::CellCursor& at) -> Status {
    if (found || !at.visible()) return {};
    const Result<bool> hidden = view.hidden(at.path());
    if (!hidden) return hidden.error();
    found = !*hidden;
    return {};
  };
  const Result<LogPos> touched =
      store::visit_part(view.cells(), request.table, request.key, kDocumentKinds, request.field, take);
  if (!touched) return fail(touched.error());
  view.note(*touched);
  return found;
}

}  // namespace

Result<ReplyBody> read(View& view, const GetTtlRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  PANDO_RETURN_IF_ERROR(validate_element(request.field));
  const auto type = view.type_of(request.table, request.key);
  if (!type) return fail(type.error());
  TtlReply reply;
  std::vector<ByteSpan> around = {{}};  // whatever is there ends with what it lies in at the latest
  if (request.field.empty()) {
    reply.found = type->has_value();
  } else if (*type == ValueType::kDocument) {
    const Result<bool> there = has_field(view, request);
    if (!there) return fail(there.error());
    reply.found = *there;
    for (std::size_t i = 0; i < request.field.size(); ++i) {
      if (request.field[i] == '\0') around.push_back(ByteSpan(request.field).substr(0, i + 1));
    }
  } else {
    const auto field = view.find_register({request.table, request.key, CellKind::kField, request.field});
    if (!field) return fail(field.error());
    reply.found = *field != nullptr;
    around.push_back(request.field);
  }
  if (!reply.found) return reply;
  for (const ByteSpan part : around) {
    const auto end = view.ends_at(request.table, request.key, part);
    if (!end) return fail(end.error());
    if (!*end || **end == kNeverExpires || (reply.ends && reply.at_ms <= **end)) continue;
    reply.ends = true;
    reply.at_ms = **end;
    reply.remaining_ms = **end - view.now_ms();
  }
  return reply;
}

}  // namespace pando::engine

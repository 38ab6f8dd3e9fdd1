// What is declared of tables.
#include "engine/read.h"

namespace pando::engine {
namespace {

// An answer that knows of a declaration waits for the commit that made it.
Status note(View& view, std::string_view table) {
  store::CellCursor at = view.cells().scan_key(kTableTables, table);
  while (at.valid()) at.next();
  return view.note(at);
}

}  // namespace

Result<ReplyBody> read(View& view, const GetDeclarationRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_table_name(request.table));
  PANDO_RETURN_IF_ERROR(note(view, request.table));
  const bool declared = view.catalog().declared().contains(request.table);
  return DeclarationsReply{{{request.table, declared, properties_of(view.table(request.table))}}};
}

Result<ReplyBody> read(View& view, const ListDeclarationsRequest&) {
  DeclarationsReply reply;
  store::CellCursor at = view.cells().scan(kTableTables, {}, {});
  while (at.valid()) at.next();
  PANDO_RETURN_IF_ERROR(view.note(at));
  for (const auto& [table, declaration] : view.catalog().declared()) {
    reply.items.push_back({table, true, properties_of(declaration)});
  }
  return reply;
}

}  // namespace pando::engine

// Why a key reads as it does.
#include "base/limits.h"
#include "engine/document_tree.h"
#include "engine/presence.h"
#include "engine/read.h"
#include "model/expiry.h"

namespace pando::engine {
namespace {

// Whether reads answer with this value of a cell. Several may be: guards and presences count together, of a number that
// max and min wrote the ones that made it.
bool shows(const ExplainReply::Cell& cell, const crdt::Register& reg, const crdt::Register::Entry& entry,
           const TableDeclaration& table) {
  switch (cell.kind) {
    case CellKind::kExpiry: {
      for (const auto& other : reg.entries()) {
        if (decode_expiry(other.value).value_or(kNeverExpires) > decode_expiry(entry.value).value_or(kNeverExpires)) {
          return false;
        }
      }
      return true;
    }
    case CellKind::kLease: return decode_lease(entry.value) == lease_of(reg);
    case CellKind::kGuard:
    case CellKind::kGuardedMember: return reg.all(kGuardOn) || entry.value != kGuardOn;
    case CellKind::kLeaf: {
      crdt::Register alone;
      alone.put(entry.dot, entry.hlc, entry.value, {});
      return leaf_text(reg, table) == leaf_text(alone, table);
    }
    case CellKind::kSketch: return true;
    default: return is_presence(cell.kind) || resolve(reg, table) == &entry;
  }
}

ExplainReply::Cell describe(const store::CellCursor& at, const TableDeclaration& table) {
  ExplainReply::Cell cell{at.path().kind, at.path().element, at.visible()};
  if (is_counter(cell.kind)) {
    const crdt::Counter& counter = at.cell().counter();
    for (const auto& slot : counter.slots()) {
      cell.slots.push_back({slot.origin, slot.birth, slot.added, slot.removed, slot.added_base, slot.removed_base});
    }
    cell.total = counter.exact();
    return cell;
  }
  const crdt::Register& reg = at.cell().reg();
  for (const auto& entry : reg.entries()) {
    cell.values.push_back({entry.dot, entry.hlc, entry.value, shows(cell, reg, entry, table)});
  }
  return cell;
}

}  // namespace

Result<ReplyBody> read(View& view, const ExplainRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  ExplainReply reply;
  const auto type = view.type_of(request.table, request.key);
  if (!type) return fail(type.error());
  reply.type = *type;
  const Result<bool> expired = view.expired(request.table, request.key);
  if (!expired) return fail(expired.error());
  reply.expired = *expired;

  const TableDeclaration& table = view.table(request.table);
  store::CellCursor at = view.cells().scan_key(request.table, request.key);
  for (; at.valid(); at.next()) {
    if (reply.cells.size() == limits::kExplainCellsMax) {
      reply.more = true;
      break;
    }
    reply.cells.push_back(describe(at, table));
    if (at.path().kind != CellKind::kExpiry || !at.path().element.empty()) continue;
    for (const auto& value : reply.cells.back().values) {
      if (value.shown) reply.expires_ms = decode_expiry(value.value).value_or(kNeverExpires);
    }
  }
  PANDO_RETURN_IF_ERROR(view.note(at));
  return reply;
}

}  // namespace pando::engine

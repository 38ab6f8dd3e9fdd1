#include "model/change.h"

namespace pando {

std::string_view change_kind_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kPut: return "put";
    case ChangeKind::kDelete: return "delete";
    case ChangeKind::kDeleteRow: return "delete_row";
    case ChangeKind::kDeleteColumns: return "delete_columns";
    case ChangeKind::kIncrement: return "incr";
    case ChangeKind::kReset: return "reset";
    case ChangeKind::kAddMembers: return "add";
    case ChangeKind::kRemoveMembers: return "remove";
    case ChangeKind::kEnable: return "enable";
    case ChangeKind::kDisable: return "disable";
    case ChangeKind::kUpdate: return "update";
    case ChangeKind::kExpire: return "expire";
  }
  return "unknown";
}

}  // namespace pando

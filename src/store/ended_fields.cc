#include "store/ended_fields.h"

namespace pando::store {

Result<bool> EndedFields::has(const CellPath& path) {
  if (path.element.empty()) return false;
  if (kind_ != path.kind) {
    kind_ = path.kind;
    last_.reset();
    ends_.reset(new CellCursor(cells_.scan_elements(table_, key_, CellKind::kExpiry, {}, {})));
  }
  const auto lies_in_last = [&](ByteSpan element) {
    return last_ && (is_column_end(*last_) ? element == ByteSpan(*last_) : element.starts_with(*last_));
  };
  for (; ends_->valid() && ends_->path().element <= path.element; ends_->next()) {
    const Bytes& field = ends_->path().element;
    if (field.empty() || lies_in_last(field)) continue;
    const std::optional<std::int64_t> end = ends_at(ends_->cell().reg());
    if (end && *end <= as_of_ms_) last_ = field;
  }
  PANDO_RETURN_IF_ERROR(ends_->status());
  return lies_in_last(path.element) && (kinds_of_field(*last_) >> static_cast<unsigned>(path.kind) & 1U) != 0;
}

}  // namespace pando::store

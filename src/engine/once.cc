#include "engine/once.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace pando::engine {

CellPath once_path(ByteSpan key) { return {std::string(kTableOnce), Bytes(key), CellKind::kRegister, {}}; }

const crdt::Register::Entry& counting_entry(const crdt::Register& reg) {
  CHECK(!reg.entries().empty());
  return *std::max_element(reg.entries().begin(), reg.entries().end(),
                           [](const crdt::Register::Entry& a, const crdt::Register::Entry& b) {
                             return std::tie(a.hlc, a.dot) < std::tie(b.hlc, b.dot);
                           });
}

// The index. -------------------------------------------------------------------------------------------------

Result<OnceWindow> OnceWindow::load(store::Cells& cells) {
  OnceWindow window;
  store::CellCursor at = cells.scan(kTableOnce, {}, {});
  for (; at.valid(); at.next()) {
    if (at.path().kind == CellKind::kRegister) window.book(at.key(), at.cell().reg());
  }
  PANDO_RETURN_IF_ERROR(at.status());
  return window;
}

Status OnceWindow::note_change(store::Cells& cells, ByteSpan key) {
  const Result<const crdt::Register*> found = cells.find_register(once_path(key));
  if (!found) return found.error();
  forget(key);
  if (*found != nullptr) book(key, **found);
  return {};
}

void OnceWindow::forget(ByteSpan key) {
  const auto at = stamps_.find(key);
  if (at == stamps_.end()) return;
  by_age_.erase({at->second, at->first});
  contested_.erase(at->first);
  stamps_.erase(at);
}

void OnceWindow::book(ByteSpan key, const crdt::Register& reg) {
  std::int64_t stamp = 0;
  for (const auto& entry : reg.entries()) stamp = std::max(stamp, entry.hlc.wall_ms());
  stamps_.emplace(key, stamp);
  by_age_.emplace(stamp, key);
  if (reg.conflicted()) contested_.emplace(key);
}

std::vector<Bytes> OnceWindow::over(std::int64_t now_ms, const Options& options) const {
  std::vector<Bytes> keys;
  for (const auto& [stamp, key] : by_age_) {
    const bool too_many = stamps_.size() - keys.size() > options.keys_max;
    const bool too_old = stamp < now_ms - options.age_max.millis();
    if ((!too_many && !too_old) || keys.size() == limits::kOnceForgottenMax) break;
    keys.push_back(key);
  }
  return keys;
}

// One key. -----------------------------------------------------------------------------------------------------

Result<std::optional<OnceFound>> find_once(View& view, ByteSpan key) {
  const Result<const crdt::Register*> found = view.find_register(once_path(key));
  if (!found) return fail(found.error());
  if (*found == nullptr) return std::nullopt;
  const crdt::Register::Entry& counts = counting_entry(**found);
  Result<Once> once = decode_once(counts.value);
  if (!once) return fail(once.error());
  return OnceFound{counts.dot, std::move(*once)};
}

Status record(Draft& draft, ByteSpan key, Once once, const OnceWindow& window, const OnceWindow::Options& options) {
  CHECK(draft.keeps_counted());
  once.counted = draft.counted();
  once.changed = draft.changed();
  once.used = draft.used();
  for (const Bytes& old : window.over(draft.view().now_ms(), options))
    PANDO_RETURN_IF_ERROR(draft.remove(once_path(old)));
  return draft.put(once_path(key), encode_once(once));
}

}  // namespace pando::engine

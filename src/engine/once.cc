#include "engine/once.h"

#include <algorithm>

#include "base/check.h"

namespace pando::engine {
namespace {

CellPath once_path(ByteSpan key) { return {std::string(kTableOnce), Bytes(key), CellKind::kRegister, {}}; }

}  // namespace

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
  const crdt::Register::Entry& first = (*found)->entries().front();  // sorted by dot
  Result<Once> once = decode_once(first.value);
  if (!once) return fail(once.error());
  return OnceFound{first.dot, std::move(*once)};
}

Status record(Draft& draft, ByteSpan key, Once once, const OnceWindow& window, const OnceWindow::Options& options) {
  CHECK(draft.keeps_counted());
  once.counted = draft.counted();
  for (const Bytes& old : window.over(draft.view().now_ms(), options))
    PANDO_RETURN_IF_ERROR(draft.remove(once_path(old)));
  return draft.put(once_path(key), encode_once(once));
}

namespace {

// What of it is still there: a reset that saw it has taken it away already.
Result<Int128> left_of(Draft& draft, const Origin& origin, const Once::Counted& counted) {
  const Result<const crdt::Counter*> found = draft.view().cells().find_counter(counted.path);
  if (!found) return fail(found.error());
  if (*found == nullptr) return Int128{0};
  for (const crdt::Counter::Slot& slot : (*found)->slots()) {
    if (slot.origin != origin || slot.birth != counted.birth) continue;
    Int128 left = 0;
    if (slot.added_base < counted.added_to) left += static_cast<Int128>(counted.added);
    if (slot.removed_base < counted.removed_to) left -= static_cast<Int128>(counted.removed);
    return left;
  }
  return Int128{0};
}

}  // namespace

Status withdraw(Draft& draft, ByteSpan key, std::string_view node) {
  const CellPath path = once_path(key);
  const Result<const crdt::Register*> found = draft.view().cells().find_register(path);
  if (!found) return found.error();
  if (*found == nullptr) return {};
  const std::vector<crdt::Register::Entry> entries = (*found)->entries();
  std::vector<Dot> taken_back;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].dot.origin.node != node) continue;
    taken_back.push_back(entries[i].dot);
    const Result<Once> once = decode_once(entries[i].value);
    if (!once) return once.error();
    for (const Once::Counted& counted : once->counted) {
      const Result<Int128> left = left_of(draft, entries[i].dot.origin, counted);
      if (!left) return left.error();
      if (*left != 0) PANDO_RETURN_IF_ERROR(draft.count(counted.path, -*left));
    }
  }
  if (!taken_back.empty()) draft.remove_entries(path, std::move(taken_back));
  return {};
}

}  // namespace pando::engine

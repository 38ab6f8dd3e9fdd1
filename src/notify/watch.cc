#include "notify/watch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace pando::notify {
namespace {

// What an event takes up beside its bytes; keeps batches of tiny events bounded too.
constexpr std::size_t kEventOverheadBytes = 128;

std::size_t size_of(const Event& event) {
  std::size_t members_bytes = 0;
  for (const Bytes& member : event.change.members) members_bytes += member.size() + sizeof(Bytes);
  return kEventOverheadBytes + event.change.key.size() + event.cursor.size() +
         (event.change.value ? event.change.value->size() : 0) + members_bytes;
}

// How many changes of the record its reader has had already.
std::uint32_t first_unread(const Cursor& at, const Record& record) {
  return record.dot ? changes_read(at, *record.dot) : 0;
}

// The cursor behind change `index` of `record`, for a reader that came to the record with `before`.
Cursor behind(Cursor before, const Record& record, std::uint32_t index) {
  CHECK(record.dot.has_value());
  if (index + 1 == record.changes.size()) {
    pass_record(before, record.pos, record.dot);
  } else if (before.partial.size() < limits::kCursorPartialsMax || changes_read(before, *record.dot) > 0) {
    pass_changes(before, *record.dot, index + 1);
  }
  // Else: a reader that stopped inside that many concurrent commits at as many sites gets the rest of this
  // one again from its start. A cursor has to end somewhere.
  return before;
}

}  // namespace

bool matches(const WatchFilter& filter, const Change& change) {
  if (filter.table && *filter.table != change.table) return false;
  return filter.exact ? change.key == filter.prefix : change.key.starts_with(filter.prefix);
}

void follow(Cursor& at, std::string_view ns, const Record& record, const WatchFilter& filter, std::vector<Event>& out) {
  CHECK(record.dot || record.changes.empty());
  for (std::size_t i = first_unread(at, record); i < record.changes.size(); ++i) {
    if (!matches(filter, record.changes[i])) continue;
    out.push_back(Event{record.changes[i], cursor_text(ns, behind(at, record, static_cast<std::uint32_t>(i)))});
  }
  pass_record(at, record.pos, record.dot);
}

std::string RecordCursors::text(const Cursor& before, std::uint32_t index) {
  CHECK(index < record_.changes.size());
  if (!base_) {
    base_ = before;
    texts_.resize(record_.changes.size());
  }
  if (before != *base_) return compute(before, index);
  std::string& text = texts_[index];
  if (text.empty()) text = compute(before, index);
  return text;
}

std::string RecordCursors::compute(const Cursor& before, std::uint32_t index) const {
  return cursor_text(ns_, behind(before, record_, index));
}

Watch::Watch(WatchFilter filter, Cursor start, BatchLimits limits)
    : filter_(std::move(filter)), at_(std::move(start)), limits_(limits) {
  CHECK(limits_.events_max > 0);
}

std::optional<LogPos> Watch::next_read() const {
  if (waiting_ || full()) return std::nullopt;
  return at_.pos.next();
}

bool Watch::full() const { return batch_.size() >= limits_.events_max || batch_bytes_ >= limits_.bytes_max; }

void Watch::offer(const Record& record, RecordCursors& cursors) {
  CHECK(next_read() == record.pos);
  CHECK(record.dot || record.changes.empty());
  for (std::size_t i = std::max(inside_, first_unread(at_, record)); i < record.changes.size(); ++i) {
    if (full()) {
      inside_ = static_cast<std::uint32_t>(i);
      return;
    }
    if (!matches(filter_, record.changes[i])) continue;
    batch_.push_back(Event{record.changes[i], cursors.text(at_, static_cast<std::uint32_t>(i))});
    batch_bytes_ += size_of(batch_.back());
  }
  inside_ = 0;
  pass_record(at_, record.pos, record.dot);
}

std::vector<Event> Watch::take() {
  CHECK(!waiting_ && !batch_.empty());
  waiting_ = true;
  batch_bytes_ = 0;
  return std::exchange(batch_, {});
}

}  // namespace pando::notify

#include "store/expiry_index.h"

#include <algorithm>

#include "base/check.h"
#include "model/expiry.h"
#include "store/cell_key.h"

namespace pando::store {
namespace {

constexpr std::string_view kHints{"\x02\x01", 2};
constexpr std::string_view kMarks{"\x02\x02", 2};
constexpr std::size_t kInstantBytes = 8;
constexpr std::string_view kHintValue{"\x01", 1};  // a version

// Big-endian, so that byte order is the order of time.
Bytes hint_key(const ExpiryIndex::Hint& hint) {
  Bytes key(kHints);
  const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(hint.at_ms, 0));
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(at >> shift & 0xFF));
  key += hint.cell_key;
  return key;
}

Result<ExpiryIndex::Hint> parse_hint(ByteSpan key) {
  const std::size_t cell_at = kHints.size() + kInstantBytes;
  if (key.size() <= cell_at) return fail(StatusCode::kDataLoss, "store: an expiry hint is cut off");
  std::uint64_t at = 0;
  for (const char c : key.substr(kHints.size(), kInstantBytes)) at = at << 8 | static_cast<unsigned char>(c);
  return ExpiryIndex::Hint{static_cast<std::int64_t>(at), Bytes(key.substr(cell_at))};
}

}  // namespace

Result<std::vector<std::pair<std::string, Freed>>> read_marks(KvCursor& at) {
  std::vector<std::pair<std::string, Freed>> marks;
  for (at.seek(kMarks); at.valid() && at.key().substr(0, kMarks.size()) == kMarks; at.next()) {
    const auto value = at.value().empty() ? '\0' : at.value().front();
    const Freed freed = value == '\1' ? Freed::kKeys : value == '\2' ? Freed::kFields : Freed::kNothing;
    marks.emplace_back(at.key().substr(kMarks.size()), freed);
  }
  PANDO_RETURN_IF_ERROR(at.status());
  return marks;
}

Status ExpiryIndex::load() {
  auto marks = read_marks(*kv_.scan(kMarks, prefix_end(kMarks)));
  if (!marks) return marks.error();
  for (auto& [table, freed] : *marks) marks_.insert_or_assign(std::move(table), freed);
  const auto hints = kv_.scan(kHints, prefix_end(kHints));
  if (!hints->valid()) return hints->status();
  const Result<Hint> first = parse_hint(hints->key());
  if (!first) return first.error();
  next_ms_ = first->at_ms;
  return {};
}

Freed ExpiryIndex::freed(std::string_view table) const {
  if (marks_.empty()) return Freed::kNothing;
  const auto at = marks_.find(table);
  return at == marks_.end() ? Freed::kNothing : at->second;
}

void ExpiryIndex::mark(std::string_view table, Freed freed) {
  const auto [at, fresh] = marks_.emplace(table, freed);
  if (!fresh && at->second >= freed) return;
  at->second = freed;
  unsaved_.insert_or_assign(Bytes(kMarks) + Bytes(table), Bytes(1, static_cast<char>(freed)));
}

void ExpiryIndex::add(const Hint& hint) {
  unsaved_.insert_or_assign(hint_key(hint), Bytes(kHintValue));
  next_ms_ = std::min(next_ms_, hint.at_ms);
}

void ExpiryIndex::drop(const Hint& hint) { unsaved_.insert_or_assign(hint_key(hint), std::nullopt); }

Result<std::vector<ExpiryIndex::Hint>> ExpiryIndex::due(std::int64_t now_ms, std::size_t count_max) {
  std::vector<Hint> found;
  if (now_ms < next_ms_) return found;
  // Three sources in order; of one key the newest says whether it is there.
  const auto stored = kv_.scan(kHints, prefix_end(kHints));
  const Bytes end = prefix_end(kHints);
  auto flushed = flushing_.lower_bound(kHints);
  auto changed = unsaved_.lower_bound(kHints);
  next_ms_ = kNeverExpires;
  for (;;) {
    const bool has_changed = changed != unsaved_.end() && changed->first < end;
    const bool has_flushed = flushed != flushing_.end() && flushed->first < end;
    if (!has_changed && !has_flushed && !stored->valid()) break;
    Bytes key = has_changed ? changed->first : has_flushed ? flushed->first : Bytes(stored->key());
    if (has_flushed) key = std::min(key, flushed->first);
    if (stored->valid() && stored->key() < ByteSpan(key)) key = Bytes(stored->key());

    bool there = false;
    if (stored->valid() && stored->key() == ByteSpan(key)) {
      there = true;
      stored->next();
    }
    if (has_flushed && flushed->first == key) there = (flushed++)->second.has_value();
    if (has_changed && changed->first == key) there = (changed++)->second.has_value();
    if (!there) continue;
    Result<Hint> hint = parse_hint(key);
    if (!hint) return fail(hint.error());
    if (hint->at_ms > now_ms || found.size() == count_max) {
      next_ms_ = hint->at_ms;
      break;
    }
    found.push_back(*std::move(hint));
  }
  PANDO_RETURN_IF_ERROR(stored->status());
  // Those handed out are there until they are dropped.
  if (!found.empty()) next_ms_ = found.front().at_ms;
  return found;
}

void ExpiryIndex::begin_checkpoint(Batch& batch) {
  CHECK(flushing_.empty());
  flushing_ = std::move(unsaved_);
  unsaved_.clear();
  for (const auto& [key, value] : flushing_) batch.add({key, value});
}

void ExpiryIndex::checkpoint_done(bool ok) {
  if (!ok) unsaved_.merge(flushing_);  // what changed since stays
  flushing_.clear();
}

}  // namespace pando::store

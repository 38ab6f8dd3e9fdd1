#include "store/ledger.h"

#include <algorithm>

#include "base/check.h"
#include "store/cell_key.h"

namespace pando::store {
namespace {

constexpr std::string_view kLines{"\x02\x03", 2};
constexpr std::size_t kIdBytes = 12;
constexpr std::size_t kLineOverheadBytes = 256;

// Big-endian, so that byte order is the order of ids.
Bytes key_of(const ConflictId& id) {
  Bytes key(kLines);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(id.pos.value >> shift & 0xFF));
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(id.index >> shift & 0xFF));
  return key;
}

Result<ConflictId> id_of(ByteSpan key) {
  if (key.size() != kLines.size() + kIdBytes) return fail(StatusCode::kDataLoss, "store: a ledger key is cut off");
  ConflictId id;
  std::uint64_t pos = 0;
  for (const char c : key.substr(kLines.size(), 8)) pos = pos << 8 | static_cast<unsigned char>(c);
  for (const char c : key.substr(kLines.size() + 8)) id.index = id.index << 8 | static_cast<unsigned char>(c);
  id.pos = LogPos(pos);
  return id;
}

std::size_t cost_of_line(const Conflict& line) {
  return kLineOverheadBytes + line.path.table.size() + line.path.key.size() + line.path.element.size() +
         line.reason.size() + (line.winner.value ? line.winner.value->size() : 0) +
         (line.loser.value ? line.loser.value->size() : 0);
}

bool before(const Conflict& line, const ConflictId& id) { return line.id < id; }

}  // namespace

Status Ledger::load() {
  const auto at = kv_.scan(kLines, prefix_end(kLines));
  for (; at->valid(); at->next()) {
    const Result<ConflictId> id = id_of(at->key());
    if (!id) return id.error();
    Result<Conflict> line = decode_conflict(*id, at->value());
    if (!line) return line.error();
    bytes_ += cost_of_line(*line);
    lines_.push_back(*std::move(line));
  }
  return at->status();
}

void Ledger::add(Conflict conflict) {
  if (!lines_.empty() && conflict.id <= lines_.back().id) return;
  ++version_;
  bytes_ += cost_of_line(conflict);
  unsaved_.insert_or_assign(key_of(conflict.id), encode_conflict(conflict));
  lines_.push_back(std::move(conflict));
  while (lines_.size() > limits_.count_max || (bytes_ > limits_.bytes_max && lines_.size() > 1)) drop_oldest();
}

void Ledger::drop_oldest() {
  const Conflict& oldest = lines_.front();
  bytes_ -= cost_of_line(oldest);
  const Bytes key = key_of(oldest.id);
  unsaved_.insert_or_assign(key, std::nullopt);
  lines_.pop_front();
  ++dropped_;
}

std::uint32_t Ledger::next_index(LogPos pos) const {
  return lines_.empty() || lines_.back().id.pos != pos ? 0 : lines_.back().id.index + 1;
}

const Conflict* Ledger::find(const ConflictId& id) const {
  const auto at = std::lower_bound(lines_.begin(), lines_.end(), id, before);
  return at == lines_.end() || at->id != id ? nullptr : &*at;
}

void Ledger::begin_checkpoint(Batch& batch) {
  CHECK(flushing_.empty());
  flushing_ = std::move(unsaved_);
  unsaved_.clear();
  for (const auto& [key, value] : flushing_) batch.add({key, value});
}

void Ledger::checkpoint_done(bool ok) {
  if (!ok) unsaved_.merge(flushing_);  // what changed since stays
  flushing_.clear();
}

}  // namespace pando::store

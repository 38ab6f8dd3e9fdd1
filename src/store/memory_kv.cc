#include "store/memory_kv.h"

#include <iterator>

namespace pando::store {

class MemoryKv::Cursor final : public KvCursor {
 public:
  Cursor(std::shared_ptr<const Map> map, ByteSpan from, ByteSpan to, Status status)
      : map_(std::move(map)), from_(from), to_(to), status_(std::move(status)) {
    at_ = status_.ok() ? map_->lower_bound(from_) : map_->end();
  }

  bool valid() const override { return at_ != map_->end() && (to_.empty() || at_->first < to_); }
  ByteSpan key() const override { return at_->first; }
  ByteSpan value() const override { return at_->second; }
  void next() override { ++at_; }
  void seek(ByteSpan key) override {
    if (status_.ok()) at_ = map_->lower_bound(key < ByteSpan(from_) ? ByteSpan(from_) : key);
  }
  void prev() override { at_ = at_ == map_->lower_bound(from_) ? map_->end() : std::prev(at_); }
  void seek_before(ByteSpan key) override {
    if (!status_.ok()) return;
    const bool to_end = key.empty() || (!to_.empty() && ByteSpan(to_) < key);
    const ByteSpan end = to_end ? ByteSpan(to_) : key;
    at_ = end.empty() ? map_->end() : map_->lower_bound(end);
    at_ = at_ == map_->begin() || std::prev(at_)->first < from_ ? map_->end() : std::prev(at_);
  }
  Status status() const override { return status_; }

 private:
  std::shared_ptr<const Map> map_;
  Bytes from_;
  Bytes to_;
  Status status_;
  Map::const_iterator at_;
};

Result<std::optional<Bytes>> MemoryKv::get(ByteSpan key) const {
  if (!read_failure_.ok()) return fail(read_failure_);
  const auto at = map_->find(key);
  if (at == map_->end()) return std::nullopt;
  return at->second;
}

MemoryKv::Map& MemoryKv::writable() {
  if (map_.use_count() > 1) map_ = std::make_shared<Map>(*map_);
  return *map_;
}

Status MemoryKv::write(const Batch& batch) {
  if (!write_failure_.ok()) return write_failure_;
  Map& map = writable();
  for (const auto& [key, value] : batch) {
    if (value) {
      map.insert_or_assign(Bytes(key), Bytes(*value));
    } else {
      map.erase(Bytes(key));
    }
  }
  return {};
}

std::unique_ptr<KvCursor> MemoryKv::scan(ByteSpan from, ByteSpan to) const {
  return std::make_unique<Cursor>(map_, from, to, read_failure_);
}

bool MemoryKv::flip_bit(ByteSpan key, std::size_t offset) {
  Map& map = writable();
  const auto at = map.find(key);
  if (at == map.end() || offset >= at->second.size()) return false;
  at->second[offset] = static_cast<char>(at->second[offset] ^ 1);
  return true;
}

}  // namespace pando::store

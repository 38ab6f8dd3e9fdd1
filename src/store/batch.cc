#include "store/batch.h"

#include <algorithm>

#include "base/check.h"

namespace pando::store {

Batch::Batch(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) add(entry);
}

void Batch::clear() { *this = Batch(); }

Batch::Entry Batch::at(const Place& place) const {
  const ByteSpan both = ByteSpan(blocks_[place.block]).substr(place.offset);
  Entry entry{both.substr(0, place.key_bytes), std::nullopt};
  if (place.value_bytes != kNoValue) entry.value = both.substr(place.key_bytes, place.value_bytes);
  return entry;
}

void Batch::add(const Entry& entry) {
  const ByteSpan key = entry.key;
  const ByteSpan value = entry.value.value_or(ByteSpan());
  const std::size_t wanted = key.size() + value.size();
  CHECK(wanted < kNoValue);
  if (blocks_.empty() || blocks_.back().size() + wanted > std::max(kBlockBytes, blocks_.back().capacity())) {
    blocks_.emplace_back();
    blocks_.back().reserve(std::max(kBlockBytes, wanted));
  }
  Bytes& block = blocks_.back();
  places_.push_back({static_cast<std::uint32_t>(blocks_.size() - 1), static_cast<std::uint32_t>(block.size()),
                     static_cast<std::uint32_t>(key.size()),
                     entry.value ? static_cast<std::uint32_t>(value.size()) : kNoValue});
  block.append(key).append(value);
  bytes_ += wanted;
}

}  // namespace pando::store

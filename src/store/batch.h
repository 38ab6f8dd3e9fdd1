// store/batch.h — what one write to a Kv changes: keys with their new values, and keys to be deleted.
//
// Bytes are copied into large blocks, so that a checkpoint of a hundred thousand cells is a few allocations to make and
// to give back. A later entry wins over an earlier one of the same key. A value type; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace pando::store {

class Batch {
 public:
  // Borrowed from the batch, until it changes.
  struct Entry {
    ByteSpan key;
    std::optional<ByteSpan> value;  // none: the key is deleted (absent is fine)
  };
  class Iterator;

  Batch() = default;
  Batch(std::initializer_list<Entry> entries);

  // Key and value are less than 4 GiB together.
  void add(const Entry& entry);
  void put(ByteSpan key, ByteSpan value) { add({key, value}); }
  void erase(ByteSpan key) { add({key, std::nullopt}); }
  // Takes out the entries that `unwanted` tells.
  template <typename Unwanted>
  void erase_if(Unwanted unwanted) {
    std::erase_if(places_, [&](const Place& place) { return unwanted(at(place)); });
  }
  void clear();

  // Entries, in the order they came.
  std::size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  // Of all keys and values that were put.
  std::size_t bytes() const { return bytes_; }
  Iterator begin() const;
  Iterator end() const;

 private:
  static constexpr std::size_t kBlockBytes = 1 << 20;
  static constexpr std::uint32_t kNoValue = UINT32_MAX;

  // The key, and behind it the value.
  struct Place {
    std::uint32_t block = 0;
    std::uint32_t offset = 0;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = kNoValue;
  };
  Entry at(const Place& place) const;

  std::vector<Bytes> blocks_;  // only the last one grows
  std::vector<Place> places_;
  std::size_t bytes_ = 0;
};

class Batch::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Entry;
  using difference_type = std::ptrdiff_t;
  using pointer = const Entry*;
  using reference = Entry;

  Entry operator*() const { return batch_->at(*place_); }
  Iterator& operator++() {
    ++place_;
    return *this;
  }
  bool operator==(const Iterator& other) const { return place_ == other.place_; }

 private:
  friend class Batch;
  Iterator(const Batch& batch, std::vector<Place>::const_iterator place) : batch_(&batch), place_(place) {}

  const Batch* batch_;
  std::vector<Place>::const_iterator place_;
};

inline Batch::Iterator Batch::begin() const { return {*this, places_.begin()}; }
inline Batch::Iterator Batch::end() const { return {*this, places_.end()}; }

}  // namespace pando::store

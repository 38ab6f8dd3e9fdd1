// store/key_filter.h — which keys and cells certainly are not there, and which kinds of cells a key has not, from
// memory.
//
// What was never written needs no look into the Kv: a write of a new key or a new member, and a read of an absent one,
// cost some nanoseconds instead of several point reads and a seek. False positives (about one in a hundred) only cost
// that look; there are no false negatives: every cell, saved or not, was inserted. What was deleted stays in.
//
// A scalable Bloom filter (Almeida et al., 2007) of blocked ones (Putze et al., 2007): layers of growing capacity,
// one 64-byte block per entry and layer, 8 bits of it set. Ten bits per entry and layer. A key has an entry, each kind
// of cells it has another, and each of its cells with an element one. What was asked lately is remembered: cells are
// made right after they were not found, and many of them under one key. One thread.
//
// It is saved page by page in the same atomic batches as the cells, with the position of the checkpoint, so that one
// of another checkpoint (written by a version without filters) is noticed. docs/formats/cells.md has the records.
// A store without its filter, or with one of an earlier version, is read through once, when it is opened.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "model/path.h"
#include "store/kv.h"

namespace pando::store {

inline constexpr char kFilterPrefix = '\x03';

class KeyFilter {
 public:
  static constexpr std::size_t kPageBytes = 1024;
  static constexpr std::size_t kLayersMax = 12;
  static constexpr std::uint64_t kFirstLayerEntries = 256;  // each layer takes eight times as many as the one before

  // Nothing when the Kv has none for this checkpoint. kDataLoss naming the record when it cannot be read.
  static Result<std::optional<KeyFilter>> load(const Kv& kv, LogPos checkpoint);

  // `key_prefix` is what identifies a key (store/cell_key.h, append_key_prefix()).
  bool may_hold(ByteSpan key_prefix) const { return may_contain(hash(key_prefix)); }
  bool may_hold(ByteSpan key_prefix, CellKind kind) const { return may_contain(hash(hash(key_prefix), kind)); }
  // A whole cell key, of a cell with an element; of the others its kind tells.
  bool may_hold_cell(ByteSpan cell_key) const { return may_contain(hash(cell_key)); }
  // A hint for a may_hold_cell() that follows; `hash` is CellTable::hash_of() of the cell's key.
  void bring_cell(std::uint64_t hash) const;
  // There is a cell of this kind and, where it has one, this element, or there was. `prefix_size` bytes are the key's.
  // True: it is certainly the first of the key.
  bool insert(ByteSpan cell_key, std::size_t prefix_size) {
    const std::uint64_t key = hash(cell_key.substr(0, prefix_size));
    const bool first = insert(key);
    insert(hash(key, static_cast<CellKind>(cell_key[prefix_size])));
    if (cell_key.size() > prefix_size + 1) insert(hash(cell_key));
    return first;
  }

  // Puts what changed since the last call into the batch of that checkpoint. After a failed write say so: it is given
  // again.
  void save(LogPos checkpoint, Batch& batch);
  void save_failed();

  std::size_t memory_bytes() const;

 private:
  struct Layer {
    std::vector<std::uint64_t> words;  // eight to a block
    std::vector<bool> dirty;           // by page
    std::vector<bool> saving;
    std::uint64_t keys = 0;
    std::uint64_t capacity = 0;
  };

  // Hashes by their low bits, each in place of the one before.
  class Recent {
   public:
    Recent() {
      for (std::size_t i = 0; i < kPlaces; ++i) hashes_[i] = ~i;  // at its place nobody looks for that
    }
    bool has(std::uint64_t hash) const { return hashes_[hash % kPlaces] == hash; }
    void note(std::uint64_t hash) { hashes_[hash % kPlaces] = hash; }
    void forget(std::uint64_t hash) {
      if (has(hash)) hashes_[hash % kPlaces] = ~hash;
    }

   private:
    static constexpr std::size_t kPlaces = 256;
    std::array<std::uint64_t, kPlaces> hashes_;
  };

  static std::uint64_t hash(ByteSpan bytes);
  static std::uint64_t hash(std::uint64_t key, CellKind kind);
  bool may_contain(std::uint64_t hash) const;
  bool look(std::uint64_t hash) const;
  // False: it was there, or looked so.
  bool insert(std::uint64_t hash);
  void grow();

  std::vector<Layer> layers_;
  // Of the answers that may_contain() gave. One that was no stays right until that very entry is inserted.
  mutable Recent there_;
  mutable Recent absent_;
};

}  // namespace pando::store

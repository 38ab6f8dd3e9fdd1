#include "store/key_filter.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "store/cell_table.h"

namespace pando::store {
namespace {

constexpr std::uint8_t kFilterVersion = 2;  // 1: without cells
constexpr std::size_t kBitsPerKey = 10;
constexpr std::size_t kBlockWords = 8;
constexpr std::size_t kPageWords = KeyFilter::kPageBytes / sizeof(std::uint64_t);

std::uint64_t capacity_of(std::size_t layer) { return KeyFilter::kFirstLayerEntries << (3 * layer); }

// Whole pages, and a power of two of blocks, so that a block is picked by a mask.
std::size_t words_of(std::size_t layer) {
  std::size_t words = kPageWords;
  while (words * 64 < capacity_of(layer) * kBitsPerKey) words *= 2;
  return words;
}

// The block by the upper half of the hash, the bits in it by the lower: one bit in each of its eight words.
std::size_t first_word(std::uint64_t hash, std::size_t words) {
  return static_cast<std::size_t>(hash >> 32 & (words / kBlockWords - 1)) * kBlockWords;
}
std::uint64_t bit_in(std::uint64_t hash, std::size_t word) {
  // Odd multipliers spread 32 bits over as many choices as there are words.
  constexpr std::uint32_t kSalt[kBlockWords] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                                0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
  return std::uint64_t{1} << (static_cast<std::uint32_t>(hash) * kSalt[word] >> 26);
}

Bytes head_key() { return {kFilterPrefix, 'f'}; }
Bytes page_key(std::size_t layer, std::size_t page) {
  Bytes key{kFilterPrefix, 'p', static_cast<char>(layer)};
  for (const int shift : {24, 16, 8, 0}) key.push_back(static_cast<char>(page >> shift & 0xFF));
  return key;
}

}  // namespace

// One hash for both, so that a cell that is not in memory is known to the filter by the hash it was looked for with.
std::uint64_t KeyFilter::hash(ByteSpan bytes) { return CellTable::hash_of(bytes); }

// Seeding XXH3 would not do: of short keys the seed moves bits that the key could have moved itself.
std::uint64_t KeyFilter::hash(std::uint64_t key, CellKind kind) {
  std::uint64_t mixed = key + static_cast<std::uint8_t>(kind) * 0x9E3779B97F4A7C15U;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
  return mixed ^ mixed >> 31;
}

bool KeyFilter::may_contain(std::uint64_t hash) const {
  if (there_.has(hash)) return true;
  if (absent_.has(hash)) return false;
  const bool found = look(hash);
  (found ? there_ : absent_).note(hash);
  return found;
}

bool KeyFilter::look(std::uint64_t hash) const {
  return std::any_of(layers_.rbegin(), layers_.rend(), [hash](const Layer& layer) {
    const std::uint64_t* block = layer.words.data() + first_word(hash, layer.words.size());
    for (std::size_t i = 0; i < kBlockWords; ++i) {
      if ((block[i] & bit_in(hash, i)) == 0) return false;  // most often by the second word
    }
    return true;
  });
}

void KeyFilter::bring_cell(std::uint64_t hash) const {
  for (const Layer& layer : layers_) __builtin_prefetch(&layer.words[first_word(hash, layer.words.size())]);
}

bool KeyFilter::insert(std::uint64_t hash) {
  if (may_contain(hash)) return false;
  absent_.forget(hash);
  there_.note(hash);
  if (layers_.empty() || (layers_.back().keys == layers_.back().capacity && layers_.size() < kLayersMax)) grow();
  Layer& layer = layers_.back();
  const std::size_t at = first_word(hash, layer.words.size());
  for (std::size_t i = 0; i < kBlockWords; ++i) layer.words[at + i] |= bit_in(hash, i);
  layer.dirty[at / kPageWords] = true;
  ++layer.keys;
  return true;
}

void KeyFilter::grow() {
  Layer layer;
  layer.capacity = capacity_of(layers_.size());
  layer.words.resize(words_of(layers_.size()));
  layer.dirty.resize(layer.words.size() / kPageWords);
  layer.saving = layer.dirty;
  layers_.push_back(std::move(layer));
}

std::size_t KeyFilter::memory_bytes() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_) bytes += layer.words.size() * sizeof(std::uint64_t);
  return bytes;
}

void KeyFilter::save(LogPos checkpoint, Batch& batch) {
  Bytes head;
  Writer out(head);
  out.u8(kFilterVersion);
  out.varint(checkpoint.value);
  out.varint(layers_.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    out.varint(layer.keys);
    for (std::size_t page = 0; page < layer.dirty.size(); ++page) {
      layer.saving[page] = layer.dirty[page];
      if (!layer.dirty[page]) continue;
      const ByteSpan bytes(reinterpret_cast<const char*>(layer.words.data() + page * kPageWords), kPageBytes);
      Bytes key = page_key(l, page);
      Bytes record;
      Writer to(record);
      to.u32(crc32c(bytes, crc32c(key)));
      to.raw(bytes);
      batch.put(key, record);
      layer.dirty[page] = false;
    }
  }
  batch.put(head_key(), head);
}

void KeyFilter::save_failed() {
  for (Layer& layer : layers_) {
    for (std::size_t page = 0; page < layer.saving.size(); ++page) {
      if (layer.saving[page]) layer.dirty[page] = true;
    }
  }
}

Result<std::optional<KeyFilter>> KeyFilter::load(const Kv& kv, LogPos checkpoint) {
  const auto head = kv.get(head_key());
  if (!head) return fail(head.error().with_context("key filter"));
  if (!*head) return std::nullopt;
  KeyFilter filter;
  Reader in(**head);
  const std::uint8_t version = in.u8("filter.version");
  if (in.ok() && version == 1) return std::nullopt;
  if (in.ok() && version != kFilterVersion) in.refuse("filter.version", fmt::format("{} is not known", version));
  const LogPos saved_with(in.varint("filter.checkpoint"));
  if (in.ok() && saved_with != checkpoint) return std::nullopt;
  const std::uint64_t layers = in.varint_max("filter.layers", kLayersMax);
  for (std::uint64_t l = 0; l < layers && in.ok(); ++l) {
    filter.grow();
    filter.layers_.back().keys = in.varint("filter.keys");
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("key filter"));

  const Bytes from{kFilterPrefix, 'p'};
  const Bytes to{kFilterPrefix, 'q'};
  const auto at = kv.scan(from, to);
  for (; at->valid(); at->next()) {
    const ByteSpan key = at->key();
    const std::size_t layer = key.size() == 7 ? static_cast<unsigned char>(key[2]) : kLayersMax;
    std::size_t page = 0;
    for (std::size_t i = 3; i < key.size() && key.size() == 7; ++i)
      page = page << 8 | static_cast<unsigned char>(key[i]);
    Reader record(at->value());
    const std::uint32_t sum = record.u32("page.crc32c");
    const ByteSpan bytes = record.raw("page.bits", kPageBytes);
    if (layer >= filter.layers_.size() && layer < kLayersMax) continue;  // of a larger one that this one took over from
    if (!record.finish().ok() || layer >= kLayersMax || page >= filter.layers_[layer].dirty.size() ||
        crc32c(bytes, crc32c(key)) != sum) {
      return fail(StatusCode::kDataLoss, fmt::format("key filter: page {} of layer {} is damaged", page, layer));
    }
    std::memcpy(filter.layers_[layer].words.data() + page * kPageWords, bytes.data(), kPageBytes);
  }
  if (!at->status().ok()) return fail(at->status().with_context("key filter"));
  return filter;
}

}  // namespace pando::store

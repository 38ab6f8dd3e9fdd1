// store/recent_cells.h — the cells that were looked at a moment ago, by their names.
//
// A small request looks for its cell three times: to have it brought near the processor, to be decided, and to be
// applied. The second and the third look find it here, without its key being written, hashed and looked up again.
//
// Places by the ends of key and element; whoever comes to a place that is taken takes it. A cell is one of these only
// until the next forget(), which has to come before one is erased.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "store/cell.h"
#include "store/cell_key.h"

namespace pando::store {

class RecentCells {
 public:
  // Null when it is not one of these. `key_of(cell)` is its cell key.
  template <typename KeyOf>
  Cell* find(const CellName& name, KeyOf key_of) const {
    const Place& at = places_[place_of(name)];
    return at.round == round_ && is_plain_key_of(name, key_of(*at.cell)) ? at.cell : nullptr;
  }
  // Probably of that name: find() makes sure.
  void note(const CellName& name, Cell& cell) { places_[place_of(name)] = {&cell, round_}; }
  void forget() { ++round_; }

 private:
  static constexpr unsigned kPlacesBits = 7;  // a few pipelines' worth

  static std::uint64_t end_of(ByteSpan bytes) {
    std::uint64_t end = 0;
    if (bytes.size() >= sizeof end) {
      std::memcpy(&end, bytes.data() + bytes.size() - sizeof end, sizeof end);
    } else {
      for (const char c : bytes) end = end << 8 | static_cast<unsigned char>(c);
    }
    return end;
  }
  // The high bits of a product hang on all of the number (Knuth, TAOCP 3, 6.4).
  static std::size_t place_of(const CellName& name) {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
    const std::uint64_t ends = end_of(name.key) + 3 * end_of(name.element) + static_cast<std::uint8_t>(name.kind);
    return static_cast<std::size_t>(ends * kGolden >> (64 - kPlacesBits));
  }

  struct Place {
    Cell* cell = nullptr;
    std::uint64_t round = 0;
  };
  std::array<Place, std::size_t{1} << kPlacesBits> places_{};
  std::uint64_t round_ = 1;
};

}  // namespace pando::store

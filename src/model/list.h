// model/list.h — what a client may do to a list: alternatives of Mutation::detail.
//
// Indexes count from 0; negative ones from the end, -1 being the last. They mean the list as the deciding site has it:
// what a mutation then touches are the items themselves, whatever their indexes are elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace pando {

enum class ListEnd : std::uint8_t { kFront, kBack };

// Result: the length after it; 0 with `if_exists` and no list.
struct ListPush {
  ListEnd end = ListEnd::kBack;
  std::vector<Bytes> values;  // one after the other: to the front, the last of them comes first
  bool if_exists = false;     // nothing happens to a key without a list
};
// The values in their order, the first of them at `index`, which is at most the length (kOutOfRange), -1 after the
// last. With a pivot instead: beside the first item with that value. Result: the length after it; -1 when there is no
// pivot, 0 when there is no list.
struct ListInsert {
  std::int64_t index = 0;
  std::optional<Bytes> pivot;
  bool behind = false;  // the pivot rather than before it
  std::vector<Bytes> values;
};
// Gives back the values it took, in the order they came off. Result: how many.
struct ListPop {
  ListEnd end = ListEnd::kFront;
  std::uint32_t count = 1;
};
// kOutOfRange where there is no such item.
struct ListSet {
  std::int64_t index = 0;
  Bytes value;
};
// Items `first` to `last`, both included; with `keep` all others. Indexes beyond the ends mean the ends.
// Result: how many went.
struct ListCut {
  std::int64_t first = 0;
  std::int64_t last = -1;
  bool keep = false;
};
// Items with this value: `count` of them from the front, -count from the back, 0 all. Result: how many went.
struct ListRemove {
  Bytes value;
  std::int64_t count = 0;
};
// Item `from` then stands at index `to`. It stays one item whatever other sites do to it meanwhile: of concurrent
// moves the latest counts, and a value set meanwhile goes along. kOutOfRange where there is no such item.
struct ListMove {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

}  // namespace pando

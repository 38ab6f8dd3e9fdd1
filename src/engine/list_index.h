// engine/list_index.h — the items of one list in their order, with indexes.
//
// Derived from the cells and never stored: fed with every cell of the list once, then with each that changes. Where
// several cells claim to be one item (model/list_item.h) the order has only the one where it stands; cells that are
// not well formed are not in it.
#pragma once

#include <unordered_map>
#include <vector>

#include "crdt/register.h"
#include "engine/order_tree.h"
#include "model/list_item.h"

namespace pando::engine {

// When it was put where it stands; `stamp` is its cell's.
template <typename Item>  // ListItem, ListItemView
Hlc moved_at(const Item& item, Hlc stamp) {
  return item.name.empty() ? Hlc{} : item.moved_at.value_or(stamp);
}

// What one cell of a list says, of its register's entries the latest.
struct ListCell {
  ListItem item;
  Hlc stamp;  // of the cell
  Hlc moved_at() const { return engine::moved_at(item, stamp); }
  Hlc written_at() const { return item.written_at.value_or(stamp); }
};
// Nothing when the register is empty or not well formed.
std::optional<ListCell> read_list_cell(const crdt::Register& reg);

class ListIndex {
 public:
  using Order = OrderTree<Bytes>;

  // The cell at `position` as it is now; may be empty.
  void set(ByteSpan position, const crdt::Register& reg);

  // Positions of the items.
  const Order& order() const { return order_; }
  // All positions that claim to be the item that stands at `position`, that one among them.
  std::vector<Bytes> claims(ByteSpan position) const;

  // An estimate of what it takes in memory.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Claim {
    Bytes position;
    Hlc moved_at;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(ByteSpan bytes) const { return std::hash<ByteSpan>()(bytes); }
  };

  Bytes name_of(ByteSpan position) const;
  // Takes the claim of a position away, or adds it, and shows the winner of its item.
  void drop(const Bytes& name, const Bytes& position);
  void add(const Bytes& name, Claim claim);
  const Claim& winner(const std::vector<Claim>& claims) const;
  void show(const Bytes& position);
  void hide(const Bytes& position);

  Order order_;
  // Only of items that a cell away from their own position claims; looked up, never walked.
  std::unordered_map<Bytes, std::vector<Claim>, Hash, std::equal_to<>> claims_;  // by name
  std::unordered_map<Bytes, Bytes, Hash, std::equal_to<>> names_;                // of such positions
  std::size_t bytes_ = 0;
};

}  // namespace pando::engine

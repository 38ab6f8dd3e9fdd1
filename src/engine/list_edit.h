// engine/list_edit.h — a list as a draft leaves it: what was there, with what the draft did to it so far laid over.
//
// Made and kept by Draft::list(); writes through the draft, so the two never differ.
#pragma once

#include "engine/list_index.h"
#include "model/list_position.h"
#include "model/path.h"
#include "store/cell_key.h"

namespace pando::engine {

class Draft;

class ListEdit {
 public:
  // `places` counts the positions the draft has made in any list. The draft outlives this.
  static Result<ListEdit> open(Draft& draft, std::string_view table, ByteSpan key, std::uint32_t& places);

  std::size_t size() const { return order_.size(); }
  Result<Bytes> value(std::size_t index);

  // `index` is at most size(). kTooLarge when the position gets too long.
  Status insert(std::size_t index, ByteSpan value);
  // `index`, `from` and `to` are below size().
  Status set(std::size_t index, ByteSpan value);
  Status erase(std::size_t index);
  Status move(std::size_t from, std::size_t to);
  // Draft::note_changed() of the item, which something else is about to take away.
  Status note(std::size_t index) { return note_claims(order_.at(index)); }

 private:
  // An item with its stamps: nothing where this very commit says it.
  struct Item {
    Bytes name;
    std::optional<Hlc> moved_at;
    std::optional<Hlc> written_at;
    Bytes value;
  };

  ListEdit(Draft& draft, std::string_view table, ByteSpan key, const ListIndex* base, std::uint32_t& places);
  CellPath path(ByteSpan position) const;
  store::CellName name(ByteSpan position) const { return {table_, key_, CellKind::kItem, position}; }
  Result<Item> item(const Bytes& position);
  // The cell at one position; nothing when the draft took it away.
  Result<std::optional<Item>> item_in(const Bytes& position);
  std::vector<Bytes> claims(const Bytes& position) const;
  // Of all cells that claim to be the item there, but for that position when `keep` is set.
  Status remove_claims(const Bytes& position, bool keep);
  Status note_claims(const Bytes& position);
  // For a new item or one that moves: between the items at index - 1 and `index`.
  Result<Bytes> new_position(std::size_t index);

  Draft* draft_;
  std::string table_;
  Bytes key_;
  const ListIndex* base_;  // null: nothing of what was there before counts
  OrderOverlay<Bytes> order_;
  std::uint32_t* places_;
};

}  // namespace pando::engine

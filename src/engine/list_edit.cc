#include "engine/list_edit.h"

#include "engine/draft.h"

namespace pando::engine {

ListEdit::ListEdit(Draft& draft, std::string_view table, ByteSpan key, const ListIndex* base, std::uint32_t& places)
    : draft_(&draft),
      table_(table),
      key_(key),
      base_(base),
      order_(base == nullptr ? nullptr : &base->order()),
      places_(&places) {}

Result<ListEdit> ListEdit::open(Draft& draft, std::string_view table, ByteSpan key, std::uint32_t& places) {
  const ListIndex* base = nullptr;
  if (!draft.cleared({std::string(table), Bytes(key), CellKind::kItem, {}})) {
    const Result<const ListIndex*> found = draft.view().list(table, key);
    if (!found) return fail(found.error());
    base = *found;
  }
  ListEdit edit(draft, table, key, base, places);
  for (const auto& [position, value] : draft.written(table, key, CellKind::kItem)) {
    if (value) {
      edit.order_.insert(position);
    } else {
      edit.order_.erase(position);
    }
  }
  return edit;
}

CellPath ListEdit::path(ByteSpan position) const { return {table_, key_, CellKind::kItem, Bytes(position)}; }

std::vector<Bytes> ListEdit::claims(const Bytes& position) const {
  return base_ == nullptr ? std::vector<Bytes>{position} : base_->claims(position);
}

Result<std::optional<ListEdit::Item>> ListEdit::item_in(const Bytes& position) {
  const CellPath at = path(position);
  std::optional<ListCell> cell;
  const bool mine = draft_->wrote(at);
  if (mine) {
    const Result<std::optional<Bytes>> value = draft_->value_after(at);
    if (!value) return fail(value.error());
    if (!*value) return std::nullopt;
    Result<ListItem> item = decode_list_item(**value);
    if (!item) return fail(item.error());
    cell = ListCell{*std::move(item), Hlc{}};
  } else {
    const Result<const crdt::Register*> reg = draft_->view().find_register(at);
    if (!reg) return fail(reg.error());
    if (*reg != nullptr) cell = read_list_cell(**reg);
  }
  if (!cell) return std::nullopt;
  Item item{cell->item.name.empty() ? position : cell->item.name, cell->moved_at(), cell->written_at(),
            std::move(cell->item.value)};
  if (mine) {
    item.moved_at = cell->item.name.empty() ? std::optional(Hlc{}) : cell->item.moved_at;
    item.written_at = cell->item.written_at;
  }
  return item;
}

Result<ListEdit::Item> ListEdit::item(const Bytes& position) {
  Result<std::optional<Item>> here = item_in(position);
  if (!here) return fail(here.error());
  if (!*here) return fail(StatusCode::kInternal, "a list shows an item that is not there");
  Item item = **std::move(here);
  if (base_ == nullptr) return item;
  const std::vector<Bytes> cells = claims(position);
  if (cells.size() < 2) return item;
  Bytes latest = position;
  for (const Bytes& other : cells) {
    if (other == position) continue;
    Result<std::optional<Item>> found = item_in(other);
    if (!found) return fail(found.error());
    // What this very commit wrote is the latest.
    if (!*found || !item.written_at || !(*found)->written_at) continue;
    if (std::pair(*(*found)->written_at, other) < std::pair(*item.written_at, latest)) continue;
    latest = other;
    item.value = std::move((*found)->value);
    item.written_at = (*found)->written_at;
  }
  return item;
}

Result<Bytes> ListEdit::value(std::size_t index) {
  Result<Item> found = item(Bytes(order_.at(index)));
  if (!found) return fail(found.error());
  return std::move(found->value);
}

Result<Bytes> ListEdit::new_position(std::size_t index) {
  const ByteSpan before = index == 0 ? ByteSpan() : ByteSpan(order_.at(index - 1));
  const ByteSpan after = index == size() ? ByteSpan() : ByteSpan(order_.at(index));
  return list_position_between(before, after, {draft_->dot().origin, draft_->dot().seq, (*places_)++});
}

Status ListEdit::insert(std::size_t index, ByteSpan value) {
  const Result<Bytes> position = new_position(index);
  if (!position) return position.error();
  if (draft_->keeps_counted()) draft_->note_changed(path(*position), *position, std::nullopt);
  draft_->put_new(name(*position), encode_list_item(value));
  order_.insert_new(*position);
  return {};
}

Status ListEdit::note_claims(const Bytes& position) {
  if (!draft_->keeps_counted()) return {};
  for (const Bytes& cell : claims(position)) {
    // What this draft put there has been noted then.
    if (draft_->wrote(path(cell))) continue;
    const Result<const crdt::Register*> reg = draft_->view().find_register(path(cell));
    if (!reg) return reg.error();
    const crdt::Register::Entry* entry = *reg == nullptr ? nullptr : (*reg)->resolve();
    if (entry == nullptr) continue;
    const Result<ListItem> item = decode_list_item(entry->value);
    draft_->note_changed(path(cell), item && !item->name.empty() ? item->name : cell, entry->value);
  }
  return {};
}

Status ListEdit::remove_claims(const Bytes& position, bool keep) {
  PANDO_RETURN_IF_ERROR(note_claims(position));
  for (const Bytes& cell : claims(position)) {
    if (keep && cell == position) continue;
    PANDO_RETURN_IF_ERROR(draft_->remove(path(cell)));
  }
  return {};
}

Status ListEdit::set(std::size_t index, ByteSpan value) {
  const Bytes position = order_.at(index);
  const Result<Item> found = item(position);
  if (!found) return found.error();
  const bool home = found->name == position;
  const ListItem next{home ? Bytes() : found->name, found->moved_at, std::nullopt, Bytes(value)};
  PANDO_RETURN_IF_ERROR(remove_claims(position, /*keep=*/true));
  return draft_->put(path(position), encode_list_item(next));
}

Status ListEdit::erase(std::size_t index) {
  const Bytes position = order_.at(index);
  PANDO_RETURN_IF_ERROR(remove_claims(position, /*keep=*/false));
  order_.erase(position);
  return {};
}

Status ListEdit::move(std::size_t from, std::size_t to) {
  if (from == to) return {};
  const Bytes position = order_.at(from);
  Result<Item> found = item(position);
  if (!found) return found.error();
  // One that this draft inserted has no past that could be confused: it is inserted elsewhere instead.
  const bool fresh = found->name == position && draft_->wrote(path(position)) &&
                     (base_ == nullptr || base_->order().find(position) == base_->order().end());
  PANDO_RETURN_IF_ERROR(erase(from));
  const Result<Bytes> next = new_position(to);
  if (!next) return next.error();
  const ListItem item{fresh ? Bytes() : found->name, std::nullopt, found->written_at, std::move(found->value)};
  draft_->note_changed(path(*next), fresh ? *next : item.name, std::nullopt);
  draft_->put_new(name(*next), encode_list_item(item));
  order_.insert_new(*next);
  return {};
}

}  // namespace pando::engine

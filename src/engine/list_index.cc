#include "engine/list_index.h"

#include <algorithm>

#include "model/list_position.h"

namespace pando::engine {
namespace {

// A node of the order beside its bytes.
constexpr std::size_t kItemBytes = sizeof(Bytes) + 48;
// A claim and the name it is found under.
constexpr std::size_t kClaimBytes = 256;

}  // namespace

std::optional<ListCell> read_list_cell(const crdt::Register& reg) {
  const crdt::Register::Entry* entry = reg.resolve();
  if (entry == nullptr) return std::nullopt;
  Result<ListItem> item = decode_list_item(entry->value);
  if (!item) return std::nullopt;
  return ListCell{*std::move(item), entry->hlc};
}

Bytes ListIndex::name_of(ByteSpan position) const {
  if (names_.empty()) return Bytes(position);
  const auto at = names_.find(position);
  return at == names_.end() ? Bytes(position) : at->second;
}

void ListIndex::show(const Bytes& position) {
  if (order_.insert(position)) bytes_ += kItemBytes + position.capacity();
}

void ListIndex::hide(const Bytes& position) {
  if (order_.erase(position)) bytes_ -= kItemBytes + position.capacity();
}

const ListIndex::Claim& ListIndex::winner(const std::vector<Claim>& claims) const {
  return *std::max_element(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return a.moved_at != b.moved_at ? a.moved_at < b.moved_at : a.position < b.position;
  });
}

void ListIndex::drop(const Bytes& name, const Bytes& position) {
  const auto at = claims_.find(name);
  if (at == claims_.end()) return hide(position);
  std::vector<Claim>& claims = at->second;
  const auto mine = std::find_if(claims.begin(), claims.end(), [&](const Claim& c) { return c.position == position; });
  if (mine == claims.end()) return;
  hide(winner(claims).position);
  claims.erase(mine);
  bytes_ -= kClaimBytes;
  names_.erase(position);
  if (claims.empty()) {
    claims_.erase(at);
    return;
  }
  show(winner(claims).position);
  // Back home and alone: as if it had never been moved.
  if (claims.size() == 1 && claims.front().position == name) {
    bytes_ -= kClaimBytes;
    claims_.erase(at);
  }
}

void ListIndex::add(const Bytes& name, Claim claim) {
  const bool home = claim.position == name;
  auto at = claims_.find(name);
  if (at == claims_.end()) {
    if (home) return show(claim.position);
    at = claims_.emplace(name, std::vector<Claim>()).first;
    // What stands at its own position is the item before it was moved, unless that cell is called otherwise.
    if (order_.contains(name) && names_.find(name) == names_.end()) {
      at->second.push_back({name, Hlc{}});
      bytes_ += kClaimBytes;
    }
  }
  std::vector<Claim>& claims = at->second;
  if (!claims.empty()) hide(winner(claims).position);
  if (!home) names_.insert_or_assign(claim.position, name);
  claims.push_back(std::move(claim));
  bytes_ += kClaimBytes;
  show(winner(claims).position);
}

void ListIndex::set(ByteSpan position, const crdt::Register& reg) {
  const crdt::Register::Entry* entry = reg.resolve();
  std::optional<ListItemView> item;
  if (entry != nullptr && is_list_position(position)) {
    if (const Result<ListItemView> seen = view_list_item(entry->value)) item = *seen;
  }
  const Bytes here(position);
  // Most cells hold an item that was never moved, and most lists no other.
  const bool stays = !item || item->name.empty();
  if (claims_.empty() && stays) return item ? show(here) : hide(here);
  const Bytes before = name_of(here);
  const Bytes after = stays ? here : Bytes(item->name);
  if (before == here && after == here && claims_.find(here) == claims_.end()) return item ? show(here) : hide(here);
  drop(before, here);
  if (item) add(after, {here, moved_at(*item, entry->hlc)});
}

std::vector<Bytes> ListIndex::claims(ByteSpan position) const {
  const auto at = claims_.find(name_of(position));
  if (at == claims_.end()) return {Bytes(position)};
  std::vector<Bytes> positions;
  for (const Claim& claim : at->second) positions.push_back(claim.position);
  return positions;
}

}  // namespace pando::engine

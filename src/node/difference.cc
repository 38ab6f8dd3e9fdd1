#include "node/difference.h"

#include <algorithm>
#include <utility>

#include "model/expiry.h"
#include "model/field_end.h"
#include "store/cell_key.h"

namespace pando::node {
namespace {

constexpr std::size_t kCellsNamedMax = 5;

// What the state of an expiry cell says; the longest counts.
Result<std::optional<std::int64_t>> end_in(ByteSpan cell_key, ByteSpan state) {
  const Result<store::Cell> cell = store::decode_cell_state(cell_key, state);
  if (!cell) return fail(cell.error());
  std::optional<std::int64_t> end;
  for (const crdt::Register::Entry& entry : cell->reg().entries()) {
    const std::optional<std::int64_t> at = decode_expiry(entry.value);
    if (at && (!end || *at > *end)) end = at;
  }
  return end;
}

enum class Side { kHere, kPeer };

class Comparer {
 public:
  Comparer(const store::Kv& here, const store::Overlay& theirs, std::int64_t now_ms)
      : here_(here), theirs_(theirs), now_ms_(now_ms) {}

  // Whether what the sides hold of the key tells nothing: it is over at both, or one has freed it.
  Result<bool> over(const CellPath& path, ByteSpan prefix) const {
    bool here = false, at_peer = false;
    const std::unique_ptr<store::KvCursor> first = here_.scan(prefix, store::prefix_end(prefix));
    here = first->valid();
    for (; first->valid() && !at_peer; first->next()) at_peer = !theirs_.contains(first->key());
    PANDO_RETURN_IF_ERROR(first->status());
    for (auto at = theirs_.lower_bound(prefix);
         at != theirs_.end() && ByteSpan(at->first).substr(0, prefix.size()) == prefix; ++at) {
      at_peer = at_peer || at->second.has_value();
    }
    if (!here || !at_peer) return has_end(here ? Side::kHere : Side::kPeer, path, "");
    const auto ended = [&](Side side) -> Result<bool> {
      const auto end = end_of(side, path, "");
      if (!end) return fail(end.error());
      return *end && **end <= now_ms_;
    };
    const Result<bool> ended_here = ended(Side::kHere);
    return ended_here && *ended_here ? ended(Side::kPeer) : ended_here;
  }

  // Whether a cell that only one side holds lies in a field that the other may have freed.
  Result<bool> freed_with_field(const CellPath& path, Side holder) const {
    for (const ByteSpan field : fields_around(path)) {
      const Result<bool> ends = has_end(holder, path, field);
      if (!ends || *ends) return ends;
    }
    return false;
  }

 private:
  // Of the key, or of one field of it, by the cells of that side; nothing without one.
  Result<std::optional<std::int64_t>> end_of(Side side, const CellPath& path, ByteSpan field) const {
    const Bytes key = store::cell_key({path.table, path.key, CellKind::kExpiry, Bytes(field)});
    const auto theirs = side == Side::kPeer ? theirs_.find(key) : theirs_.end();
    if (theirs != theirs_.end()) {
      if (!theirs->second) return std::nullopt;
      return end_in(key, *theirs->second);
    }
    const Result<std::optional<Bytes>> stored = here_.get(key);
    if (!stored) return fail(stored.error());
    if (!*stored) return std::nullopt;
    return end_in(key, store::state_of_stored(**stored));
  }
  Result<bool> has_end(Side side, const CellPath& path, ByteSpan field) const {
    const auto end = end_of(side, path, field);
    if (!end) return fail(end.error());
    return *end && **end != kNeverExpires;
  }

  const store::Kv& here_;
  const store::Overlay& theirs_;
  std::int64_t now_ms_;
};

void count(TableDifference& table, const std::optional<Bytes>& ours, const std::optional<Bytes>& at_peer) {
  if (ours) table.bytes_here += store::state_of_stored(*ours).size();
  if (at_peer) table.bytes_there += at_peer->size();
  if (!at_peer) {
    ++table.only_here;
  } else if (!ours) {
    ++table.only_there;
  } else {
    ++table.unlike;
  }
}

}  // namespace

Result<Difference> difference_of(const store::Kv& here, const store::Overlay& theirs,
                                 const std::map<std::string, std::uint64_t, std::less<>>& compared, std::int64_t now_ms,
                                 Chunks chunks) {
  std::map<std::string, TableDifference, std::less<>> tables;
  for (const auto& [table, cells] : compared) tables[table].cells = cells;
  const Comparer comparer(here, theirs, now_ms);
  Difference difference;
  Bytes prefix;  // of the key looked at
  bool over = false;
  bool counted = false;  // as one that differs
  for (const auto& [key, state] : theirs) {
    const Result<CellPath> path = store::decode_cell_key(key);
    if (!path) return fail(path.error());
    const ByteSpan of_key = ByteSpan(key).substr(0, store::key_prefix_size(key));
    const bool next_key = of_key != ByteSpan(prefix);
    if (next_key) {
      prefix = Bytes(of_key);
      const Result<bool> ended = comparer.over(*path, prefix);
      if (!ended) return fail(ended.error());
      over = *ended;
      counted = false;
    }
    if (over) continue;
    if (path->table == kTableLobChunks && chunks != Chunks::kAll && (chunks == Chunks::kNone || !state)) continue;
    const Result<std::optional<Bytes>> ours = here.get(key);
    if (!ours) return fail(ours.error());
    if (ours->has_value() != state.has_value()) {
      const Result<bool> freed = comparer.freed_with_field(*path, *ours ? Side::kHere : Side::kPeer);
      if (!freed) return fail(freed.error());
      if (*freed) continue;
    }
    if (!std::exchange(counted, true)) ++tables[path->table].keys;
    count(tables[path->table], *ours, state);
    if (difference.named.size() < kCellsNamedMax) difference.named.push_back(store::describe_cell(key));
    difference.cells.push_back({key, state});
  }
  for (auto& [table, counts] : tables) {
    counts.table = table;
    difference.tables.push_back(std::move(counts));
  }
  return difference;
}

}  // namespace pando::node

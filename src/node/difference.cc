#include "node/difference.h"

#include <algorithm>

#include "model/expiry.h"
#include "store/cell_key.h"

namespace pando::node {
namespace {

constexpr std::size_t kCellsNamedMax = 5;

// One side's cells of one key, as far as it matters whether the key has ended there.
struct Holding {
  bool any = false;
  std::optional<std::int64_t> end;

  bool over(std::int64_t now_ms) const { return !any || (end && *end <= now_ms); }
};

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

class Comparer {
 public:
  Comparer(const store::Kv& here, const store::Overlay& theirs, std::int64_t now_ms)
      : here_(here), theirs_(theirs), now_ms_(now_ms) {}

  Result<bool> over(const CellPath& path, ByteSpan prefix) const {
    const Bytes end_key = store::cell_key({path.table, path.key, CellKind::kExpiry, ""});
    Holding ours, at_peer;
    const std::unique_ptr<store::KvCursor> first = here_.scan(prefix, store::prefix_end(prefix));
    ours.any = first->valid();
    for (; first->valid() && !at_peer.any; first->next()) at_peer.any = !theirs_.contains(first->key());
    PANDO_RETURN_IF_ERROR(first->status());
    for (auto at = theirs_.lower_bound(prefix);
         at != theirs_.end() && ByteSpan(at->first).substr(0, prefix.size()) == prefix; ++at) {
      at_peer.any = at_peer.any || at->second.has_value();
    }
    const Result<std::optional<Bytes>> stored = here_.get(end_key);
    if (!stored) return fail(stored.error());
    if (*stored) {
      const auto end = end_in(end_key, store::state_of_stored(**stored));
      if (!end) return fail(end.error());
      ours.end = at_peer.end = *end;
    }
    if (const auto at = theirs_.find(end_key); at != theirs_.end()) {
      at_peer.end.reset();
      if (at->second) {
        const auto end = end_in(end_key, *at->second);
        if (!end) return fail(end.error());
        at_peer.end = *end;
      }
    }
    return ours.over(now_ms_) && at_peer.over(now_ms_);
  }

 private:
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
                                 const std::map<std::string, std::uint64_t, std::less<>>& compared,
                                 std::int64_t now_ms) {
  std::map<std::string, TableDifference, std::less<>> tables;
  for (const auto& [table, cells] : compared) tables[table].cells = cells;
  const Comparer comparer(here, theirs, now_ms);
  Difference difference;
  Bytes prefix;  // of the key looked at
  bool over = false;
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
      if (!over) ++tables[path->table].keys;
    }
    if (over) continue;
    const Result<std::optional<Bytes>> ours = here.get(key);
    if (!ours) return fail(ours.error());
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

std::uint64_t commits_beyond(const VersionVector& all, const VersionVector& known) {
  std::uint64_t count = 0;
  for (const auto& [origin, seq] : all.entries()) {
    if (const Seq seen = known.get(origin); seq > seen) count += seq.value - seen.value;
  }
  return count;
}

}  // namespace pando::node

// Replica: who is met whose commits this node, or its group, has not waited for (docs/design/010-expiry.md), and ends
// that come with them and are taken away before they were looked at.

#include <algorithm>
#include <limits>

#include "engine/vouches.h"
#include "model/expiry.h"
#include "model/field_end.h"
#include "node/replica.h"

namespace pando::node {

namespace {

bool knows(const VersionVector& seen, const std::string& node) {
  const auto& entries = seen.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first.node == node; });
}

// What was here before any of them was met. They know by that, when something is cleared as far as it goes, that it is
// cleared by one who had not heard of them (Replica::note_cleared_ends()).
VersionVector without(const VersionVector& seen, const std::map<Origin, Seq>& strangers) {
  VersionVector rest;
  for (const auto& [origin, seq] : seen.entries()) {
    if (!strangers.contains(origin)) rest.raise(origin, seq);
  }
  return rest;
}

// Gives the key up, and does not begin it anew.
bool only_clears(const Commit& commit, const ClearOp& clear) {
  return std::all_of(commit.ops.begin(), commit.ops.end(), [&](const Op& op) {
    return std::holds_alternative<ClearOp>(op) || table_of(op) != clear.table || key_of(op) != ByteSpan(clear.key);
  });
}

}  // namespace

void Replica::heard_by(const Origin& peer, const VersionVector& seen) {
  const Seq here = cells_->context().get(peer);
  const auto at = strangers_.find(peer);
  if ((at == strangers_.end() && here.value != 0) || !knows(seen, self_.node)) return;
  const Seq said = seen.get(peer);
  if (at != strangers_.end()) {
    at->second = std::min(at->second, said);
    if (at->second <= here) strangers_.erase(at);
  } else if (strangers_.size() < kStrangersMax) {
    strangers_.emplace(peer, said);
  }
}

void Replica::note_stranger(const Dot& dot) {
  // Without a commit of this node nobody could have heard of it, and nobody has freed anything on its word.
  if (dot.origin.node == self_.node || cells_->context().get(self_).value == 0) return;
  if (cells_->context().get(dot.origin).value == 0 && strangers_.size() < kStrangersMax) {
    strangers_.emplace(dot.origin, Seq(std::numeric_limits<std::uint64_t>::max()));
  }
  if (by_stranger(dot) && catching_up_.empty() && met_keys_.empty())
    before_meeting_ = without(cells_->context(), strangers_);
}

Result<bool> Replica::note_strangers(const VersionVector& before, const VersionVector& brought) {
  if (before.get(self_).value == 0) return false;
  bool any = false;
  for (const auto& [origin, seq] : brought.entries()) {
    if (origin.node == self_.node || before.get(origin).value != 0 || strangers_.size() >= kStrangersMax) continue;
    const Result<std::optional<engine::Vouch>> said = engine::vouch_of(*cells_, origin);
    if (!said) return pando::fail(said.error());
    if (*said && knows((*said)->seen, self_.node)) continue;
    strangers_.emplace(origin, Seq(std::numeric_limits<std::uint64_t>::max()));
    any = true;
  }
  if (any && catching_up_.empty() && met_keys_.empty()) before_meeting_ = without(before, strangers_);
  return any;
}

bool Replica::by_stranger(const Dot& dot) const {
  const auto at = strangers_.find(dot.origin);
  return at != strangers_.end() && dot.seq <= at->second;
}

bool Replica::may_part(const VersionVector& made) const {
  const auto& entries = made.entries();
  return catches_up() || std::any_of(entries.begin(), entries.end(),
                                     [&](const auto& entry) { return strangers_.contains(entry.first); });
}

void Replica::note_vouch(const Commit& commit) {
  if (!strangers_.contains(commit.dot.origin)) return;
  for (const Op& op : commit.ops) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || put->path.table != engine::kTableVouches) continue;
    const std::optional<engine::Vouch> said = engine::decode_vouch(put->value);
    if (said && knows(said->seen, self_.node)) strangers_.erase(commit.dot.origin);
  }
}

Status Replica::give_up_before(const Commit& news, Time now) {
  std::set<MetKey> keys;
  for (const Op& op : news.ops) {
    if (std::optional<MetKey> key = may_be_freed(path_in(op))) keys.insert(*std::move(key));
  }
  return give_up({keys.begin(), keys.end()}, cells_->context(), now);
}

Status Replica::give_up(const std::vector<MetKey>& keys, const VersionVector& before, Time now) {
  std::vector<Op> ops;
  const MetKey* last = nullptr;
  bool whole = false;  // of the key of the last one
  for (const MetKey& met : keys) {
    if (last == nullptr || last->table != met.table || last->key != met.key) {
      const auto freed = engine::may_be_freed(*cells_, met.table, met.key, before, now_ms(now));
      if (!freed) return freed.error();
      whole = *freed;
      if (whole) {
        ops.push_back(ClearOp{.table = met.table, .key = met.key, .observed = before, .forget_counters = true});
      }
    }
    last = &met;
    if (whole) continue;
    Result<std::optional<Op>> field = give_up_field(met, before, now);
    if (!field) return field.error();
    if (*field && std::find(ops.begin(), ops.end(), **field) == ops.end()) ops.push_back(**std::move(field));
  }
  if (ops.empty()) return {};
  const Result<LogPos> pos = commit(std::move(ops), now);
  return pos ? Status() : pos.error();
}

Result<std::optional<Op>> Replica::give_up_field(const MetKey& met, const VersionVector& before, Time now) const {
  const CellPath path{met.table, met.key, met.kind, met.element};
  for (const ByteSpan field : fields_around(path)) {
    const auto freed = engine::may_be_freed(*cells_, met.table, met.key, before, now_ms(now), field);
    if (!freed) return pando::fail(freed.error());
    if (*freed) return clear_of_field(met.table, met.key, Bytes(field), before);
  }
  return std::nullopt;
}

Status Replica::note_cleared_ends(const Commit& commit) {
  if (commit.dot.origin == self_) return {};
  for (const Op& op : commit.ops) {
    const auto* clear = std::get_if<ClearOp>(&op);
    // Only what had ended is cleared with its counters (engine/draft_expiry.cc, node/expiry_path.h).
    if (clear == nullptr || !clear->forget_counters || cleared_ends_.size() >= kUnseenEndsMax) continue;
    if (knows(clear->observed, self_.node) || !only_clears(commit, *clear)) continue;
    const CellPath path{clear->table, clear->key, CellKind::kExpiry, clear->prefix};
    const auto end = cells_->ends_at(path.table, path.key, path.element);
    if (!end) return end.error();
    if (!*end || **end == kNeverExpires || **end > commit.hlc.wall_ms()) continue;
    const auto reg = cells_->find_register(path);
    if (!reg) return reg.error();
    if (*reg == nullptr) continue;
    const std::vector<Dot> dots = (*reg)->dots();
    // Where another end stays the key reads as ended here, and is looked at when that comes up.
    if (!std::all_of(dots.begin(), dots.end(), [&](const Dot& dot) { return clear->observed.covers(dot); })) continue;
    VersionVector own;
    for (const auto& [origin, seq] : cells_->context().entries()) {
      if (origin.node == self_.node) own.raise(origin, seq);
    }
    if (!own.entries().empty()) cleared_ends_.emplace(path, std::move(own));
  }
  return {};
}

std::vector<Replica::ClearedEnd> Replica::take_cleared_ends(std::size_t count_max) {
  std::vector<ClearedEnd> taken;
  while (!cleared_ends_.empty() && taken.size() < count_max) {
    auto first = cleared_ends_.extract(cleared_ends_.begin());
    taken.push_back({std::move(first.key()), std::move(first.mapped())});
  }
  return taken;
}

}  // namespace pando::node

// Replica: who is met whose commits this node, or its group, has not waited for (docs/design/010-expiry.md), and ends
// that come with them and are taken away before they were looked at.

#include <algorithm>
#include <limits>

#include "engine/late_report.h"
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
template <typename Strangers>
VersionVector without(const VersionVector& seen, const Strangers& strangers) {
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
  if (!seen.covers(at == strangers_.end() ? own_vouches_ : at->second.vouched)) return;
  const Seq said = seen.get(peer);
  if (at != strangers_.end()) {
    at->second.upto = std::min(at->second.upto, said);
    if (at->second.upto <= here) strangers_.erase(at);
  } else if (strangers_.size() < kStrangersMax) {
    strangers_.emplace(peer, Stranger{said, own_vouches_});
  }
}

void Replica::note_stranger(const Dot& dot) {
  // Without a commit of this node nobody could have heard of it, and nobody has freed anything on its word.
  if (dot.origin.node == self_.node || cells_->context().get(self_).value == 0) return;
  if (cells_->context().get(dot.origin).value == 0 && strangers_.size() < kStrangersMax) {
    strangers_.emplace(dot.origin, Stranger{Seq(std::numeric_limits<std::uint64_t>::max()), own_vouches_});
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
    if (*said && knows((*said)->seen, self_.node) && (*said)->seen.covers(own_vouches_)) continue;
    strangers_.emplace(origin, Stranger{Seq(std::numeric_limits<std::uint64_t>::max()), own_vouches_});
    any = true;
  }
  if (any && catching_up_.empty() && met_keys_.empty()) before_meeting_ = without(before, strangers_);
  return any;
}

bool Replica::by_stranger(const Dot& dot) const {
  const auto at = strangers_.find(dot.origin);
  return at != strangers_.end() && dot.seq <= at->second.upto;
}

bool Replica::may_part(const VersionVector& made) const {
  const auto& entries = made.entries();
  return catches_up() || std::any_of(entries.begin(), entries.end(),
                                     [&](const auto& entry) { return strangers_.contains(entry.first); });
}

void Replica::note_vouch(const Commit& commit) {
  for (const Op& op : commit.ops) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || put->path.table != engine::kTableVouches) continue;
    if (commit.dot.origin.node == self_.node) own_vouches_.raise(commit.dot.origin, commit.dot.seq);
    const std::optional<engine::Vouch> said = engine::decode_vouch(put->value);
    if (!said || commit.dot.origin == self_) continue;
    const auto stranger = strangers_.find(commit.dot.origin);
    if (stranger != strangers_.end() && knows(said->seen, self_.node) && said->seen.covers(stranger->second.vouched)) {
      strangers_.erase(stranger);
    }
    follow_vouch(*said, commit.hlc);
  }
}

Status Replica::note_own_vouches() {
  for (const auto& entry : cells_->context().entries()) {
    if (entry.first.node != self_.node) continue;
    const auto dot = engine::dot_of_vouch(*cells_, entry.first);
    if (!dot) return dot.error().with_context("cannot read what this node has vouched for");
    if (*dot) own_vouches_.raise((*dot)->origin, (*dot)->seq);
  }
  return {};
}

void Replica::follow_vouch(const engine::Vouch& said, Hlc stamp) {
  if (config_.writable && said.seen.get(self_).value == 0) raise_clock_floor(engine::clock_of(said, stamp));
}

Status Replica::follow_vouches() {
  if (!config_.writable) return {};
  const Result<std::int64_t> clock = engine::clock_to_follow_ms(*cells_, self_);
  if (!clock) return clock.error().with_context("cannot read what others have vouched for");
  raise_clock_floor(*clock);
  return {};
}

// Who only reports a table sees nothing of what others wrote there, and takes nothing of it away: where a key has ended
// and is here still, others may have freed it before they knew of that one.
Status Replica::give_up_before(const Commit& news, Time now) {
  const bool of_retired = retired().has(news.dot.origin);
  std::optional<engine::Vouch> said;
  bool looked = false;
  std::set<MetKey> keys;
  for (const Op& op : news.ops) {
    std::optional<MetKey> key = may_be_freed(path_in(op));
    if (!key) continue;
    if (!of_retired) {
      if (!std::exchange(looked, true)) {
        Result<std::optional<engine::Vouch>> vouch = engine::vouch_of(*cells_, news.dot.origin);
        if (!vouch) return vouch.error();
        said = *std::move(vouch);
      }
      if (!said || !said->only_reports(key->table)) continue;
      const auto over = engine::over_of_others(*cells_, path_in(op), news.dot.origin.node, now_ms(now));
      if (!over) return over.error();
      if (over->empty()) continue;
    }
    keys.insert(*std::move(key));
  }
  if (keys.empty()) return {};
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
      whole = *freed || met_ends_.contains({met.table, met.key, CellKind::kExpiry, {}});
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
    if (*freed || met_ends_.contains({met.table, met.key, CellKind::kExpiry, Bytes(field)})) {
      return clear_of_field(met.table, met.key, Bytes(field), before);
    }
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

// Whoever relies on what this node has vouched for may have freed the key by its end of before. Afterwards nothing here
// says that there was one.
Status Replica::note_met_ends(const Commit& commit) {
  if (!is_met(commit)) return {};
  for (const Op& op : commit.ops) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || put->path.kind != CellKind::kExpiry || met_ends_.size() >= kUnseenEndsMax) continue;
    const auto end = cells_->ends_at(put->path.table, put->path.key, put->path.element);
    if (!end) return end.error();
    if (!*end || **end > clock_floor_ms_) continue;
    const auto reg = cells_->find_register(put->path);
    if (!reg) return reg.error();
    if (*reg == nullptr) continue;
    const std::vector<Dot> dots = (*reg)->dots();
    const auto before = [&](const Dot& dot) { return before_meeting_.covers(dot); };
    if (std::all_of(dots.begin(), dots.end(), before)) met_ends_.insert(put->path);
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

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

constexpr Seq kUnbounded{std::numeric_limits<std::uint64_t>::max()};

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

bool Replica::has_heard(const VersionVector& seen, const VersionVector& vouched) const {
  return knows(seen, self_.node) && seen.covers(vouched);
}

void Replica::heard_by(const Origin& peer, const VersionVector& seen) {
  auto& strangers = meeting_.strangers;
  const Seq here = cells_->context().get(peer);
  const auto at = strangers.find(peer);
  if ((at == strangers.end() && here.value != 0) || !knows(seen, self_.node)) return;
  if (!seen.covers(at == strangers.end() ? own_vouches_ : at->second.vouched)) return;
  const Seq said = seen.get(peer);
  if (at != strangers.end()) {
    at->second.upto = std::min(at->second.upto, said);
    if (at->second.upto <= here) strangers.erase(at);
  } else {
    note_met_stranger(peer, said);
  }
}

void Replica::catch_up_with(const VersionVector& theirs) {
  if (!catches_up() && !has_met_keys()) begin_meeting(cells_->context());
  meeting_.catching_up.merge(theirs);
  meeting_news_.more.catching_up.merge(theirs);
}

void Replica::catch_up_within(const VersionVector& theirs) {
  VersionVector rest;
  for (const auto& [origin, seq] : meeting_.catching_up.entries()) {
    if (const Seq there = std::min(seq, theirs.get(origin)); there.value != 0) rest.raise(origin, there);
  }
  meeting_.catching_up = std::move(rest);
  end_catching_up();
}

void Replica::end_catching_up() {
  if (cells_->context().covers(meeting_.catching_up)) meeting_.catching_up = {};
}

bool Replica::catches_up_on(const std::string& node) const {
  const auto& entries = meeting_.catching_up.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& there) {
    return there.first.node == node && cells_->context().get(there.first) < there.second;
  });
}

// What was noted and is not settled. -----------------------------------------------------------------------------

void Replica::begin_meeting(VersionVector before) {
  meeting_news_.begins = true;
  meeting_news_.more.keys.clear();
  meeting_news_.more.ends.clear();
  meeting_news_.more.before = before;
  meeting_.before = std::move(before);
}

void Replica::note_met_stranger(const Origin& origin, Seq upto) {
  if (meeting_.strangers.size() >= kStrangersMax) return;
  const Meeting::Stranger stranger{upto, own_vouches_};
  meeting_.strangers.emplace(origin, stranger);
  meeting_news_.more.strangers.insert_or_assign(origin, stranger);
}

void Replica::note_end(const CellPath& path) {
  if (path.kind != CellKind::kExpiry || meeting_.unseen.size() >= kUnseenEndsMax) return;
  if (meeting_.unseen.insert(path).second) meeting_news_.more.unseen.insert(path);
}

void Replica::note_met(const CellPath& path) {
  if (meeting_.keys.size() >= kUnseenEndsMax) return;
  const std::optional<MetKey> key = may_be_freed(path);
  if (key && meeting_.keys.insert(*key).second) meeting_news_.more.keys.insert(*key);
}

std::vector<MetKey> Replica::first_met_keys(std::size_t count_max) const {
  std::vector<MetKey> first;
  for (auto at = meeting_.keys.begin(); at != meeting_.keys.end() && first.size() < count_max; ++at) {
    first.push_back(*at);
  }
  return first;
}

void Replica::forget_met_keys(const std::vector<MetKey>& done) {
  for (const MetKey& key : done) meeting_.keys.erase(key);
  if (meeting_.keys.empty()) meeting_.ends.clear();
}

Status Replica::say_met() {
  if (meeting_news_.empty() || cells_->expiry().marks().empty()) return {};
  const Bytes body = encode(meeting_news_);
  // What is too large for one record is lost with the process.
  if (body.size() <= log::kRecordBodyBytesMax) {
    if (const Result<LogPos> pos = append_note(log::RecordKind::kMeeting, body); !pos) return pos.error();
  }
  meeting_news_ = {};
  return {};
}

void Replica::keep_meeting() { cells_->set_memo(meeting_.empty() ? Bytes() : encode(MeetingNews{true, meeting_})); }

void Replica::resume_meeting(Meeting meeting) {
  meeting_ = std::move(meeting);
  end_catching_up();
  std::erase_if(meeting_.strangers, [&](const auto& entry) {
    const Result<std::optional<engine::Vouch>> said = engine::vouch_of(*cells_, entry.first);
    if (!said) fail(said.error().with_context("cannot read what others have vouched for"));
    return said && *said && has_heard((*said)->seen, entry.second.vouched);
  });
}

Status Replica::note_meeting(const Commit& commit) {
  note_stranger(commit.dot);
  PANDO_RETURN_IF_ERROR(note_cleared_ends(commit));
  const bool strange = by_stranger(commit.dot);
  const bool catches_up = this->catches_up() && commit.dot.origin != self_;
  const bool met = catches_up && meeting_.before.get(commit.dot.origin).value == 0;
  if (strange || met) PANDO_RETURN_IF_ERROR(note_met_ends(commit));
  if (!strange && !catches_up) return {};
  for (const Op& op : commit.ops) {
    if (const auto* put = std::get_if<PutOp>(&op); catches_up && put != nullptr) note_end(put->path);
    // What a stranger takes away leaves nothing to look at. And it may be what this node's own giving up is answered
    // with: looked at, and so on, that would have no end.
    const bool leaves = std::holds_alternative<PutOp>(op) || std::holds_alternative<CountOp>(op);
    if (met || (strange && leaves)) note_met(path_in(op));
  }
  return {};
}

// Who they are. --------------------------------------------------------------------------------------------------

void Replica::note_stranger(const Dot& dot) {
  // Without a commit of this node nobody could have heard of it, and nobody has freed anything on its word.
  if (dot.origin.node == self_.node || cells_->context().get(self_).value == 0) return;
  if (cells_->context().get(dot.origin).value == 0) note_met_stranger(dot.origin, kUnbounded);
  if (by_stranger(dot) && !catches_up() && !has_met_keys()) {
    begin_meeting(without(cells_->context(), meeting_.strangers));
  }
}

Result<bool> Replica::note_strangers(const VersionVector& before, const VersionVector& brought) {
  if (before.get(self_).value == 0) return false;
  bool any = false;
  for (const auto& [origin, seq] : brought.entries()) {
    if (origin.node == self_.node || before.get(origin).value != 0) continue;
    const Result<std::optional<engine::Vouch>> said = engine::vouch_of(*cells_, origin);
    if (!said) return pando::fail(said.error());
    if (*said && has_heard((*said)->seen, own_vouches_)) continue;
    note_met_stranger(origin, kUnbounded);
    any = true;
  }
  if (any && !catches_up() && !has_met_keys()) begin_meeting(without(before, meeting_.strangers));
  return any;
}

bool Replica::by_stranger(const Dot& dot) const {
  const auto at = meeting_.strangers.find(dot.origin);
  return at != meeting_.strangers.end() && dot.seq <= at->second.upto;
}

bool Replica::may_part(const VersionVector& made) const {
  const auto& entries = made.entries();
  return catches_up() || std::any_of(entries.begin(), entries.end(),
                                     [&](const auto& entry) { return meeting_.strangers.contains(entry.first); });
}

void Replica::note_vouch(const Commit& commit) {
  for (const Op& op : commit.ops) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || put->path.table != engine::kTableVouches) continue;
    if (commit.dot.origin.node == self_.node) own_vouches_.raise(commit.dot.origin, commit.dot.seq);
    const std::optional<engine::Vouch> said = engine::decode_vouch(put->value);
    if (!said || commit.dot.origin == self_) continue;
    const auto stranger = meeting_.strangers.find(commit.dot.origin);
    if (stranger != meeting_.strangers.end() && has_heard(said->seen, stranger->second.vouched)) {
      meeting_.strangers.erase(stranger);
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
      whole = *freed || meeting_.ends.contains({met.table, met.key, CellKind::kExpiry, {}});
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
    if (*freed || meeting_.ends.contains({met.table, met.key, CellKind::kExpiry, Bytes(field)})) {
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
    if (clear == nullptr || !clear->forget_counters || meeting_.cleared.size() >= kUnseenEndsMax) continue;
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
    if (own.empty() || !meeting_.cleared.emplace(path, own).second) continue;
    meeting_news_.more.cleared.emplace(path, std::move(own));
  }
  return {};
}

// Whoever relies on what this node has vouched for may have freed the key by its end of before. Afterwards nothing here
// says that there was one.
Status Replica::note_met_ends(const Commit& commit) {
  for (const Op& op : commit.ops) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || put->path.kind != CellKind::kExpiry || meeting_.ends.size() >= kUnseenEndsMax) continue;
    const auto end = cells_->ends_at(put->path.table, put->path.key, put->path.element);
    if (!end) return end.error();
    if (!*end || **end > clock_floor_ms_) continue;
    const auto reg = cells_->find_register(put->path);
    if (!reg) return reg.error();
    if (*reg == nullptr) continue;
    const std::vector<Dot> dots = (*reg)->dots();
    const auto before = [&](const Dot& dot) { return meeting_.before.covers(dot); };
    if (!std::all_of(dots.begin(), dots.end(), before)) continue;
    if (meeting_.ends.insert(put->path).second) meeting_news_.more.ends.insert(put->path);
  }
  return {};
}

std::vector<Replica::ClearedEnd> Replica::take_cleared_ends(std::size_t count_max) {
  std::vector<ClearedEnd> taken;
  while (!meeting_.cleared.empty() && taken.size() < count_max) {
    auto first = meeting_.cleared.extract(meeting_.cleared.begin());
    taken.push_back({std::move(first.key()), std::move(first.mapped())});
  }
  return taken;
}

}  // namespace pando::node

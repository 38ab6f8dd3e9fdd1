#include "node/expiry_path.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "model/expiry.h"
#include "model/field_end.h"
#include "store/cell_key.h"

namespace pando::node {
namespace {

// While a key waits its hint stands so much later: a restart finds it again.
constexpr std::int64_t kHintAwayMs = 600'000;
// Between two slices, so that requests come in between.
constexpr Duration kNextSlice = Duration::millis(20);
// What is waited for comes with commits of others.
constexpr Duration kLookEvery = Duration::seconds(1);
// A disk that is full, a store that could not be read: what serves requests says so.
constexpr Duration kTryAgain = Duration::seconds(10);
// Between meeting those who wrote to keys that may be freed here, and giving these up.
constexpr Duration kGiveUpAfter = Duration::seconds(1);
// The same while they go on writing.
constexpr Duration kGiveUpWithin = Duration::seconds(5);

// One vouch for all that ends within this time.
Duration between_vouches(Duration free_after) {
  return std::clamp(Duration{free_after.us / 4}, Duration::millis(100), Duration::seconds(15));
}

}  // namespace

ExpiryPath::ExpiryPath(Replica& replica, Duration free_after) : replica_(replica), free_after_(free_after) {
  const Result<std::int64_t> promised = engine::promised_clock_ms(replica_.cells(), replica_.self().node);
  if (promised) {
    replica_.raise_clock_floor(*promised);
    promised_ms_ = *promised;
  } else {
    replica_.fail(promised.error().with_context("cannot read what this node has promised of its clock"));
  }
}

void ExpiryPath::end_turn(Time now, const PeerPath& peers, Outputs& out) {
  note_met_keys(instant_of(now));
  if (instant_of(now) < pause_until_) return;
  const Result<bool> more = step(now, peers);
  const std::string why = more || !replica_.serving().ok() ? std::string() : more.error().to_string();
  if (!why.empty() && why != complaint_) {
    out.notes.push_back(
        {Note::Level::kError, replica_.name(), fmt::format("what has ended is not freed, trying again: {}", why)});
  }
  complaint_ = why;
  pause_until_ = instant_of(now) + (more ? kNextSlice : kTryAgain);
  plan(now, more.value_or(false));
}

Result<bool> ExpiryPath::step(Time now, const PeerPath& peers) {
  PANDO_RETURN_IF_ERROR(take_back_cleared(now));
  PANDO_RETURN_IF_ERROR(give_up_met(now));
  const Result<bool> more_ended = look(now);
  if (!more_ended) return more_ended;
  // What an earlier epoch made of a key that has ended here may be on its way.
  if (peers.may_lack_own()) return more_ended;
  // One that has not made a commit yet is not known to those who do not have its Hello.
  const bool unknown = replica_.cells().context().get(replica_.self()).value == 0;
  const bool may_end = !replica_.cells().expiry().marks().empty();
  const Result<bool> outdated =
      may_end ? engine::vouch_is_outdated(replica_.cells(), replica_.self(), replica_.retired(), speaks_for())
              : Result<bool>(false);
  if (!outdated) return outdated;
  const Result<bool> owed = engine::owes_word(replica_.cells(), replica_.self(), replica_.retired());
  if (!owed) return owed;
  const bool follows = may_end && replica_.clock_floor_ms() > std::max(promised_ms_, now.wall_ms);
  const bool asked = vouch_for_ms_ != 0 || *outdated || (unknown && may_end) || *owed || follows;
  // Nor does one that has met nobody know whether others know commits of its epoch: it may be an old backup.
  if (asked && may_vouch() && (!unknown || peers.has_met_anybody())) {
    if (!peers.knows_all()) {
      // Of the writers that it waits for some may wait for it.
      if (unknown && peers.met_all_dialed()) PANDO_RETURN_IF_ERROR(introduce(now));
    } else if (!peers.lost_may_come()) {
      PANDO_RETURN_IF_ERROR(vouch(now));
    }
  }
  const Result<bool> more_ready = free_ready(now);
  if (!more_ready) return more_ready;
  return *more_ended || *more_ready;
}

// Who relies on a vouch counts what is made after it as made by one who has seen the key's end, and who clears all of
// the key or nothing. What is given up of a key that was met is a part of it, and takes the end along: it goes first.
bool ExpiryPath::may_vouch() const {
  return replica_.config().writable && replica_.serving().ok() && !replica_.has_met_keys();
}

TableScope ExpiryPath::speaks_for() const {
  return {replica_.tables().publish, both(replica_.tables().subscribe, replica_.holds())};
}

// Those that were met should have seen our ends and taken back what they wrote to the same keys, before we take these
// ends away with what we give up. Over a slow line both come together all the same: then they know by what we clear
// that it had ended (take_back_cleared()).
void ExpiryPath::note_met_keys(Instant now) {
  if (replica_.has_cleared_ends()) again_at_ = std::min(again_at_.value_or(now), now);
  const std::size_t count = replica_.met_keys();
  if (count == 0) {
    give_up_at_.reset();
  } else if (!give_up_at_ || count > met_keys_) {
    if (!give_up_at_) give_up_by_ = now + kGiveUpWithin;
    give_up_at_ = std::min(now + kGiveUpAfter, give_up_by_);
    if (!again_at_ || *give_up_at_ < *again_at_) again_at_ = give_up_at_;
  }
  met_keys_ = count;
}

Result<bool> ExpiryPath::look(Time now) {
  const std::int64_t ended_by_ms = replica_.now_ms(now) - free_after_.millis();
  store::Cells& cells = replica_.cells();
  if (waiting() >= kWaitingMax || cells.expiry().next_ms() > ended_by_ms) return false;
  const std::size_t room = std::min(kSlice, kWaitingMax - waiting());
  const auto hints = cells.due_hints(ended_by_ms, room);
  if (!hints) return fail(hints.error());
  for (const store::ExpiryIndex::Hint& hint : *hints) {
    if (Status status = look_at(hint, ended_by_ms, now); !status.ok()) return fail(std::move(status));
  }
  return hints->size() == room;
}

Status ExpiryPath::look_at(const store::ExpiryIndex::Hint& hint, std::int64_t ended_by_ms, Time now) {
  store::Cells& cells = replica_.cells();
  const Result<CellPath> path = store::decode_cell_key(hint.cell_key);
  if (!path) return path.error();
  const auto end = cells.ends_at(path->table, path->key, path->element);
  if (!end) return end.error();
  if (!*end || **end == kNeverExpires) {
    cells.move_hint(hint, std::nullopt);
    return {};
  }
  if (**end > ended_by_ms) {
    cells.move_hint(hint, **end);
    return {};
  }
  const Result<bool> taken_back = take_back(*path, now);
  if (!taken_back) return taken_back.error();
  if (*taken_back) return {};
  const store::ExpiryIndex::Hint away{ended_by_ms + kHintAwayMs, hint.cell_key};
  if (!path->element.empty()) {
    const Result<bool> counts = engine::counts_in(cells, path->table, path->key, path->element);
    if (!counts) return counts.error();
    if (*counts) {
      cells.move_hint(hint, away.at_ms);
      return {};
    }
  }
  Result<engine::FreeingNeeds> needs = engine::needs_of(cells, path->table, path->key, **end, path->element);
  if (!needs) return needs.error();
  const Result<std::optional<engine::Vouch>> said = engine::vouch_of(cells, replica_.self());
  if (!said) return said.error();
  if (!*said || (*said)->clock_ms < needs->clock_ms || !(*said)->seen.covers(needs->seen)) {
    vouch_for_ms_ = std::max(vouch_for_ms_, needs->clock_ms);
  }
  cells.move_hint(hint, away.at_ms);
  const std::uint64_t watch = cells.watch_key(path->table, path->key);
  const bool again = !numbers_.insert_or_assign(hint.cell_key, next_number_).second;
  unchecked_.push_back({next_number_++, watch, *std::move(needs), away, path->table, path->key, path->element, again});
  return {};
}

Result<bool> ExpiryPath::take_back(const CellPath& end, Time now) {
  if (!replica_.take_unseen_end(end) || !replica_.may_write(end.table)) return false;
  store::Cells& cells = replica_.cells();
  const Result<bool> own = engine::holds_of(cells, end.table, end.key, replica_.self().node, end.element);
  if (!own || !*own) return own;
  return clear_ended(end.table, end.key, end.element, now);
}

Status ExpiryPath::take_back_cleared(Time now) {
  if (!replica_.has_cleared_ends() || !replica_.serving().ok()) return {};
  std::vector<Op> ops;
  for (Replica::ClearedEnd& one : replica_.take_cleared_ends(kSlice)) {
    CellPath& end = one.end;
    if (!replica_.may_write(end.table)) continue;
    const Result<bool> own = engine::holds_of(replica_.cells(), end.table, end.key, replica_.self().node, end.element);
    if (!own) return own.error();
    if (!*own) continue;
    if (end.element.empty()) {
      ops.push_back(ClearOp{std::move(end.table), std::move(end.key), std::move(one.own), 0, {}, true});
    } else {
      ops.push_back(
          clear_of_field(std::move(end.table), std::move(end.key), std::move(end.element), std::move(one.own)));
    }
  }
  if (ops.empty()) return {};
  const Result<LogPos> pos = replica_.commit(std::move(ops), now);
  return pos ? Status() : pos.error();
}

Result<bool> ExpiryPath::clear_ended(std::string_view table, ByteSpan key, ByteSpan field, Time now) {
  engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
  if (field.empty()) {
    PANDO_RETURN_IF_ERROR(draft.begin_anew(table, key));
  } else {
    draft.begin_field_anew(table, key, field);
  }
  if (draft.empty()) return false;
  const Result<LogPos> pos = replica_.commit(draft.take_ops(), now);
  if (!pos) return fail(pos.error());
  return true;
}

Status ExpiryPath::give_up_met(Time now) {
  if (!give_up_at_ || instant_of(now) < *give_up_at_ || !replica_.serving().ok()) return {};
  const std::vector<MetKey> keys = replica_.first_met_keys(kSlice);
  PANDO_RETURN_IF_ERROR(replica_.give_up(keys, replica_.before_meeting(), now));
  replica_.forget_met_keys(keys);
  return {};
}

Status ExpiryPath::vouch(Time now) {
  if (vouched_at_.mono_us != 0 && instant_of(now) - vouched_at_ < between_vouches(free_after_)) return {};
  // The clock may have been set back since these ends came up. Then their hints bring them up once more.
  // What others have vouched for without this node it says too: it decides by that, also after a restart.
  vouch_for_ms_ = std::clamp(vouch_for_ms_, replica_.clock_floor_ms(), replica_.now_ms(now));
  engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
  PANDO_RETURN_IF_ERROR(engine::vouch(draft, vouch_for_ms_, speaks_for()));
  const Result<LogPos> pos = replica_.commit(draft.take_ops(), now);
  if (!pos) return pos.error();  // a full disk: nothing is promised
  // At once, so that nothing of this turn falls behind it.
  replica_.raise_clock_floor(vouch_for_ms_);
  promised_ms_ = vouch_for_ms_;
  vouched_at_ = instant_of(now);
  vouch_for_ms_ = 0;
  return {};
}

Status ExpiryPath::introduce(Time now) {
  engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
  PANDO_RETURN_IF_ERROR(engine::introduce(draft, speaks_for()));
  const Result<LogPos> pos = replica_.commit(draft.take_ops(), now);
  return pos ? Status() : pos.error();
}

Result<bool> ExpiryPath::free_ready(Time now) {
  // What is given up is cleared as far as it was here before they were met. Of a row that would take the end of a
  // column along and leave what a stranger wrote to it, were the column freed meanwhile: while it is here the row is
  // not given up as a whole.
  if (waiting() == 0 || replica_.has_met_keys()) return false;
  if (stable_with_ != replica_.cells().context()) {
    Result<engine::Stable> stable = engine::Stable::of(replica_.cells(), replica_.retired());
    if (!stable) return fail(stable.error());
    stable_ = *std::move(stable);
    stable_with_ = replica_.cells().context();
    unchecked_.insert(unchecked_.end(), std::make_move_iterator(checked_.begin()),
                      std::make_move_iterator(checked_.end()));
    checked_.clear();
  }
  for (std::size_t i = 0; i < kSlice && !unchecked_.empty(); ++i) {
    Waiting one = std::move(unchecked_.front());
    unchecked_.pop_front();
    if (const auto number = numbers_.find(one.hint.cell_key);
        number == numbers_.end() || number->second != one.number) {
      replica_.cells().unwatch_key(one.table, one.key, one.watch);  // it came up again since, which counts
    } else if (replica_.arrives(one.table)) {
      checked_.push_back(std::move(one));  // stays as it was when what arrives of it was compared with it
    } else if (stable_.covers(one.needs)) {
      PANDO_RETURN_IF_ERROR(settle(one, now));
    } else if (replica_.may_write(one.table) && replica_.serving().ok() &&
               stable_.freed_without(one.needs, replica_.self().node)) {
      PANDO_RETURN_IF_ERROR(take_back(one, now));
    } else {
      checked_.push_back(std::move(one));
    }
  }
  return !unchecked_.empty();
}

// What is freed here may be given up here later, of a row or a document that it lies in: all that this node had seen,
// but nothing that strangers wrote. What they wrote is therefore cleared, with its end, before that.
//
// Who only reports a table clears of it what is their own. So what others wrote to a key there would be gone where it
// was freed, and come alive beside that one's next write where it was not. A clear is a commit: it is the same
// everywhere. Whoever wrote to the key makes it; what they do not (they are gone for good, or write to the table no
// more) is cleared later by all who may.
Status ExpiryPath::settle(const Waiting& one, Time now) {
  const auto& made = one.needs.seen.entries();
  const bool own = std::any_of(made.begin(), made.end(),
                               [&](const auto& entry) { return entry.first.node == replica_.self().node; });
  const bool shared = replica_.shared().has(one.table);
  const bool seen_elsewhere = shared || (own && replica_.publishes(one.table));
  if (!seen_elsewhere || stable_.all_see(one.needs, one.table)) {
    if (!replica_.may_write(one.table) || !replica_.may_part(one.needs.seen)) return free(one);
    if (replica_.serving().ok()) return take_back(one, now);
    checked_.push_back(one);
    return {};
  }
  const bool clears = own || (shared && one.again);
  if (clears && replica_.may_write(one.table) && replica_.serving().ok()) return take_back(one, now);
  checked_.push_back(one);
  return {};
}

bool ExpiryPath::still_waits(const Waiting& one) {
  const auto number = numbers_.find(one.hint.cell_key);
  if (number == numbers_.end() || number->second != one.number) return false;
  numbers_.erase(number);
  return true;
}

Status ExpiryPath::take_back(const Waiting& one, Time now) {
  replica_.cells().unwatch_key(one.table, one.key, one.watch);
  if (!still_waits(one)) return {};
  if (const Result<bool> cleared = clear_ended(one.table, one.key, one.field, now); !cleared) return cleared.error();
  replica_.cells().move_hint(one.hint, 1);  // looked at again, with what is left
  return {};
}

Status ExpiryPath::free(const Waiting& one) {
  store::Cells& cells = replica_.cells();
  const bool untouched = cells.watched(one.table, one.key, one.watch);
  cells.unwatch_key(one.table, one.key, one.watch);
  if (!still_waits(one)) return {};
  if (!untouched) {
    // A commit came for its key: it is looked at again, whatever that did.
    cells.move_hint(one.hint, 1);
    return {};
  }
  PANDO_RETURN_IF_ERROR(one.field.empty() ? cells.free_key(one.table, one.key)
                                          : cells.free_field(one.table, one.key, one.field));
  cells.move_hint(one.hint, std::nullopt);
  ++freed_;
  return {};
}

void ExpiryPath::plan(Time now, bool more) {
  again_at_.reset();
  const auto again = [&](Duration in) {
    const Instant at = std::max(instant_of(now) + in, pause_until_);
    if (!again_at_ || at < *again_at_) again_at_ = at;
  };
  if (more) again(kNextSlice);
  if (waiting() > 0) again(kLookEvery);
  if (replica_.has_cleared_ends()) again(kNextSlice);
  if (replica_.has_met_keys() && give_up_at_) again(std::max(*give_up_at_ - instant_of(now), Duration{}));
  const std::int64_t next_ms = replica_.cells().expiry().next_ms();
  if (next_ms == kNeverExpires || waiting() >= kWaitingMax) return;
  const std::int64_t wait_ms = next_ms + free_after_.millis() - replica_.now_ms(now);
  again(Duration::millis(std::clamp<std::int64_t>(wait_ms, 1, 3'600'000)));
}

}  // namespace pando::node

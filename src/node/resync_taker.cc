#include "node/resync_taker.h"

#include <fmt/core.h>

#include <algorithm>

#include "apply/join_cut.h"
#include "base/check.h"
#include "node/cut_cells.h"

namespace pando::node {
namespace {

// Cells of a part at first, and of the parts of one that differs. Of a store of a million cells 122 parts are told,
// some 3 KiB; to find one cell that differs in it, a hundred parts more.
constexpr std::uint64_t kCellsPerPart[] = {8192, 256, 16, 1};
constexpr std::size_t kRangesAskedMax = 8;
// Parts that wait to be compared before more is asked about.
constexpr std::size_t kPartsWaitingMax = 2 * limits::kResyncPartsMax;

std::uint64_t finer_parts(std::uint64_t cells_per_part) {
  for (const std::uint64_t cells : kCellsPerPart) {
    if (cells < cells_per_part) return cells;
  }
  return 0;
}

Status not_an_answer(std::string_view what) {
  return Status(StatusCode::kInvalidArgument, fmt::format("resync: {}", what));
}

}  // namespace

void ResyncTaker::begin(repl::Session& session, TableFilter tables) {
  stop();
  state_ = State::kAsked;
  asks_ = filter_ = std::move(tables);
  session.send_resync(repl::CutAsk{++round_, filter_});
}

void ResyncTaker::stop() {
  if (snapshot_) replica_.cells().snapshots().close(*snapshot_);
  cells_.reset();
  snapshot_.reset();
  cut_.reset();
  to_ask_.clear();
  then_.reset();
  asked_.clear();
  parts_.clear();
  takings_.clear();
  waiting_bytes_ = 0;
  compared_.clear();
  counted_ = compared_.end();
  gathering_.reset();
  state_ = State::kIdle;
}

void ResyncTaker::abandon(repl::Session& session, repl::CutOver::Why why) const {
  if (active()) session.send_resync(repl::CutOver{round_, why});
}

void ResyncTaker::forget() {
  stop();
  got_.clear();
  got_bytes_ = 0;
}

Status ResyncTaker::check_cut(const Cut& cut, Hlc hlc_max, const VersionVector& needs) const {
  if (cut.hlc_floor > hlc_max) {
    return Status(StatusCode::kOutOfRange, "the cut has stamps that are too far ahead of the clock here");
  }
  // Else the same would be offered again, and compared again, for ever.
  if (!cut.context.covers(needs)) return not_an_answer("a cut without what its log needs of a reader");
  const VersionVector& here = replica_.cells().context();
  for (const auto& [origin, seq] : cut.context.entries()) {
    const Origin& self = replica_.self();
    if (origin.node != self.node || origin.epoch < self.epoch || here.get(origin) >= seq) continue;
    return Status(StatusCode::kConflict, "the cut covers commits of this node that it does not have");
  }
  VersionVector both = here;
  both.merge(cut.context);
  if (both.entries().size() <= limits::kOriginsMax) return {};
  return Status(StatusCode::kTooLarge,
                fmt::format("with the cut there would be more than {} origins", limits::kOriginsMax));
}

Status ResyncTaker::on_cut(repl::CutHeld&& held, Hlc hlc_max, const VersionVector& needs) {
  if (state_ != State::kAsked || held.round != round_) return {};
  PANDO_RETURN_IF_ERROR(check_cut(held.cut, hlc_max, needs));
  if (both(filter_, held.filter) != held.filter) {
    return not_an_answer("a cut of tables that were not asked for");
  }
  filter_ = std::move(held.filter);
  cut_ = std::move(held.cut);
  store::Cells& cells = replica_.cells();
  snapshot_ = cells.snapshots().open(cells.meta());
  cells_.emplace(cells, snapshot_);
  const Bytes first = store::first_cell_key();
  const Bytes begin = std::exchange(begins_at_, first);
  if (begin > first) then_ = {first, begin, kCellsPerPart[0]};
  to_ask({begin, store::cell_keys_end(), kCellsPerPart[0]});
  state_ = State::kComparing;
  return {};
}

Status ResyncTaker::on_digests(repl::Digests&& digests) {
  if (state_ != State::kComparing || digests.round != round_) return {};
  if (asked_.empty() || asked_.front().first != digests.id || asked_.front().second.cells_per_part == 0) {
    return not_an_answer("digests that were not asked for");
  }
  const Ask ask = std::move(asked_.front().second);
  asked_.pop_front();
  Bytes from = ask.from;
  for (repl::Digests::Part& part : digests.parts) {
    if (part.to <= from || part.to > ask.to) return not_an_answer("a part that is not within its range");
    parts_.push_back({from, part.to, {part.sum, part.count}, ask.cells_per_part, from, {}});
    from = std::move(part.to);
  }
  if (from != ask.to) to_ask({std::move(from), ask.to, ask.cells_per_part});
  return {};
}

Status ResyncTaker::on_cells(repl::Cells&& cells) {
  if (state_ != State::kComparing || cells.round != round_) return {};
  if (asked_.empty() || asked_.front().first != cells.id || asked_.front().second.cells_per_part != 0) {
    return not_an_answer("cells that were not asked for");
  }
  Ask& ask = asked_.front().second;
  Taking taking{ask.from, cells.to, {}, 0};
  const auto add = [&](Bytes key, Bytes state) -> Status {
    if (key < ask.from || key >= cells.to) return not_an_answer("a cell outside of its range");
    if (!lets_through(filter_, key)) return not_an_answer("a cell of a table that was not asked for");
    CutCell cell{std::move(key), std::move(state)};
    taking.bytes += cost_of_differing(cell.key, cell.state);
    PANDO_RETURN_IF_ERROR(apply::check_cut_cell(cell, *cut_));
    taking.theirs.emplace(std::move(cell.key), std::move(cell.state));
    return {};
  };
  for (repl::Cells::Item& item : cells.items) {
    if (item.piece.size() == item.size) {
      PANDO_RETURN_IF_ERROR(add(std::move(item.key), std::move(item.piece)));
      continue;
    }
    if (item.offset == 0) {
      gathering_ = std::move(item);
    } else if (!gathering_ || gathering_->key != item.key || gathering_->piece.size() != item.offset ||
               gathering_->size != item.size) {
      return not_an_answer("a piece of a cell that does not follow");
    } else {
      gathering_->piece += item.piece;
    }
    if (gathering_->piece.size() < gathering_->size) return {};
    repl::Cells::Item whole = *std::exchange(gathering_, std::nullopt);
    PANDO_RETURN_IF_ERROR(add(std::move(whole.key), std::move(whole.piece)));
  }
  if (cells.to <= ask.from || cells.to > ask.to) return not_an_answer("cells that are not within their range");
  ask.from = cells.to;
  waiting_bytes_ += taking.bytes;
  takings_.push_back(std::move(taking));
  if (ask.from == ask.to) asked_.pop_front();
  if (waiting_bytes_ <= limits::kResyncWaitingBytesMax) return {};
  return Status(StatusCode::kOverloaded,
                fmt::format("resync: the peer sends on while {} bytes of cells wait", waiting_bytes_));
}

void ResyncTaker::on_over(const repl::CutOver& over, repl::Session& session) {
  if (active() && over.round == round_) begin(session, asks_);
}

void ResyncTaker::set_got(const Bytes& key, std::optional<Bytes> state) {
  if (const auto at = got_.find(key); at != got_.end()) drop_got(at);
  got_bytes_ += cost_of_differing(key, state);
  got_.emplace(key, std::move(state));
}

void ResyncTaker::drop_got(store::Overlay::iterator at) {
  got_bytes_ -= cost_of_differing(at->first, at->second);
  got_.erase(at);
}

// What the peer has of a range replaces what was known of it; of the cells here only those are kept as got that differ.
Status ResyncTaker::take(std::size_t& cells_left) {
  Taking& now = takings_.front();
  const Bytes from = now.at;
  std::vector<Bytes> absent;
  std::vector<Bytes> same;
  std::size_t looked = 0;
  PANDO_RETURN_IF_ERROR(
      store::walk_range(*cells_, nullptr, now.at, now.to, cells_left, [&](ByteSpan key, ByteSpan state) {
        ++looked;
        if (!lets_through(filter_, key)) return true;
        const auto theirs = now.theirs.find(key);
        if (theirs == now.theirs.end()) {
          absent.emplace_back(key);
        } else if (ByteSpan(*theirs->second) == state) {
          same.emplace_back(key);
        }
        return true;
      }));
  cells_left -= std::min(cells_left, looked + 1);
  stats_.compared += looked;
  for (auto at = got_.lower_bound(from); at != got_.end() && at->first < now.at;) {
    const auto old = at++;
    drop_got(old);
  }
  for (const Bytes& key : same) now.theirs.erase(key);
  for (Bytes& key : absent) set_got(key, std::nullopt);
  const auto upto = now.theirs.lower_bound(now.at);
  for (auto at = now.theirs.begin(); at != upto; ++at) set_got(at->first, std::move(at->second));
  now.theirs.erase(now.theirs.begin(), upto);
  if (now.at == now.to) {
    waiting_bytes_ -= now.bytes;
    takings_.pop_front();
  }
  if (got_bytes_ <= limits::kResyncBytesMax) return {};
  return Status(StatusCode::kTooLarge,
                fmt::format("more than {} bytes of {} differ from the peer's, too much for one step: take its tables "
                            "anew (pando scope --subscribe none, then '*'; until they are here they are not served)",
                            limits::kResyncBytesMax, replica_.name()));
}

void ResyncTaker::count_table(ByteSpan cell_key) {
  const std::string_view table = store::table_of_cell_key(cell_key);
  if (counted_ == compared_.end() || counted_->first != table) {
    counted_ = compared_.try_emplace(std::string(table)).first;
  }
  ++counted_->second;
}

Status ResyncTaker::compare(std::size_t& cells_left) {
  Part& part = parts_.front();
  // Finer parts are looked at again.
  const bool first_look = part.cells_per_part == kCellsPerPart[0];
  std::uint64_t looked = 0;
  PANDO_RETURN_IF_ERROR(
      store::walk_range(*cells_, &got_, part.at, part.to, cells_left, [&](ByteSpan key, ByteSpan state) {
        ++looked;
        if (!lets_through(filter_, key)) return true;
        part.ours.add(key, state);
        if (first_look) count_table(key);
        return true;
      }));
  stats_.compared += looked;
  cells_left -= std::min<std::size_t>(cells_left, looked + 1);
  if (part.at != part.to) return {};
  const Part done = std::move(part);
  parts_.pop_front();
  settle(done);
  return {};
}

void ResyncTaker::to_ask(Ask ask) {
  Bytes from = ask.from;
  to_ask_.emplace(std::move(from), std::move(ask));
}

// Where there is nothing to compare on one side, cells are all there is to ask for.
void ResyncTaker::settle(const Part& part) {
  if (part.ours == part.theirs) return;
  const bool one_sided = part.ours.count == 0 || part.theirs.count == 0;
  to_ask({part.from, part.to, one_sided ? 0 : finer_parts(part.cells_per_part)});
}

void ResyncTaker::ask_on(repl::Session& session) {
  if (then_ && to_ask_.empty() && asked_.empty() && parts_.empty() && takings_.empty()) {
    to_ask(*std::exchange(then_, std::nullopt));
  }
  while (!to_ask_.empty() && asked_.size() < kRangesAskedMax && parts_.size() < kPartsWaitingMax) {
    Ask ask = std::move(to_ask_.extract(to_ask_.begin()).mapped());
    session.send_resync(repl::RangeAsk{round_, next_id_, ask.from, ask.to, ask.cells_per_part});
    asked_.emplace_back(next_id_++, std::move(ask));
  }
}

bool ResyncTaker::waits() const {
  return state_ == State::kAsked || (state_ == State::kComparing && takings_.empty() && parts_.empty());
}

Result<bool> ResyncTaker::work(repl::Session& session, bool may_ask) {
  if (state_ != State::kComparing) return false;
  if (!replica_.cells().snapshots().alive(*snapshot_)) {
    session.send_resync(repl::CutOver{round_, repl::CutOver::Why::kNotWanted});
    begin(session, asks_);
    return false;
  }
  std::size_t cells_left = limits::kResyncSliceCells;
  while (cells_left > 0 && (!takings_.empty() || !parts_.empty())) {
    const Status status = takings_.empty() ? compare(cells_left) : take(cells_left);
    if (!status.ok()) return fail(status);
  }
  if (may_ask) ask_on(session);
  if (!takings_.empty() || !parts_.empty()) return true;
  if (to_ask_.empty() && asked_.empty() && !then_) state_ = State::kReady;
  return state_ == State::kReady;
}

Result<Difference> ResyncTaker::difference(std::int64_t now_ms, Chunks chunks) const {
  CHECK(state_ == State::kReady);
  return difference_of(*cells_, got_, compared_, now_ms, chunks);
}

Result<std::uint64_t> ResyncTaker::mend(const std::vector<CutCell>& cells, Time now) {
  CHECK(state_ == State::kReady);
  std::vector<CutCell> changing;
  const Cut cut = *std::exchange(cut_, std::nullopt);
  stop();
  if (replica_.cells().context() != cut.context) return 0;
  for (const CutCell& cell : cells) {
    const Result<bool> changes = apply::would_mend(replica_.cells(), cell);
    if (!changes) return fail(changes.error());
    if (*changes) changing.push_back(cell);
  }
  if (changing.empty()) return 0;
  if (Status status = replica_.join(cut, changing, now, CutRecord::How::kMend); !status.ok()) {
    return fail(std::move(status));
  }
  return changing.size();
}

Status ResyncTaker::finish(repl::Session& session, Time now) {
  CHECK(state_ == State::kReady);
  if (!replica_.cells().snapshots().alive(*snapshot_)) {
    session.send_resync(repl::CutOver{round_, repl::CutOver::Why::kNotWanted});
    begin(session, asks_);
    return {};
  }
  const std::vector<CutCell> cells = cells_to_merge(got_, replica_.cells().snapshots(), *snapshot_, filter_);
  const Cut cut = *std::exchange(cut_, std::nullopt);
  // Nobody looks at what the cells were any more: it need not be put away.
  stop();
  PANDO_RETURN_IF_ERROR(replica_.join(cut, cells, now));
  session.send_resync(repl::CutOver{round_, repl::CutOver::Why::kNotWanted});
  ++stats_.finished;
  stats_.differing += cells.size();
  forget();
  return {};
}

std::optional<ResyncTaker::Got> ResyncTaker::take_got(repl::Session& session) {
  CHECK(state_ == State::kReady);
  session.send_resync(repl::CutOver{round_, repl::CutOver::Why::kNotWanted});
  if (!replica_.cells().snapshots().alive(*snapshot_)) {
    begin(session, asks_);
    return std::nullopt;
  }
  Got got{*std::exchange(cut_, std::nullopt), cells_to_merge(got_, replica_.cells().snapshots(), *snapshot_, filter_),
          filter_};
  forget();
  return got;
}

std::optional<ResyncTaker::Got> ResyncTaker::take_part(const std::function<bool(ByteSpan cell_key)>& wanted) {
  CHECK(state_ == State::kComparing);
  Got part{*cut_, {}, filter_};
  for (const auto& [key, state] : got_) {
    if (wanted(key)) part.cells.push_back({key, state});
  }
  if (part.cells.empty()) return std::nullopt;
  if (!takings_.empty()) {
    begins_at_ = takings_.front().at;
  } else if (!asked_.empty()) {
    begins_at_ = asked_.front().second.from;
  }
  forget();
  return part;
}

void ResyncTaker::begin_again(repl::Session& session) {
  session.send_resync(repl::CutOver{round_, repl::CutOver::Why::kNotWanted});
  begin(session, asks_);
}

}  // namespace pando::node

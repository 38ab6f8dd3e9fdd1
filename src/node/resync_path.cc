#include "node/resync_path.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::node {
namespace {

// How long what a log lacks may take by another link.
constexpr Duration kGapGrace = Duration::seconds(1);
// Between two slices of work, which take about as long.
constexpr Duration kSlicePause = Duration::millis(1);
// A peer that holds cuts for others lets one wait; so long, and then somebody else is asked.
constexpr Duration kResyncSilence = Duration::seconds(30);
// After a cut could not be merged in (the disk is full).
constexpr Duration kResyncRetry = Duration::seconds(1);
// After more differed than can be taken at once: an operator is needed.
constexpr Duration kResyncRetryTooLarge = Duration::seconds(600);

}  // namespace

Status ResyncPath::lost(LinkId id, repl::Session& session, VersionVector needs, Outputs& out) {
  if (!session.speaks_resync()) {
    return Status(StatusCode::kGone,
                  fmt::format("the log of {} no longer reaches back to what the peer needs, and the peer does not "
                              "speak of resync: it must be brought to a newer version",
                              replica_.name()));
  }
  session.lose_place();
  session.send_resync(repl::Gap{needs});
  out.notes.push_back({Note::Level::kInfo, replica_.name(),
                       fmt::format("link {}: the log no longer has what the peer needs next; it needs {} or a resync",
                                   id.value, to_string(needs))});
  serving_[id].needs = std::move(needs);
  return {};
}

bool ResyncPath::may_go_on(LinkId id, const VersionVector& peer_has) const {
  const auto at = serving_.find(id);
  return at != serving_.end() && peer_has.covers(at->second.needs);
}

void ResyncPath::drop(LinkId id) {
  serving_.erase(id);
  offers_.erase(id);
  if (taking_from_ != id) return;
  taker_.stop();
  taking_from_.reset();
}

Status ResyncPath::on_frame(LinkId id, repl::Session& session, repl::ResyncFrame&& frame, Time now) {
  if (auto* gap = std::get_if<repl::Gap>(&frame)) {
    // Its cells are not all there are, though its context says so.
    if (!session.peer()->tables.all) return {};
    offers_[id] = {std::move(gap->needs), instant_of(now)};
    return {};
  }
  if (const auto* ask = std::get_if<repl::CutAsk>(&frame)) {
    const auto at = serving_.find(id);
    if (at == serving_.end()) return {};  // it was found meanwhile
    if (!replica_.tables().subscribe.all) {
      return Status(StatusCode::kInvalidArgument, "a cut was asked of a node that does not hold all tables");
    }
    if (at->second.source) at->second.source->close();
    at->second.waiting = *ask;
    return {};
  }
  if (auto* ask = std::get_if<repl::RangeAsk>(&frame)) {
    const auto at = serving_.find(id);
    if (at == serving_.end() || !at->second.source) return {};
    return at->second.source->ask(std::move(*ask));
  }
  if (const auto* over = std::get_if<repl::CutOver>(&frame)) {
    if (over->why == repl::CutOver::Why::kNotHeld) {
      if (taking_from_ == id) taker_.on_over(*over, session);
      return {};
    }
    const auto at = serving_.find(id);
    if (at == serving_.end()) return {};
    if (at->second.source && at->second.source->round() == over->round) at->second.source->close();
    if (at->second.waiting && at->second.waiting->round == over->round) at->second.waiting.reset();
    at->second.declined = over->why == repl::CutOver::Why::kTooLarge;
    return {};
  }
  if (taking_from_ != id) return {};
  heard_at_ = instant_of(now);
  if (auto* held = std::get_if<repl::CutHeld>(&frame)) {
    return taker_.on_cut(std::move(*held), Hlc::from_wall_ms(now.wall_ms + clock_ahead_max_.millis()), *getting_);
  }
  if (auto* digests = std::get_if<repl::Digests>(&frame)) return taker_.on_digests(std::move(*digests));
  return taker_.on_cells(std::move(std::get<repl::Cells>(frame)));
}

void ResyncPath::open_cuts() {
  std::size_t open = 0;
  for (const auto& entry : serving_) open += entry.second.source && entry.second.source->is_open() ? 1 : 0;
  for (auto& entry : serving_) {
    Serving& serving = entry.second;
    if (!serving.waiting || open >= limits::kResyncCutsMax) continue;
    if (!serving.source) serving.source = std::make_unique<ResyncSource>(replica_);
    serving.source->open(*serving.waiting);
    serving.waiting.reset();
    ++open;
    ++cuts_served_;
  }
}

void ResyncPath::begin_if_due(const std::function<repl::Session*(LinkId)>& sessions, Instant now, Outputs& out) {
  const VersionVector& here = replica_.cells().context();
  std::erase_if(offers_, [&](const auto& offer) { return here.covers(offer.second.needs); });
  // What was got is kept while it may be of use, also without a link.
  if (getting_ && here.covers(*getting_)) {
    repl::Session* session = taking_from_ ? sessions(*taking_from_) : nullptr;
    if (session != nullptr) taker_.abandon(*session);
    taking_from_.reset();
    getting_.reset();
    taker_.forget();
  }
  leave_if_silent(sessions, now, out);
  if (taker_.active() || now < retry_at_) return;
  auto first = offers_.end();
  for (auto at = offers_.begin(); at != offers_.end(); ++at) {
    if (sessions(at->first) == nullptr || now < at->second.since + kGapGrace) continue;
    if (first == offers_.end() || at->second.since < first->second.since) first = at;
  }
  if (first == offers_.end()) return;
  taking_from_ = first->first;
  getting_ = first->second.needs;
  heard_at_ = now;
  taker_.begin(*sessions(first->first));
  out.notes.push_back(
      {Note::Level::kInfo, replica_.name(),
       fmt::format("link {}: resync: comparing what is here with what the peer has", first->first.value)});
}

void ResyncPath::leave_if_silent(const std::function<repl::Session*(LinkId)>& sessions, Instant now, Outputs& out) {
  if (!taking_from_ || !taker_.waits() || now < heard_at_ + kResyncSilence) return;
  if (repl::Session* session = sessions(*taking_from_)) taker_.abandon(*session);
  taker_.stop();
  // Behind the others that offer.
  if (const auto offer = offers_.find(*taking_from_); offer != offers_.end()) offer->second.since = now;
  out.notes.push_back({Note::Level::kWarning, replica_.name(),
                       fmt::format("link {}: resync: nothing heard of it for {} s; asking whoever else offers one",
                                   taking_from_->value, kResyncSilence.millis() / 1000)});
  taking_from_.reset();
}

bool ResyncPath::take(const std::function<repl::Session*(LinkId)>& sessions, Time now, Outputs& out) {
  repl::Session* session = taking_from_ ? sessions(*taking_from_) : nullptr;
  if (session == nullptr) return false;
  const auto refuse = [&](const Status& status) {
    out.notes.push_back({Note::Level::kError, replica_.name(), fmt::format("resync: {}", status.message())});
    session->refuse(status);
    taker_.stop();
    taking_from_.reset();
    return false;
  };
  const Result<bool> more = taker_.work(*session);
  if (!more && more.error().code() == StatusCode::kTooLarge) {
    // The link is good for everything else.
    out.notes.push_back({Note::Level::kError, replica_.name(), fmt::format("resync: {}", more.error().message())});
    taker_.abandon(*session, repl::CutOver::Why::kTooLarge);
    taker_.forget();
    taking_from_.reset();
    retry_at_ = instant_of(now) + kResyncRetryTooLarge;
    return false;
  }
  if (!more) return refuse(more.error());
  if (*more) heard_at_ = instant_of(now);
  if (taker_.state() != ResyncTaker::State::kReady) return *more;
  const std::uint64_t finished = taker_.stats().finished;
  const std::uint64_t differing = taker_.stats().differing;
  if (const Status status = taker_.finish(*session); !status.ok()) {
    retry_at_ = instant_of(now) + kResyncRetry;
    out.notes.push_back(
        {Note::Level::kError, replica_.name(), fmt::format("resync: cannot merge in: {}", status.message())});
  } else if (taker_.stats().finished != finished) {
    joined_ = true;
    out.notes.push_back({Note::Level::kInfo, replica_.name(),
                         fmt::format("link {}: resync done: {} cells merged in, of {} compared; now {}",
                                     taking_from_->value, taker_.stats().differing - differing, taker_.stats().compared,
                                     to_string(replica_.cells().context()))});
  }
  if (!taker_.active()) taking_from_.reset();
  return false;
}

bool ResyncPath::end_turn(const std::function<repl::Session*(LinkId)>& sessions, Time now, Outputs& out) {
  const Instant at = instant_of(now);
  begin_if_due(sessions, at, out);
  open_cuts();
  if (at < pause_until_) return false;
  bool more = take(sessions, now, out);
  for (auto& [id, serving] : serving_) {
    repl::Session* session = sessions(id);
    if (!serving.source || session == nullptr) continue;
    const Result<bool> on = serving.source->work(*session);
    if (!on) session->refuse(on.error());
    more = more || (on && *on);
  }
  busy_ = more;
  if (more) pause_until_ = at + kSlicePause;
  return std::exchange(joined_, false);
}

std::optional<Instant> ResyncPath::next_deadline() const {
  std::optional<Instant> next;
  if (busy_) next = pause_until_;
  if (taker_.active()) {
    if (taker_.waits() && (!next || heard_at_ + kResyncSilence < *next)) next = heard_at_ + kResyncSilence;
    return next;
  }
  for (const auto& entry : offers_) {
    const Instant at = std::max(entry.second.since + kGapGrace, retry_at_);
    if (!next || at < *next) next = at;
  }
  return next;
}

std::optional<LogPos> ResyncPath::held() const {
  std::optional<LogPos> lowest;
  for (const auto& entry : serving_) {
    if (!entry.second.source || !entry.second.source->held()) continue;
    const LogPos next = entry.second.source->held()->next();
    if (!lowest || next < *lowest) lowest = next;
  }
  return lowest;
}

}  // namespace pando::node

#include "node/resync_path.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace pando::node {
namespace {

// How long what a log lacks may take by another link.
constexpr Duration kGapGrace = Duration::seconds(1);
// Between two slices of work, which take about as long.
constexpr Duration kSlicePause = Duration::millis(1);
// A peer that holds cuts for others lets one wait; so long, and then somebody else is asked.
constexpr Duration kResyncSilence = Duration::seconds(30);
// After more differed than can be taken at once: an operator is needed.
constexpr Duration kResyncRetryTooLarge = Duration::seconds(600);

}  // namespace

void ResyncPath::drop(LinkId id) {
  serving_.drop(id);
  offers_.erase(id);
  const Status over(StatusCode::kUnavailable, "the link to the peer ended");
  for (auto waiting = asked_.begin(); waiting != asked_.end();) {
    if (waiting->link != id) {
      ++waiting;
      continue;
    }
    replies_.push_back({waiting->request, Reply::failure(over)});
    waiting = asked_.erase(waiting);
  }
  if (!task_ || task_->link != id) return;
  taker_.stop();
  end_task(over);
}

Status ResyncPath::on_frame(LinkId id, repl::Session& session, repl::ResyncFrame&& frame, Time now) {
  if (auto* gap = std::get_if<repl::Gap>(&frame)) {
    // Its cells are not all there are, though its context says so.
    if (!session.peer()->holds().all) return {};
    offers_[id] = {std::move(gap->needs), instant_of(now)};
    return {};
  }
  if (const auto* ask = std::get_if<repl::CutAsk>(&frame)) {
    serving_.on_ask(id, std::move(*ask));
    return {};
  }
  if (auto* ask = std::get_if<repl::RangeAsk>(&frame)) return serving_.on_ask(id, std::move(*ask));
  const bool taking = task_ && task_->link == id;
  if (const auto* over = std::get_if<repl::CutOver>(&frame)) {
    if (over->why != repl::CutOver::Why::kNotHeld) {
      serving_.on_over(id, *over);
    } else if (taking) {
      taker_.on_over(*over, session);
    }
    return {};
  }
  if (!taking) return {};
  heard_at_ = instant_of(now);
  if (auto* held = std::get_if<repl::CutHeld>(&frame)) return on_cut(std::move(*held), now);
  if (auto* digests = std::get_if<repl::Digests>(&frame)) return taker_.on_digests(std::move(*digests));
  return taker_.on_cells(std::move(std::get<repl::Cells>(frame)));
}

Status ResyncPath::on_cut(repl::CutHeld&& held, Time now) {
  if (!taker_.awaits(held.round)) return {};
  // Commits came meanwhile by which the tables have to begin anew.
  if (task_->kind == Task::Kind::kArrival && !held.cut.context.covers(replica_.tail_from())) not_at_rest_ = true;
  if (task_->kind != Task::Kind::kArrival)
    not_at_rest_ = task_->kind == Task::Kind::kProof && held.cut.context != replica_.cells().context();
  return taker_.on_cut(std::move(held), Hlc::from_wall_ms(now.wall_ms + clock_ahead_max_.millis()), task_->needs);
}

void ResyncPath::ask(RequestId request, LinkId id, const std::string& peer, bool merge, Outputs& out) {
  if (asked_.size() >= limits::kResyncRequestsMax) {
    out.replies.push_back({request, Reply::failure(Status(StatusCode::kOverloaded,
                                                          fmt::format("{} comparisons wait already", asked_.size())))});
    return;
  }
  asked_.push_back({Task::Kind::kAsked, id, {}, peer, request, merge});
}

void ResyncPath::prove(LinkId id, const std::string& peer, repl::Session& session, Time now) {
  CHECK(idle());
  begin({Task::Kind::kProof, id, {}, peer, {}, false}, session, instant_of(now));
}

// What was got for something else is of no use to who wants to know what differs.
void ResyncPath::begin(Task task, repl::Session& session, Instant now) {
  CHECK(!task_);
  if (std::exchange(got_for_, std::nullopt)) taker_.forget();
  if (task.kind != Task::Kind::kCatchUp) {
    taker_.forget();
    getting_.reset();
  }
  task_ = std::move(task);
  heard_at_ = now;
  not_at_rest_ = false;
  looked_whether_empty_ = false;
  taker_.begin(session);
}

void ResyncPath::end_task(Status reason) {
  const Task task = *std::exchange(task_, std::nullopt);
  full_since_.reset();
  if (task.kind == Task::Kind::kCatchUp) return;
  if (task.kind == Task::Kind::kArrival) return;
  taker_.forget();
  if (task.kind == Task::Kind::kAsked) {
    replies_.push_back({task.request, Reply::failure(std::move(reason))});
  } else {
    proof_ = Proof{task.peer, std::nullopt, 0};
  }
}

bool ResyncPath::begin_asked(const Sessions& sessions, Instant now) {
  if (asked_.empty()) return false;
  Task task = std::move(asked_.front());
  asked_.pop_front();
  repl::Session* session = sessions(task.link);
  if (session == nullptr) {
    replies_.push_back(
        {task.request, Reply::failure(Status(StatusCode::kUnavailable, "the link to the peer has just ended"))});
    return false;
  }
  begin(std::move(task), *session, now);
  return true;
}

void ResyncPath::begin_offered(const Sessions& sessions, Instant now, Outputs& out) {
  auto first = offers_.end();
  // Tables that arrive come from a peer that has all that is seen here, so nothing is taken that no such peer may have.
  const VersionVector& here = replica_.cells().context();
  const bool arrives = replica_.any_arrives();
  for (auto at = offers_.begin(); at != offers_.end(); ++at) {
    const repl::Session* session = sessions(at->first);
    if (session == nullptr || now < at->second.since + kGapGrace) continue;
    if (arrives && !session->peer_durable().covers(here)) {
      at->second.since = now;
      continue;
    }
    if (first == offers_.end() || at->second.since < first->second.since) first = at;
  }
  if (first == offers_.end()) return;
  getting_ = first->second.needs;
  begin({Task::Kind::kCatchUp, first->first, first->second.needs, {}, {}, false}, *sessions(first->first), now);
  out.notes.push_back(
      {Note::Level::kInfo, replica_.name(),
       fmt::format("link {}: resync: comparing what is here with what the peer has", first->first.value)});
}

void ResyncPath::begin_if_due(const Sessions& sessions, Instant now, Outputs& out) {
  const VersionVector& here = replica_.cells().context();
  std::erase_if(offers_, [&](const auto& offer) { return here.covers(offer.second.needs); });
  // What was got is kept while it may be of use, also without a link.
  if (getting_ && here.covers(*getting_)) {
    if (task_) {
      if (repl::Session* session = sessions(task_->link)) taker_.abandon(*session);
      end_task({});
    }
    getting_.reset();
    taker_.forget();
  }
  leave_if_silent(sessions, now, out);
  if (!task_ && now >= retry_at_) begin_offered(sessions, now, out);
  while (!task_ && !asked_.empty()) {
    if (begin_asked(sessions, now)) break;
  }
}

void ResyncPath::leave_if_silent(const Sessions& sessions, Instant now, Outputs& out) {
  if (!task_ || !taker_.waits() || now < heard_at_ + kResyncSilence) return;
  if (repl::Session* session = sessions(task_->link)) taker_.abandon(*session);
  taker_.stop();
  // Behind the others that offer.
  if (const auto offer = offers_.find(task_->link); offer != offers_.end()) offer->second.since = now;
  const Status silent(StatusCode::kTimeout, fmt::format("link {}: resync: nothing heard of it for {} s",
                                                        task_->link.value, kResyncSilence.millis() / 1000));
  out.notes.push_back({Note::Level::kWarning, replica_.name(), silent.message()});
  if (task_->kind == Task::Kind::kArrival) gave_up_fetching(now);
  end_task(silent);
}

bool ResyncPath::take(const Sessions& sessions, Time now, Outputs& out) {
  repl::Session* session = task_ ? sessions(task_->link) : nullptr;
  if (session == nullptr) return false;
  if (not_at_rest_) {
    taker_.abandon(*session);
    taker_.stop();
    if (task_->kind == Task::Kind::kArrival) gave_up_fetching(instant_of(now));
    end_task({});
    return false;
  }
  if (take_part(*session, instant_of(now), out) || gives_way_to_arrival(*session, instant_of(now))) return false;
  const bool full = arrival_is_full();
  if (full && !waits_for_what_its_cut_has(*session, instant_of(now))) return false;
  const Result<bool> more = taker_.work(*session, !full);
  if (!more && more.error().code() == StatusCode::kTooLarge) {
    on_too_large(*session, more.error(), instant_of(now), out);
    return false;
  }
  if (!more) {
    out.notes.push_back({Note::Level::kError, replica_.name(), fmt::format("resync: {}", more.error().message())});
    session->refuse(more.error());
    taker_.stop();
    end_task(more.error());
    return false;
  }
  if (*more) heard_at_ = instant_of(now);
  if (taker_.state() != ResyncTaker::State::kReady) return *more;
  switch (task_->kind) {
    case Task::Kind::kCatchUp: finish_catch_up(*session, now, out); break;
    case Task::Kind::kAsked: finish_asked(*session, now, out); break;
    case Task::Kind::kProof: finish_proof(*session, now, out); break;
    case Task::Kind::kArrival: finish_fetch(*session, out); break;
  }
  return false;
}

// The link is good for everything else.
void ResyncPath::on_too_large(repl::Session& session, Status status, Instant now, Outputs& out) {
  out.notes.push_back({Note::Level::kError, replica_.name(), fmt::format("resync: {}", status.message())});
  const bool catches_up = task_->kind == Task::Kind::kCatchUp;
  taker_.abandon(session, catches_up ? repl::CutOver::Why::kTooLarge : repl::CutOver::Why::kNotWanted);
  taker_.forget();
  if (catches_up) retry_at_ = now + kResyncRetryTooLarge;
  if (task_->kind == Task::Kind::kArrival) fetch_at_ = now + kResyncRetryTooLarge;
  end_task(std::move(status));
}

void ResyncPath::finish_catch_up(repl::Session& session, Time now, Outputs& out) {
  const ResyncTaker::Stats before = taker_.stats();
  if (const Status status = taker_.finish(session, now); !status.ok()) {
    retry_at_ = instant_of(now) + kRetry;
    out.notes.push_back(
        {Note::Level::kError, replica_.name(), fmt::format("resync: cannot merge in: {}", status.message())});
  } else if (taker_.stats().finished != before.finished) {
    joined_ = true;
    anew_for_ = {};
    out.notes.push_back({Note::Level::kInfo, replica_.name(),
                         fmt::format("link {}: resync done: {} cells merged in, of {} compared; now {}",
                                     task_->link.value, taker_.stats().differing - before.differing,
                                     taker_.stats().compared, to_string(replica_.cells().context()))});
  }
  if (!taker_.active()) task_.reset();
}

void ResyncPath::finish_asked(repl::Session& session, Time now, Outputs& out) {
  const Result<Difference> difference = taker_.difference(replica_.now_ms(now), Chunks::kAll);
  if (!difference) {
    taker_.abandon(session);
    return end_task(difference.error());
  }
  ResyncReply reply;
  reply.peer = task_->peer;
  reply.merged = task_->merge;
  reply.tables = difference->tables;
  reply.ahead_commits = commits_beyond(taker_.context_here(), taker_.cut().context);
  reply.behind_commits = commits_beyond(taker_.cut().context, taker_.context_here());
  if (task_->merge) {
    const std::uint64_t before = taker_.stats().finished;
    // Where both have seen the same, a merge would count as taken away what one side lacks.
    const bool mends = taker_.cut().context == replica_.cells().context();
    if (!session.peer()->holds().all && !replica_.cells().context().covers(taker_.cut().context)) {
      taker_.abandon(session);
      return end_task(
          Status(StatusCode::kUnavailable,
                 fmt::format("{} does not hold all tables and has seen commits that are not here, so what it "
                             "lacks of them would count as taken away: try again when they have come",
                             task_->peer)));
    }
    if (mends) taker_.abandon(session);
    const Result<std::uint64_t> mended = mends ? taker_.mend(difference->cells, now) : Result<std::uint64_t>(0);
    if (!mended) return end_task(mended.error());
    if (!mends) {
      if (const Status status = taker_.finish(session, now); !status.ok()) return end_task(status);
      if (taker_.stats().finished == before) return;  // goes on with another cut
    }
    joined_ = true;
    replica_.reply_when_durable({task_->request, Reply{{}, std::move(reply), {}}}, replica_.cells().applied(), out);
  } else {
    taker_.abandon(session);
    replies_.push_back({task_->request, Reply{{}, std::move(reply), {}}});
  }
  taker_.forget();
  task_.reset();
}

void ResyncPath::finish_proof(repl::Session& session, Time now, Outputs& out) {
  const bool moved_on = replica_.cells().context() != taker_.cut().context;
  Result<Difference> difference =
      taker_.difference(replica_.now_ms(now), moved_on ? Chunks::kNone : Chunks::kMissingHere);
  if (!difference) {
    out.notes.push_back({Note::Level::kError, replica_.name(), difference.error().message()});
    taker_.abandon(session);
    return end_task(difference.error());
  }
  Proof proof{task_->peer, std::nullopt, 0};
  taker_.abandon(session);
  if (!difference->cells.empty()) {
    out.notes.push_back({Note::Level::kError, replica_.name(),
                         fmt::format("not the same as {} though both have seen the same, in {} cells: {}{}",
                                     task_->peer, difference->cells.size(), fmt::join(difference->named, ", "),
                                     difference->cells.size() > difference->named.size() ? ", …" : "")});
    const Result<std::uint64_t> mended = taker_.mend(difference->cells, now);
    if (!mended) {
      out.notes.push_back({Note::Level::kError, replica_.name(), mended.error().message()});
    } else {
      proof.mended = *mended;
      joined_ = joined_ || *mended > 0;
      out.notes.push_back(
          {Note::Level::kWarning, replica_.name(),
           fmt::format("{} of these cells mended here with what {} has of them", *mended, task_->peer)});
    }
  }
  proof.difference = std::move(*difference);
  proof_ = std::move(proof);
  taker_.forget();
  task_.reset();
}

bool ResyncPath::end_turn(const Sessions& sessions, Time now, Outputs& out) {
  const Instant at = instant_of(now);
  begin_if_due(sessions, at, out);
  serving_.open_cuts();
  if (at >= pause_until_) {
    const bool takes = take(sessions, now, out);
    busy_ = serving_.work(sessions) || takes;
    if (busy_) pause_until_ = at + kSlicePause;
  }
  let_arrive(at, out);
  if (at >= fetch_at_) fetch_at_ = Instant{0};
  for (ReplyOut& reply : std::exchange(replies_, {})) out.replies.push_back(std::move(reply));
  return std::exchange(joined_, false);
}

std::optional<Instant> ResyncPath::next_deadline() const {
  std::optional<Instant> next;
  const auto keep = [&](Instant at) {
    if (!next || at < *next) next = at;
  };
  if (busy_) keep(pause_until_);
  if (task_) {
    if (taker_.waits()) keep(heard_at_ + kResyncSilence);
    if (full_since_) keep(*full_since_ + kFullMax);
    return next;
  }
  if (replica_.any_arrives() && fetch_at_ > Instant{0}) keep(fetch_at_);
  for (const auto& entry : offers_) keep(std::max(entry.second.since + kGapGrace, retry_at_));
  return next;
}

}  // namespace pando::node

#include "repl/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "model/commit_parts.h"

namespace pando::repl {
namespace {

// How much is handed to the carrier at a time: begins small, doubles when four times as much went within one
// heartbeat interval, halves when not half of it did. So about a second's worth is under way, on any link.
constexpr std::size_t kPaceBytesFirst = 16 * 1024;
constexpr std::size_t kPaceBytesMin = 4 * 1024;

// What a peer announces needs no hurry to be acknowledged: after so many, or with the next heartbeat.
constexpr std::uint64_t kHavesPerAck = 256;

constexpr std::uint64_t kBytesPerSMax = 100'000'000'000;
// A budget that was not used is kept for so long; no part of a commit uses up more than that.
constexpr Duration kBudgetKept = Duration::millis(250);
constexpr std::int64_t kBudgetedPartBytesMin = 256;
// When the budget is used up, nobody wakes up sooner.
constexpr Duration kBudgetWake = Duration::millis(10);
// Debts are paid over so long at most.
constexpr Duration kBudgetPassedMax = Duration::seconds(60);

constexpr Instant kNever{std::numeric_limits<std::int64_t>::max()};

// Those of `heads` that are the last commit of their origin in `context`, sorted.
std::vector<ChainHead> heads_of(const VersionVector& context, std::vector<ChainHead> heads) {
  std::erase_if(heads, [&context](const ChainHead& head) { return context.get(head.dot.origin) != head.dot.seq; });
  std::sort(heads.begin(), heads.end(), [](const ChainHead& a, const ChainHead& b) { return a.dot < b.dot; });
  return heads;
}

// The same commit number with two contents, if the heads show one.
Status compare_heads(const std::vector<ChainHead>& ours, const std::vector<ChainHead>& theirs) {
  for (const ChainHead& head : theirs) {
    const auto at = std::lower_bound(ours.begin(), ours.end(), head.dot,
                                     [](const ChainHead& a, const Dot& dot) { return a.dot < dot; });
    if (at == ours.end() || at->dot != head.dot || at->chain == head.chain) continue;
    return Status(
        StatusCode::kConflict,
        fmt::format("{} is another commit on each side (chain {:016x} and {:016x}): a cloned disk or a reused "
                    "number",
                    to_string(head.dot), at->chain, head.chain));
  }
  return {};
}

Status uninvited() {
  return Status(StatusCode::kInvalidArgument, "commits came on a link that was opened without them");
}

}  // namespace

Session::Session(SessionOptions options, Time now)
    : options_(std::move(options)),
      window_(options_.unacked_bytes_max),
      again_window_(options_.unacked_bytes_max),
      pace_bytes_(std::min(kPaceBytesFirst, options_.pace_bytes_max)),
      last_heard_(instant_of(now)),
      data_heard_at_(instant_of(now)),
      last_called_(instant_of(now)),
      beat_at_(instant_of(now) + options_.heartbeat_interval) {
  CHECK(options_.heartbeat_interval.us > 0);
  CHECK(options_.pace_bytes_max > 0);
  // A few heartbeats may be lost to a busy peer before it counts as gone.
  CHECK(options_.heartbeat_interval * 3 <= options_.silence_max);
}

void Session::start(const VersionVector& durable, std::vector<ChainHead> heads, Time now) {
  CHECK(state_ == State::kNew);
  state_ = State::kGreeting;
  last_heard_ = last_called_ = instant_of(now);
  durable_ = durable;
  stated_ = durable;
  heads_ = heads_of(durable, std::move(heads));
  control_.push_back(encode_frame(hello()));
}

Hello Session::hello() const {
  Hello hello;
  hello.origin = options_.self;
  hello.ns = options_.ns;
  hello.role = options_.role;
  hello.publish = options_.publish;
  hello.subscribe = options_.subscribe;
  hello.context = durable_;
  hello.heads = heads_;
  hello.features = kFeatures;
  hello.unacked_bytes_max = options_.unacked_bytes_max;
  hello.bytes_per_s_max = options_.bytes_per_s_max;
  hello.tables = options_.tables;
  hello.cluster = options_.cluster;
  hello.patchy = options_.patchy;
  hello.incarnation = options_.incarnation;
  hello.met = options_.met;
  hold_back(hello, options_.release);
  return hello;
}

// Frames in. ----------------------------------------------------------------------------------------------

std::vector<Event> Session::on_frame(ByteSpan frame, Time now) {
  std::vector<Event> events;
  if (closed()) return events;
  CHECK(state_ != State::kNew);
  ++stats_.frames_received;
  stats_.bytes_received += frame.size();
  last_heard_ = last_called_ = instant_of(now);
  joiner_.release();

  Result<Frame> decoded = decode_frame(frame);
  if (!decoded) {
    blame(decoded.error());
  } else if (Status known = understands(*decoded, options_.release); !known.ok()) {
    blame(std::move(known));
  } else if (Hello* hello = std::get_if<Hello>(&*decoded)) {
    handle(std::move(*hello), events);
  } else if (Refuse* said = std::get_if<Refuse>(&*decoded)) {
    handle(std::move(*said), events);
  } else if (std::holds_alternative<Skipped>(*decoded)) {
    ++stats_.frames_skipped;
  } else if (state_ == State::kGreeting) {
    blame(Status(StatusCode::kInvalidArgument, fmt::format("a link begins with hello, not with {}",
                                                           frame_kind_name(static_cast<std::uint8_t>(frame.front())))));
  } else if (const Body* body = std::get_if<Body>(&*decoded)) {
    handle(*body, events);
  } else if (const BodyPart* part = std::get_if<BodyPart>(&*decoded)) {
    handle(*part, events);
  } else if (const Ack* ack = std::get_if<Ack>(&*decoded)) {
    handle(*ack, events);
  } else if (Route* route = std::get_if<Route>(&*decoded)) {
    handle(std::move(*route));
  } else if (const Want* want = std::get_if<Want>(&*decoded)) {
    handle(*want);
  } else if (Quarantined* lacks = std::get_if<Quarantined>(&*decoded)) {
    handle(std::move(*lacks), events);
  } else if (ResyncFrame* resync = std::get_if<ResyncFrame>(&*decoded)) {
    handle(std::move(*resync), events);
  } else {
    handle(std::move(std::get<Heartbeat>(*decoded)), now, events);
  }
  return events;
}

Status Session::check_hello(const Hello& hello) const {
  const auto refuse = [](StatusCode code, std::string why) { return Status(code, std::move(why)); };
  if (hello.version < kProtocolVersionMin || hello.version_min > kProtocolVersion) {
    return refuse(
        StatusCode::kUnimplemented,
        fmt::format("{} speaks protocol versions {} to {}, {} speaks {} to {}", to_string(hello.origin),
                    hello.version_min, hello.version, to_string(options_.self), kProtocolVersionMin, kProtocolVersion));
  }
  if (hello.ns != options_.ns) {
    return refuse(StatusCode::kInvalidArgument,
                  fmt::format("this link is for namespace '{}' at {}, but for '{}' at {}", options_.ns,
                              to_string(options_.self), hello.ns, to_string(hello.origin)));
  }
  if (hello.origin.node == options_.self.node) {
    return refuse(StatusCode::kConflict,
                  fmt::format("both ends of this link are named '{}': a node dials itself, or two nodes share a name",
                              hello.origin.node));
  }
  if (!(options_.publish && hello.subscribe) && !(options_.subscribe && hello.publish)) {
    return refuse(StatusCode::kInvalidArgument,
                  fmt::format("nothing would flow between {} and {}: neither publishes what the other subscribes to",
                              to_string(options_.self), to_string(hello.origin)));
  }
  if (options_.patchy && (hello.features & kFeatureGrowth) == 0) {
    return refuse(StatusCode::kUnimplemented,
                  fmt::format("{} has come to take more tables than before, which {} does not understand: it must be "
                              "brought to a newer version",
                              to_string(options_.self), to_string(hello.origin)));
  }
  PANDO_RETURN_IF_ERROR(check_cluster(hello));
  return compare_heads(heads_, hello.heads);
}

// Who holds nothing yet may join any cluster; else a clone and what it was made from would become one.
Status Session::check_cluster(const Hello& hello) const {
  if (hello.cluster == options_.cluster) return {};
  const bool joins = (options_.cluster.empty() && durable_.entries().empty()) ||
                     (hello.cluster.empty() && hello.context.entries().empty());
  if (joins) return {};
  const auto named = [](const std::string& cluster) {
    return cluster.empty() ? std::string("the cluster that was never cloned") : fmt::format("clone '{}'", cluster);
  };
  return Status(
      StatusCode::kConflict,
      fmt::format("{} is of {}, {} of {}: a clone is a cluster of its own and does not meet what it was made of",
                  to_string(options_.self), named(options_.cluster), to_string(hello.origin), named(hello.cluster)));
}

void Session::handle(Hello hello, std::vector<Event>& events) {
  if (state_ != State::kGreeting) return blame(Status(StatusCode::kInvalidArgument, "a second hello on one link"));
  if (Status status = check_hello(hello); !status.ok()) return refuse(std::move(status));
  state_ = State::kUp;
  peer_ = std::move(hello);
  hold_back(*peer_, options_.release);
  routed_ = !speaks_have();
  if (const std::uint64_t most = peer_->unacked_bytes_max; most != 0) {
    window_.limit(static_cast<std::size_t>(most));
    again_window_.limit(static_cast<std::size_t>(most));
  }
  for (const std::uint64_t most : {std::uint64_t{options_.bytes_per_s_max}, peer_->bytes_per_s_max}) {
    const auto rate = static_cast<std::int64_t>(std::min(most, kBytesPerSMax));
    if (rate != 0 && (bytes_per_s_ == 0 || rate < bytes_per_s_)) bytes_per_s_ = rate;
  }
  earned_at_ = last_heard_;
  learn(peer_->context, events);
  if (closed()) return;
  events.push_back(HelloReceived{peer_->origin, peer_->role, peer_->publish, peer_->subscribe, peer_->context});
}

void Session::handle(const Body& body, std::vector<Event>& events) {
  if (!takes()) return blame(uninvited());
  data_heard_at_ = last_heard_;
  if (Status status = joiner_.add(body); !status.ok()) return blame(std::move(status));
  take_in(body, events);
}

void Session::handle(const BodyPart& part, std::vector<Event>& events) {
  if (!takes()) return blame(uninvited());
  data_heard_at_ = last_heard_;
  const Result<std::optional<Body>> body = joiner_.add(part);
  if (!body) return blame(body.error());
  if (*body) take_in(**body, events);
}

void Session::take_in(const Body& body, std::vector<Event>& events) {
  for (const BodyItem& item : body.items) {
    if (const Have* have = std::get_if<Have>(&item)) {
      if (!speaks_have()) return blame(uninvited());
      peer_durable_.merge(have->upto);
      peer_has_.merge(have->upto);
      look_for_lost(have->upto, events);
      ++haves_heard_;
      continue;
    }
    const Result<CommitHead> head = peek_head(commit_of(item));
    if (!head) return blame(head.error());
    const Dot* dot = &head->dot;
    received_.raise(dot->origin, dot->seq);
    peer_durable_.raise(dot->origin, dot->seq);
    peer_has_.raise(dot->origin, dot->seq);
    ++stats_.commits_received;
  }
  events.push_back(CommitsReceived{body.items, body.unpacked});
}

void Session::handle(Route route) {
  routed_ = true;
  have_only_ = std::move(route.have_only);
}

void Session::handle(const Want& want) {
  if (!peer_takes() || !next_) return blame(uninvited());
  flush_batch();
  if (!again_) again_ = Again{*next_, {}};
  for (const Want::Range& range : want.ranges) {
    const bool goes = relays(range.origin) || (options_.parts_will_do && options_.parts_will_do(range.origin));
    if (!goes) {
      return blame(Status(StatusCode::kInvalidArgument,
                          fmt::format("{} wants commits of {}, of which {} holds only {}", to_string(peer_->origin),
                                      to_string(range.origin), to_string(options_.self), to_string(options_.tables))));
    }
    const Dot first{range.origin, range.after.next()};
    const std::optional<LogPos> at = window_.find(first);
    if (!at || peer_has_.get(range.origin) < range.upto) {
      return blame(Status(StatusCode::kInvalidArgument,
                          fmt::format("{} wants {} up to {}, which was not announced to it", to_string(peer_->origin),
                                      to_string(first), range.upto.value)));
    }
    again_->next = std::min(again_->next, *at);
    const auto [known, is_new] = again_->ranges.emplace(range.origin, range);
    if (is_new) continue;
    // Also what was answered on this way back already: the peer could not take it.
    known->second.after = std::min(known->second.after, range.after);
    known->second.upto = std::max(known->second.upto, range.upto);
  }
}

void Session::handle(Quarantined lacks, std::vector<Event>& events) {
  if (peer_lacks_ == lacks.dot || !window_.find(lacks.dot)) return;
  peer_lacks_ = lacks.dot;
  events.push_back(PeerQuarantined{std::move(lacks.dot), std::move(lacks.reason)});
}

void Session::handle(ResyncFrame frame, std::vector<Event>& events) {
  const bool invited = speaks_resync() && (!is_of_holder(frame) || takes()) && (!is_of_taker(frame) || peer_takes());
  if (!invited) {
    return blame(Status(StatusCode::kInvalidArgument,
                        fmt::format("{} came on a link that was opened without it", frame_kind_name(kind_of(frame)))));
  }
  data_heard_at_ = last_heard_;
  events.push_back(ResyncHeard{std::move(frame)});
}

void Session::handle(const Ack& ack, std::vector<Event>& events) {
  learn(ack.context, events);
  if (!closed()) events.push_back(PeerAcked{ack.context});
}

void Session::handle(Heartbeat heartbeat, Time now, std::vector<Event>& events) {
  // A commit that the carrier lost would else show only with the next one after it, as a gap.
  const std::uint64_t frames_before = stats_.frames_received - 1;
  if (frames_before < heartbeat.frames_before) {
    return blame(
        Status(StatusCode::kDataLoss, fmt::format("{} has sent {} frames, only {} came", to_string(peer_->origin),
                                                  heartbeat.frames_before, frames_before)));
  }
  peer_clock_ahead_ = Duration::millis(heartbeat.wall_ms - now.wall_ms);
  learn(heartbeat.context, events);
  if (closed()) return;
  const bool vouches =
      options_.release >= Release::kFrontier && (heartbeat.frontier != Hlc{} || !heartbeat.claims.empty());
  events.push_back(PeerAcked{std::move(heartbeat.context)});
  if (vouches) events.push_back(FrontierHeard{heartbeat.frontier, std::move(heartbeat.claims)});
}

void Session::handle(Refuse said, std::vector<Event>& events) {
  const std::string who = peer_ ? to_string(peer_->origin) : std::string("the peer");
  state_ = State::kClosed;
  close_reason_ = said.reason.with_context(fmt::format("{} refuses the link", who));
  control_.clear();
  drop_unsent();
  events.push_back(Refused{std::move(said.reason)});
}

void Session::learn(const VersionVector& context, std::vector<Event>& events) {
  peer_durable_.merge(context);
  peer_has_.merge(context);
  if (peer_durable_.entries().size() > limits::kOriginsMax) {
    return blame(
        Status(StatusCode::kTooLarge, fmt::format("the peer names more than {} origins", limits::kOriginsMax)));
  }
  const std::size_t unacked_bytes = window_.unacked_bytes() + again_window_.unacked_bytes();
  window_.acked(peer_durable_);
  again_window_.acked(peer_durable_);
  if (window_.unacked_bytes() + again_window_.unacked_bytes() < unacked_bytes) owed_since_.reset();
  if (peer_lacks_ && peer_durable_.covers(*peer_lacks_)) peer_lacks_.reset();
  look_for_lost(context, events);
}

void Session::look_for_lost(const VersionVector& theirs, std::vector<Event>& events) {
  // Nothing leaves before it is durable, so whoever knows more of us than we do knew us before we lost it.
  const Origin& self = options_.self;
  if (reported_epoch_ == self.epoch) return;
  for (const auto& [origin, seq] : theirs.entries()) {
    if (origin.node != self.node || origin.epoch < self.epoch || durable_.get(origin) >= seq) continue;
    if (origin.epoch - self.epoch > limits::kEpochsAheadMax) {
      return blame(
          Status(StatusCode::kInvalidArgument, fmt::format("{} names commits of {}, which is at epoch {}",
                                                           to_string(peer_->origin), to_string(origin), self.epoch)));
    }
    if (reported_epoch_ == self.epoch) events.pop_back();  // the newest epoch is what counts
    reported_epoch_ = self.epoch;
    events.push_back(PeerRemembersMore{origin, seq});
  }
}

// Frames out. ---------------------------------------------------------------------------------------------

void Session::on_durable(const VersionVector& durable) { durable_ = durable; }

void Session::on_drained(std::size_t bytes) {
  undrained_bytes_ -= std::min(bytes, undrained_bytes_);
  drained_since_beat_ += bytes;
  if (drained_since_beat_ / 4 >= pace_bytes_) pace_bytes_ = std::min(pace_bytes_ * 2, options_.pace_bytes_max);
}

void Session::on_new_epoch(const Origin& self) {
  CHECK(self.node == options_.self.node && self.epoch > options_.self.epoch);
  options_.self = self;
}

void Session::on_time(Time now) {
  if (closed() || state_ == State::kNew) return;
  const Instant at = instant_of(now);
  earn(at);
  // A pause of our own (a stopped process, a slept machine) is not the peer's silence.
  const Duration pause = at - last_called_;
  if (pause * 2 > options_.silence_max) {
    last_heard_ = last_heard_ + pause;
    owed_since_.reset();
  }
  last_called_ = at;
  if (at >= last_heard_ + options_.silence_max) {
    return refuse(Status(StatusCode::kTimeout,
                         fmt::format("nothing heard from {} for {} ms", peer_ ? to_string(peer_->origin) : "the peer",
                                     (at - last_heard_).millis())));
  }
  if (at < beat_at_) return;
  if (!owes_ack()) {
    owed_since_.reset();
  } else if (!owed_since_) {
    owed_since_ = at;
  } else if (at - *owed_since_ >= options_.unacked_max) {
    return refuse(Status(
        StatusCode::kTimeout,
        fmt::format("{} has acknowledged none of {} bytes for {} s", to_string(peer_->origin),
                    window_.unacked_bytes() + again_window_.unacked_bytes(), options_.unacked_max.millis() / 1000)));
  }
  beat_at_ = at + options_.heartbeat_interval;
  if (full_at_beat_ && drained_since_beat_ < pace_bytes_ / 2) {
    pace_bytes_ = std::max(pace_bytes_ / 2, std::min(kPaceBytesMin, options_.pace_bytes_max));
  }
  full_at_beat_ = undrained_bytes_ >= pace_bytes_;
  drained_since_beat_ = 0;
  if (state_ != State::kUp || !room_for_control()) return;
  // Control frames that wait go before it, commits that wait go after it.
  control_.push_back(encode_frame(heartbeat(now)));
  stated_ = durable_;
  haves_heard_ = 0;
}

void Session::earn(Instant now) {
  if (bytes_per_s_ == 0) return;
  const Duration passed = std::min(now - earned_at_, kBudgetPassedMax);
  const std::int64_t earned = bytes_per_s_ * passed.us / 1'000'000;
  if (earned <= 0) return;
  earned_at_ = now;
  budget_bytes_ =
      std::min(budget_bytes_ + earned, std::max<std::int64_t>(bytes_per_s_ * kBudgetKept.us / 1'000'000, 1));
}

Heartbeat Session::heartbeat(Time now) {
  Heartbeat beat{durable_, now.wall_ms, stats_.frames_sent + control_.size(), {}, {}};
  if (options_.frontier == nullptr || options_.release < Release::kFrontier) return beat;
  beat.frontier = options_.frontier->get();
  for (Claim& claim : options_.frontier->claims(durable_)) {
    Claim& said = claimed_[claim.origin];
    if (said == claim) continue;
    said = claim;
    beat.claims.push_back(std::move(claim));
  }
  return beat;
}

Instant Session::next_deadline() const {
  if (closed() || state_ == State::kNew) return kNever;
  Instant next = std::min(beat_at_, last_heard_ + options_.silence_max);
  if (bytes_per_s_ != 0 && budget_bytes_ <= 0) {
    const Duration wait = Duration::micros((1 - budget_bytes_) * 1'000'000 / bytes_per_s_ + 1);
    next = std::min(next, earned_at_ + std::max(wait, kBudgetWake));
  }
  return next;
}

void Session::refuse(Status reason) {
  CHECK(!reason.ok());
  if (closed()) return;
  if (state_ != State::kNew) control_.push_back(encode_frame(Refuse{reason}));
  drop_unsent();
  state_ = State::kClosed;
  close_reason_ = std::move(reason);
}

void Session::blame(Status reason) {
  ++stats_.frames_malformed;
  refuse(std::move(reason));
}

void Session::route(std::vector<Origin> have_only) {
  if (closed() || !speaks_have() || told_route_ == have_only) return;
  control_.push_back(encode_frame(Route{have_only}));
  told_route_ = std::move(have_only);
}

void Session::want(std::vector<Want::Range> ranges) {
  if (closed()) return;
  // One that knows no Want brings everything anew with the next link.
  if (!speaks_have()) {
    return refuse(Status(StatusCode::kDataLoss, fmt::format("{} cannot be asked for a commit again on the same link",
                                                            to_string(peer_->origin))));
  }
  control_.push_back(encode_frame(Want{std::move(ranges)}));
}

void Session::quarantined(const Dot& dot, const Status& reason) {
  if (closed() || options_.release < Release::kQuarantine) return;
  control_.push_back(encode_frame(Quarantined{dot, reason}));
}

bool Session::speaks_resync() const { return peer_ && (peer_->features & kFeatureResync) != 0; }

void Session::send_resync(const ResyncFrame& frame) {
  if (closed()) return;
  if (resync_bytes_ > limits::kResyncUnsentBytesMax) {
    return refuse(
        Status(StatusCode::kOverloaded, fmt::format("{} does not take what it asks for: {} bytes of a resync wait",
                                                    to_string(peer_->origin), resync_bytes_)));
  }
  resync_.push_back(encode_frame(frame));
  resync_bytes_ += resync_.back().size();
}

void Session::take_resync(std::vector<Bytes>& frames) {
  for (; state_ == State::kUp && room_for(0) && !resync_.empty(); resync_.pop_front()) {
    frames.push_back(std::move(resync_.front()));
    resync_bytes_ -= frames.back().size();
    count_sent(frames.back());
  }
}

void Session::drop_unsent() {
  cutter_.clear();
  resync_.clear();
  resync_bytes_ = 0;
}

// While something of ours still waits here, it may be that only the line is slow.
bool Session::owes_ack() const {
  return state_ == State::kUp && undrained_bytes_ == 0 && cutter_.empty() && !peer_lacks_ &&
         window_.unacked_bytes() + again_window_.unacked_bytes() != 0;
}

std::size_t Session::part_bytes() const {
  const std::size_t most = std::min(pace_bytes_, limits::kPartBytesMax);
  if (bytes_per_s_ == 0) return most;
  const std::int64_t budgeted = std::max(bytes_per_s_ * kBudgetKept.us / 1'000'000, kBudgetedPartBytesMin);
  return std::min(most, static_cast<std::size_t>(budgeted));
}

bool Session::ack_due() const {
  if (haves_heard_ >= kHavesPerAck && stated_ != durable_) return true;
  return std::any_of(received_.entries().begin(), received_.entries().end(), [this](const VersionVector::Entry& entry) {
    return std::min(entry.second, durable_.get(entry.first)) > stated_.get(entry.first);
  });
}

void Session::count_sent(const Bytes& frame) {
  undrained_bytes_ += frame.size();
  if (bytes_per_s_ != 0) budget_bytes_ -= static_cast<std::int64_t>(frame.size());
  stats_.bytes_sent += frame.size();
  ++stats_.frames_sent;
}

std::vector<Bytes> Session::take_frames() {
  if (state_ == State::kUp && ack_due() && room_for_control()) {
    control_.push_back(encode_frame(Ack{durable_}));
    stated_ = durable_;
    haves_heard_ = 0;
  }
  std::vector<Bytes> frames = std::exchange(control_, {});
  for (const Bytes& frame : frames) count_sent(frame);
  take_resync(frames);
  while (state_ == State::kUp && room_for(0)) {
    if (cutter_.empty()) flush_batch();  // what gathers while there is no room goes as one
    if (cutter_.empty()) break;
    frames.push_back(cutter_.next(part_bytes()));
    count_sent(frames.back());
  }
  return frames;
}

// Measuring. ----------------------------------------------------------------------------------------------

std::uint64_t Session::behind_commits() const {
  return state_ == State::kUp && peer_takes() ? commits_beyond(durable_, peer_durable_) : 0;
}

std::uint64_t Session::lacking_commits() const {
  return state_ == State::kUp && takes() ? commits_beyond(peer_durable_, durable_) : 0;
}

}  // namespace pando::repl

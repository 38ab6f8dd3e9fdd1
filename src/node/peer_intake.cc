// PeerPath: taking what peers bring, and asking for what they only announced.

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "node/peer_path.h"

namespace pando::node {
namespace {

// How long after it was announced a commit may take by another link.
constexpr Duration kWantAfter = Duration::millis(300);
// What an edge has of a site that is lost (docs/design/020-retired-nodes.md) is not asked for sooner: a site of all
// tables may have taken it, with more tables, and say so.
constexpr Duration kPartsAfter = Duration::seconds(1);
// While the provider sends, though nobody knows whether it has this one.
constexpr Duration kWantWhileSending = Duration::millis(1500);
// The provider says that it has it, and sends nothing.
constexpr Duration kProviderStalls = Duration::seconds(2);
constexpr Duration kLookAgainEvery = Duration::millis(100);

// What this turn did not take goes on in one of its own, at once.
constexpr Duration kNextTakes = Duration::micros(1);
// What may wait of one link: what its peer may have under way twice over, and a frame.
constexpr std::size_t kAssemblyBytesMax = 2 * limits::kLinkUnackedBytesMax + limits::kFrameBytesMax;
constexpr Duration kEpochsCountedFor = Duration::seconds(3600);

}  // namespace

void PeerPath::on_items(LinkId id, Link& link, const std::vector<repl::BodyItem>& items, Time now, Outputs& out) {
  if (std::exchange(link.brings_nothing, false)) providers_.link_up(id, link.session.peer()->origin, {});
  for (const repl::BodyItem& item : items) assembly_.add(id, item);
  take_ready(now, out);
  if (assembly_.bytes(id) <= kAssemblyBytesMax) return;
  assembly_.close(id);
  refuse(link,
         Status(StatusCode::kOverloaded, fmt::format("{} sends on while {} bytes wait for what it announced",
                                                     link.options.label, kAssemblyBytesMax)),
         out);
}

void PeerPath::take_ready(Time now, Outputs& out) {
  more_ready_at_.reset();
  for (;;) {
    if (takes_left_ == 0) {
      more_ready_at_ = instant_of(now) + kNextTakes;
      break;
    }
    const auto ready = assembly_.next(replica_.cells().context(), instant_of(now));
    if (!ready) break;
    --takes_left_;
    const auto at = links_.find(ready->link);
    CHECK(at != links_.end());
    const Result<Dot> dot = peek_dot(ready->commit);
    CHECK(dot.has_value());  // the session has looked
    providers_.came(dot->origin, ready->link);
    switch (take_commit(ready->link, at->second, ready->commit, now, out)) {
      case Taken::kYes: break;
      case Taken::kQuarantined: assembly_.give_back(*ready, *dot); break;
      case Taken::kRefused: assembly_.close(ready->link); break;
    }
  }
  for (const Dot& dot : quarantine_.release(replica_.cells().context())) {
    out.notes.push_back({Note::Level::kInfo, replica_.name(), fmt::format("{} is here after all", to_string(dot))});
  }
}

// Peers need not send what comes by another link, and nobody needs to send what was made here.
void PeerPath::tell_routes() {
  for (auto& [id, link] : links_) {
    if (!link.session.peer() || link.session.closed() || link.routed_version == providers_.version()) continue;
    if (link.fenced) continue;  // nothing of its log comes before a first route
    link.routed_version = providers_.version();
    std::vector<Origin> have_only = providers_.have_only(id);
    const auto at = std::lower_bound(have_only.begin(), have_only.end(), replica_.self());
    if (at == have_only.end() || *at != replica_.self()) have_only.insert(at, replica_.self());
    link.session.route(std::move(have_only));
  }
}

bool PeerPath::given_up(const Origin& origin, LinkId announced_by, Instant since, Instant now) const {
  const std::optional<LinkId> provider = providers_.of(origin);
  if (!provider || *provider == announced_by || quarantine_.bars(origin, *provider, now)) return true;
  const Link& link = links_.at(*provider);
  const Duration waited = now - since;
  const Duration silent = now - std::max(link.session.data_heard_at(), since);
  if (waited < kWantAfter) return false;
  const Dot next{origin, replica_.cells().context().get(origin).next()};
  if (link.session.peer_durable().covers(next)) return silent >= kProviderStalls;
  return silent >= kWantAfter || waited >= kWantWhileSending;
}

void PeerPath::look_again(Instant at) {
  if (!look_again_at_ || at < *look_again_at_) look_again_at_ = at;
}

void PeerPath::want_missing(Instant now) {
  look_again_at_.reset();
  lost_awaited_.clear();
  const VersionVector& here = replica_.cells().context();
  for (const repl::Assembly::Blocked& blocked : assembly_.blocked(here)) {
    bool due = false;
    std::set<Origin> barred;
    for (const auto& [origin, seq] : blocked.upto.entries()) {
      if (here.get(origin) >= seq) continue;
      if (quarantine_.bars(origin, blocked.link, now)) {
        barred.insert(origin);
      } else if (!may_come(links_.at(blocked.link), origin)) {
        if (replica_.retired().lost(origin)) lost_awaited_.insert(origin.node);
        continue;  // has to come by another link
      } else if (!links_.at(blocked.link).session.gives(origin) && now < blocked.since + kPartsAfter) {
        barred.insert(origin);
        look_again(now + kLookAgainEvery);
      } else if (given_up(origin, blocked.link, blocked.since, now)) {
        due = true;
        providers_.choose(origin, blocked.link);
      } else {
        look_again(now + kLookAgainEvery);
      }
    }
    if (due) {
      for (const auto& [origin, entry] : quarantine_.entries()) {
        if (quarantine_.bars(origin, blocked.link, now)) barred.insert(origin);
      }
      Link& link = links_.at(blocked.link);
      std::vector<repl::Want::Range> ranges =
          assembly_.ask(blocked.link, here, [&](const Origin& o) { return barred.contains(o) || !may_come(link, o); });
      if (!ranges.empty()) link.session.want(std::move(ranges));
    }
    if (const auto again = quarantine_.next_again(now); again && !barred.empty()) look_again(*again);
  }
}

repl::Verdict PeerPath::examine(ByteSpan encoded, Time now) const {
  const store::Cells& cells = replica_.cells();
  const repl::IntakeOptions options{replica_.self(), config_.clock_ahead_max};
  std::optional<std::uint64_t> chain;
  if (const Result<Dot> dot = peek_dot(encoded); dot && cells.context().get(dot->origin).value > 0) {
    chain = cells.meta().chain(dot->origin);
  }
  return repl::examine(encoded, cells.context(), chain, now.wall_ms, options);
}

PeerPath::Taken PeerPath::take_commit(LinkId id, Link& link, ByteSpan encoded, Time now, Outputs& out) {
  const CommitHead head = *peek_head(encoded);
  const Dot& dot = head.dot;
  repl::Verdict verdict = examine(encoded, now);
  if (std::holds_alternative<repl::FromSelfUnknown>(verdict) &&
      start_epoch_above(dot.origin.epoch, kLostCommits, instant_of(now), out)) {
    verdict = examine(encoded, now);
  }
  if (std::holds_alternative<repl::Duplicate>(verdict)) return Taken::kYes;
  if (auto* next = std::get_if<repl::Next>(&verdict)) {
    const Status refusal = replica_.admit(std::move(next->commit), encoded, now);
    if (refusal.ok()) return Taken::kYes;
    return refuse_commit(id, link, dot, head.first, refusal, refusal.code() == StatusCode::kDataLoss, now, out);
  }
  if (const auto* rejected = std::get_if<repl::Rejected>(&verdict)) {
    // What follows a commit that is in quarantine is wanted anew together with it.
    if (rejected->gap && quarantine_.holds(dot.origin)) return Taken::kYes;
    if (rejected->future) replica_.file_refused_stamp(dot, rejected->future->second, rejected->reason);
    const bool poison = rejected->future || rejected->reason.code() == StatusCode::kDataLoss;
    return refuse_commit(id, link, dot, head.first, rejected->reason, poison, now, out);
  }
  return refuse_commit(id, link, dot, head.first,
                       Status(StatusCode::kConflict, "a commit of this node's own current epoch that it never made"),
                       false, now, out);
}

PeerPath::Taken PeerPath::refuse_commit(LinkId id, Link& link, const Dot& dot, Seq first, const Status& reason,
                                        bool poison, Time now, Outputs& out) {
  const std::string& peer = link.session.peer()->origin.node;
  // A broken copy of what is here needs nobody's attention but its sender's.
  const Seq next = replica_.cells().context().get(dot.origin).next();
  const bool is_next = first <= next && next <= dot.seq;
  if (!poison || (is_next && !quarantine_.add(dot, id, peer, reason, instant_of(now)))) {
    refuse(link, reason, out);
    return Taken::kRefused;
  }
  out.notes.push_back({Note::Level::kError, replica_.name(),
                       fmt::format("{} from {} is not taken: {}", to_string(dot), peer, reason.message())});
  link.session.quarantined(dot, reason);
  return is_next ? Taken::kQuarantined : Taken::kYes;
}

bool PeerPath::start_epoch_above(std::uint64_t epoch, std::string_view why, Instant now, Outputs& out) {
  if (now - epochs_since_ >= kEpochsCountedFor) {
    epochs_since_ = now;
    epochs_begun_ = 0;
  }
  if (epochs_begun_ >= limits::kEpochsPerHourMax) return false;
  ++epochs_begun_;
  if (const Status status = begin_epoch(epoch); !status.ok()) {
    // Without a new epoch, going on writing could reuse numbers that a peer already holds.
    replica_.fail(status.with_context("cannot begin a new epoch"));
    return true;
  }
  out.notes.push_back(
      {Note::Level::kWarning, replica_.name(), fmt::format("{}; going on as {}", why, to_string(replica_.self()))});
  return true;
}

Status PeerPath::begin_epoch(std::uint64_t above) {
  PANDO_RETURN_IF_ERROR(replica_.begin_epoch_above(above));
  for (auto& entry : links_) {
    if (entry.second.session.peer()) replica_.catch_up_with(entry.second.session.peer()->context);
    entry.second.session.on_new_epoch(replica_.self());
    entry.second.routed_version.reset();
  }
  return {};
}

}  // namespace pando::node

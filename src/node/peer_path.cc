#include "node/peer_path.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace pando::node {
namespace {

// Peers that are remembered by name after they left.
constexpr std::size_t kPeersKnownMax = 4096;

}  // namespace

std::vector<repl::ChainHead> PeerPath::heads() const {
  std::vector<repl::ChainHead> heads;
  for (const auto& [origin, chain] : replica_.cells().meta().chains) {
    heads.push_back({{origin, replica_.cells().context().get(origin)}, chain});
  }
  return heads;
}

std::vector<repl::Met> PeerPath::met() const {
  std::vector<repl::Met> met;
  for (const auto& [node, as] : epochs_met_) {
    const Origin origin{node, as.again ? as.epoch + 1 : as.epoch};
    if (replica_.durable_context().get(origin).value == 0) met.push_back({origin, as.incarnation});
  }
  return met;
}

void PeerPath::note_met(const repl::Hello& peer) {
  if (epochs_met_.size() >= kPeersKnownMax && !epochs_met_.contains(peer.origin.node)) return;
  const auto [at, fresh] = epochs_met_.try_emplace(peer.origin.node, MetAs{peer.origin.epoch, peer.incarnation});
  MetAs& as = at->second;
  if (peer.origin.epoch > as.epoch) as = {peer.origin.epoch, peer.incarnation};
  if (peer.origin.epoch == as.epoch && peer.incarnation != 0 && peer.incarnation != as.incarnation) as.again = true;
}

std::uint64_t PeerPath::met_otherwise(const repl::Hello& peer) const {
  const Origin& self = replica_.self();
  if (!replica_.config().writable) return 0;
  for (const repl::Met& met : peer.met) {
    if (met.origin.node != self.node) continue;
    const bool another = incarnation_ != 0 && met.incarnation != incarnation_;
    if (met.origin.epoch > self.epoch || (met.origin.epoch == self.epoch && another)) return met.origin.epoch;
  }
  return 0;
}

void PeerPath::open(LinkId id, const Options& options, Time now) {
  repl::SessionOptions session;
  session.self = replica_.self();
  session.ns = replica_.name();
  session.role = replica_.config().writable ? repl::Role::kReplicator : repl::Role::kRelayer;
  session.publish = options.publish;
  session.subscribe = options.subscribe;
  session.dialed = options.dialed;
  session.bytes_per_s_max = options.bytes_per_s_max;
  session.unacked_bytes_max = config_.link_unacked_bytes_max;
  session.release = replica_.config().release;
  session.frontier = &replica_.frontier_of_all();
  session.tables = replica_.tables().subscribe;
  session.tables_made = replica_.tables().publish;
  if (const auto patchy = replica_.patchy_log(); patchy || replica_.any_arrives()) {
    session.patchy = repl::PatchyLog{replica_.holds(), patchy ? patchy->before : session.tables,
                                     patchy ? patchy->upto : VersionVector{}};
  }
  session.cluster = replica_.cells().meta().cluster;
  session.incarnation = incarnation_;
  session.met = met();
  session.parts_will_do = [this](const Origin& origin) { return replica_.retired().closing(origin) != nullptr; };
  Link link{repl::Session(session, now), options};
  link.said_as = session.self;
  const auto at = links_.emplace(id, std::move(link)).first;
  replica_.begin_sharing();
  at->second.session.start(replica_.durable_context(), heads(), now);
}

bool PeerPath::greeted(LinkId id) const {
  const auto at = links_.find(id);
  return at != links_.end() && at->second.session.peer().has_value();
}

void PeerPath::on_frame(LinkId id, ByteSpan frame, Time now, Outputs& out) {
  const auto at = links_.find(id);
  if (at == links_.end()) return;
  for (const repl::Event& event : at->second.session.on_frame(frame, now)) on_event(id, at->second, event, now, out);
}

void PeerPath::on_event(LinkId id, Link& link, const repl::Event& event, Time now, Outputs& out) {
  if (const auto* hello = std::get_if<repl::HelloReceived>(&event)) {
    on_hello(id, link, *hello, now, out);
  } else if (const auto* received = std::get_if<repl::CommitsReceived>(&event)) {
    on_items(id, link, received->items, now, out);
  } else if (const auto* ack = std::get_if<repl::PeerAcked>(&event)) {
    find_again(id, link, instant_of(now), out);
    replica_.heard_by(link.session.peer()->origin, ack->context);
    const auto known = durable_at_.find(link.session.peer()->origin.node);
    if (known == durable_at_.end() || known->second.covers(ack->context)) return;
    known->second.merge(ack->context);
    acked_ = true;
  } else if (const auto* heard = std::get_if<repl::FrontierHeard>(&event)) {
    on_frontier(*heard, now);
  } else if (const auto* more = std::get_if<repl::PeerRemembersMore>(&event)) {
    if (more->origin.epoch >= replica_.self().epoch &&
        !start_epoch_above(more->origin.epoch, kLostCommits, instant_of(now), out)) {
      refuse_word_of(link, more->origin, out);
    }
  } else if (const auto* lacks = std::get_if<repl::PeerQuarantined>(&event)) {
    out.notes.push_back({Note::Level::kWarning, replica_.name(),
                         fmt::format("{} cannot take {} from here: {}", link.session.peer()->origin.node,
                                     to_string(lacks->dot), lacks->reason.message())});
  } else if (const auto* resync = std::get_if<repl::ResyncHeard>(&event)) {
    // It begins anew under its next epoch before anything of it is taken.
    if (std::holds_alternative<repl::Gap>(resync->frame) && link.fenced) return;
    if (std::holds_alternative<repl::Gap>(resync->frame) && !link.brings_nothing) {
      link.brings_nothing = true;
      providers_.link_down(id);
    }
    if (Status status = resync_.on_frame(id, link.session, repl::ResyncFrame(resync->frame), now); !status.ok()) {
      refuse(link, std::move(status), out);
    }
  } else if (const auto* refused = std::get_if<repl::Refused>(&event)) {
    link.refused = link.refused_by_peer = true;
    out.notes.push_back(
        {Note::Level::kWarning, replica_.name(),
         fmt::format("link {}: the peer at {} refused: {}", id.value, link.options.label, refused->reason.message())});
  }
}

void PeerPath::refuse_word_of(Link& link, const Origin& unknown, Outputs& out) {
  refuse(
      link,
      Status(StatusCode::kPermissionDenied,
             fmt::format("{} knows of {}, this node does not; it has begun {} epochs because of such words within an "
                         "hour",
                         link.options.label, to_string(unknown), epochs_begun_)),
      out);
}

void PeerPath::refuse(Link& link, Status reason, Outputs& out) {
  out.notes.push_back(
      {Note::Level::kError, replica_.name(), fmt::format("link to {}: {}", link.options.label, reason.message())});
  link.refused = true;
  link.session.refuse(std::move(reason));
}

// Who holds nothing joins the cluster of the first peer that is of one; links to others were of use only before.
Status PeerPath::join_cluster(const std::string& cluster, Outputs& out) {
  const std::string& here = replica_.cells().meta().cluster;
  if (cluster == here || cluster.empty()) return {};
  if (!here.empty() || !replica_.cells().context().entries().empty()) {
    return Status(StatusCode::kConflict, fmt::format("the peer is of clone '{}', this node is not", cluster));
  }
  PANDO_RETURN_IF_ERROR(replica_.join_cluster(cluster));
  out.notes.push_back({Note::Level::kInfo, replica_.name(), fmt::format("joins the cluster of clone '{}'", cluster)});
  for (auto& entry : links_) {
    Link& other = entry.second;
    if (!other.session.peer() || other.session.closed() || other.session.peer()->cluster == cluster) continue;
    if (other.session.peer()->context.entries().empty()) continue;
    refuse(other, Status(StatusCode::kConflict, fmt::format("this node has joined clone '{}'", cluster)), out);
  }
  return {};
}

void PeerPath::on_hello(LinkId id, Link& link, const repl::HelloReceived& hello, Time now, Outputs& out) {
  if (const auto& names = link.options.names;
      names && std::find(names->begin(), names->end(), hello.origin.node) == names->end()) {
    return refuse(
        link,
        Status(StatusCode::kPermissionDenied,
               fmt::format("the peer calls itself {}, its certificate names {}", hello.origin.node,
                           names->empty() ? std::string("nobody") : fmt::format("{}", fmt::join(*names, ", ")))),
        out);
  }
  if (Status status = join_cluster(link.session.peer()->cluster, out); !status.ok()) {
    return refuse(link, std::move(status), out);
  }
  if (link.options.dialed) dialed_.insert(link.options.label);
  if (Status status = check_lost(hello.origin, link.session.peer()->tables.all, hello.context); !status.ok()) {
    return refuse(link, std::move(status), out);
  }
  if (const std::uint64_t used = met_otherwise(*link.session.peer()); used != 0) {
    const bool plausible = used - replica_.self().epoch <= limits::kEpochsAheadMax;
    if (!plausible || !start_epoch_above(used, kMetAnother, instant_of(now), out)) {
      return refuse_word_of(link, {replica_.self().node, used}, out);
    }
  }
  if (replica_.retired().has(hello.origin)) {
    if (Status status = fence(link, hello, out); !status.ok()) return refuse(link, std::move(status), out);
    return begin_reading(id, link, hello.context, instant_of(now), out);
  }
  note_met(*link.session.peer());
  if (hello.role == repl::Role::kReplicator && writers_.size() < kPeersKnownMax) writers_.insert(hello.origin);
  const Origin& self = replica_.self();
  if (replica_.cells().context().get(self).value != 0 && hello.context.get(self).value == 0) {
    replica_.catch_up_with(hello.context);
  }
  replica_.heard_by(hello.origin, hello.context);
  if (durable_at_.size() < kPeersKnownMax || durable_at_.count(hello.origin.node) != 0) {
    durable_at_[hello.origin.node] = hello.context;
    acked_ = true;
  }
  if (replica_.catches_up() && durable_at_.size() < kPeersKnownMax) {
    VersionVector theirs;
    for (const auto& peer : durable_at_) theirs.merge(peer.second);
    replica_.catch_up_within(theirs);
  }
  // What a peer skips it acknowledges too.
  if (link.session.peer()->holds().includes(replica_.tables().publish)) {
    partial_.erase(hello.origin.node);
  } else if (partial_.size() < kPeersKnownMax) {
    partial_.insert(hello.origin.node);
  }
  if (comes_by_others(link, instant_of(now))) {
    link.fenced = true;
    link.fenced_until = news_by_others_.at(hello.origin.node);
    out.notes.push_back({Note::Level::kInfo, replica_.name(),
                         fmt::format("link {}: what {} wrote before it was retired is taken from others first",
                                     id.value, hello.origin.node)});
  } else if (link.options.subscribe && hello.publish) {
    std::vector<Origin> lacking;
    for (const auto& [origin, seq] : hello.context.entries()) {
      if (replica_.cells().context().get(origin) < seq && link.session.gives(origin)) lacking.push_back(origin);
    }
    providers_.link_up(id, hello.origin, lacking);
  }
  const std::string lacks = repl::lacking(*link.session.peer(), replica_.config().release);
  out.notes.push_back(
      {Note::Level::kInfo, replica_.name(),
       fmt::format("link {} up: peer {} ({}{}{}), it has {}", id.value, to_string(hello.origin),
                   repl::role_name(hello.role), lacks.empty() ? "" : ", of an earlier release: without ", lacks,
                   to_string(hello.context))});
  equality_.met(hello.origin.node, instant_of(now));
  begin_reading(id, link, hello.context, instant_of(now), out);
}

bool PeerPath::all_have(const VersionVector& context) const {
  return std::all_of(durable_at_.begin(), durable_at_.end(),
                     [&](const auto& peer) { return peer.second.covers(context); });
}

bool PeerPath::somebody_whole_has(const VersionVector& context) const {
  return std::any_of(durable_at_.begin(), durable_at_.end(),
                     [&](const auto& peer) { return !partial_.contains(peer.first) && peer.second.covers(context); });
}

void PeerPath::on_frontier(const repl::FrontierHeard& heard, Time now) {
  // Stamps that no commit could be accepted with are not believed either.
  const Hlc limit = Hlc::from_wall_ms(now.wall_ms + config_.clock_ahead_max.millis());
  for (const repl::Claim& claim : heard.claims) {
    if (claim.upto <= limit) replica_.on_claim(claim);
  }
  // A node that joins must not write below what the others count as complete.
  if (heard.frontier <= limit) replica_.witness(heard.frontier);
}

bool PeerPath::knows_all() const {
  const auto& entries = replica_.cells().context().entries();
  const auto here = [&](const Origin& writer) {
    return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.first.node == writer.node && entry.first.epoch >= writer.epoch;
    });
  };
  return met_all_dialed() && std::all_of(writers_.begin(), writers_.end(), here);
}

bool PeerPath::brought_own() const {
  const std::string& self = replica_.self().node;
  const VersionVector& here = replica_.cells().context();
  return met_all_dialed() && std::none_of(durable_at_.begin(), durable_at_.end(),
                                          [&](const auto& peer) { return peer.second.has_more_of(self, here); });
}

namespace {

// "dc2" of [peer.dc2]; what people call a peer there is mostly its node name.
std::string named_in_configuration(const std::string& section) {
  const std::size_t dot = section.find('.');
  return dot == std::string::npos ? section : section.substr(dot + 1);
}

}  // namespace

bool PeerPath::met_all_dialed() const {
  return std::all_of(config_.links.begin(), config_.links.end(), [&](const LinkConfig& link) {
    return link.ns != replica_.name() || dialed_.count(link.address) != 0 ||
           gone(named_in_configuration(link.config_name));
  });
}

std::vector<std::string> PeerPath::durable_at(const Dot& dot) const {
  std::vector<std::string> names;
  for (const auto& [name, context] : durable_at_) {
    if (context.covers(dot) && !partial_.contains(name)) names.push_back(name);
  }
  return names;
}

Status PeerPath::merge(const Origin& made_by, const Cut& cut, const std::vector<CutCell>& cells, Time now,
                       Outputs& out) {
  using Bearer = engine::RetiredNodes::Bearer;
  const Bearer bearer = replica_.retired().lost(made_by) ? Bearer::kDisk : Bearer::kBackup;
  PANDO_RETURN_IF_ERROR(replica_.retired().check_lost(cut.context, replica_.cells().context(), bearer));
  std::optional<std::uint64_t> known;  // epochs of this node's own name, of which it lacks something
  for (const auto& [origin, seq] : cut.context.entries()) {
    const Origin& self = replica_.self();
    if (origin.node != self.node || origin.epoch < self.epoch || replica_.cells().context().get(origin) >= seq)
      continue;
    known = std::max(known.value_or(0), origin.epoch);
  }
  if (known) PANDO_RETURN_IF_ERROR(begin_epoch(*known));
  const Origin& self = replica_.self();
  if (replica_.cells().context().get(self).value != 0 && cut.context.get(self).value == 0) {
    replica_.catch_up_with(cut.context);
  }
  PANDO_RETURN_IF_ERROR(replica_.join(cut, cells, now));
  take_ready(now, out);
  return {};
}

void PeerPath::on_drained(LinkId id, std::size_t bytes) {
  if (const auto at = links_.find(id); at != links_.end()) at->second.session.on_drained(bytes);
}

PeerPath::Ended PeerPath::close(LinkId id) {
  const auto at = links_.find(id);
  if (at == links_.end()) return {};
  const Ended ended{at->second.refused, at->second.session.close_reason()};
  drop(id);
  links_.erase(at);
  replica_.end_sharing();
  return ended;
}

void PeerPath::drop(LinkId id) {
  assembly_.close(id);
  providers_.link_down(id);
  quarantine_.link_down(id);
  resync_.drop(id);
}

void PeerPath::end_turn(Time now, std::uint64_t& next_read_id, Outputs& out) {
  // Everybody hears what is durable before anybody is sent it: see Session::on_durable.
  for (auto& entry : links_) entry.second.session.on_durable(replica_.durable_context());
  const auto session_of = [this](LinkId id) {
    const auto at = links_.find(id);
    return at == links_.end() || at->second.session.closed() ? nullptr : &at->second.session;
  };
  begin_undecided(instant_of(now), out);
  fetch_arriving(instant_of(now));
  choose_again(instant_of(now), out);
  prove_equality(now);
  // What waited for what a cut has brought is ready now.
  const bool joined = resync_.end_turn(session_of, now, out);
  if (resync_.take_anew()) take_anew(out);
  if (resync_.take_arrived()) greet_anew("more of what this node takes is here: dial again");
  if (joined || (more_ready_at_ && *more_ready_at_ <= instant_of(now))) take_ready(now, out);
  takes_left_ = kTakesPerTurn;
  if (const std::optional<ResyncPath::Proof> proof = resync_.take_proof()) {
    equality_.mended(proof->mended);
    if (proof->difference) {
      equality_.compared(proof->peer, *proof->difference, now);
    } else {
      equality_.postponed(proof->peer, instant_of(now));
    }
  }
  end_fences(instant_of(now), out);
  want_missing(instant_of(now));
  tell_routes();
  for (auto& [id, link] : links_) {
    if (link.session.next_deadline() <= instant_of(now)) link.session.on_time(now);
    read_on(id, link, next_read_id, out);
    const bool had_credit = !std::exchange(link.out_of_credit, link.session.out_of_credit());
    if (link.out_of_credit && had_credit) ++credit_exhausted_;
    for (Bytes& frame : link.session.take_frames()) out.link_sends.push_back({id, std::move(frame)});
    if (link.session.closed() && !link.close_sent) {
      link.close_sent = true;
      const StatusCode code = link.session.close_reason().code();
      if (!link.refused_by_peer && code != StatusCode::kUnavailable) ++refusals_[code];
      drop(id);
      out.link_closes.push_back({id, link.session.close_reason()});
    }
  }
}

std::optional<Instant> PeerPath::next_deadline() const {
  std::optional<Instant> next = look_again_at_;
  for (const auto& at : {resync_.next_deadline(), way_back_.next_deadline(), more_ready_at_}) {
    if (at && (!next || *at < *next)) next = at;
  }
  for (const auto& entry : links_) {
    const Link& link = entry.second;
    if (link.session.closed()) continue;
    const Instant at = std::min(link.session.next_deadline(), link.fenced_until.value_or(link.session.next_deadline()));
    if (!next || at < *next) next = at;
  }
  return next;
}

void PeerPath::refuse_all(const Status& reason) {
  for (auto& entry : links_) entry.second.session.refuse(reason);
}

void PeerPath::add_stats(StatsReply& all) const {
  for (const auto& entry : links_) {
    const Link& link = entry.second;
    StatsReply::Link stats;
    stats.peer = link.session.peer() ? link.session.peer()->origin.node : link.options.label;
    stats.dialed = link.options.dialed;
    stats.state = link.session.closed() ? fmt::format("closing: {}", link.session.close_reason().message())
                  : link.session.peer() ? "up"
                                        : "connecting";
    stats.behind_commits = link.session.behind_commits();
    stats.received_commits = link.session.stats().commits_received;
    stats.sent_commits = link.session.stats().commits_sent;
    stats.received_bytes = link.session.stats().bytes_received;
    stats.sent_bytes = link.session.stats().bytes_sent;
    if (link.session.peer()) stats.subscribes = link.session.peer()->tables;
    if (link.fenced && !link.session.closed()) stats.state = "up: retired, nothing is taken from it yet";
    all.links.push_back(std::move(stats));
  }
  for (const auto& [origin, entry] : quarantine_.entries()) {
    all.quarantined.push_back({{origin, entry.seq}, entry.reason.to_string(), {entry.from.begin(), entry.from.end()}});
  }
  all.quarantined_total = quarantine_.added();
  all.credit_exhausted = credit_exhausted_;
  all.fell_behind = fell_behind_;
  equality_.add_stats(all);
  for (const auto& [code, count] : refusals_) all.refusals.emplace_back(code_name(code), count);
}

}  // namespace pando::node

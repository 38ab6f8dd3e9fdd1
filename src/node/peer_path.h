// node/peer_path.h — the links of one namespace: commits from peers come in by the door, the durable log goes out.
//
// One repl::Session per link; this class reads the log for each of them, from memory near the end, from disk
// further back (at most one read under way per link), and hands what arrives to repl::examine() and then to
// the door. A link that breaks the protocol is refused by name; the others go on. One thread.
//
// A commit that is well framed and cannot be taken (damaged, forged, of the far future) goes into repl::Quarantine: its
// link is told and goes on as though it had only announced it, and it is asked for elsewhere.
//
// A peer that greets as an epoch that is retired here (engine/retired.h) is fenced: it is sent what is here, and
// nothing is taken from it, until it knows of its retirement (and at a site that takes some tables until others have
// brought what it came back with). Whoever learns that it is retired itself goes on as a new epoch and greets all its
// peers anew: settle_retired().
//
// From which link the commits of an origin come whole is repl::Providers' choice; what the others only announce is put
// in order by repl::Assembly. What was announced and does not come is asked for where it was announced: at once when no
// link brings that origin any more, otherwise after kWantAfter, or later while the provider has it and is sending.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/disk_read.h"
#include "node/equality_path.h"
#include "node/falling_behind.h"
#include "node/replica.h"
#include "node/resync_path.h"
#include "node/way_back.h"
#include "repl/assembly.h"
#include "repl/intake.h"
#include "repl/providers.h"
#include "repl/quarantine.h"
#include "repl/session.h"

namespace pando::node {

class PeerPath {
 public:
  // Commits of peers that are taken in one turn: some milliseconds, so that clients and links are heard meanwhile.
  static constexpr std::size_t kTakesPerTurn = 1024;

  struct Options {
    bool dialed = false;
    bool publish = true;
    bool subscribe = true;
    std::string label;  // for people: the peer's address
    std::size_t bytes_per_s_max = 0;
    // Whom the peer's certificate names; it must be one of them. Absent: anybody.
    std::optional<std::vector<std::string>> names = {};
  };

  // `incarnation`: as of repl::Hello.
  PeerPath(Replica& replica, const NodeConfig& config, std::uint64_t incarnation)
      : replica_(replica),
        config_(config),
        incarnation_(incarnation),
        restored_(incarnation != 0 && !replica.cells().context().empty()),
        way_back_(replica),
        resync_(replica, config.clock_ahead_max),
        equality_(replica.config().equality_interval) {}

  // A stream for this namespace is open; says Hello.
  void open(LinkId id, const Options& options, Time now);
  void on_frame(LinkId id, ByteSpan frame, Time now, Outputs& out);
  void on_drained(LinkId id, std::size_t bytes);
  // What became of it: the peer (or we) refused by name, or the stream just ended.
  struct Ended {
    bool refused = false;
    Status reason;
  };
  Ended close(LinkId id);
  bool has(LinkId id) const { return links_.count(id) != 0; }
  // True once the peer's Hello was accepted.
  bool greeted(LinkId id) const;
  // True when every peer that this node is to dial has said Hello to this process, and of every one that may write and
  // ever did a commit is here: then this node knows who there is. Retired ones aside.
  bool knows_all() const;
  // Whether every peer that this node is configured to dial has answered, and nobody has said to have more of what this
  // node's name ever wrote than is here: nothing of an earlier epoch is still handed back, as far as can be known.
  bool brought_own() const;
  // This process began with a backup, and nobody has told yet what this node wrote after that: nobody here knows what
  // its earlier epochs did to what is here.
  bool may_lack_own() const {
    return restored_ && (!has_met_anybody() || !brought_own() || replica_.catches_up_on(replica_.self().node));
  }

  void on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out);

  // Once a turn: acknowledges, reads on for every peer, hands out frames, closes what is to be closed.
  void end_turn(Time now, std::uint64_t& next_read_id, Outputs& out);
  std::optional<Instant> next_deadline() const;
  // Ends every link, telling the peers why.
  void refuse_all(const Status& reason);

  // The names of the peers where `dot` is durable, as far as they said so, ascending; also of those whose link is down
  // now. Only direct neighbours are known. A peer that comes back with less than it had counts for what it has.
  std::vector<std::string> durable_at(const Dot& dot) const;
  // Whether every peer that has said Hello to this process has all of this, durably.
  bool all_have(const VersionVector& context) const;
  // Whether one of them that takes all that is published here has it: only such a one could bring it to others.
  bool somebody_whole_has(const VersionVector& context) const;
  // Whether every peer that this node is to dial has said Hello to it; but those that the configuration calls by the
  // name of a retired node.
  bool met_all_dialed() const;
  // Whether any node has said Hello to this process.
  bool has_met_anybody() const { return !epochs_met_.empty(); }

  // Retirement and draining (docs/design/020-retired-nodes.md). Once a turn, before anything is decided in it: what
  // became known of retirements takes effect.
  void settle_retired(Time now, Outputs& out);
  // The node is retired, and nobody here has heard of a later epoch of it.
  bool gone(const std::string& node) const;
  // A link to it is up.
  bool linked(const std::string& node) const;
  // Nodes whose disks are lost and of which a link waits for commits that its peer has in parts only, and nobody else
  // brings. As of the last turn.
  const std::set<std::string>& lost_awaited() const { return lost_awaited_; }
  // A peer holds all tables and has more of a node that is lost: that is on its way here, and is not vouched for yet.
  bool lost_may_come() const;
  // Whether all that are known and hold all tables have of such a node what is here, and know that it is lost: then it
  // can be closed (engine::close_lost()).
  Result<bool> only_parts_left(const std::string& node) const;
  // The latest epoch of the node that anybody here has heard of; 0: none.
  std::uint64_t latest_epoch(const std::string& node) const;
  // The same, or a later one of which a peer has said that it has commits: an edge may be alone in that.
  std::uint64_t epoch_told(const std::string& node) const;
  // Its own commits that it said it had, and that are not here.
  std::uint64_t known_missing(const std::string& node) const;
  // Names of the peers that have said Hello to this process, ascending.
  std::vector<std::string> names_met() const;
  // Peers whose link is up and who take all that is published here, each once, by origin.
  struct FullPeer {
    Origin origin;
    bool writes = false;
    std::uint64_t lacks_commits = 0;  // that are durable here
  };
  std::vector<FullPeer> full_peers() const;
  // The oldest segment that is being read from disk.
  std::optional<std::uint64_t> reading_segment() const;
  const ResyncPath& resync() const { return resync_; }
  // Answered in time. kNotFound without such a peer, kUnavailable while its link is not up.
  void handle(RequestId id, const ResyncRequest& request, Outputs& out);
  // Replica::join() of what no peer has brought: a backup that `made_by` made. Where it knows of commits of this node
  // that are not here, this node goes on under a new epoch.
  Status merge(const Origin& made_by, const Cut& cut, const std::vector<CutCell>& cells, Time now, Outputs& out);
  // True when some peer has said that more is durable there since the last call: answers that wait for
  // durable_at() are worth another look.
  bool take_acked() { return std::exchange(acked_, false); }

  // The scope has changed: every link says Hello anew, and what came by the old ones and was not taken yet is dropped.
  void greet_anew(std::string_view why);
  // What of a scope arrives, and how far.
  ScopeReply scope() const;

  // Adds links, quarantine and refusals.
  void add_stats(StatsReply& stats) const;

 private:
  struct Link {
    repl::Session session;
    Options options;
    DiskRead read = {};
    bool refused = false;  // by either end
    bool refused_by_peer = false;
    bool close_sent = false;
    bool brings_nothing = false;  // its log has a gap before what is needed here: others provide meanwhile
    bool undecided = false;       // whether it comes back by the log or by a resync (node/way_back.h)
    std::optional<std::uint64_t> routed_version = {};  // of providers_, as the peer was told
    Origin said_as = {};                               // who this node called itself in its Hello
    bool fenced = false;  // nothing is taken from it: it came as an epoch that is retired, or with news of one
    std::optional<Instant> fenced_until = {};  // because of news
    FallingBehind falling_behind = {};
    bool choosing_again = false;  // it falls behind, and the cells are being weighed
    bool out_of_credit = false;   // at the end of the last turn
  };

  // Whether commits of `origin` can come by the link, whole or in parts that will do.
  bool may_come(const Link& link, const Origin& origin) const;
  // Not a disk that was declared lost, nor one who has more from one than the others.
  Status check_lost(const Origin& peer, bool takes_all, const VersionVector& context) const;
  void drop(LinkId id);
  void on_event(LinkId id, Link& link, const repl::Event& event, Time now, Outputs& out);
  Status join_cluster(const std::string& cluster, Outputs& out);
  void on_hello(LinkId id, Link& link, const repl::HelloReceived& hello, Time now, Outputs& out);
  void on_frontier(const repl::FrontierHeard& heard, Time now);
  void on_items(LinkId id, Link& link, const std::vector<repl::BodyItem>& items, Time now, Outputs& out);
  // Takes what is ready, by whatever link it came, as far as this turn's takes go.
  void take_ready(Time now, Outputs& out);
  enum class Taken : std::uint8_t { kYes, kQuarantined, kRefused };
  Taken take_commit(LinkId id, Link& link, ByteSpan encoded, Time now, Outputs& out);
  repl::Verdict examine(ByteSpan encoded, Time now) const;
  // `first`: the first number that the commit takes up.
  Taken refuse_commit(LinkId id, Link& link, const Dot& dot, Seq first, const Status& reason, bool poison, Time now,
                      Outputs& out);
  void look_again(Instant at);
  void refuse(Link& link, Status reason, Outputs& out);
  void tell_routes();
  // Asks for what was announced and does not come; says when to look again.
  void want_missing(Instant now);
  // Whether `origin` can no longer be expected from its provider.
  bool given_up(const Origin& origin, LinkId announced_by, Instant since, Instant now) const;
  // Greets all those anew who know this node by an epoch that is retired.
  void greet_anew(Outputs& out);
  Status fence(Link& link, const repl::HelloReceived& hello, Outputs& out);
  // The peer was retired and brings what it wrote before. Those who may clear what was freed of that take it first
  // (Replica::give_up_before()); a site that takes some tables may not, and has it from them, after the clear. While
  // a link to one of them is up, for kNewsByOthers after the first Hello.
  bool comes_by_others(const Link& link, Instant now);
  // Fenced peers whose news are here, or do not come by others, greet anew.
  void end_fences(Instant now, Outputs& out);
  static constexpr std::string_view kLostCommits =
      "a peer holds commits of this node that it has lost (a restored or cloned disk?)";
  static constexpr std::string_view kMetAnother =
      "a peer has met another one of this name under this epoch or a later one (a lost disk?)";
  // False when peers have made it begin too many.
  bool start_epoch_above(std::uint64_t epoch, std::string_view why, Instant now, Outputs& out);
  // Of an origin of this node's name, for which it begins no epoch any more.
  void refuse_word_of(Link& link, const Origin& unknown, Outputs& out);
  Status begin_epoch(std::uint64_t above);
  // Where to begin for a peer that has so much, and whether with the log.
  void begin_reading(LinkId id, Link& link, const VersionVector& peer_has, Instant now, Outputs& out);
  // Whether there is another way for the peer than the log.
  bool has_choice(const Link& link) const;
  // Peers that are connected and fall behind all the same: they are given a cut, where that is the cheaper way.
  void choose_again(Instant now, Outputs& out);
  // For peers that wait for the cells to be weighed.
  void begin_undecided(Instant now, Outputs& out);
  // What somebody must have for whom the log, as far back as it goes, has all the rest.
  const VersionVector& log_begins_behind() const;
  // The log does not have what the peer needs next; it is of use to who has all of `needs`.
  void lose(LinkId id, Link& link, VersionVector needs, Outputs& out);
  // Where the peer of a lost link has come to have that.
  void find_again(LinkId id, Link& link, Instant now, Outputs& out);
  // Asks a peer for tables that arrive.
  void take_anew(Outputs& out);
  void fetch_arriving(Instant now);
  // Begins to compare with a peer whose turn it is, when both are at rest.
  void prove_equality(Time now);
  // Both ends speak of resync, and take what the other publishes as far as asking goes.
  static bool compares(const Link& link);
  void read_on(LinkId id, Link& link, std::uint64_t& next_read_id, Outputs& out);
  // Shows records to the session; false when it wants no more now.
  void offer(LinkId id, Link& link, const log::Run& run, Outputs& out);
  std::vector<repl::ChainHead> heads() const;
  // For our Hello: whom this process has met under epochs of which nothing is here.
  std::vector<repl::Met> met() const;
  void note_met(const repl::Hello& peer);
  // An epoch of this node's name under which the peer has met another incarnation of it, its own or a later one; 0:
  // none.
  std::uint64_t met_otherwise(const repl::Hello& peer) const;

  Replica& replica_;
  const NodeConfig& config_;
  const std::uint64_t incarnation_;
  const bool restored_;
  std::map<LinkId, Link> links_;
  std::set<std::string> dialed_;  // addresses where somebody has said Hello
  std::set<Origin> writers_;      // who has said Hello and may write
  // The latest epoch of each node that has said Hello, and the incarnation that said it first.
  struct MetAs {
    std::uint64_t epoch = 0;
    std::uint64_t incarnation = 0;
    bool again = false;  // another one said it too: it goes on as the next epoch, once it is told
  };
  std::map<std::string, MetAs> epochs_met_;
  std::set<std::string> lost_awaited_;
  std::map<std::string, Instant> news_by_others_;  // of a retired node, awaited from others until then
  VersionVector settled_;                          // the retirements that have taken effect
  repl::Assembly assembly_;
  repl::Providers providers_;
  WayBack way_back_;
  ResyncPath resync_;
  EqualityPath equality_;
  std::optional<Instant> look_again_at_;
  // Of commits in this turn; the rest is taken in the next one.
  std::size_t takes_left_ = kTakesPerTurn;
  std::optional<Instant> more_ready_at_;
  std::map<std::string, VersionVector> durable_at_;  // per peer that ever said Hello to this process
  std::set<std::string> partial_;                    // of them, those that do not take all that is published here
  bool acked_ = false;
  repl::Quarantine quarantine_;
  std::map<StatusCode, std::uint64_t> refusals_;  // of links, by this node
  std::uint64_t credit_exhausted_ = 0;
  std::uint64_t fell_behind_ = 0;
  Instant epochs_since_{};  // counted from
  std::uint32_t epochs_begun_ = 0;
};

}  // namespace pando::node

// repl/session.h — one link to one peer for one namespace: both directions of the replication protocol.
//
// Sans-IO. Frames come in through on_frame() and go out through take_frames(); the session never reads a log
// or a clock. Sending, it is a reader of this node's log: wants() says which record it would look at next,
// offer() shows it that record, and it packs what the peer lacks. Since a log's order extends causal order, so
// does what the peer receives. Receiving, it hands commits on in the order they came (repl/intake.h decides
// about each).
//
//   kNew       constructed; nothing was sent                  → kGreeting on start()
//   kGreeting  our Hello is out, the peer's is not in         → kUp on its Hello
//   kUp        commits, acks and heartbeats flow both ways    → kClosed
//   kClosed    refused by either end or silent for too long; close_reason() says why. Every call is a no-op
//
// A crash in any state loses nothing: the next Hello says what each end has.
//
// What always holds: only records the caller showed as durable leave; every buffer is bounded by
// SessionOptions::unacked_bytes_max plus one commit in each direction; no frame of commits is larger than
// twice limits::kPartBytesMax, so that on a link of a few kilobytes per second the peer is heard all the while; at most
// one Ack per take_frames(). One thread.
//
// Both Hellos say how many bytes per second their end allows each way and how much it accepts unacknowledged; the lower
// of both holds. Acks and heartbeats count against the budget but do not wait for it.
//
// Of commits that the peer gets by another link (its Route says of which origins) only a Have is sent, in their place
// in the log; if they do not come after all, the peer wants them, and the session goes back in the log for them while
// its place there stays. Which links to ask for what is the node's to say: repl/providers.h, repl/assembly.h.
//
// Who takes only some tables (SessionOptions::tables) says so in its Hello, and is sent the parts of commits that are
// of these, and skips in the place of what is of none; commits of its own name whole. It has nothing but parts of what
// others made, so a peer that takes more gets those from elsewhere: it is sent a Have of each, in its place, that it
// does not want from here (gives()).
//
// A link that a peer dialled: decode_hello() of its first frame names the namespace; then construct, start(),
// and pass that same frame to on_frame(). Such a link that sends nothing is the node's to close.
//
// After every call below: send take_frames(); if closed(), close the link with close_reason().
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/time.h"
#include "model/commit.h"
#include "repl/frame.h"
#include "repl/frontier.h"
#include "repl/parts.h"
#include "repl/release.h"
#include "repl/send_window.h"

namespace pando::repl {

struct SessionOptions {
  Origin self;  // this node's name and current epoch
  std::string ns;
  Role role = Role::kReplicator;
  bool publish = true;                   // send our log
  bool subscribe = true;                 // take theirs
  TableSet tables = {};                  // of theirs, only these
  TableSet tables_made = {};             // of ours, what others may hold: what we lost must come back as a whole
  std::optional<PatchyLog> patchy = {};  // where more is taken than was once
  std::string cluster = {};              // empty, or the name of the clone this node is of
  std::uint64_t incarnation = 0;         // this and the next: as in the Hello
  std::vector<Met> met = {};
  bool dialed = false;  // we dialled; only words a message differently
  Duration heartbeat_interval = Duration::seconds(1);
  Duration silence_max = Duration::seconds(10);  // without a frame: the peer counts as gone
  std::size_t unacked_bytes_max = limits::kLinkUnackedBytesMax;
  // All we sent has left, the peer is heard, and of what it has not acknowledged it acknowledges nothing for so long:
  // it is refused.
  Duration unacked_max = Duration::seconds(300);
  std::size_t bytes_per_s_max = 0;     // each end may send on this link; 0: any
  bool pack = true;                    // commits, for links that are not known to be fast
  const Frontier* frontier = nullptr;  // told to the peer in heartbeats; outlives the session
  // Of whose commits the parts that are here will do for everybody: these may be wanted. Empty: of nobody's.
  std::function<bool(const Origin&)> parts_will_do = {};
  Release release = kReleaseNow;                           // nothing later is said, sent or understood
  std::size_t pace_bytes_max = limits::kFrameBytesTarget;  // handed to the carrier at a time; slow links get less
};

// What a frame meant. Spans borrow from the frame given to on_frame(), or from the session until its next
// on_frame().

// The peer is who it should be. Next: seek() to the first position of our log that a reader with `context`
// could lack.
struct HelloReceived {
  Origin origin;
  Role role = Role::kReplicator;
  bool publish = true;
  bool subscribe = true;
  VersionVector context;
};
// Encoded commits in the peer's order, and what it only said it has; all counted as things the peer has.
struct CommitsReceived {
  std::vector<BodyItem> items;
  std::shared_ptr<const Bytes> unpacked = nullptr;  // keeps alive what they borrow from, when they came packed
};
// All of this is durable at the peer.
struct PeerAcked {
  VersionVector context;
};
// How far the peer's frontier is, and what it vouches for (repl/frontier.h).
struct FrontierHeard {
  Hlc frontier;
  std::vector<Claim> claims;
};
// The peer holds commits of this node's own name that this node does not have: it lost its tail. Start an
// epoch above `origin.epoch`, tell on_new_epoch(), and make no commit before that. Reported once per epoch.
struct PeerRemembersMore {
  Origin origin;
  Seq seq;
};
// The peer could not take a commit that we sent.
struct PeerQuarantined {
  Dot dot;
  Status reason;
};
// Something about a resync: the node's affair (node/resync_path.h).
struct ResyncHeard {
  ResyncFrame frame;
};
// The peer closes the link and says why.
struct Refused {
  Status reason;
};
using Event = std::variant<HelloReceived, CommitsReceived, PeerAcked, FrontierHeard, PeerRemembersMore, PeerQuarantined,
                           ResyncHeard, Refused>;

struct SessionStats {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bodies_packed = 0;
  std::uint64_t packed_bytes_saved = 0;
  std::uint64_t commits_sent = 0;
  std::uint64_t commits_received = 0;
  std::uint64_t commits_announced = 0;  // a Have was sent instead
  std::uint64_t commits_wanted = 0;     // of those, sent after all
  std::uint64_t commits_skipped = 0;    // nothing in them was for the peer: a skip was sent instead
  std::uint64_t commits_filtered = 0;   // looked at, not sent: the peer had them
  std::uint64_t frames_skipped = 0;     // of optional kinds that this node does not know
  std::uint64_t frames_malformed = 0;   // damaged, unknown or out of place; each closed the link
};

class Session {
 public:
  enum class State : std::uint8_t { kNew, kGreeting, kUp, kClosed };

  Session(SessionOptions options, Time now);

  // Says Hello. `durable` is what this node has durably; of `heads`, those that match it are sent along, so
  // that a clone or a rollback is found at first contact.
  void start(const VersionVector& durable, std::vector<ChainHead> heads, Time now);

  // The meaning of one frame, in order. Malformed or unexpected bytes refuse the link.
  std::vector<Event> on_frame(ByteSpan frame, Time now);

  // `durable` only grows. Call it on every session before a newly durable record leaves by any of them: a peer
  // that knows more of us than we said here is taken as proof of a lost tail.
  void on_durable(const VersionVector& durable);
  // `bytes` of taken frames have left this machine.
  void on_drained(std::size_t bytes);
  // Heartbeats and the watch over the peer's silence. Due at next_deadline().
  void on_time(Time now);
  // This node now writes under `self`.
  void on_new_epoch(const Origin& self);

  // Of which origins the peer need not send commits whole, ascending. Nothing comes before this was said once.
  void route(std::vector<Origin> have_only);
  // Asks for what the peer only announced. After its Hello.
  void want(std::vector<Want::Range> ranges);

  // Tells the peer that a commit it sent could not be taken. It may come again when it is wanted.
  void quarantined(const Dot& dot, const Status& reason);

  // Closes the link for a reason of the node's (a gap, a namespace going down); the peer is told.
  void refuse(Status reason);

  // Reading our log for the peer.
  // Moves the cursor, forward only; before the first seek nothing is wanted.
  void seek(LogPos next);
  // The next record to look at; nothing while the peer does not subscribe or has enough to chew on. Goes back when
  // the peer wants what was announced, and forth again.
  std::optional<LogPos> wants() const;
  // The next record it has not looked at yet, of those it looks at in the log's order; nothing while that is lost or
  // was not said yet. What lies before it was sent or announced: peer_has().
  std::optional<LogPos> place() const { return state_ != State::kUp || lost_ ? std::nullopt : next_; }
  const VersionVector& peer_has() const { return peer_has_; }
  // There may be more to send, and the peer has not acknowledged enough of what was.
  bool out_of_credit() const {
    return state_ == State::kUp && peer_takes() && !lost_ && window_.unacked_bytes() > 0 && !window_.open(0);
  }
  // Is on the way back for what the peer wants.
  bool goes_back() const { return again_.has_value(); }
  // Shows the commit at `pos` >= wants(); positions between hold no commits. Must be durable. Copied when the
  // peer lacks it. kGone closes the link when the peer lacks earlier ones that the log did not show.
  void offer(LogPos pos, ByteSpan commit);
  // A record that is not a commit, at wants().
  void pass(LogPos pos);

  // The same of a cut that was merged in, with all that `context` covers. False: the peer lacks some of that, and
  // nothing behind it is shown to it any more before the next seek().
  bool pass_cut(LogPos pos, const VersionVector& context);
  // The log no longer has what the peer needs next: as after pass_cut().
  void lose_place();

  // Resync. Both ends speak of it.
  // The peer understands that not all of what is taken here is here (Hello::patchy).
  bool speaks_growth() const { return peer_ && (peer_->features & kFeatureGrowth) != 0; }
  bool speaks_resync() const;
  // A peer that asks and takes no answers is refused: kOverloaded, with limits::kResyncUnsentBytesMax waiting.
  void send_resync(const ResyncFrame& frame);
  // What was sent has left, nearly: the next answer may be made.
  bool room_for_resync() const { return state_ == State::kUp && resync_.empty() && room_for(cutter_.bytes()); }
  // How much of a large cell is sent at a time.
  std::size_t resync_piece_bytes() const { return part_bytes(); }

  // Frames to send, in order; control frames go before commits, and between the parts of one.
  std::vector<Bytes> take_frames();

  Instant next_deadline() const;
  State state() const { return state_; }
  bool closed() const { return state_ == State::kClosed; }
  const Status& close_reason() const { return close_reason_; }

  // Whether the peer can send what the origin made as this node takes it, not only say that it has it. After its Hello.
  bool gives(const Origin& origin) const;
  // Whether it can send these as far as it has them itself: all that it takes of them, or skips.
  bool gives_parts() const { return speaks_parts() && peer_->has_whole(peer_->tables, stated_); }
  // The peer as its Hello described it; empty before.
  const std::optional<Hello>& peer() const { return peer_; }
  // When commits, announcements, or a part of them came last; the start before that.
  Instant data_heard_at() const { return data_heard_at_; }
  // What the peer said it has durably: for retention and `sites:n`.
  const VersionVector& peer_durable() const { return peer_durable_; }
  // Commits of ours the peer has not acknowledged; 0 when it takes none from us.
  std::uint64_t behind_commits() const;
  // Commits the peer has and we do not; 0 when we take none from it.
  std::uint64_t lacking_commits() const;
  // The peer's clock minus ours when its last heartbeat arrived; the way here is counted in.
  std::optional<Duration> peer_clock_ahead() const { return peer_clock_ahead_; }
  const SessionStats& stats() const { return stats_; }

 private:
  void handle(Hello hello, std::vector<Event>& events);
  void handle(const Body& body, std::vector<Event>& events);
  void handle(const BodyPart& part, std::vector<Event>& events);
  void take_in(const Body& body, std::vector<Event>& events);
  void handle(const Ack& ack, std::vector<Event>& events);
  void handle(Route route);
  void handle(Quarantined lacks, std::vector<Event>& events);
  void handle(ResyncFrame frame, std::vector<Event>& events);
  void handle(const Want& want);
  void handle(Heartbeat heartbeat, Time now, std::vector<Event>& events);
  Heartbeat heartbeat(Time now);
  void handle(Refuse said, std::vector<Event>& events);

  Status check_hello(const Hello& hello) const;
  Status check_cluster(const Hello& hello) const;
  // Takes note of what the peer has durably.
  void learn(const VersionVector& context, std::vector<Event>& events);
  // The peer has all of this: are there commits of ours that we have lost?
  void look_for_lost(const VersionVector& theirs, std::vector<Event>& events);
  bool relays(const Origin& origin) const;
  // It is a commit that the peer made and has lost, and not all of it is here.
  bool lacks_what_it_lost(const CommitHead& head, ByteSpan commit) const;
  Hello hello() const;
  bool speaks_parts() const { return peer_ && (peer_->features & kFeatureParts) != 0; }
  // As much of it as the peer takes.
  void send(const CommitHead& head, ByteSpan commit, LogPos pos);
  std::optional<Bytes> part_of(const Dot& dot, ByteSpan commit, std::optional<Commit>* skip);
  void skip(Commit&& skip, LogPos pos);
  bool speaks_have() const { return peer_ && peer_->version >= kVersionHave; }
  // The peer broke a rule of the protocol.
  void blame(Status reason);
  bool ack_due() const;
  // Whether the peer owes an Ack and nothing excuses it.
  bool owes_ack() const;
  bool peer_takes() const { return options_.publish && peer_ && peer_->subscribe; }
  bool takes() const { return options_.subscribe && peer_ && peer_->publish; }
  // Control frames wait, coalesced, when the peer does not read.
  bool room_for_control() const { return undrained_bytes_ < options_.unacked_bytes_max; }
  // One frame of the pace on its way and one to follow it: more would only make acks and heartbeats wait behind.
  bool room_for(std::size_t waiting_bytes) const {
    return undrained_bytes_ + waiting_bytes < 2 * pace_bytes_ && (bytes_per_s_ == 0 || budget_bytes_ > 0);
  }
  // Whether packing is worth its time: the link has not shown that it takes all it is given, or may not.
  bool narrow() const { return bytes_per_s_ != 0 || pace_bytes_ < options_.pace_bytes_max; }
  // The budget grows with time.
  void earn(Instant now);
  std::size_t part_bytes() const;
  void pack(const Dot& dot, const BodyItem& item, LogPos pos);
  void announce(const Dot& dot, LogPos pos);
  void answer(const Dot& dot, ByteSpan commit, LogPos pos);
  void flush_haves();
  void take_resync(std::vector<Bytes>& frames);
  void drop_unsent();
  void flush_skip();
  void flush_waiting();
  void flush_batch();
  bool cursor_moved(LogPos pos);
  void end_again();
  void count_sent(const Bytes& frame);

  SessionOptions options_;
  State state_ = State::kNew;
  Status close_reason_;
  std::optional<Hello> peer_;

  VersionVector durable_;             // here
  VersionVector stated_;              // of it, what the peer was told last
  std::map<Origin, Claim> claimed_;   // what the peer was told last
  VersionVector received_;            // commits that came from the peer
  VersionVector peer_durable_;        // what the peer said it has
  VersionVector peer_has_;            // that, and what we sent it or announced to it
  std::vector<ChainHead> heads_;      // ours at start(), sorted
  std::uint64_t reported_epoch_ = 0;  // for which PeerRemembersMore was reported

  std::optional<LogPos> next_;  // the cursor
  bool lost_ = false;           // its place in the log is of no use
  bool routed_ = false;         // the peer has said what it wants whole
  std::vector<Origin> have_only_;
  std::optional<std::vector<Origin>> told_route_;
  // Going back for what the peer wants: from `next` until all of `ranges` was sent, at the latest to the cursor.
  struct Again {
    LogPos next;
    std::map<Origin, Want::Range> ranges;
  };
  std::optional<Again> again_;

  Bytes batch_;  // items of the Body being packed
  std::uint64_t batch_count_ = 0;
  LogPos batch_first_;
  LogPos batch_pos_;
  VersionVector batch_dots_;
  std::vector<Dot> haves_;         // that follow them, in the log's order
  VersionVector haves_many_;       // or, of so many, only how far they go
  std::optional<Commit> skip_;     // or what follows them and is of no table that the peer takes
  std::uint64_t haves_heard_ = 0;  // since we last stated what is durable here
  std::vector<Bytes> control_;
  std::deque<Bytes> resync_;  // frames of a resync, unsent
  std::size_t resync_bytes_ = 0;
  BodyCutter cutter_;
  BodyJoiner joiner_;
  SendWindow window_;
  SendWindow again_window_;  // answers to Want pass while window_ is full of what waits for them
  std::size_t undrained_bytes_ = 0;
  std::int64_t bytes_per_s_ = 0;   // the lower of what both ends allow; 0: any
  std::int64_t budget_bytes_ = 0;  // below zero after a frame that was larger
  Instant earned_at_;
  std::size_t pace_bytes_;     // twice that may be undrained
  bool full_at_beat_ = false;  // that much was undrained at the last heartbeat
  std::size_t drained_since_beat_ = 0;

  Instant last_heard_;
  std::optional<Instant> owed_since_;  // an Ack, at the heartbeats since then
  std::optional<Dot> peer_lacks_;      // it could not take this one of ours, and may acknowledge nothing behind it
  Instant data_heard_at_;
  Instant last_called_;
  Instant beat_at_;
  std::optional<Duration> peer_clock_ahead_;
  SessionStats stats_;
};

}  // namespace pando::repl

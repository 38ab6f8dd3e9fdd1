#include "repl/session.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/prng.h"
#include "repl/session_suite.h"

namespace pando::repl::session_test {
namespace {

TEST(Session, BothWaysUntilEqual) {
  FakeNode a("dc1"), b("dc2");
  for (int i = 0; i < 5; ++i) a.write();
  for (int i = 0; i < 3; ++i) b.write();
  FakeLink link(a, b, at_ms(0));
  link.settle(at_ms(1));
  EXPECT_EQ(a.context(), b.context());
  EXPECT_EQ(a.context().get(b.self()), Seq(3));
  EXPECT_EQ(link.session(0).behind_commits(), 0u);
  EXPECT_EQ(link.session(0).peer_durable(), b.context());
  EXPECT_EQ(link.session(0).stats().commits_sent, 5u);
  EXPECT_EQ(link.session(0).stats().commits_received, 3u);
  EXPECT_EQ(link.session(1).stats().commits_sent, 3u) << "what came from the peer is not sent back";
  EXPECT_EQ(a.duplicates() + b.duplicates(), 0u);
}

TEST(Session, ResumesWithoutDuplicates) {
  FakeNode a("dc1"), b("dc2");
  a.write();
  { FakeLink(a, b, at_ms(0)).settle(at_ms(1)); }
  a.write();
  b.write();
  FakeLink link(b, a, at_ms(2));  // the other side dials this time
  link.settle(at_ms(3));
  EXPECT_EQ(a.context(), b.context());
  EXPECT_EQ(a.duplicates() + b.duplicates(), 0u);
  EXPECT_EQ(link.session(1).stats().commits_filtered, 2u) << "the commit b had, and b's own when it came";
}

// Any interleaving, any cut, dialled by anyone: logs end up with the same commits, gap-free.
TEST(Session, RandomTurnsCutsAndReconnects) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    std::vector<std::unique_ptr<FakeNode>> nodes;
    for (const char* name : {"a", "b", "c"}) nodes.push_back(std::make_unique<FakeNode>(name));
    std::vector<std::unique_ptr<FakeLink>> links(3);  // a ring: every commit can come two ways
    const auto reconnect = [&](std::size_t i) {
      FakeNode& one = *nodes[i];
      FakeNode& other = *nodes[(i + 1) % 3];
      SessionOptions options[2] = {one.options(), other.options()};
      for (SessionOptions& o : options) {
        o.unacked_bytes_max = 600;
        o.pace_bytes_max = 100;
      }
      links[i].reset();
      links[i] = std::make_unique<FakeLink>(one, options[0], other, options[1], at_ms(0));
    };
    for (std::size_t i = 0; i < 3; ++i) reconnect(i);
    for (int step = 0; step < 600; ++step) {
      const std::size_t i = prng.below(3);
      const int side = static_cast<int>(prng.below(2));
      if (step < 400 && prng.chance(1, 4)) nodes[i]->write(prng.below(100));
      if (step < 400 && prng.chance(1, 40)) reconnect(i);
      if (prng.chance(1, 2))
        links[i]->send(side, 1 + prng.below(4));
      else
        links[i]->receive(side, at_ms(0));
      for (int s : {0, 1})
        ASSERT_FALSE(links[i]->session(s).closed()) << links[i]->session(s).close_reason().to_string();
    }
    for (int round = 0; round < 3; ++round) {
      for (auto& link : links) link->settle(at_ms(0));
    }
    for (const auto& node : nodes) EXPECT_EQ(node->context(), nodes[0]->context());
    for (const auto& node : nodes) EXPECT_EQ(node->log().size(), nodes[0]->log().size());
  }
}

TEST(Session, RefusesAtHello) {
  struct Row {
    const char* why;
    void (*change)(Hello&, SessionOptions&);
    StatusCode code;
    const char* message;
  };
  const Row rows[] = {
      {"another namespace", [](Hello& h, SessionOptions&) { h.ns = "other"; }, StatusCode::kInvalidArgument,
       "this link is for namespace 'ns' at dc1, but for 'other' at dc2"},
      {"a node that dialled itself, or a clone", [](Hello& h, SessionOptions&) { h.origin.node = "dc1"; },
       StatusCode::kConflict, "both ends of this link are named 'dc1'"},
      {"the clone may have another epoch",
       [](Hello& h, SessionOptions&) {
         h.origin = Origin{"dc1", 9};
       },
       StatusCode::kConflict, "both ends of this link are named 'dc1'"},
      {"a peer from the future",
       [](Hello& h, SessionOptions&) {
         h.version = 9;
         h.version_min = 3;
       },
       StatusCode::kUnimplemented, "dc2 speaks protocol versions 3 to 9, dc1 speaks 1 to 2"},
      {"a peer from before",
       [](Hello& h, SessionOptions&) {
         h.version = 0;
         h.version_min = 0;
       },
       StatusCode::kUnimplemented, "dc2 speaks protocol versions 0 to 0, dc1 speaks 1 to 2"},
      {"nobody takes",
       [](Hello& h, SessionOptions& o) {
         h.subscribe = false;
         o.subscribe = false;
       },
       StatusCode::kInvalidArgument, "nothing would flow between dc1 and dc2"},
      {"nobody gives",
       [](Hello& h, SessionOptions& o) {
         h.publish = false;
         o.publish = false;
       },
       StatusCode::kInvalidArgument, "nothing would flow between dc1 and dc2"},
  };
  for (const Row& row : rows) {
    SessionOptions options = FakeNode("dc1").options();
    Hello hello = hello_of("dc2");
    row.change(hello, options);
    Session session = greeting({}, options);
    EXPECT_TRUE(session.on_frame(encode_frame(hello), at_ms(1)).empty()) << row.why;
    EXPECT_TRUE(session.closed()) << row.why;
    EXPECT_EQ(session.close_reason().code(), row.code) << row.why;
    EXPECT_NE(session.close_reason().message().find(row.message), std::string::npos)
        << row.why << ": " << session.close_reason().message();
    EXPECT_EQ(reason_sent(session), session.close_reason()) << "the peer is told";
  }
}

TEST(Session, ClonedDiskIsFoundAtFirstContact) {
  const Dot dot{Origin{"dc3", 1}, Seq(4)};
  Hello hello = hello_of("dc2");
  hello.context = vector_of(dot.origin, 4);
  hello.heads = {ChainHead{dot, 2}};
  for (const std::uint64_t ours : {1u, 2u}) {
    Session session(FakeNode("dc1").options(), at_ms(0));
    // The stale head belongs to no entry of the context, so it must not be compared.
    session.start(vector_of(dot.origin, 4), {ChainHead{Dot{dot.origin, Seq(3)}, 9}, ChainHead{dot, ours}}, at_ms(0));
    EXPECT_EQ(decode_hello(session.take_frames().at(0))->heads, (std::vector<ChainHead>{ChainHead{dot, ours}}));
    session.on_frame(encode_frame(hello), at_ms(0));
    EXPECT_EQ(session.closed(), ours != 2);
    if (ours != 2) {
      EXPECT_NE(session.close_reason().message().find("dc3:4 is another commit on each side"), std::string::npos);
    }
  }
}

TEST(Session, PeerRemembersMore) {
  struct Row {
    const char* why;
    VersionVector known;  // to the peer
    std::optional<Dot> reported;
  };
  VersionVector two = vector_of(Origin{"dc1", 2}, 1);
  two.raise(Origin{"dc1", 1}, Seq(9));
  const Row rows[] = {
      {"it knows exactly what we have", vector_of(Origin{"dc1", 1}, 5), std::nullopt},
      {"it knows less", vector_of(Origin{"dc1", 1}, 4), std::nullopt},
      {"it holds commits we lost", vector_of(Origin{"dc1", 1}, 7), Dot{Origin{"dc1", 1}, Seq(7)}},
      {"it has met us in a later epoch", vector_of(Origin{"dc1", 3}, 1), Dot{Origin{"dc1", 3}, Seq(1)}},
      {"both: the later epoch counts", two, Dot{Origin{"dc1", 2}, Seq(1)}},
      {"others' commits are no concern", vector_of(Origin{"dc0", 1}, 70), std::nullopt},
  };
  for (const Row& row : rows) {
    Session session = greeting(vector_of(Origin{"dc1", 1}, 5));
    Hello hello = hello_of("dc2");
    hello.context = row.known;
    const std::vector<Event> events = session.on_frame(encode_frame(hello), at_ms(0));
    ASSERT_EQ(events.size(), row.reported ? 2u : 1u) << row.why;
    EXPECT_TRUE(std::holds_alternative<HelloReceived>(events.back()));
    if (!row.reported) continue;
    const auto& more = std::get<PeerRemembersMore>(events.front());
    EXPECT_EQ((Dot{more.origin, more.seq}), *row.reported) << row.why;
    EXPECT_EQ(session.on_frame(encode_frame(Ack{row.known}), at_ms(0)).size(), 1u) << "once per epoch";
    session.on_new_epoch(Origin{"dc1", 4});
    EXPECT_EQ(session.on_frame(encode_frame(Ack{row.known}), at_ms(0)).size(), 1u) << "the old epochs are history";
  }
}

TEST(Session, RefusesWhatIsMalformedOrOutOfPlace) {
  const Bytes commit = Author(Origin{"dc2", 1}).next();
  struct Row {
    const char* why;
    bool greeted;
    Bytes frame;
    StatusCode code;
    const char* message;
  };
  const Row rows[] = {
      {"garbage", false, "garbage!", StatusCode::kDataLoss, "frame: offset"},
      {"empty", true, "", StatusCode::kDataLoss, "frame.kind"},
      {"commits before hello", false, encode_frame(Body{LogPos(1), {commit}}), StatusCode::kInvalidArgument,
       "a link begins with hello, not with body"},
      {"a part of commits before hello", false, encode_frame(BodyPart{1, 9, 0, "x"}), StatusCode::kInvalidArgument,
       "a link begins with hello, not with body part"},
      {"commits after a frame that never came", true, encode_frame(Body{LogPos(1), {commit}, 2}), StatusCode::kDataLoss,
       "frame 2 of commits came where 1 is next"},
      {"a part from the middle", true, encode_frame(BodyPart{1, 9, 3, "x"}), StatusCode::kInvalidArgument,
       "body part 3 of 9 came where 0 of 9 is next"},
      {"a second hello", true, encode_frame(hello_of("dc2")), StatusCode::kInvalidArgument, "a second hello"},
      {"not a commit", true, encode_frame(Body{LogPos(1), {Bytes(30, 'x')}}), StatusCode::kDataLoss, "commit.version"},
  };
  for (const Row& row : rows) {
    Session session = row.greeted ? up() : greeting();
    EXPECT_TRUE(session.on_frame(row.frame, at_ms(1)).empty()) << row.why;
    ASSERT_TRUE(session.closed()) << row.why;
    EXPECT_EQ(session.close_reason().code(), row.code) << row.why;
    EXPECT_NE(session.close_reason().message().find(row.message), std::string::npos)
        << session.close_reason().message();
    EXPECT_EQ(session.stats().frames_malformed, 1u);
    EXPECT_EQ(reason_sent(session), session.close_reason());
    // Closed: nothing goes in or comes out any more.
    EXPECT_TRUE(session.on_frame(encode_frame(Ack{}), at_ms(2)).empty());
    EXPECT_FALSE(session.wants());
    EXPECT_TRUE(session.take_frames().empty());
  }
}

TEST(Session, CommitsOnlyWhereAgreed) {
  const Bytes body = encode_frame(Body{LogPos(1), {Author(Origin{"dc2", 1}).next()}});
  SessionOptions only_publishes = FakeNode("dc1").options();
  only_publishes.subscribe = false;
  Session session = up({}, only_publishes);
  EXPECT_TRUE(session.on_frame(body, at_ms(0)).empty());
  EXPECT_TRUE(session.closed());

  Session reader = greeting();
  Hello silent = hello_of("dc2");
  silent.publish = false;
  reader.on_frame(encode_frame(silent), at_ms(0));
  reader.on_frame(body, at_ms(0));
  EXPECT_TRUE(reader.closed());

  Hello deaf = hello_of("dc2");
  deaf.subscribe = false;
  Session writer = greeting();
  writer.on_frame(encode_frame(deaf), at_ms(0));
  writer.seek(LogPos(1));
  EXPECT_FALSE(writer.wants()) << "a peer that does not subscribe is not read for";
}

TEST(Session, OptionalFramesAreSkippedAndCounted) {
  Bytes frame("\xc8\x00", 2);  // kind 200, no flags, no body
  const std::uint32_t crc = crc32c(frame);
  Writer(frame).u32(crc);
  for (Session session : {greeting(), up()}) {
    EXPECT_TRUE(session.on_frame(frame, at_ms(0)).empty());
    EXPECT_FALSE(session.closed());
    EXPECT_EQ(session.stats().frames_skipped, 1u);
  }
}

TEST(Session, WindowStopsTheReader) {
  FakeNode a("dc1"), b("dc2");
  for (int i = 0; i < 100; ++i) a.write(1000);
  SessionOptions options = a.options();
  options.unacked_bytes_max = 5000;
  options.pace_bytes_max = 2000;
  FakeLink link(a, options, b, b.options(), at_ms(0));
  for (int side : {0, 1}) link.send(side);
  link.receive(0, at_ms(0));
  for (int i = 0; i < 100; ++i) {
    link.send(0);
    link.session(0).on_drained(1 << 20);  // the network takes everything, the peer acknowledges nothing
  }
  EXPECT_FALSE(link.session(0).wants());
  EXPECT_LE(link.session(0).stats().bytes_sent, 5000u + 2 * 2000u) << "a frame, and what is on its way";
  EXPECT_GT(link.session(0).behind_commits(), 90u);
  link.settle(at_ms(0));
  EXPECT_EQ(b.context(), a.context());
  EXPECT_EQ(link.session(0).behind_commits(), 0u);
}

TEST(Session, UndrainedBytesStopTheReaderAndHeartbeats) {
  FakeNode a("dc1");
  a.write(3000);
  a.write(10);
  SessionOptions options = a.options();
  options.unacked_bytes_max = 2000;
  options.pace_bytes_max = 1000;
  Session session = up(a.context(), options);
  session.seek(LogPos(1));
  a.pump(session, 10);
  std::size_t taken = 0;
  for (const Bytes& frame : session.take_frames()) taken += frame.size();
  EXPECT_GE(taken, 2000u);
  EXPECT_LT(taken, 3000u) << "the rest of the commit waits here";
  session.on_frame(encode_frame(Ack{a.context()}), at_ms(0));
  EXPECT_FALSE(session.wants()) << "acknowledged by another way, but this machine still holds the bytes";
  session.on_time(at_ms(1000));
  EXPECT_TRUE(session.take_frames().empty()) << "a peer that does not read gathers no heartbeats";
  session.on_drained(taken + 1000);
  EXPECT_TRUE(session.wants());
  session.on_time(at_ms(2000));
  EXPECT_EQ(session.take_frames().at(0)[0], static_cast<char>(FrameKind::kHeartbeat)) << "before the commits that wait";
}

TEST(Session, AFrameLostByTheCarrierIsMissed) {
  FakeNode a("dc1"), b("dc2");
  FakeLink link(a, b, at_ms(0));
  link.settle(at_ms(0));
  a.write();
  link.send(0);
  link.outgoing(0).clear();  // the last commit for now: no later one would show the gap
  link.session(0).on_time(at_ms(1000));
  link.settle(at_ms(1000));
  EXPECT_EQ(link.session(1).close_reason(), Status(StatusCode::kDataLoss, "dc1 has sent 3 frames, only 2 came"));
  EXPECT_EQ(link.session(0).close_reason().code(), StatusCode::kDataLoss);
  FakeLink again(a, b, at_ms(2000));
  again.settle(at_ms(2000));
  EXPECT_EQ(a.context(), b.context());
}

// A lost commit of one origin must not let a later one of another origin pass, which may have seen it.
TEST(Session, ALostFrameIsMissedAtTheNextCommits) {
  for (const std::size_t bytes : {std::size_t{10}, std::size_t{100'000}}) {
    FakeNode a("dc1"), b("dc2");
    FakeLink link(a, b, at_ms(0));
    link.settle(at_ms(0));
    a.write(bytes);
    link.send(0);
    ASSERT_FALSE(link.outgoing(0).empty());
    const std::size_t lost = link.outgoing(0).back().size();
    link.outgoing(0).pop_back();
    link.session(0).on_drained(lost);
    a.append(Author(Origin{"dc3", 1}).next(bytes));  // its causes would have come in the lost frame
    link.settle(at_ms(10));
    EXPECT_TRUE(b.context().empty()) << "nothing was taken";
    EXPECT_EQ(link.session(1).close_reason().code(), StatusCode::kDataLoss);
    EXPECT_NE(link.session(1).close_reason().message().find("is next: the carrier lost"), std::string::npos)
        << link.session(1).close_reason().message();
    FakeLink again(a, b, at_ms(20));
    again.settle(at_ms(20));
    EXPECT_EQ(a.context(), b.context());
  }
}

TEST(Session, SendsNoMoreAheadThanThePeerAccepts) {
  FakeNode a("dc1"), b("dc2");
  for (int i = 0; i < 100; ++i) a.write(1000);
  SessionOptions theirs = b.options();
  theirs.unacked_bytes_max = 5000;
  FakeLink link(a, a.options(), b, theirs, at_ms(0));
  for (int side : {0, 1}) link.send(side);
  link.receive(0, at_ms(0));
  link.receive(1, at_ms(0));
  link.send(1);
  link.receive(0, at_ms(0));
  link.send(0);
  EXPECT_LT(link.session(0).stats().commits_sent, 8u) << "until it acknowledges";
  link.settle(at_ms(1));
  EXPECT_EQ(a.context(), b.context());
}

TEST(Session, OneCommitLargerThanTheWindowPasses) {
  FakeNode a("dc1"), b("dc2");
  a.write(100'000);
  a.write(100'000);
  SessionOptions options = a.options();
  options.unacked_bytes_max = 1000;
  FakeLink link(a, options, b, b.options(), at_ms(0));
  link.settle(at_ms(0));
  EXPECT_EQ(b.context(), a.context());
}

TEST(Session, AcksOncePerTurnAndOnlyWhatIsNew) {
  FakeNode peer("dc2");
  for (int i = 0; i < 3; ++i) peer.write();
  Session session = up();
  std::uint64_t number = 0;
  for (const Bytes& commit : peer.log()) session.on_frame(encode_frame(Body{LogPos(1), {commit}, ++number}), at_ms(0));
  EXPECT_TRUE(session.take_frames().empty()) << "nothing is durable here yet";
  session.on_durable(vector_of(peer.self(), 1));
  session.on_durable(vector_of(peer.self(), 2));
  const std::vector<Bytes> frames = session.take_frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(std::get<Ack>(*decode_frame(frames[0])).context, vector_of(peer.self(), 2));
  EXPECT_TRUE(session.take_frames().empty());
  VersionVector own = vector_of(peer.self(), 2);
  own.raise(Origin{"dc1", 1}, Seq(5));
  session.on_durable(own);
  EXPECT_TRUE(session.take_frames().empty()) << "our own commits are told by sending them";
  EXPECT_EQ(session.lacking_commits(), 1u);
}

TEST(Session, ALogThatBeginsTooLateIsSaidSo) {
  Author author(Origin{"dc1", 1});
  const std::vector<Bytes> log = {author.next(), author.next(), author.next()};
  Session session = up(vector_of(Origin{"dc1", 1}, 3));
  session.seek(LogPos(3));
  session.offer(LogPos(3), log[2]);
  ASSERT_TRUE(session.closed());
  EXPECT_EQ(session.close_reason(),
            Status(StatusCode::kGone, "the log of dc1 begins after dc1:1, which dc2 needs next"));
}

TEST(Session, HeartbeatsTellLagAndSkew) {
  FakeNode peer("dc2");
  Session session = up();
  EXPECT_EQ(session.next_deadline(), instant_of(at_ms(1000)));
  session.on_time(at_ms(999));
  EXPECT_TRUE(session.take_frames().empty());
  session.on_time(at_ms(1000));
  const std::vector<Bytes> frames = session.take_frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(std::get<Heartbeat>(*decode_frame(frames[0])).wall_ms, at_ms(1000).wall_ms);

  const Heartbeat theirs{vector_of(Origin{"dc2", 1}, 9), at_ms(1000).wall_ms + 250};
  EXPECT_EQ(session.on_frame(encode_frame(theirs), at_ms(1000)).size(), 1u) << "counts as an ack";
  EXPECT_EQ(session.lacking_commits(), 9u);
  EXPECT_EQ(session.peer_clock_ahead(), Duration::millis(250));
}

TEST(Session, SilenceEndsTheLink) {
  for (const bool greeted : {false, true}) {
    Session session = greeted ? up() : greeting();
    for (std::int64_t ms = 1000; ms < 10'000; ms += 1000) session.on_time(at_ms(ms));
    EXPECT_FALSE(session.closed());
    session.on_time(at_ms(10'000));
    EXPECT_TRUE(session.closed());
    EXPECT_EQ(session.close_reason().code(), StatusCode::kTimeout);
  }
}

TEST(Session, APauseOfOurOwnIsNotThePeersSilence) {
  Session session = up();
  session.on_time(at_ms(1000));
  session.on_time(at_ms(60'000));  // the process was stopped meanwhile; the peer's frames wait in a queue
  EXPECT_FALSE(session.closed());
  for (std::int64_t ms = 61'000; ms < 68'000; ms += 1000) session.on_time(at_ms(ms));
  EXPECT_FALSE(session.closed());
  for (std::int64_t ms = 68'000; ms < 71'000; ms += 1000) session.on_time(at_ms(ms));
  EXPECT_TRUE(session.closed()) << "but silence after it is";
}

TEST(Session, ThePeersReasonIsPassedOn) {
  Session session = up();
  const std::vector<Event> events =
      session.on_frame(encode_frame(Refuse{Status(StatusCode::kOutOfRange, "gap: …")}), at_ms(0));
  EXPECT_EQ(std::get<Refused>(events.at(0)).reason.code(), StatusCode::kOutOfRange);
  EXPECT_EQ(session.close_reason(), Status(StatusCode::kOutOfRange, "dc2 refuses the link: gap: …"));
  EXPECT_TRUE(session.take_frames().empty()) << "a refusal is not answered with one";
}

}  // namespace
}  // namespace pando::repl::session_test

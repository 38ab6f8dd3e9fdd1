#include "repl/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/crc32c.h"
#include "base/prng.h"
#include "model/commit_parts.h"
#include "repl/test_fleet.h"

namespace pando::repl::session_test {
namespace {

using test::at_ms;
using test::Author;
using test::FakeLink;
using test::FakeNode;

Hello hello_of(const std::string& node) {
  Hello hello;
  hello.origin = Origin{node, 1};
  hello.ns = "ns";
  return hello;
}

// A session of dc1 that has said its Hello, with nothing durable but `context`.
Session greeting(const VersionVector& context = {}, SessionOptions options = FakeNode("dc1").options()) {
  Session session(std::move(options), at_ms(0));
  session.start(context, {}, at_ms(0));
  EXPECT_EQ(session.take_frames().size(), 1u);
  return session;
}

Session up(const VersionVector& context = {}, SessionOptions options = FakeNode("dc1").options()) {
  Session session = greeting(context, std::move(options));
  EXPECT_EQ(session.on_frame(encode_frame(hello_of("dc2")), at_ms(0)).size(), 1u);
  EXPECT_EQ(session.state(), Session::State::kUp);
  EXPECT_TRUE(session.on_frame(encode_frame(Route{}), at_ms(0)).empty());
  return session;
}

VersionVector vector_of(const Origin& origin, std::uint64_t seq) {
  VersionVector vector;
  vector.raise(origin, Seq(seq));
  return vector;
}

Status reason_sent(Session& session) {
  const std::vector<Bytes> frames = session.take_frames();
  if (frames.empty()) return {};
  const Result<Frame> last = decode_frame(frames.back());
  if (!last || !std::holds_alternative<Refuse>(*last)) return {};
  return std::get<Refuse>(*last).reason;
}

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

// A line of so many bytes per second each way. What is on it cannot be overtaken.
class ThrottledLine {
 public:
  ThrottledLine(FakeLink& link, std::size_t bytes_per_s) : link_(link), bytes_per_turn_(bytes_per_s / 10) {}

  // A tenth of a second, then whether both sessions are up.
  bool turn() {
    ms_ += 100;
    for (int side : {0, 1}) {
      link_.send(side);
      std::vector<Bytes>& out = link_.outgoing(side);
      credit_[side] = out.empty() ? 0 : credit_[side] + bytes_per_turn_;
      while (!out.empty() && credit_[side] >= out.front().size()) {
        credit_[side] -= out.front().size();
        frame_bytes_max_ = std::max(frame_bytes_max_, out.front().size());
        link_.receive(1 - side, at_ms(ms_));
      }
      link_.session(side).on_time(at_ms(ms_));
    }
    return !link_.session(0).closed() && !link_.session(1).closed();
  }
  void set_bytes_per_s(std::size_t bytes_per_s) { bytes_per_turn_ = bytes_per_s / 10; }
  std::int64_t ms() const { return ms_; }
  std::size_t frame_bytes_max() const { return frame_bytes_max_; }

 private:
  FakeLink& link_;
  std::size_t bytes_per_turn_;
  std::size_t credit_[2] = {0, 0};
  std::int64_t ms_ = 0;
  std::size_t frame_bytes_max_ = 0;
};

// Whatever the shape of the backlog, both ways at once: heartbeats get through, and the line is used.
TEST(Session, ASlowLinkStaysUp) {
  struct Row {
    const char* why;
    std::size_t bytes_per_s;
    int commits;
    std::size_t commit_bytes;
  };
  const Row rows[] = {
      {"50 kbit/s, a backlog of a minute", 6250, 500, 1000},
      {"20 kB/s, one commit of 12 s: longer than the silence after which a peer counts as gone", 20'000, 1, 240'000},
      {"the same, many of them", 20'000, 5, 240'000},
      {"2 kB/s, two minutes for one", 2000, 1, 240'000},
  };
  for (const Row& row : rows) {
    FakeNode a("dc1"), b("dc2");
    for (int i = 0; i < row.commits; ++i) {
      a.write(row.commit_bytes);
      b.write(row.commit_bytes);
    }
    FakeLink link(a, b, at_ms(0));
    ThrottledLine line(link, row.bytes_per_s);
    const auto expected_ms = static_cast<std::int64_t>(row.commits * row.commit_bytes * 1000 / row.bytes_per_s);
    while (a.context() != b.context() && line.ms() < 2 * expected_ms) {
      ASSERT_TRUE(line.turn()) << row.why << ": " << link.session(0).close_reason().to_string() << " or "
                               << link.session(1).close_reason().to_string() << " at " << line.ms();
    }
    EXPECT_EQ(a.context(), b.context()) << row.why;
    EXPECT_GT(line.ms(), expected_ms) << row.why;
    EXPECT_LT(line.ms(), expected_ms * 13 / 10) << row.why;
    EXPECT_LE(line.frame_bytes_max(), 2 * limits::kPartBytesMax + 32) << row.why;
  }
}

// A line that was fast: what was handed to the carrier then takes half a minute now, but in many small frames.
TEST(Session, ALinkThatBecomesSlowStaysUp) {
  FakeNode a("dc1"), b("dc2");
  for (int i = 0; i < 40; ++i) a.write(240'000);
  FakeLink link(a, b, at_ms(0));
  ThrottledLine line(link, 5'000'000);
  for (int i = 0; i < 11; ++i) ASSERT_TRUE(line.turn());
  line.set_bytes_per_s(20'000);
  const std::uint64_t before = link.session(1).stats().bytes_received;
  for (int i = 0; i < 900; ++i) ASSERT_TRUE(line.turn()) << link.session(0).close_reason().to_string();
  EXPECT_GT(link.session(1).stats().bytes_received, before + 90 * 20'000 * 8 / 10);
}

TEST(Session, AcksAndHeartbeatsGoBetweenParts) {
  FakeNode a("dc1"), b("dc2");
  a.write(240'000);
  Session session = up(a.context());
  session.seek(LogPos(1));
  a.pump(session, 10);
  std::vector<int> kinds;
  for (std::int64_t ms = 500; session.behind_commits() > 0 && ms < 20'000; ms += 500) {
    for (const Bytes& frame : session.take_frames()) {
      kinds.push_back(frame[0]);
      session.on_drained(frame.size());
      if (const Result<Frame> part = decode_frame(frame); std::holds_alternative<BodyPart>(*part)) {
        const auto& p = std::get<BodyPart>(*part);
        if (p.offset + p.bytes.size() == p.size) session.on_frame(encode_frame(Ack{a.context()}), at_ms(ms));
      }
    }
    session.on_time(at_ms(ms));
  }
  const auto heartbeat = std::find(kinds.begin(), kinds.end(), static_cast<int>(FrameKind::kHeartbeat));
  EXPECT_EQ(kinds.front(), static_cast<int>(FrameKind::kBodyPart));
  ASSERT_NE(heartbeat, kinds.end());
  EXPECT_EQ(kinds.back(), static_cast<int>(FrameKind::kBodyPart));
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), static_cast<int>(FrameKind::kBody)), 0);
}

// The reason why a link ends does not wait for the commit that is crossing.
TEST(Session, ARefusalGoesBetweenParts) {
  FakeNode a("dc1"), b("dc2");
  a.write(240'000);
  FakeLink link(a, b, at_ms(0));
  for (int side : {0, 1}) link.send(side);
  link.receive(0, at_ms(0));
  link.receive(1, at_ms(0));
  link.send(0);
  ASSERT_TRUE(link.receive(1, at_ms(0)));
  const Status reason(StatusCode::kUnavailable, "the namespace goes down");
  link.session(0).refuse(reason);
  link.settle(at_ms(0));
  EXPECT_EQ(link.session(1).close_reason(), reason.with_context("dc1 refuses the link"));
  EXPECT_EQ(b.context(), VersionVector()) << "half a commit is none";
  FakeLink again(a, b, at_ms(1));
  again.settle(at_ms(1));
  EXPECT_EQ(b.context(), a.context());
}

// Halfway through a commit the peer dies: found like any other silence.
TEST(Session, SilenceBetweenPartsEndsTheLink) {
  FakeNode a("dc1"), b("dc2");
  a.write(1'000'000);
  FakeLink link(a, b, at_ms(0));
  ThrottledLine line(link, 20'000);
  while (line.ms() < 5000) ASSERT_TRUE(line.turn());
  Session& receiver = link.session(1);
  std::int64_t ms = line.ms();
  for (; !receiver.closed() && ms < 60'000; ms += 100) receiver.on_time(at_ms(ms));
  EXPECT_EQ(receiver.close_reason().code(), StatusCode::kTimeout);
  EXPECT_LE(ms, line.ms() + 10'200);
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

TEST(Session, NothingIsSentBeforeThePeerSaysWhatItWantsWhole) {
  Session session = greeting(vector_of(Origin{"dc1", 1}, 1));
  session.on_frame(encode_frame(hello_of("dc2")), at_ms(0));
  session.seek(LogPos(1));
  EXPECT_EQ(session.wants(), std::nullopt);
  session.on_frame(encode_frame(Route{}), at_ms(0));
  EXPECT_EQ(session.wants(), LogPos(1));

  Session older = greeting(vector_of(Origin{"dc1", 1}, 1));
  Hello hello = hello_of("dc2");
  hello.version = 1;
  older.on_frame(encode_frame(hello), at_ms(0));
  older.seek(LogPos(1));
  EXPECT_EQ(older.wants(), LogPos(1)) << "a peer of version 1 does not know that frame";
  older.route({Origin{"dc9", 1}});
  EXPECT_TRUE(older.take_frames().empty());
}

// What a session of dc1 sends of a log of its own and of dc3's commits, in turns.
class Announcing : public testing::Test {
 protected:
  void start(std::vector<Origin> have_only) {
    VersionVector durable = vector_of(own_.self(), 0);
    session_.emplace(up());
    session_->seek(LogPos(1));
    session_->on_frame(encode_frame(Route{std::move(have_only)}), at_ms(0));
  }
  void log(Bytes commit) {
    const Result<Dot> dot = peek_dot(commit);
    durable_.raise(dot->origin, dot->seq);
    log_.push_back(std::move(commit));
    session_->on_durable(durable_);
  }
  // Everything that is sent, in words.
  std::string sent() {
    std::string words;
    for (;;) {
      while (session_->wants() && session_->wants()->value <= log_.size()) {
        session_->offer(*session_->wants(), log_[session_->wants()->value - 1]);
      }
      const std::vector<Bytes> frames = session_->take_frames();
      if (frames.empty()) return words;
      for (const Bytes& bytes : frames) {
        const Result<Frame> frame = decode_frame(bytes);
        EXPECT_TRUE(frame.has_value());
        for (const BodyItem& item : std::get<Body>(*frame).items) {
          if (const auto* have = std::get_if<Have>(&item)) {
            words += "have" + to_string(have->upto) + " ";
          } else {
            words += to_string(*peek_dot(commit_of(item))) + (std::holds_alternative<Answer>(item) ? "! " : " ");
          }
        }
        session_->on_drained(bytes.size());
      }
    }
  }
  Status want(std::vector<Want::Range> ranges) {
    session_->on_frame(encode_frame(Want{std::move(ranges)}), at_ms(0));
    return session_->close_reason();
  }

  FakeNode own_{"dc1"};
  const Origin dc1_{"dc1", 1}, dc3_{"dc3", 1}, dc4_{"dc4", 1};
  Author by_dc1_{dc1_}, by_dc3_{dc3_}, by_dc4_{dc4_};
  VersionVector durable_;
  std::vector<Bytes> log_;
  std::optional<Session> session_;
};

TEST_F(Announcing, InThePlaceOfTheCommitAndRunsAsOne) {
  start({dc3_});
  for (int i = 0; i < 3; ++i) log(by_dc3_.next());
  log(by_dc1_.next());
  log(by_dc3_.next());
  EXPECT_EQ(sent(), "have{dc3:3} dc1:1 have{dc3:4} ");
  EXPECT_EQ(session_->stats().commits_announced, 4u);
  EXPECT_EQ(session_->stats().commits_sent, 1u);
}

TEST_F(Announcing, ManyInARowGiveUpTheirOrder) {
  start({dc3_, dc4_});
  for (int i = 0; i < 100; ++i) {
    log(by_dc3_.next());
    log(by_dc4_.next());
  }
  log(by_dc1_.next());
  EXPECT_EQ(sent(), "have{dc3:100, dc4:100} dc1:1 ");
}

TEST_F(Announcing, WhatIsWantedComesInTheLogsOrderAndTheRestGoesOn) {
  start({dc3_, dc4_});
  log(by_dc3_.next());
  log(by_dc4_.next());
  log(by_dc1_.next());
  log(by_dc3_.next());
  EXPECT_EQ(sent(), "have{dc3:1} have{dc4:1} dc1:1 have{dc3:2} ");
  EXPECT_TRUE(want({{dc3_, Seq(0), Seq(2)}, {dc4_, Seq(0), Seq(1)}}).ok());
  log(by_dc1_.next());
  EXPECT_EQ(sent(), "dc3:1! dc4:1! dc3:2! dc1:2 ");
  session_->on_frame(encode_frame(Route{{dc4_}}), at_ms(0));
  log(by_dc3_.next());
  EXPECT_EQ(sent(), "dc3:3 ") << "from the new Route on it comes whole";
  EXPECT_EQ(session_->stats().commits_wanted, 3u);
}

TEST_F(Announcing, OnlyWhatWasAnnouncedCanBeWanted) {
  start({dc3_});
  log(by_dc3_.next());
  sent();
  EXPECT_EQ(want({{dc3_, Seq(0), Seq(2)}}).code(), StatusCode::kInvalidArgument);
}

TEST(Session, PacksOnLinksThatAreNotKnownToBeFast) {
  for (const bool understood : {true, false}) {
    FakeNode a("dc1"), b("dc2");
    for (int i = 0; i < 200; ++i) a.write(100);
    SessionOptions ours = a.options();
    ours.pack = true;
    FakeLink link(a, ours, b, b.options(), at_ms(0));
    if (!understood) {
      link.session(1).take_frames();
      link.outgoing(1).push_back(encode_frame(hello_of("dc2")));
      link.outgoing(1).push_back(encode_frame(Route{}));
    }
    link.settle(at_ms(1));
    EXPECT_EQ(link.session(0).stats().bodies_packed > 0, understood);
    EXPECT_EQ(link.session(0).stats().bytes_sent < 200 * 60, understood);
    EXPECT_EQ(a.context(), b.context());
  }
}

TEST(Session, DoesNotPackOnLinksThatTakeAllTheyAreGiven) {
  for (const std::size_t budget : {0, 100'000'000}) {
    FakeNode a("dc1"), b("dc2");
    SessionOptions ours = a.options();
    ours.pack = true;
    ours.bytes_per_s_max = budget;
    FakeLink link(a, ours, b, b.options(), at_ms(0));
    link.settle(at_ms(1));
    for (int i = 0; i < 5; ++i) link.session(0).on_drained(1 << 20);
    for (const int side : {0, 1}) link.session(side).on_time(at_ms(2));
    for (int i = 0; i < 100; ++i) a.write(1000);
    link.settle(at_ms(2));
    EXPECT_EQ(a.context(), b.context());
    EXPECT_EQ(link.session(0).stats().bodies_packed != 0, budget != 0) << "a budget is worth saving";
  }
}

// Whoever waits there waits unpacked.
TEST(Session, WhatIsUnacknowledgedCountsAsItIsUnpacked) {
  FakeNode a("dc1");
  SessionOptions ours = a.options();
  ours.pack = true;
  ours.unacked_bytes_max = 100'000;
  for (int i = 0; i < 1000; ++i) a.write(1000);
  Session session(ours, at_ms(0));
  a.attach(session, at_ms(0));
  Hello hello = hello_of("dc2");
  hello.features = kFeatures;
  session.on_frame(encode_frame(hello), at_ms(0));
  session.on_frame(encode_frame(Route{}), at_ms(0));
  session.seek(LogPos(1));
  for (int i = 0; i < 100; ++i) {
    a.pump(session, 1000);
    for (const Bytes& frame : session.take_frames()) session.on_drained(frame.size());
  }
  EXPECT_GT(session.stats().bodies_packed, 0u);
  EXPECT_LT(session.stats().commits_sent, 130u);
  a.detach(session);
}

TEST(Session, KeepsToTheLowerOfBothBudgets) {
  for (const auto& [ours, theirs] : {std::pair(20'000, 0), std::pair(0, 20'000), std::pair(50'000, 20'000)}) {
    FakeNode a("dc1"), b("dc2");
    SessionOptions options[2] = {a.options(), b.options()};
    options[0].bytes_per_s_max = static_cast<std::size_t>(ours);
    options[1].bytes_per_s_max = static_cast<std::size_t>(theirs);
    for (int i = 0; i < 100; ++i) a.write(1000);
    FakeLink link(a, options[0], b, options[1], at_ms(0));
    std::int64_t ms = 0;
    for (; b.context() != a.context() && ms < 60'000; ms += 10) {
      for (const int side : {0, 1}) link.session(side).on_time(at_ms(ms));
      link.settle(at_ms(ms));
    }
    EXPECT_GT(ms, 4'000) << "100 kB at 20 kB/s";
    EXPECT_LT(ms, 7'000);
    EXPECT_FALSE(link.session(0).closed()) << link.session(0).close_reason().to_string();
  }
}

// Commits larger than what may pass in a quarter of a second, over a budget far below the carrier's pace: the peer gets
// a piece of them every now and then, and is heard all the while.
TEST(Session, ASmallBudgetSendsSmallParts) {
  FakeNode a("dc1"), b("dc2");
  SessionOptions ours = a.options();
  ours.bytes_per_s_max = 2000;
  for (int i = 0; i < 3; ++i) a.write(20'000);
  FakeLink link(a, ours, b, b.options(), at_ms(0));
  std::int64_t ms = 0;
  std::int64_t silent_ms_max = 0;
  for (; b.context() != a.context() && ms < 120'000; ms += 10) {
    for (const int side : {0, 1}) link.session(side).on_time(at_ms(ms));
    link.settle(at_ms(ms));
    ASSERT_FALSE(link.session(0).closed()) << link.session(0).close_reason().to_string();
    silent_ms_max = std::max(silent_ms_max, (instant_of(at_ms(ms)) - link.session(1).data_heard_at()).millis());
  }
  EXPECT_GT(ms, 30'000);
  EXPECT_LT(ms, 45'000) << "heartbeats count too";
  EXPECT_LT(silent_ms_max, 1000);
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

TEST(Session, AnnouncementsAreAcknowledgedAfterAWhile) {
  const Origin dc3{"dc3", 1};
  Session session = up();
  const auto announce = [&](std::uint64_t number, std::uint64_t seq) {
    Body body{LogPos(1), {}, number};
    body.items.emplace_back(Have{vector_of(dc3, seq)});
    session.on_frame(encode_frame(body), at_ms(0));
    session.on_durable(vector_of(dc3, seq));
  };
  announce(1, 1);
  EXPECT_TRUE(session.take_frames().empty()) << "with the next heartbeat";
  for (std::uint64_t i = 2; i <= 256; ++i) announce(i, i);
  EXPECT_EQ(session.take_frames().size(), 1u) << "the sender's window must not fill up";
  EXPECT_EQ(session.peer_durable().get(dc3), Seq(256));
}

TEST(Session, AnAnnouncedCommitOfOurOwnThatWeLackIsALostTail) {
  Session session = up();
  Body body{LogPos(1), {}, 1};
  body.items.emplace_back(Have{vector_of(Origin{"dc1", 1}, 4)});
  const std::vector<Event> events = session.on_frame(encode_frame(body), at_ms(0));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<PeerRemembersMore>(events[0]).seq, Seq(4));
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

// One origin's commits, in turn of tables kv and row; every fourth of both, as one.
std::vector<Bytes> mixed_commits(const Origin& origin, std::uint64_t count) {
  std::vector<Bytes> all;
  std::uint64_t chain = 0;
  for (std::uint64_t seq = 1; seq <= count; ++seq) {
    Commit commit;
    commit.dot = {origin, Seq(seq)};
    commit.hlc = Hlc::from_wall_ms(1'700'000'000'000 + static_cast<std::int64_t>(seq));
    if (seq % 4 < 2) commit.ops.push_back(PutOp{CellPath{"kv", "k", CellKind::kRegister, ""}, "v", {}});
    if (seq % 4 != 1) commit.ops.push_back(PutOp{CellPath{"row", "r", CellKind::kRegister, ""}, "v", {}});
    divide(commit, [](std::string_view) { return false; });
    all.push_back(seal_commit(chain, commit));
    chain = commit.chain;
  }
  return all;
}

// What is of no table that a peer takes is a skip, a run of them one item; both ends agree on how far they are, and on
// the hash.
TEST(Session, PartsAndSkips) {
  FakeNode cloud("cloud"), edge("edge");
  for (Bytes& commit : mixed_commits(cloud.self(), 40)) cloud.append(std::move(commit));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  {
    FakeLink link(cloud, cloud.options(), edge, takes, at_ms(0));
    link.settle(at_ms(1));
    EXPECT_EQ(link.session(0).behind_commits(), 0u);
    EXPECT_EQ(link.session(0).stats().commits_skipped, 20u) << "2, 3, 6, 7, …";
  }
  EXPECT_EQ(edge.context(), cloud.context());
  EXPECT_EQ(edge.heads(), cloud.heads());
  EXPECT_EQ(edge.log().size(), 30u) << "two of four are one skip";
  for (const Bytes& bytes : edge.log()) {
    const Commit commit = decode_commit(bytes).value();
    for (const Op& op : commit.ops) EXPECT_EQ(table_of(op), "kv");
  }
  // Met again, whoever takes as much or less gets it from there.
  FakeNode other("other");
  SessionOptions less = other.options();
  less.tables = TableSet::of({"kv"});
  FakeLink link(edge, takes, other, less, at_ms(2));
  link.settle(at_ms(3));
  EXPECT_EQ(other.context(), cloud.context());
}

// A node that has only parts says so of each commit, in its place; who takes more gets them elsewhere, then what the
// node made itself.
TEST(Session, PartsAreNotGivenForTheWhole) {
  FakeNode cloud("cloud"), edge("edge"), second("second");
  for (Bytes& commit : mixed_commits(cloud.self(), 8)) cloud.append(std::move(commit));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  FakeLink down(cloud, cloud.options(), edge, takes, at_ms(0));
  down.settle(at_ms(1));
  edge.write();
  FakeLink across(edge, takes, second, second.options(), at_ms(2));
  across.settle(at_ms(3));
  EXPECT_TRUE(second.context().empty()) << "the edge's own commit may build on the others";
  EXPECT_FALSE(across.session(1).gives(cloud.self()));
  EXPECT_TRUE(across.session(1).gives(edge.self()));
  FakeLink up(cloud, cloud.options(), second, second.options(), at_ms(4));
  up.settle(at_ms(5));
  across.settle(at_ms(6));
  EXPECT_EQ(second.context().get(edge.self()), Seq(1));
  EXPECT_EQ(second.context().get(cloud.self()), Seq(8));
  EXPECT_EQ(second.log().size(), 9u) << "whole commits, no skips";
}

// Who asks for one all the same breaks the protocol.
TEST(Session, PartsAreNotWanted) {
  FakeNode edge("dc1");
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  const std::vector<Bytes> commits = mixed_commits(Origin{"dc9", 1}, 1);
  Session session = up(vector_of(Origin{"dc9", 1}, 1), takes);
  session.seek(LogPos(1));
  session.offer(LogPos(1), commits[0]);
  (void)session.take_frames();
  EXPECT_EQ(session.stats().commits_announced, 1u);
  (void)session.on_frame(encode_frame(Want{{{Origin{"dc9", 1}, Seq(0), Seq(1)}}}), at_ms(1));
  EXPECT_EQ(session.close_reason().message(), "dc2 wants commits of dc9, of which dc1 holds only kv");
}

// What a node lost it gets back whole, whatever it takes of others'.
TEST(Session, OwnCommitsComeBackWhole) {
  FakeNode cloud("cloud"), edge("edge");
  for (Bytes& commit : mixed_commits(Origin{"edge", 1}, 8)) cloud.append(std::move(commit));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({});
  takes.self.epoch = 2;
  FakeLink link(cloud, cloud.options(), edge, takes, at_ms(0));
  link.settle(at_ms(1));
  EXPECT_EQ(link.session(0).stats().commits_skipped, 0u);
  EXPECT_EQ(link.session(0).stats().commits_sent, 8u);
}

// A peer that knows nothing of parts is not sent the whole instead.
TEST(Session, PartsNeedAPeerThatKnowsThem) {
  Session session = greeting(vector_of(Origin{"dc1", 1}, 1));
  Hello hello = hello_of("dc2");
  hello.tables = TableSet::of({"row"});
  (void)session.on_frame(encode_frame(hello), at_ms(0));
  (void)session.on_frame(encode_frame(Route{}), at_ms(0));
  session.seek(LogPos(1));
  session.offer(LogPos(1), mixed_commits(Origin{"dc1", 1}, 1)[0]);
  EXPECT_EQ(session.close_reason().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace pando::repl::session_test

#include <gtest/gtest.h>

#include <algorithm>

#include "repl/session_suite.h"

namespace pando::repl::session_test {
namespace {

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

}  // namespace
}  // namespace pando::repl::session_test

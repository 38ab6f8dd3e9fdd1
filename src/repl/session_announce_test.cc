#include <gtest/gtest.h>

#include "repl/session_suite.h"

namespace pando::repl::session_test {
namespace {

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
  void start(std::vector<Origin> have_only, SessionOptions options = FakeNode("dc1").options()) {
    session_.emplace(up({}, std::move(options)));
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

TEST_F(Announcing, WhatIsWantedOnceMoreComesOnceMoreThoughTheRestIsOnItsWay) {
  start({dc3_, dc4_});
  log(by_dc3_.next());
  log(by_dc4_.next());
  log(by_dc3_.next());
  sent();
  EXPECT_TRUE(want({{dc3_, Seq(0), Seq(2)}, {dc4_, Seq(0), Seq(1)}}).ok());
  session_->offer(*session_->wants(), log_[0]);
  session_->offer(*session_->wants(), log_[1]);
  EXPECT_TRUE(want({{dc3_, Seq(0), Seq(2)}}).ok());
  EXPECT_EQ(sent(), "dc3:1! dc4:1! dc3:1! dc3:2! ");
}

TEST_F(Announcing, WhatIsWantedOnceMorePassesWhatWaitsForIt) {
  SessionOptions options = own_.options();
  options.unacked_bytes_max = 2000;
  start({dc3_, dc4_}, options);
  log(by_dc3_.next(1000));
  for (int i = 0; i < 3; ++i) log(by_dc4_.next(1000));
  EXPECT_EQ(sent(), "have{dc3:1} have{dc4:3} ");
  EXPECT_TRUE(want({{dc3_, Seq(0), Seq(1)}, {dc4_, Seq(0), Seq(3)}}).ok());
  EXPECT_EQ(sent(), "dc3:1! dc4:1! ");
  session_->on_frame(encode_frame(Quarantined{{dc3_, Seq(1)}, Status(StatusCode::kDataLoss, "torn")}), at_ms(0));
  EXPECT_EQ(sent(), "") << "the window is full of what the peer cannot take before dc3:1";
  EXPECT_TRUE(want({{dc3_, Seq(0), Seq(1)}}).ok());
  EXPECT_EQ(sent(), "dc3:1! ");
  VersionVector there = vector_of(dc3_, 1);
  there.raise(dc4_, Seq(1));
  session_->on_frame(encode_frame(Ack{there}), at_ms(0));
  EXPECT_EQ(sent(), "dc4:2! dc4:3! ");
}

TEST_F(Announcing, OnlyWhatWasAnnouncedCanBeWanted) {
  start({dc3_});
  log(by_dc3_.next());
  sent();
  EXPECT_EQ(want({{dc3_, Seq(0), Seq(2)}}).code(), StatusCode::kInvalidArgument);
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

}  // namespace
}  // namespace pando::repl::session_test

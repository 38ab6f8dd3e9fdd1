// repl/session_suite.h — for tests of Session: one of dc1 that dc2 greets, frame by frame.
//
// session_test.cc           greeting, order, windows, acknowledgements, heartbeats, how links end
// session_pace_test.cc      slow lines, large commits, packing, budgets
// session_announce_test.cc  commits that come by another way
// session_parts_test.cc     peers that take some of the tables
#pragma once

#include <gtest/gtest.h>

#include "repl/session.h"
#include "repl/test_fleet.h"

namespace pando::repl::session_test {

using test::at_ms;
using test::Author;
using test::FakeLink;
using test::FakeNode;

inline Hello hello_of(const std::string& node) {
  Hello hello;
  hello.origin = Origin{node, 1};
  hello.ns = "ns";
  return hello;
}

// A session of dc1 that has said its Hello, with nothing durable but `context`.
inline Session greeting(const VersionVector& context = {}, SessionOptions options = FakeNode("dc1").options()) {
  Session session(std::move(options), at_ms(0));
  session.start(context, {}, at_ms(0));
  EXPECT_EQ(session.take_frames().size(), 1u);
  return session;
}

// The same, and dc2 has answered.
inline Session up(const VersionVector& context = {}, SessionOptions options = FakeNode("dc1").options()) {
  Session session = greeting(context, std::move(options));
  EXPECT_EQ(session.on_frame(encode_frame(hello_of("dc2")), at_ms(0)).size(), 1u);
  EXPECT_EQ(session.state(), Session::State::kUp);
  EXPECT_TRUE(session.on_frame(encode_frame(Route{}), at_ms(0)).empty());
  return session;
}

inline VersionVector vector_of(const Origin& origin, std::uint64_t seq) {
  VersionVector vector;
  vector.raise(origin, Seq(seq));
  return vector;
}

// What dc1 says is wrong, in the last of the frames it has sent.
inline Status reason_sent(Session& session) {
  const std::vector<Bytes> frames = session.take_frames();
  if (frames.empty()) return {};
  const Result<Frame> last = decode_frame(frames.back());
  if (!last || !std::holds_alternative<Refuse>(*last)) return {};
  return std::get<Refuse>(*last).reason;
}

}  // namespace pando::repl::session_test

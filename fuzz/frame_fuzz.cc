// Frames from a peer that means ill: decoding never crashes, what decodes encodes back to the same meaning,
// a session fed with anything either goes on or closes the link with a reason, and commits that are cut into
// parts are joined to the same.
//
// The input is a run of frames, u16(size) before each. The first byte says whether the checksums are mended,
// so that the fuzzer gets past them.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/time.h"
#include "model/commit.h"
#include "repl/frame.h"
#include "repl/intake.h"
#include "repl/parts.h"
#include "repl/session.h"

namespace pando::repl {
namespace {

Time now_of(std::int64_t turn) { return Time{turn * 400'000, 1'700'000'000'000 + turn * 400}; }

void mend(Bytes& frame) {
  if (frame.size() < kFrameHeaderBytes) return;
  const std::uint32_t crc = crc32c(ByteSpan(frame).substr(kFrameHeaderBytes), crc32c(ByteSpan(frame).substr(0, 2)));
  std::memcpy(frame.data() + 2, &crc, sizeof crc);
}

// What decodes has one form, except for options this node does not know and words it cannot repeat.
void check_round_trip(ByteSpan frame) {
  const Result<Frame> decoded = decode_frame(frame);
  if (!decoded) {
    CHECK(!decoded.error().message().empty());
    return;
  }
  if (const Hello* hello = std::get_if<Hello>(&*decoded)) CHECK(*decode_hello(encode_frame(*hello)) == *hello);
  if (const Body* body = std::get_if<Body>(&*decoded); body != nullptr && !body->unpacked) {
    CHECK(encode_frame(*body) == frame);
  }
  if (const BodyPart* part = std::get_if<BodyPart>(&*decoded)) CHECK(encode_frame(*part) == frame);
  if (const Route* route = std::get_if<Route>(&*decoded)) CHECK(encode_frame(*route) == frame);
  if (const Want* want = std::get_if<Want>(&*decoded)) CHECK(encode_frame(*want) == frame);
  if (const Ack* ack = std::get_if<Ack>(&*decoded)) CHECK(encode_frame(*ack) == frame);
  if (const Quarantined* lacks = std::get_if<Quarantined>(&*decoded)) {
    CHECK(std::get<Quarantined>(*decode_frame(encode_frame(*lacks))).dot == lacks->dot);
  }
}

Bytes own_commit(std::uint64_t seq, std::uint64_t& chain) {
  Commit commit;
  commit.dot = Dot{Origin{"dc1", 1}, Seq(seq)};
  commit.hlc = Hlc{seq};
  Bytes bytes = seal_commit(chain, commit);
  chain = commit.chain;
  return bytes;
}

// `content` as the content of a Body, cut as the bytes of `sizes` say.
void check_parts(ByteSpan content, ByteSpan sizes) {
  if (content.empty() || sizes.empty()) return;
  const Result<Body> meant = decode_body_content(content);
  if (!meant) return;
  BodyCutter cutter;
  cutter.add(Bytes(content));
  BodyJoiner joiner;
  std::vector<Bytes> joined;  // each item as it would stand in a body
  const auto items_of = [](const Body& body) {
    std::vector<Bytes> items;
    for (const BodyItem& item : body.items) {
      Writer out(items.emplace_back());
      encode_item(item, out);
    }
    return items;
  };
  for (std::size_t i = 0; !cutter.empty(); ++i) {
    const Bytes bytes = cutter.next(1 + static_cast<std::uint8_t>(sizes[i % sizes.size()]));
    const Result<Frame> frame = decode_frame(bytes);
    if (const Body* whole = std::get_if<Body>(&*frame)) {
      CHECK(joiner.add(*whole).ok());
      joined = items_of(*whole);
    } else {
      Result<std::optional<Body>> body = joiner.add(std::get<BodyPart>(*frame));
      CHECK(body.has_value());
      CHECK(body->has_value() == cutter.empty());
      if (*body) joined = items_of(**body);
    }
  }
  CHECK(joined == items_of(*meant));
}

void run(ByteSpan input) {
  if (input.empty()) return;
  check_parts(input.substr(1), input.substr(0, 1));
  const bool mended = (input[0] & 1) != 0;
  const bool greeted = (input[0] & 2) != 0;
  input.remove_prefix(1);

  constexpr std::uint64_t kOwn = 3;
  VersionVector durable;
  durable.raise(Origin{"dc1", 1}, Seq(kOwn));
  std::vector<Bytes> log;
  std::uint64_t chain = 0;
  for (std::uint64_t seq = 1; seq <= kOwn; ++seq) log.push_back(own_commit(seq, chain));

  SessionOptions options;
  options.self = Origin{"dc1", 1};
  options.ns = "ns";
  Session session(options, now_of(0));
  session.start(durable, {}, now_of(0));
  if (greeted) {
    Hello hello;
    hello.origin = Origin{"dc2", 1};
    hello.ns = "ns";
    session.on_frame(encode_frame(hello), now_of(0));
    session.seek(LogPos(1));
    session.on_frame(encode_frame(Route{}), now_of(0));
  }
  for (std::int64_t turn = 1; input.size() >= 2; ++turn) {
    const std::size_t size = std::min<std::size_t>(
        static_cast<std::uint8_t>(input[0]) | (static_cast<std::uint8_t>(input[1]) << 8), input.size() - 2);
    Bytes frame(input.substr(2, size));
    input.remove_prefix(2 + size);
    if (mended) mend(frame);
    check_round_trip(frame);
    for (const Event& event : session.on_frame(frame, now_of(turn))) {
      if (std::holds_alternative<HelloReceived>(event)) {
        session.seek(LogPos(1));
        session.route({});
      }
      if (const auto* got = std::get_if<CommitsReceived>(&event)) {
        for (const BodyItem& item : got->items) {
          const ByteSpan commit = commit_of(item);
          if (commit.empty()) continue;
          const Verdict verdict = examine(commit, durable, {}, now_of(turn).wall_ms, IntakeOptions{options.self});
          if (const auto* next = std::get_if<Next>(&verdict))
            durable.raise(next->commit.dot.origin, next->commit.dot.seq);
          if (const auto* rejected = std::get_if<Rejected>(&verdict)) CHECK(!rejected->reason.ok());
        }
        session.on_durable(durable);
      }
    }
    while (const std::optional<LogPos> pos = session.wants()) {
      if (pos->value > log.size()) break;
      session.offer(*pos, log[pos->value - 1]);
    }
    session.on_time(now_of(turn));
    for (const Bytes& out : session.take_frames()) {
      CHECK(decode_frame(out).has_value());
      session.on_drained(out.size());
    }
    CHECK(session.closed() == !session.close_reason().ok());
  }
}

}  // namespace
}  // namespace pando::repl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pando::repl::run(pando::ByteSpan(reinterpret_cast<const char*>(data), size));
  return 0;
}

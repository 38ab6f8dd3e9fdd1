// hostile-peer: a peer that means ill, over the real wire, for tests/hostile/run.
//
//   hostile-peer ADDRESS NAMESPACE ATTACK [NAME] [SECONDS]
//
// Dials the node at ADDRESS as NAME (dc9), says a Hello where the attack has one, attacks, and prints what the node
// says to it, a line each, until the link ends or SECONDS (3) have passed:
//
//   refuse CODE MESSAGE · quarantine ORIGIN:SEQ CODE MESSAGE · hello ORIGIN · want ORIGIN A-B · down REASON
//
// and last `received N frames, N bytes`. Exit code 2: no such attack, or the node cannot be dialled.
#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "base/crc32c.h"
#include "base/limits.h"
#include "base/status.h"
#include "io/grpc/links.h"
#include "model/commit.h"
#include "repl/frame.h"

namespace {

using namespace pando;
using Clock = std::chrono::steady_clock;

std::int64_t wall_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

// The link, as seen from here.
class Peer final : public io::LinkEvents {
 public:
  Peer(std::string ns, std::string name, Clock::time_point end)
      : origin_{std::move(name), 1}, ns_(std::move(ns)), end_(end), links_(*this, ids_) {}

  bool dial(const std::string& address) {
    links_.dial(1, {.address = address, .tls = {}, .allow_insecure = true});
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return up_ || down_; });
    return up_.has_value();
  }
  void up(LinkId id, std::uint64_t, std::string, io::PeerNames) override {
    const std::lock_guard lock(mutex_);
    up_ = id;
    changed_.notify_all();
  }
  void frame(LinkId id, Bytes frame) override {
    {
      const std::lock_guard lock(mutex_);
      ++frames_;
      bytes_ += frame.size();
      print(frame);
      changed_.notify_all();
    }
    if (reads_) links_.consumed(id, frame.size());
  }
  void drained(LinkId, std::size_t bytes) override {
    const std::lock_guard lock(mutex_);
    queued_ -= bytes;
    changed_.notify_all();
  }
  void down(LinkId, std::uint64_t, std::string reason) override {
    const std::lock_guard lock(mutex_);
    if (!finished_) fmt::print("down {}\n", reason);
    down_ = true;
    changed_.notify_all();
  }

  repl::Hello hello() const {
    repl::Hello hello;
    hello.origin = origin_;
    hello.ns = ns_;
    hello.features = repl::kFeatures;
    return hello;
  }
  // Waits while much is queued already. False once the link is down or the time is over.
  bool send(Bytes frame) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, end_, [&] { return down_ || queued_ < (8u << 20); }) || down_) return false;
    queued_ += frame.size();
    lock.unlock();
    links_.send(*up_, std::move(frame));
    return true;
  }
  template <typename Said>
  bool say(const Said& said) {
    return send(repl::encode_frame(said));
  }
  void meet() {
    say(hello());
    say(repl::Route{});
  }
  bool bring(const Commit& commit, std::uint64_t number, bool spoiled = false) {
    Commit copy = commit;
    Bytes bytes = seal_commit(0, copy);
    if (spoiled) bytes.back() = static_cast<char>(bytes.back() ^ 1);
    return say(repl::Body{LogPos(number), {ByteSpan(bytes)}, number});
  }
  Commit commit(const Origin& origin, std::uint64_t seq, std::int64_t at_ms) const {
    Commit commit;
    commit.dot = {origin, Seq(seq)};
    commit.hlc = Hlc::from_wall_ms(at_ms);
    commit.ops = {PutOp{{"kv", "forged", CellKind::kRegister, {}}, "forged", {}}};
    return commit;
  }
  const Origin& origin() const { return origin_; }
  void stop_reading() { reads_ = false; }

  // Until the link is down or the time is over; says every second that it is alive, as a peer does.
  void listen(bool alive) {
    while (Clock::now() < end_) {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return down_; })) return;
      lock.unlock();
      if (alive) say(repl::Heartbeat{{}, wall_ms(), 0, {}, {}});
    }
  }
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    links_.shutdown(Duration::seconds(1));
    fmt::print("received {} frames, {} bytes\n", frames_, bytes_);
  }

 private:
  void print(const Bytes& bytes) {
    const Result<repl::Frame> frame = repl::decode_frame(bytes);
    if (!frame) {
      fmt::print("unreadable {}\n", frame.error().to_string());
    } else if (const auto* refuse = std::get_if<repl::Refuse>(&*frame)) {
      fmt::print("refuse {} {}\n", code_name(refuse->reason.code()), refuse->reason.message());
    } else if (const auto* lacks = std::get_if<repl::Quarantined>(&*frame)) {
      fmt::print("quarantine {} {}\n", to_string(lacks->dot), lacks->reason.to_string());
    } else if (const auto* hello = std::get_if<repl::Hello>(&*frame)) {
      fmt::print("hello {}\n", to_string(hello->origin));
    } else if (const auto* want = std::get_if<repl::Want>(&*frame)) {
      for (const auto& range : want->ranges) {
        fmt::print("want {} {}-{}\n", to_string(range.origin), range.after.value + 1, range.upto.value);
      }
    }
    std::fflush(stdout);
  }

  const Origin origin_;
  const std::string ns_;
  const Clock::time_point end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<LinkId> up_;
  bool down_ = false;
  bool finished_ = false;
  std::atomic<bool> reads_ = true;
  std::size_t queued_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
  io::LinkIds ids_;
  io::Links links_;  // last: its threads use all of the above
};

struct Attack {
  std::function<void(Peer&)> run;
  bool alive = true;  // says now and then that it is
};

// A frame of that kind around any bytes, with a checksum that fits.
Bytes framed(std::uint8_t kind, ByteSpan body) {
  Bytes bytes{static_cast<char>(kind), '\0'};
  std::uint32_t crc = crc32c(body, crc32c(bytes));
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(crc >> (8 * i)));
  return bytes.append(body);
}

const std::map<std::string, Attack>& attacks() {
  constexpr std::int64_t kDay = 24 * 3'600'000;
  static const std::map<std::string, Attack> kAttacks{
      {"garbage-first", {[](Peer& p) { p.send(Bytes(5000, '\xA5')); }}},
      {"garbage-later", {[](Peer& p) { p.meet(), p.send(Bytes("garbage")); }}},
      {"checksum-fits", {[](Peer& p) { p.meet(), p.send(framed(2, Bytes(3000, '\xFF'))); }}},
      {"kind-unknown", {[](Peer& p) { p.meet(), p.send(framed(7, "")); }}},
      {"kind-optional", {[](Peer& p) { p.meet(), p.send(framed(200, "whatever")); }}},
      {"no-hello", {[](Peer& p) { p.say(repl::Ack{}); }}},
      {"no-such-namespace", {[](Peer& p) {
         repl::Hello hello = p.hello();
         hello.ns = "nowhere";
         p.say(hello);
       }}},
      {"hello-twice", {[](Peer& p) { p.meet(), p.say(p.hello()); }}},
      {"too-new", {[](Peer& p) {
         repl::Hello hello = p.hello();
         hello.version = 99;
         hello.version_min = 98;
         p.say(hello);
       }}},
      // Called with the node's own name.
      {"is-the-node", {[](Peer& p) { p.meet(); }}},
      {"remembers-an-epoch", {[](Peer& p) {
         repl::Hello hello = p.hello();
         hello.origin.node = "dc9";
         hello.context.raise({p.origin().node, ~std::uint64_t{0}}, Seq(5));
         p.say(hello);
       }}},
      {"writes-as-the-node", {[](Peer& p) {
         repl::Hello hello = p.hello();
         hello.origin.node = "dc9";
         p.say(hello), p.say(repl::Route{});
         p.bring(p.commit({p.origin().node, ~std::uint64_t{0}}, 1, wall_ms()), 1);
       }}},
      {"far-future", {[](Peer& p) { p.meet(), p.bring(p.commit(p.origin(), 1, wall_ms() + 2 * kDay), 1); }}},
      {"end-of-time", {[](Peer& p) { p.meet(), p.bring(p.commit(p.origin(), 1, (std::int64_t{1} << 47) - 1), 1); }}},
      {"spoiled-commit", {[](Peer& p) { p.meet(), p.bring(p.commit(p.origin(), 1, wall_ms()), 1, true); }}},
      {"wrong-number", {[](Peer& p) { p.meet(), p.bring(p.commit(p.origin(), 1, wall_ms()), 7); }}},
      {"gap-in-commits", {[](Peer& p) { p.meet(), p.bring(p.commit(p.origin(), 9, wall_ms()), 1); }}},
      {"giant-part", {[](Peer& p) {
         p.meet(), p.say(repl::BodyPart{1, std::uint64_t{1} << 40, 0, "x"});
       }}},
      {"parts-without-end", {[](Peer& p) {
         // Of one body as large as may be, all but its end.
         p.meet();
         const Bytes piece(limits::kFrameBytesMax / 80, 'x');
         for (std::uint64_t part = 0; part < 79; ++part) {
           if (!p.say(repl::BodyPart{part + 1, limits::kFrameBytesMax, part * piece.size(), piece})) return;
         }
       }}},
      {"heartbeats-without-end", {[](Peer& p) {
         p.meet();
         while (p.say(repl::Heartbeat{{}, wall_ms(), 0, {}, {}})) continue;
       }}},
      {"wants-without-end", {[](Peer& p) {
         p.meet();
         while (p.say(repl::Want{{{{"dc8", 1}, Seq(1), Seq(2)}}})) continue;
       }}},
      {"origins-without-end", {[](Peer& p) {
         p.meet();
         for (std::uint64_t n = 1;; ++n) {
           if (!p.bring(p.commit({fmt::format("forged-{}", n), 1}, 1, wall_ms()), n)) return;
         }
       }}},
      {"never-acks", {[](Peer& p) { p.meet(); }}},
      {"never-reads", {[](Peer& p) { p.stop_reading(), p.meet(); }}},
      {"says-nothing", {[](Peer&) {}, false}},
  };
  return kAttacks;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto attack = args.size() < 3 ? attacks().end() : attacks().find(args[2]);
  if (attack == attacks().end()) {
    fmt::print(stderr, "usage: hostile-peer ADDRESS NAMESPACE ATTACK [NAME] [SECONDS]\nattacks:");
    for (const auto& known : attacks()) fmt::print(stderr, " {}", known.first);
    fmt::print(stderr, "\n");
    return 2;
  }
  const auto end = Clock::now() + std::chrono::seconds(args.size() > 4 ? std::stoi(args[4]) : 3);
  Peer peer(args[1], args.size() > 3 ? args[3] : "dc9", end);
  if (!peer.dial(args[0])) {
    fmt::print(stderr, "cannot dial {}\n", args[0]);
    return 2;
  }
  attack->second.run(peer);
  peer.listen(attack->second.alive);
  peer.finish();
  return 0;
}

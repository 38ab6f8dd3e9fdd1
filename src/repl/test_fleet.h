// repl/test_fleet.h — for tests: a node reduced to its log, and a link between two of them in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "model/commit.h"
#include "repl/assembly.h"
#include "repl/intake.h"
#include "repl/session.h"

namespace pando::repl::test {

inline Time at_ms(std::int64_t ms) { return Time{ms * 1000, 1'700'000'000'000 + ms}; }

// Commits of one origin, chained as their origin chains them.
class Author {
 public:
  explicit Author(Origin origin) : origin_(std::move(origin)) {}

  Bytes next(std::size_t value_bytes = 10, Hlc hlc = Hlc::from_wall_ms(1'700'000'000'000)) {
    Commit commit;
    commit.dot = Dot{origin_, Seq(++seq_)};
    commit.hlc = Hlc{hlc.bits + seq_};
    commit.ops.push_back(PutOp{CellPath{"kv", "key", CellKind::kRegister, ""}, Bytes(value_bytes, 'v'), {}});
    Bytes bytes = seal_commit(chain_, commit);
    chain_ = commit.chain;
    return bytes;
  }
  std::uint64_t chain() const { return chain_; }

 private:
  Origin origin_;
  std::uint64_t seq_ = 0;
  std::uint64_t chain_ = 0;
};

// A log that is durable the moment it is appended to; its sessions follow the rules a node must follow.
class FakeNode {
 public:
  explicit FakeNode(std::string name) : self_{std::move(name), 1}, author_(self_) {}

  void write(std::size_t value_bytes = 10) { append(author_.next(value_bytes)); }
  void append(Bytes commit) {
    const Result<Commit> decoded = decode_commit(commit);
    CHECK(decoded.has_value());
    context_.raise(decoded->dot.origin, decoded->dot.seq);
    chains_[decoded->dot.origin] = decoded->chain;
    log_.push_back(std::move(commit));
    for (Session* session : sessions_) session->on_durable(context_);
  }

  SessionOptions options() const {
    SessionOptions options;
    options.self = self_;
    options.ns = "ns";
    options.pack = false;  // what crosses is as large as what was written
    return options;
  }
  std::vector<ChainHead> heads() const {
    std::vector<ChainHead> heads;
    for (const auto& [origin, chain] : chains_) heads.push_back(ChainHead{Dot{origin, context_.get(origin)}, chain});
    return heads;
  }
  void attach(Session& session, Time now) {
    session.start(context_, heads(), now);
    sessions_.push_back(&session);
    links_[&session] = LinkId(++last_link_);
  }
  void detach(const Session& session) {
    std::erase(sessions_, &session);
    assembly_.close(links_.at(&session));
    links_.erase(&session);
  }
  // Of these origins a Have will do on every link from now on.
  void get_by_other_links(std::vector<Origin> origins) {
    have_only_ = std::move(origins);
    for (Session* session : sessions_) {
      if (session->peer()) session->route(have_only_);
    }
  }
  // Asks for all that was announced and is not here.
  void want_all() {
    for (const Assembly::Blocked& blocked : assembly_.blocked(context_)) {
      for (Session* session : sessions_) {
        if (links_.at(session) == blocked.link) session->want(assembly_.ask(blocked.link, context_));
      }
    }
  }

  // Takes one frame in; what it cannot take refuses the link.
  void receive(Session& session, const Bytes& frame, Time now) {
    for (const Event& event : session.on_frame(frame, now)) {
      if (std::holds_alternative<HelloReceived>(event)) {
        session.seek(LogPos(1));
        session.route(have_only_);
      }
      if (const auto* got = std::get_if<CommitsReceived>(&event)) {
        for (const BodyItem& item : got->items) assembly_.add(links_.at(&session), item);
      }
    }
    while (const auto ready = assembly_.next(context_, instant_of(now))) {
      for (Session* from : sessions_) {
        if (links_.at(from) == ready->link) take(*from, ready->commit, now);
      }
    }
  }
  // Lets a session read the log as far as it wants, `records_max` at most.
  void pump(Session& session, std::uint64_t records_max) {
    for (std::uint64_t i = 0; i < records_max; ++i) {
      const std::optional<LogPos> pos = session.wants();
      if (!pos || pos->value > log_.size()) return;
      session.offer(*pos, log_[pos->value - 1]);
    }
  }

  const std::vector<Bytes>& log() const { return log_; }
  const VersionVector& context() const { return context_; }
  const Origin& self() const { return self_; }
  std::uint64_t duplicates() const { return duplicates_; }

 private:
  void take(Session& session, ByteSpan commit, Time now) {
    const Result<Dot> dot = peek_dot(commit);
    CHECK(dot.has_value());
    const auto chain = chains_.find(dot->origin);
    const Verdict verdict =
        examine(commit, context_, chain == chains_.end() ? std::nullopt : std::optional(chain->second), now.wall_ms,
                IntakeOptions{self_});
    if (std::holds_alternative<Duplicate>(verdict)) {
      ++duplicates_;
    } else if (std::holds_alternative<Next>(verdict)) {
      append(Bytes(commit));
    } else if (const auto* rejected = std::get_if<Rejected>(&verdict)) {
      session.refuse(rejected->reason);
    } else {
      session.refuse(Status(StatusCode::kInternal, "met a commit of its own"));
    }
  }

  Origin self_;
  Author author_;
  std::vector<Bytes> log_;
  VersionVector context_;
  std::map<Origin, std::uint64_t> chains_;
  std::vector<Session*> sessions_;
  std::map<const Session*, LinkId> links_;  // deterministic: only looked up
  std::uint64_t last_link_ = 0;
  Assembly assembly_;
  std::vector<Origin> have_only_;
  std::uint64_t duplicates_ = 0;
};

// Both ends of one link and the frames between them, in order per direction.
class FakeLink {
 public:
  FakeLink(FakeNode& dialer, FakeNode& listener, Time now)
      : FakeLink(dialer, dialer.options(), listener, listener.options(), now) {}
  FakeLink(FakeNode& a, SessionOptions a_options, FakeNode& b, SessionOptions b_options, Time now)
      : ends_{End{&a, std::make_unique<Session>(std::move(a_options), now), {}},
              End{&b, std::make_unique<Session>(std::move(b_options), now), {}}} {
    for (End& end : ends_) end.node->attach(*end.session, now);
  }
  ~FakeLink() {
    for (End& end : ends_) end.node->detach(*end.session);
  }
  FakeLink(const FakeLink&) = delete;
  FakeLink& operator=(const FakeLink&) = delete;

  Session& session(int side) { return *ends_[side].session; }
  std::vector<Bytes>& outgoing(int side) { return ends_[side].outgoing; }

  // One small step of one side: read the log and send, or take one frame in.
  void send(int side, std::uint64_t records_max = 1000) {
    End& end = ends_[side];
    end.node->pump(*end.session, records_max);
    for (Bytes& frame : end.session->take_frames()) end.outgoing.push_back(std::move(frame));
  }
  bool receive(int side, Time now) {
    std::vector<Bytes>& incoming = ends_[1 - side].outgoing;
    if (incoming.empty()) return false;
    const Bytes frame = std::move(incoming.front());
    incoming.erase(incoming.begin());
    ends_[1 - side].session->on_drained(frame.size());
    ends_[side].node->receive(*ends_[side].session, frame, now);
    return true;
  }
  // Until nothing moves any more.
  void settle(Time now) {
    for (bool moved = true; moved;) {
      moved = false;
      for (int side : {0, 1}) send(side);
      for (int side : {0, 1}) moved = receive(side, now) || moved;
    }
  }

 private:
  struct End {
    FakeNode* node;
    std::unique_ptr<Session> session;
    std::vector<Bytes> outgoing;
  };
  End ends_[2];
};

}  // namespace pando::repl::test

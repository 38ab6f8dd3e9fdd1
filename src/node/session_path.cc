#include "node/session_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace pando::node {
namespace {

bool covers(const VersionVector& context, const CausalToken& token) {
  return std::all_of(token.begin(), token.end(), [&](const Dot& dot) { return context.covers(dot); });
}

// "dc1:17 to dc1:20, dc2:4".
std::string missing(const VersionVector& context, const CausalToken& token) {
  std::string text;
  for (const Dot& dot : token) {
    if (context.covers(dot)) continue;
    if (!text.empty()) text += ", ";
    const Dot first{dot.origin, context.get(dot.origin).next()};
    if (first != dot) text += to_string(first) + " to ";
    text += to_string(dot);
  }
  return text;
}

std::size_t bytes_of(const Mutation& mutation) {
  std::size_t bytes = sizeof(Mutation) + mutation.key.size() + mutation.value.size();
  for (const auto& [name, value] : mutation.columns) bytes += name.size() + value.size() + 64;
  for (const Bytes& member : mutation.members) bytes += member.size() + 32;
  return bytes;
}

// What it holds on to while it waits; an estimate.
std::size_t bytes_of(const ClientRequest& asked) {
  std::size_t bytes = sizeof(ClientRequest) + asked.ns.size();
  if (const auto* write = std::get_if<WriteRequest>(&asked.request)) {
    for (const Mutation& mutation : write->mutations) bytes += bytes_of(mutation);
  } else if (const auto* append = std::get_if<TxAppendRequest>(&asked.request)) {
    bytes += bytes_of(*append->mutation);
  } else if (const auto* chunk = std::get_if<TxAppendLobRequest>(&asked.request)) {
    bytes += chunk->chunk.size();
  }
  return bytes;
}

}  // namespace

bool SessionPath::keep(ClientRequest& asked, const std::vector<Replica*>& group, Time now, Outputs& out) {
  const std::optional<CausalToken>& after = asked.terms.after;
  if (!after || covers(replica_.cells().context(), *after)) return false;
  const std::size_t bytes = bytes_of(asked);
  if (waiting_.size() >= limits::kSessionWaitsMax || bytes_ + bytes > limits::kSessionWaitBytesMax) {
    out.replies.push_back(
        {asked.id, Reply::failure(Status(
                       StatusCode::kOverloaded,
                       fmt::format("{} requests wait for what their clients have seen elsewhere", waiting_.size())))});
    return true;
  }
  bytes_ += bytes;
  const Instant until = instant_of(now) + asked.terms.after_wait;
  look_at_ = std::min(look_at_, until);
  waiting_.push_back({std::move(asked), group, until, bytes});
  return true;
}

std::vector<SessionPath::Waiting> SessionPath::take_ready() {
  std::vector<Waiting> ready;
  const VersionVector& context = replica_.cells().context();
  if (waiting_.empty() || context == looked_at_) return ready;
  looked_at_ = context;
  std::deque<Waiting> rest;
  for (Waiting& one : waiting_) {
    if (covers(context, *one.asked.terms.after)) {
      bytes_ -= one.bytes;
      ready.push_back(std::move(one));
    } else {
      rest.push_back(std::move(one));
    }
  }
  waiting_ = std::move(rest);
  return ready;
}

void SessionPath::on_time(Time now, Outputs& out) {
  if (look_at_ > instant_of(now)) return;
  look_at_ = Instant{INT64_MAX};
  std::deque<Waiting> rest;
  for (Waiting& one : waiting_) {
    if (one.until > instant_of(now)) {
      look_at_ = std::min(look_at_, one.until);
      rest.push_back(std::move(one));
      continue;
    }
    bytes_ -= one.bytes;
    out.replies.push_back(
        {one.asked.id, Reply::failure(Status(StatusCode::kTimeout,
                                             fmt::format("{} not here yet, waited {} ms",
                                                         missing(replica_.cells().context(), *one.asked.terms.after),
                                                         one.asked.terms.after_wait.millis())))});
  }
  waiting_ = std::move(rest);
}

void SessionPath::end_all(const Status& reason, Outputs& out) {
  for (const Waiting& one : waiting_) out.replies.push_back({one.asked.id, Reply::failure(reason)});
  waiting_.clear();
  bytes_ = 0;
}

Result<CausalToken> token_of(const Replica& replica) {
  CausalToken token;
  for (const auto& [origin, seq] : replica.seen_since_own().entries()) token.push_back({origin, seq});
  if (const Seq own = replica.cells().context().get(replica.self()); own.value != 0) {
    merge(token, {Dot{replica.self(), own}});
  }
  if (token.size() > limits::kTokenDotsMax) {
    return fail(StatusCode::kTooLarge,
                fmt::format("a causal token of {} origins, the limit is {}", token.size(), limits::kTokenDotsMax));
  }
  return token;
}

}  // namespace pando::node

// Session: reading the log for the peer. What of it goes as commits, as parts or skips of them, or is only announced;
// and the way back for what is wanted after all.

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/commit_parts.h"
#include "repl/session.h"

namespace pando::repl {
namespace {

// Announced commits whose order is kept; of more in a row only how far each origin goes.
constexpr std::size_t kHavesInOrderMax = 32;
constexpr std::size_t kHaveBytes = 24;  // about what one takes

}  // namespace

void Session::seek(LogPos next) {
  CHECK(!next_ || lost_ || next >= *next_);
  next_ = next_ ? std::max(*next_, next) : next;
  lost_ = false;
}

std::optional<LogPos> Session::wants() const {
  if (state_ != State::kUp || !peer_takes() || !routed_ || !next_) return std::nullopt;
  if (lost_ && !again_) return std::nullopt;
  const std::size_t gathered = batch_.size() + haves_.size() * kHaveBytes;
  if (!room_for(gathered + cutter_.bytes())) return std::nullopt;
  if (!again_) return window_.open(gathered) ? next_ : std::nullopt;
  if (again_window_.open(gathered)) return again_->next;
  // What waits at the peer for a commit that it could not take fills the window: when that is wanted once more it goes.
  const auto owed = peer_lacks_ ? again_->ranges.find(peer_lacks_->origin) : again_->ranges.end();
  if (owed == again_->ranges.end() || owed->second.after >= peer_lacks_->seq) return std::nullopt;
  // However often it is wanted, what that costs here is bounded.
  return again_window_.unacked_bytes() < 2 * options_.unacked_bytes_max ? std::optional(again_->next) : std::nullopt;
}

void Session::pass(LogPos pos) {
  if (!cursor_moved(pos)) end_again();
}

bool Session::pass_cut(LogPos pos, const VersionVector& context) {
  if (again_ || peer_has_.covers(context)) {
    pass(pos);
    return true;
  }
  lose_place();
  return false;
}

void Session::lose_place() {
  flush_batch();
  lost_ = true;
}

// The record at `pos` has been looked at. False when that was on the way back to the cursor.
bool Session::cursor_moved(LogPos pos) {
  if (!again_) {
    CHECK(next_ && pos >= *next_);
    next_ = pos.next();
    return true;
  }
  CHECK(pos >= again_->next);
  again_->next = pos.next();
  return false;
}

void Session::offer(LogPos pos, ByteSpan commit) {
  if (closed()) return;
  const Result<CommitHead> head = peek_head(commit);
  CHECK(head.has_value());
  const Dot* dot = &head->dot;
  CHECK(durable_.covers(*dot));
  if (!cursor_moved(pos)) return answer(*dot, commit, pos);
  const Seq there = peer_has_.get(dot->origin);
  if (dot->seq <= there) {
    ++stats_.commits_filtered;
    return;
  }
  if (head->first > there.next()) {
    return refuse(Status(StatusCode::kGone,
                         fmt::format("the log of {} begins after {}:{}, which {} needs next", to_string(options_.self),
                                     to_string(dot->origin), there.next().value, to_string(peer_->origin))));
  }
  peer_has_.raise(dot->origin, dot->seq);
  if (std::binary_search(have_only_.begin(), have_only_.end(), dot->origin) || !relays(dot->origin) ||
      lacks_what_it_lost(*head, commit)) {
    flush_skip();
    announce(*dot, pos);
  } else {
    send(*head, commit, pos);
  }
}

bool Session::relays(const Origin& origin) const {
  if (origin.node == options_.self.node) return true;
  const std::optional<PatchyLog>& patchy = options_.patchy;
  return options_.tables.includes(peer_->tables) &&
         (!patchy || patchy->before.includes(peer_->tables) || peer_durable_.covers(patchy->upto));
}

bool Session::lacks_what_it_lost(const CommitHead& head, ByteSpan commit) const {
  if (head.dot.origin.node != peer_->origin.node || options_.tables.all || !speaks_have()) return false;
  const Result<Commit> here = decode_commit(commit);
  CHECK(here.has_value());  // it was in the log
  return here->skips_from ||
         std::any_of(here->sections.begin(), here->sections.end(),
                     [](const CommitSection& section) { return section.kind == CommitSection::Kind::kLeftOut; });
}

bool Session::gives(const Origin& origin) const {
  // By what the peer was told that is here: it judges by that.
  if (origin.node == peer_->origin.node) return true;
  if (origin.node == options_.self.node && !peer_->has_whole(options_.tables_made, stated_)) return false;
  return peer_->has_whole(options_.tables, stated_);
}

// What goes instead of the commit; nothing when it is its very bytes. A skip goes to `skip`, if that is given.
std::optional<Bytes> Session::part_of(const Dot& dot, ByteSpan commit, std::optional<Commit>* skip) {
  // What a node made itself and has lost it gets back as a whole.
  const TableSet wanted = dot.origin.node == peer_->origin.node ? TableSet{} : peer_->tables;
  Result<CommitPart> part = part_for(commit, wanted);
  CHECK(part.has_value());  // it was in the log
  if (part->whole) return std::nullopt;
  if (part->rest->skips_from && skip != nullptr) {
    *skip = std::move(*part->rest);
    return std::nullopt;
  }
  return encode_commit(*part->rest);
}

void Session::send(const CommitHead& head, ByteSpan commit, LogPos pos) {
  if (peer_->tables.all && !head.divided && head.first == head.dot.seq) {
    flush_waiting();
    return pack(head.dot, commit, pos);
  }
  if (!speaks_parts()) {
    return refuse(Status(StatusCode::kUnimplemented,
                         fmt::format("{} is not to go as a whole, and {} knows nothing of parts of commits: it must be "
                                     "brought to a newer version",
                                     to_string(head.dot), to_string(peer_->origin))));
  }
  std::optional<Commit> nothing;
  const std::optional<Bytes> part = part_of(head.dot, commit, &nothing);
  if (nothing) return skip(std::move(*nothing), pos);
  flush_waiting();
  pack(head.dot, part ? ByteSpan(*part) : commit, pos);
}

// A run of what the peer takes nothing of is one item.
void Session::skip(Commit&& skip, LogPos pos) {
  flush_haves();
  if (batch_count_ == 0 && !skip_) batch_first_ = pos;
  ++stats_.commits_skipped;
  batch_pos_ = pos;
  batch_dots_.raise(skip.dot.origin, skip.dot.seq);
  if (skip_ && skip_->dot.origin == skip.dot.origin) {
    skip.skips_from = skip_->skips_from;
  } else {
    flush_skip();
  }
  skip_ = std::move(skip);
}

void Session::flush_skip() {
  if (!skip_) return;
  Writer out(batch_);
  encode_item(ByteSpan(encode_commit(*std::exchange(skip_, std::nullopt))), out);
  ++batch_count_;
}

void Session::flush_waiting() {
  flush_haves();
  flush_skip();
}

// A record on the way back to the cursor: what was wanted goes out in the log's order.
void Session::answer(const Dot& dot, ByteSpan commit, LogPos pos) {
  const auto at = again_->ranges.find(dot.origin);
  if (at != again_->ranges.end() && dot.seq > at->second.after) {
    at->second.after = dot.seq;
    if (dot.seq >= at->second.upto) again_->ranges.erase(at);
    ++stats_.commits_wanted;
    const std::optional<Bytes> part = part_of(dot, commit, nullptr);
    pack(dot, Answer{part ? ByteSpan(*part) : commit}, pos);
  }
  end_again();
}

void Session::end_again() {
  if (!again_->ranges.empty() && again_->next < *next_) return;
  flush_batch();
  const Again over = *std::exchange(again_, std::nullopt);
  if (over.ranges.empty()) return;
  refuse(Status(StatusCode::kGone,
                fmt::format("{} is no longer in the log of {}",
                            to_string(Dot{over.ranges.begin()->first, over.ranges.begin()->second.after.next()}),
                            to_string(options_.self))));
}

void Session::pack(const Dot& dot, const BodyItem& item, LogPos pos) {
  if (batch_count_ == 0) batch_first_ = pos;
  Writer out(batch_);
  encode_item(item, out);
  ++batch_count_;
  ++stats_.commits_sent;
  batch_pos_ = pos;
  batch_dots_.raise(dot.origin, dot.seq);
  if (batch_.size() >= part_bytes()) flush_batch();
}

void Session::announce(const Dot& dot, LogPos pos) {
  if (batch_count_ == 0 && haves_.empty() && haves_many_.empty()) batch_first_ = pos;
  ++stats_.commits_announced;
  batch_pos_ = pos;
  batch_dots_.raise(dot.origin, dot.seq);
  if (!haves_many_.empty()) {
    haves_many_.raise(dot.origin, dot.seq);
  } else if (!haves_.empty() && haves_.back().origin == dot.origin) {
    haves_.back().seq = dot.seq;
  } else if (haves_.size() < kHavesInOrderMax) {
    haves_.push_back(dot);
  } else {
    for (const Dot& have : std::exchange(haves_, {})) haves_many_.raise(have.origin, have.seq);
    haves_many_.raise(dot.origin, dot.seq);
  }
}

// What was announced goes before the commits that follow it.
void Session::flush_haves() {
  Writer out(batch_);
  const auto put = [&](VersionVector upto) {
    encode_item(Have{std::move(upto)}, out);
    ++batch_count_;
  };
  for (const Dot& dot : std::exchange(haves_, {})) {
    VersionVector upto;
    upto.raise(dot.origin, dot.seq);
    put(std::move(upto));
  }
  if (!haves_many_.empty()) put(std::exchange(haves_many_, {}));
}

void Session::flush_batch() {
  flush_waiting();
  if (batch_count_ == 0) return;
  std::optional<Bytes> packed;
  if (options_.pack && narrow() && (peer_->features & kFeaturePacked) != 0)
    packed = encode_packed(batch_count_, batch_);
  if (packed) {
    ++stats_.bodies_packed;
    stats_.packed_bytes_saved += batch_.size() - packed->size();
  }
  // What waits at the peer waits unpacked.
  const std::size_t unacked_bytes = batch_.size();
  Bytes content =
      packed ? encode_body_content(batch_pos_, 1, *packed) : encode_body_content(batch_pos_, batch_count_, batch_);
  (again_ ? again_window_ : window_).sent(unacked_bytes, std::exchange(batch_dots_, {}), batch_first_);
  cutter_.add(std::move(content));
  batch_count_ = 0;
  batch_.clear();
}

}  // namespace pando::repl

#include "node/resync_source.h"

#include "node/cut_cells.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::node {

void ResyncSource::open(const repl::CutAsk& ask) {
  close();
  store::Cells& cells = replica_.cells();
  round_ = ask.round;
  filter_ = both(ask.filter, replica_.shared());
  held_ = cells.applied();
  told_ = false;
  snapshot_ = cells.snapshots().open(cells.meta());
  cells_.emplace(cells, snapshot_);
}

void ResyncSource::close() {
  if (snapshot_) replica_.cells().snapshots().close(*snapshot_);
  cells_.reset();
  snapshot_.reset();
  asks_.clear();
  answering_.reset();
}

Status ResyncSource::ask(repl::RangeAsk&& ask) {
  if (!is_open() || ask.round != round_) return {};  // of a cut that was given up: the peer knows by now, or soon
  if (asks_.size() >= limits::kResyncAsksMax) {
    return Status(StatusCode::kOverloaded,
                  fmt::format("more than {} ranges asked about at a time", limits::kResyncAsksMax));
  }
  if (ask.from < store::first_cell_key() || ask.to > store::cell_keys_end()) {
    return Status(StatusCode::kInvalidArgument, "asked about a range that holds no cells");
  }
  asks_.push_back(std::move(ask));
  return {};
}

Result<bool> ResyncSource::work(repl::Session& session) {
  if (!is_open()) return false;
  if (!replica_.cells().snapshots().alive(*snapshot_)) {
    close();
    session.send_resync(repl::CutOver{round_, repl::CutOver::Why::kNotHeld});
    return false;
  }
  if (!told_) {
    if (replica_.durable() < *held_ || !session.room_for_resync()) return false;
    told_ = true;
    const store::CheckpointMeta& meta = replica_.cells().snapshots().meta(*snapshot_);
    Cut cut{meta.context, {}, meta.hlc_floor, {}};
    for (const auto& entry : meta.context.entries()) cut.chains.push_back(meta.chain(entry.first));
    for (const auto& [table, freed] : replica_.cells().expiry().marks()) cut.marks.emplace_back(table, freed);
    session.send_resync(repl::CutHeld{round_, std::move(cut), filter_});
  }
  if (asks_.empty() || !session.room_for_resync()) return false;
  const repl::RangeAsk& ask = asks_.front();
  if (!answering_) {
    answering_.emplace();
    answering_->at = ask.from;
    answering_->digests.round = answering_->cells.round = ask.round;
    answering_->digests.id = answering_->cells.id = ask.id;
  }
  if (answering_->large) {
    answer_piece(ask, session);
    return !asks_.empty();
  }
  return ask.cells_per_part > 0 ? answer_digests(ask, session) : answer_cells(ask, session);
}

void ResyncSource::finish_ask() {
  answering_.reset();
  asks_.pop_front();
}

Result<bool> ResyncSource::answer_digests(const repl::RangeAsk& ask, repl::Session& session) {
  Answering& now = *answering_;
  std::vector<repl::Digests::Part>& parts = now.digests.parts;
  const Status walked =
      store::walk_range(*cells_, nullptr, now.at, ask.to, limits::kResyncSliceCells, [&](ByteSpan key, ByteSpan state) {
        if (!lets_through(filter_, key)) return true;
        // A part ends before the next cell, with a key between both that is short.
        if (now.part.count == ask.cells_per_part) {
          parts.push_back({store::separator(now.last_key, key), now.part.sum, now.part.count});
          now.part = {};
        }
        now.part.add(key, state);
        now.last_key = Bytes(key);
        return parts.size() < limits::kResyncPartsMax;
      });
  if (!walked.ok()) return fail(walked);
  const bool at_end = ByteSpan(now.at) == ByteSpan(ask.to);
  if (parts.size() < limits::kResyncPartsMax && !at_end) return true;
  // Of a part that has just begun nothing is told: it is looked at again with what follows.
  if (at_end && parts.size() < limits::kResyncPartsMax) parts.push_back({ask.to, now.part.sum, now.part.count});
  session.send_resync(std::move(now.digests));
  finish_ask();
  return !asks_.empty();
}

Result<bool> ResyncSource::answer_cells(const repl::RangeAsk& ask, repl::Session& session) {
  Answering& now = *answering_;
  const std::size_t frame_bytes = session.resync_piece_bytes();
  std::size_t bytes = 0;
  const Bytes from = now.at;
  Bytes at = now.at;
  const Status walked =
      store::walk_range(*cells_, nullptr, at, ask.to, limits::kResyncSliceCells, [&](ByteSpan key, ByteSpan state) {
        if (!lets_through(filter_, key)) return true;
        bytes += key.size() + state.size();
        if (bytes > frame_bytes && !now.cells.items.empty()) {
          now.last_key = Bytes(key);  // goes into the next frame
          return false;
        }
        now.last_key.clear();
        now.cells.items.push_back({Bytes(key), state.size(), 0, Bytes(state)});
        return bytes <= frame_bytes;
      });
  if (!walked.ok()) return fail(walked);
  now.at = now.last_key.empty() ? at : std::exchange(now.last_key, {});
  if (now.cells.items.size() == 1 && now.cells.items.front().piece.size() > frame_bytes) {
    now.large = std::move(now.cells.items.front());
    now.from = from;
    answer_piece(ask, session);
  } else {
    now.cells.to = now.at;
    session.send_resync(now.cells);
    now.cells.items.clear();
    if (ByteSpan(now.at) == ByteSpan(ask.to)) finish_ask();
  }
  return !asks_.empty();
}

// A large cell stands alone. Only its last piece goes behind where it stands in the range.
void ResyncSource::answer_piece(const repl::RangeAsk& ask, repl::Session& session) {
  Answering& now = *answering_;
  repl::Cells::Item& whole = *now.large;
  const std::size_t bytes = std::min<std::size_t>(session.resync_piece_bytes(), whole.size - whole.offset);
  const bool last = whole.offset + bytes == whole.size;
  now.cells.to = last ? now.at : now.from;
  now.cells.items.assign(1, {whole.key, whole.size, whole.offset, whole.piece.substr(whole.offset, bytes)});
  session.send_resync(now.cells);
  now.cells.items.clear();
  whole.offset += bytes;
  if (!last) return;
  now.large.reset();
  if (ByteSpan(now.at) == ByteSpan(ask.to)) finish_ask();
}

}  // namespace pando::node

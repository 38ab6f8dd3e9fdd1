#include "node/tx_pictures.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "engine/draft.h"

namespace pando::node {

void TxPictures::begin(engine::Transaction& tx, Time now) {
  // Objects are not read within, so one that takes nothing else needs no picture.
  if (tx.entry_type == TxEntryType::kLob) return;
  store::Cells& cells = replica_.cells();
  tx.snapshot = {cells.snapshots().open(cells.meta()), now.wall_ms, replica_.appended()};
}

void TxPictures::end(const engine::Transaction& tx) {
  if (!tx.snapshot) return;
  if (kept_for_ == tx.snapshot->id) kept_.reset();
  replica_.cells().snapshots().close(tx.snapshot->id);
}

Result<Scratch*> TxPictures::of(const engine::Transaction& tx) {
  if (!tx.snapshot) {
    return fail(StatusCode::kInvalidArgument, "a transaction that was begun for objects takes nothing else");
  }
  const engine::Transaction::Snapshot& snapshot = *tx.snapshot;
  if (!replica_.cells().snapshots().alive(snapshot.id)) {
    if (kept_for_ == snapshot.id) kept_.reset();
    return fail(
        StatusCode::kGone,
        fmt::format("the transaction began too long ago to be read in: more than {} bytes were changed since; it "
                    "can be committed, or begin another one",
                    limits::kSnapshotBytesMax));
  }
  if (kept_ == nullptr || kept_for_ != snapshot.id) {
    kept_.reset();
    auto made = Scratch::open(replica_.cells(), replica_.catalog(), snapshot.now_ms, snapshot.id);
    if (!made) return fail(made.error());
    kept_ = *std::move(made);
    kept_for_ = snapshot.id;
    applied_ = 0;
  }
  while (applied_ < tx.mutations.size()) {
    if (Status status = apply_next(tx); !status.ok()) {
      return fail(status.with_context(fmt::format("item {}", applied_)));
    }
    ++applied_;
  }
  return kept_.get();
}

Status TxPictures::apply_next(const engine::Transaction& tx) {
  const Dot dot = kept_->next_dot(replica_.self());
  engine::Draft draft(dot, kept_->view(), parser_);
  PANDO_RETURN_IF_ERROR(draft.add(tx.mutations[applied_]));
  return draft.empty() ? Status() : kept_->apply(dot, draft.take_ops());
}

}  // namespace pando::node

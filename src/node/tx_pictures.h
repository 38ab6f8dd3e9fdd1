// node/tx_pictures.h — what open transactions see: everything as it was when they began, and what they changed since.
//
// A transaction opens a snapshot when it begins and lets it go when it ends. Its reads are answered from a Scratch over
// that snapshot, to which its own mutations were applied in order, each as it would be decided there. One such scratch
// is kept, that of the transaction that was read last; for another one it is made anew.
//
// A snapshot that had to be given up (store/snapshots.h) is kGone for reads; the transaction can still be committed.
// One thread.
#pragma once

#include <memory>

#include "engine/transactions.h"
#include "engine/typed_payload.h"
#include "node/replica.h"
#include "node/scratch.h"

namespace pando::node {

class TxPictures {
 public:
  explicit TxPictures(Replica& replica) : replica_(replica) {}

  void begin(engine::Transaction& tx, Time now);
  void end(const engine::Transaction& tx);

  // Valid until the next call. Fails as a mutation of it does, naming it ("item 2: …").
  Result<Scratch*> of(const engine::Transaction& tx);
  // The last record that what it sees depends on.
  static LogPos depends_on(const engine::Transaction& tx) { return tx.snapshot ? tx.snapshot->pos : LogPos(); }

 private:
  Status apply_next(const engine::Transaction& tx);

  Replica& replica_;
  engine::TypedPayloadParser parser_;
  // Of the transaction that was read last.
  std::unique_ptr<Scratch> kept_;
  store::Snapshots::Id kept_for_ = 0;
  std::size_t applied_ = 0;  // of its mutations
};

}  // namespace pando::node

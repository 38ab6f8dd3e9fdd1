// node/write_path.h — clients' writes on one namespace: requests become drafts, drafts become commits.
//
// One-shot writes commit in the step they arrive in. Transactions collect until their commit; the chunks of
// large objects are staged by commits of their own as they arrive (registered in table `.uploads`), so that no
// object is ever held in memory, and become visible with one small commit. What a crash leaves staged is
// discarded when the namespace opens again.
//
// Every reply waits until its commit is as safe as its terms ask. A write whose conditions do not hold here is refused,
// one that was done before under its idempotency key is answered again (engine/once.h). One thread.
#pragma once

#include "engine/draft.h"
#include "engine/once.h"
#include "engine/transactions.h"
#include "node/durability_path.h"
#include "node/escrow_path.h"
#include "node/replica.h"
#include "node/tx_pictures.h"

namespace pando::node {

class PeerPath;

class WritePath {
 public:
  struct Options {
    engine::Transactions::Options transactions;
    engine::OnceWindow::Options once;
  };
  // `escrow` hears what clients were refused for want of rights.
  WritePath(Replica& replica, EscrowPath& escrow, DurabilityPath& answers, const Options& options)
      : replica_(replica),
        escrow_(escrow),
        answers_(answers),
        transactions_(options.transactions),
        pictures_(replica),
        once_(options.once) {}

  void handle(RequestId id, WriteRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, TxBeginRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, TxAppendRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, TxAppendLobRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, TxDeleteLobRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, TxCommitRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, TxAbortRequest&& request, const Terms& terms, Time now, Outputs& out);

  void handle(RequestId id, TxRequest&& request, const Terms& terms, Time now, Outputs& out);
  // The write that restores the loser of a line of the ledger. kNotFound without such a line, kPreconditionFailed.
  Result<WriteRequest> restoring(const RestoreConflictRequest& request);
  // A write of any kind within the open transaction that the terms name; answered as it would be there.
  void append(RequestId id, WriteRequest&& request, const Terms& terms, Time now, Outputs& out);
  // What an open transaction sees, valid until the next call of this path; and what an answer from it must wait for.
  Result<Scratch*> picture(ByteSpan transaction, LogPos& depends_on, Time now);

  // For what collects writes into drafts of its own (node/pipeline_path.h). -----------------------------------------

  // Ok when this node takes writes now.
  Status writable() const;
  // The same for what clients begin: kUnavailable while the node is drained.
  Status takes_writes() const;
  // Settling a reservation, which can be done nowhere else, is not refused by a node that is drained.
  Status takes(const WriteRequest& write) const;
  engine::Draft draft(Time now);
  // Whether what it adds may stay as it is where nobody else has seen it (Draft::leave_unshared()).
  bool may_leave_unshared(const WriteRequest& write, const Terms& terms) const;
  // Commits a draft; LogPos of what the reply must wait for, also when the draft is empty.
  Result<LogPos> commit(engine::Draft& draft, Time now, const std::optional<Bytes>& idempotency_key = {});
  // kInvalidArgument when the terms ask for other sites to have what does not leave this one.
  Status check_reach(const std::vector<Mutation>& mutations, const Terms& terms) const;
  // Before commit(): adds to `needs` what the draft itself has to wait for. Begins to run ahead of the disk where all
  // needs allow it.
  Status prepare_for(std::vector<Durability>& needs, const engine::Draft& draft);
  // Passes on which rights the draft found lacking.
  void tell_demands(engine::Draft& draft, Time now);
  // What `write`, just added to `made`, tells its client.
  static ReplyBody answer_of(engine::Draft& made, const WriteRequest& write);
  // The same where it goes.
  static void answer(engine::Draft& made, const WriteRequest& write, ReplyBody& to) {
    if (!write.results) {
      to = answer_of(made, write);
    } else {
      to.emplace<DoneReply>(DoneReply{write.mutations.size(), made.take_results(), made.take_returned()});
      made.take_answer();
    }
  }

  // Discards what earlier processes of this node staged and never published.
  Status discard_leftovers(Time now);
  // Takes back what was done here under idempotency keys that other sites took later. An earlier epoch of this node may
  // have done so, in a commit that `peers` still hand back.
  void withdraw_contested(const PeerPath& peers, Time now, Outputs& out);
  // Ends transactions over their time.
  void on_time(Time now);
  std::optional<Instant> next_deadline() const {
    std::optional<Instant> earliest = transactions_.next_deadline();
    if (withdraw_again_at_ && (!earliest || *withdraw_again_at_ < *earliest)) earliest = withdraw_again_at_;
    return earliest;
  }

  std::size_t open_transactions() const { return transactions_.open_count(); }
  std::uint64_t malformed_payloads() const { return malformed_payloads_; }

 private:
  // True when the idempotency key was used before: answered again, or refused.
  bool answer_again(RequestId id, const Terms& terms, Time now, Outputs& out);
  Status check_conditions(const WriteRequest& request, const Terms& terms, Time now);
  // Commits `draft`, whose answer is reply.body, and hands it out when it is as safe as asked for.
  // `told`: the mutation whose key's new ETag the answer tells.
  Status commit_and_answer(RequestId id, engine::Draft& draft, Reply&& reply, const std::vector<Mutation>& mutations,
                           const Terms& terms, Time now, Outputs& out, const Mutation* told = nullptr);
  void refuse(RequestId id, Status status, Outputs& out, Refusal refusal = {});
  class TxRun;
  Status discard(const engine::Transaction& tx, Time now);
  Status build(engine::Transaction& tx, engine::Draft& draft);

  Replica& replica_;
  EscrowPath& escrow_;
  DurabilityPath& answers_;
  engine::Transactions transactions_;
  TxPictures pictures_;
  engine::OnceWindow::Options once_;
  engine::TypedPayloadParser parser_;
  std::uint64_t malformed_payloads_ = 0;
  bool withdrawal_failing_ = false;
  std::optional<Instant> withdraw_again_at_;
};

}  // namespace pando::node

// node/resync_source.h — a cut of this node's namespace, held for one peer that compares it with what it has.
//
//   none     no cut                                   → opened by open()
//   opened   a snapshot of the cells is held          → told once the log is durable that far
//   told     the peer knows what the cut covers and asks about ranges, each answered in turn
//
// The snapshot (store/snapshots.h) costs what is changed meanwhile; when it is given up, the peer is told and asks for
// another cut, with which it goes on where it was. A slice of work looks at a bounded number of cells and makes the
// next frame only when the link has taken the last one: a resync delays neither requests nor heartbeats. One thread.
#pragma once

#include <deque>
#include <optional>

#include "node/replica.h"
#include "repl/session.h"
#include "store/past_kv.h"
#include "store/range_digest.h"

namespace pando::node {

class ResyncSource {
 public:
  explicit ResyncSource(Replica& replica) : replica_(replica) {}
  ~ResyncSource() { close(); }
  ResyncSource(const ResyncSource&) = delete;
  ResyncSource& operator=(const ResyncSource&) = delete;

  // A cut of now, for that round of the peer's, of what the filter lets through and is shared by this node.
  void open(const repl::CutAsk& ask);
  // The peer needs it no more. What is behind it in the log stays held().
  void close();
  bool is_open() const { return snapshot_.has_value(); }
  std::uint64_t round() const { return round_; }
  // The last record that the last cut covers: the peer will read on behind it.
  std::optional<LogPos> held() const { return held_; }

  // kOverloaded when it asks for more at a time than it may.
  Status ask(repl::RangeAsk&& ask);
  // Answers a little. True: there is more to do at once. An error is to refuse the link.
  Result<bool> work(repl::Session& session);

 private:
  struct Answering {
    Bytes at;
    repl::Digests digests;
    repl::Cells cells;
    store::RangeDigest part;
    Bytes last_key;
    // A cell that goes in pieces: its state whole, and how much of it has gone. It begins at `from`.
    std::optional<repl::Cells::Item> large;
    Bytes from;
  };
  Result<bool> answer_digests(const repl::RangeAsk& ask, repl::Session& session);
  Result<bool> answer_cells(const repl::RangeAsk& ask, repl::Session& session);
  void answer_piece(const repl::RangeAsk& ask, repl::Session& session);
  void finish_ask();

  Replica& replica_;
  std::uint64_t round_ = 0;
  TableFilter filter_;
  std::optional<store::Snapshots::Id> snapshot_;
  std::optional<store::PastKv> cells_;
  std::optional<LogPos> held_;
  bool told_ = false;
  std::deque<repl::RangeAsk> asks_;
  std::optional<Answering> answering_;  // the first of them
};

}  // namespace pando::node

// node/resync_taker.h — brings what a peer holds at a cut here, though its log no longer tells how it came about.
//
//   idle       nothing under way                                      → asked on begin()
//   asked      waits for the peer's cut                               → comparing on it
//   comparing  finds the cells that differ, and gets them             → ready when all of the range is alike
//   ready      what is here, overlaid with what was got, is the cut   → idle by finish(), which merges it in
//
// The digest of a range of the cells here (as of a snapshot), overlaid with what was got (`got`), is compared with the
// peer's; where they differ, with those of smaller parts, and at last the cells themselves come and are added to `got`.
// So `got` tells in what the peer differs, whatever it held before: a link that ends, another cut, another peer cost
// only what differs from that (`got` is kept until it was merged in, in memory only).
//
// Nothing is merged in before everything is here: the peer's context may count only then, and a part of its cells
// without it would show effects without their causes. finish() joins every cell that is in `got` or was changed here
// since the snapshot with what the peer holds of it; all others are equal, and joining equals changes nothing.
//
// Of tables that are not the same here and there (model/table_scope.h) nothing is looked at.
//
// Replaces nothing: what was written here and the cut has not seen stays (apply/join_cut.h). Memory: `got`, at most
// limits::kResyncBytesMax; beyond that the resync fails by name. A slice of work looks at a bounded number of cells.
// A crash in any state loses what was got so far. One thread.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "node/difference.h"
#include "node/replica.h"
#include "repl/session.h"
#include "store/past_kv.h"
#include "store/range_digest.h"

namespace pando::node {

class ResyncTaker {
 public:
  explicit ResyncTaker(Replica& replica) : replica_(replica) {}
  ~ResyncTaker() { stop(); }
  ResyncTaker(const ResyncTaker&) = delete;
  ResyncTaker& operator=(const ResyncTaker&) = delete;

  enum class State : std::uint8_t { kIdle, kAsked, kComparing, kReady };
  State state() const { return state_; }
  bool active() const { return state_ != State::kIdle; }

  // Asks the peer for a cut of what is the same here and there, or of these tables; gives up the one under way.
  void begin(repl::Session& session) { begin(session, replica_.shared()); }
  void begin(repl::Session& session, TableFilter tables);
  // Back to idle; what was got is kept.
  void stop();
  // Tells the peer that its cut is not wanted any more.
  void abandon(repl::Session& session, repl::CutOver::Why why = repl::CutOver::Why::kNotWanted) const;
  // Nothing is lacking any more: what was got is dropped too.
  void forget();

  // Frames of the peer asked. An error is to refuse the link. The peer has said that its log is of use to who has all
  // of `needs`.
  //   kOutOfRange  a stamp too far ahead of `hlc_max`
  //   kConflict    the cut covers commits of this node's own epoch that it does not have
  //   kInvalidArgument  not an answer to what was asked, or a cut without all of `needs`
  //   kOverloaded  more than kResyncWaitingBytesMax came that nobody has looked at yet
  //   kTooLarge    the cut names more origins than a context holds
  Status on_cut(repl::CutHeld&& held, Hlc hlc_max, const VersionVector& needs);
  Status on_digests(repl::Digests&& digests);
  Status on_cells(repl::Cells&& cells);
  // The peer gave its cut up: asks for another one.
  void on_over(const repl::CutOver& over, repl::Session& session);

  // Nothing can be done before the peer says more.
  bool waits() const;

  // Compares a little, and asks on if it may. True: there is more to do at once. kTooLarge: more than kResyncBytesMax
  // differ.
  Result<bool> work(repl::Session& session, bool may_ask = true);
  // Merges the cut in, once kReady; idle afterwards. On failure nothing was merged in: what was got is kept for another
  // begin().
  Status finish(repl::Session& session, Time now);

  // kReady, or found that the peer must be asked for another cut (then nothing): all that was got, which is what
  // differs from the cells here, and the cut it is of. The filter says of which tables. Idle afterwards.
  struct Got {
    Cut cut;
    std::vector<CutCell> cells;
    TableFilter filter;
  };
  std::optional<Got> take_got(repl::Session& session);
  // While comparing: what was got so far of these tables, and the cut; forgotten here. Nothing when that is none. The
  // next comparison begins where this one stood: cut after cut goes on through the cells, and the last one round.
  std::optional<Got> take_part(const std::function<bool(ByteSpan cell_key)>& wanted);
  // With another cut of the same tables: what is here now is compared.
  void begin_again(repl::Session& session);
  // Bytes of it so far.
  std::size_t got_bytes() const { return got_bytes_; }

  struct Stats {
    std::uint64_t finished = 0;   // cuts merged in
    std::uint64_t compared = 0;   // cells looked at
    std::uint64_t differing = 0;  // cells merged in
  };
  const Stats& stats() const { return stats_; }

  // Whether a cut of that round is the next thing to come.
  bool awaits(std::uint64_t round) const { return state_ == State::kAsked && round == round_; }
  // kComparing, and kReady in the turn in which it came to be: what the peer holds, what was here when that was
  // compared, and what differs.
  const Cut& cut() const { return *cut_; }
  const VersionVector& context_here() const { return replica_.cells().snapshots().meta(*snapshot_).context; }
  Result<Difference> difference(std::int64_t now_ms, Chunks chunks) const;
  // Of these cells all that either side has stays (CutRecord::How::kMend); idle afterwards. How many changed here: none
  // when commits came since they were compared, as these may have taken away what one side lacks.
  Result<std::uint64_t> mend(const std::vector<CutCell>& cells, Time now);

 private:
  // A part of which the peer has told the digest, being compared from `at` on.
  struct Part {
    Bytes from;
    Bytes to;
    store::RangeDigest theirs;
    std::uint64_t cells_per_part = 0;
    Bytes at;
    store::RangeDigest ours;
  };
  // All that the peer holds of a range, being taken in from `at` on.
  struct Taking {
    Bytes at;
    Bytes to;
    store::Overlay theirs;
    std::size_t bytes = 0;  // of `theirs` as it came
  };
  struct Ask {
    Bytes from;
    Bytes to;
    std::uint64_t cells_per_part = 0;
  };

  Status compare(std::size_t& cells_left);
  Status take(std::size_t& cells_left);
  Status check_cut(const Cut& cut, Hlc hlc_max, const VersionVector& needs) const;
  void to_ask(Ask ask);
  void settle(const Part& part);
  void ask_on(repl::Session& session);
  void set_got(const Bytes& key, std::optional<Bytes> state);
  void drop_got(store::Overlay::iterator at);
  void count_table(ByteSpan cell_key);

  Replica& replica_;
  State state_ = State::kIdle;
  std::uint64_t round_ = 0;  // counts cuts asked for
  TableFilter asks_;         // as asked for
  TableFilter filter_;       // then as the peer's cut goes
  std::optional<Cut> cut_;
  std::optional<store::Snapshots::Id> snapshot_;
  std::optional<store::PastKv> cells_;
  store::Overlay got_;
  std::size_t got_bytes_ = 0;

  std::map<Bytes, Ask> to_ask_;  // by where they begin; the first one first
  std::optional<Ask> then_;      // once all of that is alike: what lies before the place where the comparison began
  std::deque<std::pair<std::uint64_t, Ask>> asked_;
  std::uint64_t next_id_ = 1;
  std::deque<Part> parts_;
  std::deque<Taking> takings_;
  Bytes begins_at_ = store::first_cell_key();                                              // the next comparison
  std::size_t waiting_bytes_ = 0;                                                          // of them
  std::map<std::string, std::uint64_t, std::less<>> compared_;                             // cells here, by table
  std::map<std::string, std::uint64_t, std::less<>>::iterator counted_ = compared_.end();  // the last one
  std::optional<repl::Cells::Item> gathering_;  // a large cell, of which pieces are here
  Stats stats_;
};

}  // namespace pando::node

// engine/once.h — writes that are done once however often they are sent: the window of idempotency keys.
//
// What was done under a key stands in table `.once` (model/once.h), written by the commit that did it. This is the
// index over that table in memory: which keys are oldest, and which were taken by two sites that did not see each
// other.
//
//   a key is taken       record() in the draft of the write: the commit carries it to every site
//   it is asked again    find_once() answers what was done, here or elsewhere
//   it grows old         record() of later keys lets go of those over Options, a few per commit, at every site alike
//   two took it          the latest by its stamp counts: who tries again has no answer to what he tried before. The
//                        origin of each other entry takes back, once, what its commit did (withdraw()): that commit
//                        removes the entry, so a crash before it does it again and a crash after it does not.
//
// What is taken back: what was counted, in whatever kind of counter; items that were inserted in lists, moved, set or
// taken out by their index; members that were popped; rights of bounded counters that were used or are held. What is
// the same done twice as once stays: values, fields, members that were added or removed by name, flags, leases. So does
// what passed a limiter, as the passage may have been used at both.
//
// An item that both took is taken once. One that only the earlier commit took comes back, also when a third one took it
// meanwhile: nothing is left that could say so. It does not come back under a key that has ended or holds something
// else.
//
// One thread.
#pragma once

#include <map>
#include <set>

#include "engine/draft.h"
#include "model/once.h"

namespace pando::engine {

class OnceWindow {
 public:
  struct Options {
    Duration age_max = Duration::seconds(24 * 3600);
    std::size_t keys_max = limits::kOnceKeysMax;
  };

  static Result<OnceWindow> load(store::Cells& cells);
  // After every commit that touched this key of table `.once`.
  Status note_change(store::Cells& cells, ByteSpan key);

  // What may go now, oldest first, at most limits::kOnceForgottenMax.
  std::vector<Bytes> over(std::int64_t now_ms, const Options& options) const;
  // Taken more than once.
  const std::set<Bytes>& contested() const { return contested_; }
  std::size_t size() const { return stamps_.size(); }

 private:
  void forget(ByteSpan key);
  void book(ByteSpan key, const crdt::Register& reg);

  std::map<Bytes, std::int64_t, std::less<>> stamps_;  // by key: wall clock of its last entry, ms
  std::set<std::pair<std::int64_t, Bytes>> by_age_;
  std::set<Bytes> contested_;
};

// What was done under a key, as the sites agree on it.
struct OnceFound {
  Dot dot;  // of the commit that did it
  Once once;
};
CellPath once_path(ByteSpan key);
// Of those under one key.
const crdt::Register::Entry& counting_entry(const crdt::Register& reg);
// Nothing when the key is free.
Result<std::optional<OnceFound>> find_once(View& view, ByteSpan key);

// Writes down under `key` what `draft` does, and lets go of what is over. Last of all that goes into the draft.
Status record(Draft& draft, ByteSpan key, Once once, const OnceWindow& window, const OnceWindow::Options& options);

// Takes back what a commit of `node` did under a key that another took after it; call it again while the key is
// contested, as there may be several. Nothing is drafted when none of them has to. kOutOfRange while the rights of a
// bounded counter that it takes are not here (the draft's demands say which); then the draft is dropped.
Status withdraw(Draft& draft, ByteSpan key, std::string_view node);

}  // namespace pando::engine

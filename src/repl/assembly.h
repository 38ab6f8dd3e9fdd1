// repl/assembly.h — the streams of all links of a namespace, put together into one causal order.
//
// Each link carries its peer's log front to back: commits, and in the place of commits that come by another link a
// Have. What stands behind a Have may depend on what it announces, so it waits until that is here. What everything
// before a Have covers is here when it has come to the front, so what it announces is ready to be taken, wherever the
// bytes are:
//
//   link 1   Have(dc3 ≤ 7)  dc1:12          dc3:7 waits on link 2 behind dc1:12, which waits on link 1 behind dc3:7:
//   link 2   Have(dc1 ≤ 12) dc3:7           two nodes that logged concurrent commits in opposite order. Both are taken.
//
// A Have of several origins has lost the order among them, so then only answers of this link will do. A Want asks for
// all that is missing of all Haves of a link that were not asked for: so the answers of a link come in the order of its
// log, and the first of them that a Have in front announced is ready when that was asked for.
//
// The caller takes next() until there is nothing more. A commit that it cannot take it gives back: from then on the
// link has only announced it (repl/quarantine.h). What a link may hold is bounded by its peer's send window; bytes() is
// for refusing one that does not keep to it. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "repl/frame.h"

namespace pando::repl {

class Assembly {
 public:
  // The next step of a link's stream. Copies it.
  void add(LinkId link, const BodyItem& item);
  // Forgets a link and what waits there.
  void close(LinkId link);

  // A commit that came by `link` and whose causes are all here, unless the peer broke the order: to be examined.
  struct Ready {
    LinkId link;
    Bytes commit;
    // Of its place among the items, when something stands before it there; of an answer its place among the answers.
    std::optional<std::uint64_t> id = {};
    bool answer = false;
  };
  // `context` is what is appended here, the commits handed out before included.
  std::optional<Ready> next(const VersionVector& context, Instant now);

  // The last of next() cannot be taken: in its place stands a Have of it, which was not asked for; where it was an
  // answer, what was answered behind it waits until it is here or answered once more.
  void give_back(const Ready& ready, const Dot& dot);

  // Links that wait for what nobody was asked for, since when, and what it is; as of the last next().
  struct Blocked {
    LinkId link;
    VersionVector upto;  // of the Have in front, also what is here already
    Instant since;
  };
  std::vector<Blocked> blocked(const VersionVector& context) const;
  // All that `link` announced, that is not here and that was not asked for, up to the first Have of an origin that
  // `but` says: counts as asked for from now on. What stands behind that one may depend on it.
  using Barred = std::function<bool(const Origin&)>;
  std::vector<Want::Range> ask(LinkId link, const VersionVector& context, const Barred& but = {});

  // What waits on a link.
  std::size_t bytes(LinkId link) const;

 private:
  struct Item {
    std::variant<Bytes, VersionVector> what;  // a commit, or up to where a Have goes
    Dot dot;                                  // of a commit
    Seq first = {};                           // the first number it takes up
    bool taken = false;
  };
  struct Stream {
    std::deque<Item> items;
    std::deque<Item> answers;            // and in the place of those that were given back, up to where they go
    std::uint64_t first_id = 0;          // of items.front(); they count on
    std::map<Dot, std::uint64_t> waits;  // commits in items, behind a Have
    std::size_t bytes = 0;
    std::optional<Instant> blocked_since;  // the front is a Have that is not covered
    VersionVector asked;
  };
  std::optional<Ready> advance(LinkId link, Stream& stream, const VersionVector& context, Instant now);
  std::optional<Ready> find_announced(LinkId link, Stream& stream, const VersionVector& upto,
                                      const VersionVector& context);
  std::optional<Ready> next_answer(LinkId link, Stream& stream, const VersionVector& upto,
                                   const VersionVector& context);
  static bool asked(const Stream& stream, const VersionVector& upto, const VersionVector& context);
  Ready take(LinkId link, Stream& stream, std::uint64_t id);
  static void pop(Stream& stream);

  std::map<LinkId, Stream> streams_;
};

}  // namespace pando::repl

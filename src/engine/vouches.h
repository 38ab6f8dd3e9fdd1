// engine/vouches.h — what every maker of commits has promised to know: what has ended below that may be freed.
//
// A vouch is a cell of table `.vouches`, one per origin, written by that origin alone; so it travels as any commit
// does, over relayers too, and whoever has it has every commit of its origin before it. It says of the commits after
// it:
//
//   they have seen `seen`, and the clock they were decided by was past `clock_ms`
//
// stable() is what all origins say alike. A key whose cells and whose end lie below it can be freed without anybody
// telling, at any time, at each site for itself: whoever still writes to it knows all that is freed, takes it for
// ended, and so begins it anew (engine/draft_expiry.cc). docs/design/010-expiry.md has the proof and what it does not
// cover.
//
// Of a table that an origin publishes and does not take it has seen its own writes only, whatever `seen` says: such
// tables are in the vouch, and what else is in a key of one of them is not freed behind that origin's back (all_see()).
//
// A vouch holds for ever, as it is about knowledge, which only grows. Stored form: docs/formats/cells.md.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/draft.h"
#include "engine/retired_nodes.h"
#include "model/table_scope.h"
#include "store/cells.h"

namespace pando::engine {

inline constexpr std::string_view kTableVouches = ".vouches";  // key = to_string(origin)

struct Vouch {
  std::int64_t clock_ms = 0;
  VersionVector seen;
  TableScope scope = {};  // what it publishes, and what it holds of what it takes
  // Whether it may write to the table without seeing there what others write.
  bool only_reports(std::string_view table) const { return scope.publish.has(table) && !scope.subscribe.has(table); }
  friend bool operator==(const Vouch&, const Vouch&) = default;
};
// u8(version = 1) u64(clock_ms) vector(seen); with a scope that is not whole u8(version = 2), and the scope behind.
Bytes encode_vouch(const Vouch& vouch);
// Nothing when the bytes are none (a peer may write anything): then nobody vouched.
std::optional<Vouch> decode_vouch(ByteSpan bytes);

// What `origin` said last; nothing when it never did.
Result<std::optional<Vouch>> vouch_of(store::Cells& cells, const Origin& origin);
// By which commit it said so.
Result<std::optional<Dot>> dot_of_vouch(store::Cells& cells, const Origin& origin);
// The latest instant that any epoch of the node has promised to be past. 0: none.
Result<std::int64_t> promised_clock_ms(store::Cells& cells, std::string_view node);
// How far a vouch counts for those whom its maker had not heard of: never beyond the stamp of the commit that brought
// it, which is not taken from far in the future (repl/intake.h).
inline std::int64_t clock_of(const Vouch& said, Hlc stamp) { return std::min(said.clock_ms, stamp.wall_ms()); }
// The latest clock that others have vouched for, perhaps without having heard of `self`: what had ended by then may
// have been freed without it. Left out is what was here when `self` itself vouched last, as that vouch is past it. 0:
// nobody.
Result<std::int64_t> clock_to_follow_ms(store::Cells& cells, const Origin& self);
// What the draft's origin says from now on: it has seen what is here of the tables of its scope, and is past
// `clock_ms`, which never falls.
Status vouch(Draft& draft, std::int64_t clock_ms, const TableScope& scope = {});
// The draft's origin is there, and promises nothing yet: nothing is freed on its word.
Status introduce(Draft& draft, const TableScope& scope = {});

// Whether what `self` said last counts no more, as an epoch has been replaced, a node retired, or its scope changed
// since. False when it never did.
Result<bool> vouch_is_outdated(store::Cells& cells, const Origin& self, const RetiredNodes& retired = {},
                               const TableScope& scope = {});

// Whether `self` owes a vouch for having heard that a node's disks are lost: what it has of that node then is what it
// will have, but for what others vouch for.
Result<bool> owes_word(store::Cells& cells, const Origin& self, const RetiredNodes& retired);
// Whether all known here have vouched since they heard that, and none who holds all tables has more of the node than is
// here. Not asked are those of `partial`, which are known to hold some only.
Result<bool> none_has_more(store::Cells& cells, const RetiredNodes& retired, std::string_view node,
                           const std::set<std::string>& partial);
// Whether nobody who is known to hold some tables only, and vouches for more of `origin` than is here, holds others.
Result<bool> holds_most(store::Cells& cells, const RetiredNodes& retired, const Origin& origin, const TableSet& tables);

// What must be vouched for before a key may be freed: the commits that made its cells, and the clock.
struct FreeingNeeds {
  VersionVector seen;
  std::int64_t clock_ms = 0;
};
// Reads every cell of the key or, with `field`, of that field of it (model/field_end.h). Of a counter what made its
// slots counts, as a key that begins anew forgets them whole.
Result<FreeingNeeds> needs_of(const store::Cells& cells, std::string_view table, ByteSpan key, std::int64_t end_ms,
                              ByteSpan field = {});
// Whether a field holds counters. Such a one is not freed by itself: whoever deletes what is around it resets the
// counters that are there, and must find them.
Result<bool> counts_in(const store::Cells& cells, std::string_view table, ByteSpan key, ByteSpan field);

// Whether any cell of the key, or of a field of it, has something that an epoch of this node made.
Result<bool> holds_of(const store::Cells& cells, std::string_view table, ByteSpan key, std::string_view node,
                      ByteSpan field = {});
// Whether somebody among those who had seen `before`, and nobody else's commits, may have freed the key, or a field of
// it, by now: nothing of it that `before` covers is here, or that has ended.
Result<bool> may_be_freed(const store::Cells& cells, std::string_view table, ByteSpan key, const VersionVector& before,
                          std::int64_t now_ms, ByteSpan field = {});

// What all origins known here vouch for. Nothing while one of them never did, names an origin that is not known here,
// or knows more or less than this site of an epoch that a later one of its node has replaced, or that is retired; such
// an epoch itself need not vouch, as it makes no commits any more. Nothing either while somebody has not vouched since
// it knows of every retirement that is known here.
class Stable {
 public:
  static Result<Stable> of(store::Cells& cells, const RetiredNodes& retired = {});
  // The same, of those alone who see what others write to the table, and without `maker`. What that one does with a
  // key, or who only reports the table, is not covered.
  static Result<Stable> of_those_who_see(store::Cells& cells, std::string_view table, const Origin& maker,
                                         const RetiredNodes& retired);
  // 0: nobody vouches, or not for the same.
  std::int64_t clock_ms() const { return common_ ? common_->clock_ms : 0; }
  bool covers(const FreeingNeeds& needs) const {
    return common_ && needs.clock_ms <= common_->clock_ms && common_->seen.covers(needs.seen);
  }
  // Whether somebody has vouched who had heard of the origin.
  bool names(const Origin& origin) const;
  // Whether all who may write to the table see there what made these cells, so that they can clear it. Who only reports
  // the table sees what is their own.
  bool all_see(const FreeingNeeds& needs, std::string_view table) const;
  // Whether somebody has vouched for the end of a key without having heard of an origin of `node` that made a cell of
  // it: a group of sites that had not met that node, and may have freed what they had of the key.
  bool freed_without(const FreeingNeeds& needs, std::string_view node) const;

 private:
  template <typename Asked>
  static Result<Stable> of_those(store::Cells& cells, const RetiredNodes& retired, Asked&& asked);

  std::optional<Vouch> common_;
  std::vector<Vouch> all_;                              // of every origin that vouched, replaced epochs too
  std::vector<std::pair<std::string, Vouch>> partial_;  // by node, of those that are not over and only report something
};

}  // namespace pando::engine

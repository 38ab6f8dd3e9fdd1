// notify/cursor.h — where a watcher stands, in a form it can take to another site.
//
// A cursor says the same thing twice. For the node that made it: the last record of its log that was read
// whole. For every other node: the set of commits read whole, as a version vector. Logs of different nodes
// order concurrent commits differently, so only the set travels; the position saves the search at home.
//
//   dc1's log   a1 b1 a2 b2        reader stopped after a2 at dc1: position 3, seen {a:2, b:1}
//   dc2's log   b1 b2 a1 a2        resumes at dc2: b1 skipped, b2 delivered, a1 and a2 skipped
//
// A reader may also stop inside a commit. The changes of a commit are the same list everywhere, so "the first
// k changes of that commit" means the same everywhere too (`partial`).
//
// Resuming gives no gap and no duplicate. Text form, checksum and compatibility: docs/notifications.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/version_vector.h"

namespace pando::notify {

struct Cursor {
  // A commit of which only the first `changes` changes were read.
  struct Partial {
    Dot dot;
    std::uint32_t changes = 0;
    friend bool operator==(const Partial&, const Partial&) = default;
  };

  Origin node;                   // whose log `pos` counts in, with the epoch: a restored disk is another log
  LogPos pos;                    // last record read whole there
  VersionVector seen;            // the commits read whole, wherever
  std::vector<Partial> partial;  // sorted by dot; not in `seen`. More than one only after roaming mid-commit

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// How many changes of the commit `dot` this reader has had: all of them when `seen` covers it.
std::uint32_t changes_read(const Cursor& cursor, const Dot& dot);

// Moves the cursor behind a whole record; `dot` is absent for a record that is not a commit.
// `pos` is the one after cursor.pos.
void pass_record(Cursor& cursor, LogPos pos, const std::optional<Dot>& dot);
// Moves it behind the first `changes` changes of the record after cursor.pos, which has more than that.
void pass_changes(Cursor& cursor, const Dot& dot, std::uint32_t changes);

// The durable part of one node's log of the namespace.
struct LogState {
  Origin node;
  LogPos durable;      // last durable record
  VersionVector seen;  // the commits at or before it
};

// A reader that wants only what comes from here on.
Cursor cursor_at_end(const LogState& log);

// True when reading may simply go on at cursor.pos + 1 of this log: it was made here, and nothing contradicts it.
bool resumes_by_position(const Cursor& cursor, const LogState& log);
// Otherwise: rewrites the cursor for this log. `first` is the first record here whose commit cursor.seen does
// not cover; an earlier one is right as well and only costs reading, since covered commits are passed over. It may
// lie beyond the durable end: a reader that was elsewhere can know more than this node has on disk.
Cursor rebase(Cursor cursor, const LogState& log, LogPos first);

// base64url of the checksummed encoding. The checksum also covers the namespace's name, so that a cursor of one
// namespace is refused in another.
std::string cursor_text(std::string_view ns, const Cursor& cursor);
// kInvalidArgument "bad cursor: …" for anything cursor_text did not make.
Result<Cursor> parse_cursor(std::string_view ns, std::string_view text);

}  // namespace pando::notify

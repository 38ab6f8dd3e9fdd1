// node/meeting.h — what a replica remembers of those who have written without having heard of its origin, until what
// that means for keys that end is settled: docs/design/010-expiry.md, "Groups that meet".
//
// It outlives the process. What is added stands in the log as a record (kMeeting) before the commit that it is about;
// each checkpoint has all of it beside the cells (Cells::memo()). What was settled is not taken out of either before
// the next checkpoint: settled a second time, after a crash, it takes nothing away that was not free to go.
#pragma once

#include <map>
#include <set>
#include <string>

#include "model/path.h"
#include "model/version_vector.h"

namespace pando::node {

// A key that those have written who had not heard of this origin, where something ends.
struct MetKey {
  std::string table;
  Bytes key;
  // What they wrote in it, where that is a part of it which may end by itself (model/field_end.h).
  CellKind kind = CellKind::kRegister;
  Bytes element;
  friend auto operator<=>(const MetKey&, const MetKey&) = default;
};

struct Meeting {
  // Whose first commit has come here after this node had written: up to which commit they may have been made without
  // what this node had vouched for by then. Others may have brought them together, so that no peer's Hello tells.
  struct Stranger {
    Seq upto;
    VersionVector vouched;
    friend bool operator==(const Stranger&, const Stranger&) = default;
  };

  VersionVector before;       // what was here before they were met
  VersionVector catching_up;  // what they had, until all of that has arrived
  std::map<Origin, Stranger> strangers;
  std::set<MetKey> keys;
  // Of those, the ends that had come by what this node has vouched for when they were moved by who had not heard of it.
  std::set<CellPath> ends;
  // Ends that somebody who had not heard of this node has taken away with all of their key, each with what this node
  // had committed by then.
  std::map<CellPath, VersionVector> cleared;
  // Ends that came while this node caught up: until they are looked at.
  std::set<CellPath> unseen;

  bool empty() const {
    return catching_up.empty() && strangers.empty() && keys.empty() && ends.empty() && cleared.empty() &&
           unseen.empty();
  }
  friend bool operator==(const Meeting&, const Meeting&) = default;
};

// What came to it. `begins`: keys and ends that were there are settled, and `before` is what it says; else that stays.
struct MeetingNews {
  bool begins = false;
  Meeting more;

  // Nothing that has to be said: that one begins matters once something is noted.
  bool empty() const { return more.empty(); }
};
void add(Meeting& meeting, const MeetingNews& news);

// u8(1 begins) [vector(before)] vector(catching_up), varint(count) then origin varint(upto) vector(vouched) of each
// stranger, varint(count) then a path per key, the same per end, varint(count) then path vector(own) per cleared end,
// varint(count) then a path per unseen end; each list strictly ascending.
Bytes encode(const MeetingNews& news);
// kDataLoss naming what is malformed.
Result<MeetingNews> decode_meeting_news(ByteSpan body);

}  // namespace pando::node

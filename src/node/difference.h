// node/difference.h — what tells the cells here from those of a peer's cut, told per table and by name.
//
// Keys and fields whose time has run out are left out at whichever side still holds them: each site frees them in its
// own time and by its own clock (docs/design/010-expiry.md), so they tell nothing of whether both hold the same. Of
// what one side does not have at all and the other with an end, nobody can tell whether it was freed or lost.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/cut.h"
#include "model/reply.h"
#include "store/cells.h"
#include "store/range_digest.h"

namespace pando::node {

struct Difference {
  std::vector<TableDifference> tables;  // all that were compared, and all that differ; ascending by name
  std::vector<std::string> named;       // the first few cells that differ, for people
  std::vector<CutCell> cells;           // all of them, as the peer holds them
};

// Which chunks of objects tell something: cuts keep only so many of those that go with their object while the cut is
// open (store/snapshots.h), so that between two who had seen the same one may lack some without anything being wrong.
enum class Chunks : std::uint8_t {
  kAll,
  kMissingHere,  // those that the peer lacks may have gone there meanwhile
  kNone,         // here, too
};

// `here` are the cells as they were compared, `theirs` those in which the peer's cut is otherwise, `compared` how many
// cells of each table were looked at here.
Result<Difference> difference_of(const store::Kv& here, const store::Overlay& theirs,
                                 const std::map<std::string, std::uint64_t, std::less<>>& compared, std::int64_t now_ms,
                                 Chunks chunks);

}  // namespace pando::node

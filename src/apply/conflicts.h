// apply/conflicts.h — finds what a commit makes lose, while it is applied, for the conflict ledger.
//
// A put that leaves a register with several values makes one line: between the value it brings and the one that was
// shown before, whichever wins. So every loser is named once, when it loses. In a table with a declaration, which may
// resolve otherwise, it makes a line with each of the others, and a loser may be named twice. Presences, guards, ends
// and internal tables make none: nothing that anybody wrote there is lost by a merge.
//
// A commit from elsewhere that gives a key another type than it had here makes one line per key. One made here cannot:
// it was refused or took the old type away.
#pragma once

#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "model/commit.h"
#include "store/cells.h"

namespace pando::apply {

class ConflictFinder {
 public:
  ConflictFinder(const Commit& commit, LogPos pos, store::Cells& cells) : commit_(commit), pos_(pos), cells_(cells) {}

  // Before anything changed: `op` will make a cell that is not there.
  template <typename CellOp>
  Status look_for_clash(const CellOp& op) {
    return look_for_clash(op.path, value_of(op));
  }
  // Right after a put that left several values.
  void note_put(const CellPath& path, const crdt::Register& reg);

  // Files what was found; how many lines.
  std::uint64_t file();

 private:
  static const Bytes* value_of(const PutOp& op) { return &op.value; }
  static const Bytes* value_of(const CountOp&) { return nullptr; }
  Status look_for_clash(const CellPath& path, const Bytes* value);
  // Whether the commit takes something away from the key: then what is there now may be gone after it.
  bool takes_away(const CellPath& path);
  void add(Conflict conflict);

  const Commit& commit_;
  const LogPos pos_;
  store::Cells& cells_;
  std::vector<Conflict> found_;
  std::set<std::pair<std::string, Bytes>> clashed_;
  std::optional<std::set<std::pair<std::string_view, ByteSpan>>> taken_;  // keys, once somebody asked
};

}  // namespace pando::apply

// engine/retired_nodes.h — the retirements of a namespace (engine/retired.h), decoded once and kept.
//
// Follows the cells of table `.nodes`: whoever lets a commit into the cells tells note_change() of each key of that
// table it touched. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/hlc.h"
#include "model/origin.h"
#include "model/version_vector.h"
#include "store/cells.h"

namespace pando::engine {

inline constexpr std::string_view kTableNodes = ".nodes";  // key = node name

class RetiredNodes {
 public:
  struct Retirement {
    std::uint64_t epoch = 0;  // all up to this one
    Origin by;                // who said so last
    Hlc at;
    // Its disks are lost too, of all epochs up to this one; 0: of none.
    std::uint64_t lost = 0;
    // Of all epochs up to the key: of what is not in `whole` the parts that are left at sites of some tables count for
    // it.
    struct Closing {
      VersionVector whole;
      std::vector<Dot> said;  // by concurrent ones, who say the same
      bool known_with(const VersionVector& context) const;
    };
    std::map<std::uint64_t, Closing> closings = {};
  };

  static Result<RetiredNodes> load(const store::Cells& cells);
  Status note_change(const store::Cells& cells, std::string_view node);

  bool has(const Origin& origin) const {
    if (nodes_.empty()) return false;
    const auto at = nodes_.find(origin.node);
    return at != nodes_.end() && origin.epoch <= at->second.epoch;
  }
  // Its disk is lost with it: nothing of it comes any more but from those who have it.
  bool lost(const Origin& origin) const;
  // The same of some epoch of the node.
  bool lost(std::string_view node) const;
  // Nothing while that is waited for which nobody has whole.
  const Retirement::Closing* closing(const Origin& origin) const;
  // The node is lost, or any, and not closed yet.
  bool open(std::string_view node) const;
  bool any_open() const;
  // What a context is of: a node of another name; a disk that was declared lost, or a copy of it; a backup that a node
  // of another name made, which may have lost since what is in it.
  enum class Bearer : std::uint8_t { kPeer, kDisk, kBackup };
  // kConflict for somebody with this context, who can only have it from a disk that was declared lost, or from a copy
  // of one: it holds whole what has been given up here. kUnavailable for a backup, while the sites have not agreed yet
  // what is left of such a disk.
  Status check_lost(const VersionVector& theirs, const VersionVector& here, Bearer bearer) const;
  // Whether the node is gone as far as a site with this context knows: no later epoch of it has written anything.
  bool gone(std::string_view node, const VersionVector& context) const;
  bool empty() const { return nodes_.empty(); }
  const std::map<std::string, Retirement, std::less<>>& nodes() const { return nodes_; }
  // Whoever has seen all of this knows of every retirement that is known here.
  const VersionVector& said() const { return said_; }

 private:
  void note_lost(const crdt::Register& reg, std::string_view node);

  std::map<std::string, Retirement, std::less<>> nodes_;
  VersionVector said_;  // only grows: what was said and is said otherwise now is seen by whoever saw the latter
};

}  // namespace pando::engine

// engine/retired_nodes.h — the retirements of a namespace (engine/retired.h), decoded once and kept.
//
// Follows the cells of table `.nodes`: whoever lets a commit into the cells tells note_change() of each key of that
// table it touched. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

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
  };

  static Result<RetiredNodes> load(const store::Cells& cells);
  Status note_change(const store::Cells& cells, std::string_view node);

  bool has(const Origin& origin) const {
    if (nodes_.empty()) return false;
    const auto at = nodes_.find(origin.node);
    return at != nodes_.end() && origin.epoch <= at->second.epoch;
  }
  // Whether the node is gone as far as a site with this context knows: no later epoch of it has written anything.
  bool gone(std::string_view node, const VersionVector& context) const;
  bool empty() const { return nodes_.empty(); }
  const std::map<std::string, Retirement, std::less<>>& nodes() const { return nodes_; }
  // Whoever has seen all of this knows of every retirement that is known here.
  const VersionVector& said() const { return said_; }

 private:
  std::map<std::string, Retirement, std::less<>> nodes_;
  VersionVector said_;  // only grows: what was said and is said otherwise now is seen by whoever saw the latter
};

}  // namespace pando::engine

#include "model/nodes.h"

namespace pando {

std::string_view node_state_name(NodesReply::State state) {
  switch (state) {
    case NodesReply::State::kSelf: return "self";
    case NodesReply::State::kLinked: return "linked";
    case NodesReply::State::kAway: return "away";
    case NodesReply::State::kRetired: return "retired";
  }
  return "unknown";
}

}  // namespace pando

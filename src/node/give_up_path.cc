#include "node/give_up_path.h"

#include "engine/retire.h"

namespace pando::node {

void GiveUpPath::end_turn(Time now) {
  const std::set<CellPath> touched = replica_.take_reset_counters();
  if (touched.empty() || !replica_.config().writable || !replica_.serving().ok()) return;
  engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
  for (const CellPath& path : touched) {
    if (replica_.arrives(path.table)) continue;
    if (!engine::retire(draft, path).ok()) return;
  }
  if (!draft.empty()) (void)replica_.commit(draft.take_ops(), now);
}

}  // namespace pando::node

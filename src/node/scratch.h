// node/scratch.h — what a namespace would hold if changes were made that are not made (yet).
//
// Cells over the cells (store/past_kv.h) of now, or of a snapshot. What is applied here is seen by reads here, all
// types and indexes included, and by nobody else; the namespace stays as it is. For reads inside transactions.
//
// Over the cells of now it lives within one step; over a snapshot as long as that is alive. One thread.
#pragma once

#include <memory>

#include "engine/view.h"
#include "store/past_kv.h"

namespace pando::node {

class Scratch {
 public:
  // Both outlive it.
  static Result<std::unique_ptr<Scratch>> open(const store::Cells& cells, const engine::Catalog& catalog,
                                               std::int64_t now_ms, std::optional<store::Snapshots::Id> snapshot = {});

  engine::View view() { return engine::View(*cells_, catalog_, now_ms_); }
  // What the next commit of `self` is called here.
  Dot next_dot(const Origin& self) const { return {self, cells_->context().get(self).next()}; }
  // Follows a declaration that was applied.
  Status note_declaration(engine::Catalog& catalog, std::string_view table) const {
    return catalog.note_change(*cells_, table);
  }
  // As a commit would; kDataLoss and failures of the store as in apply::apply().
  Status apply(const Dot& dot, std::vector<Op> ops);

 private:
  Scratch(const store::Cells& cells, const engine::Catalog& catalog, std::int64_t now_ms,
          std::optional<store::Snapshots::Id> snapshot)
      : kv_(cells, snapshot), catalog_(catalog), now_ms_(now_ms) {}

  store::PastKv kv_;
  const engine::Catalog& catalog_;
  std::int64_t now_ms_;
  std::unique_ptr<store::Cells> cells_;
};

}  // namespace pando::node

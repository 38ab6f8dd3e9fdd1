// node/pipeline_path.h — what a client asked without waiting in between, or several in one turn, handled in one go.
//
// Each item is answered as if it had come alone, in the order they came. Writes next to each other share a commit where
// nobody can tell (engine/commit_sharing.h), so that a log record, its checksums and its way through the node are paid
// for once and not by each. A write that is refused takes nothing with it. The answer is given when the last of its
// items may be: a client of a pipeline reads its answers in order anyway.
//
// Not in namespaces of a merge group, whose reads look at others: the node refuses pipelines there. One thread.
#pragma once

#include "node/read_path.h"
#include "node/write_path.h"

namespace pando::node {

class PipelinePath {
 public:
  PipelinePath(Replica& replica, WritePath& writes, DurabilityPath& answers)
      : replica_(replica), writes_(writes), answers_(answers) {}

  void handle(RequestId id, PipelineRequest&& request, const Terms& terms, Time now, Outputs& out);

 private:
  class Run;

  Replica& replica_;
  WritePath& writes_;
  DurabilityPath& answers_;
};

}  // namespace pando::node

// api/spare_mutations.h — mutations of writes that were asked, to be filled in again by the next commands.
//
// A mutation and what it says are four pieces of memory that every small write would take and give back, each long out
// of the processor's reach by then. What was used last is used first. A server keeps one of these; one thread.
#pragma once

#include <vector>

#include "model/request.h"

namespace pando::api {

class SpareMutations {
 public:
  static constexpr std::size_t kMax = 64;

  // One that says nothing.
  std::vector<Mutation> take();
  // What the node has left of a request that it was asked. The memory of its items comes back, without them.
  std::vector<PipelineItem> keep(Request&& asked);

 private:
  void keep_one(Request& asked);

  std::vector<std::vector<Mutation>> kept_;  // each of one, cleared
};

}  // namespace pando::api

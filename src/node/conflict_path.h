// node/conflict_path.h — the conflict ledger of one namespace: asked, waited for, and made undone.
//
// A question with `wait` that finds nothing is kept until a line is filed, or its time is over; then it is asked again.
// At most limits::kLedgerWaitsMax are kept; more are answered at once. One thread.
#pragma once

#include <vector>

#include "node/read_path.h"
#include "node/write_path.h"

namespace pando::node {

class ConflictPath {
 public:
  ConflictPath(Replica& replica, ReadPath& reads, WritePath& writes)
      : replica_(replica), reads_(reads), writes_(writes) {}

  void handle(RequestId id, ListConflictsRequest&& request, const Terms& terms, Time now, Outputs& out);
  void handle(RequestId id, const RestoreConflictRequest& request, const Terms& terms, Time now, Outputs& out);

  void end_turn(Time now, Outputs& out);
  // Answers everything that waits with what there is.
  void end_waiting(Time now, Outputs& out);
  void refuse_waiting(const Status& reason, Outputs& out);
  std::optional<Instant> next_deadline() const;

 private:
  struct Waiting {
    RequestId id;
    ListConflictsRequest request;
    Terms terms;
    Instant until;
  };

  bool has_line_for(const ListConflictsRequest& request) const;

  Replica& replica_;
  ReadPath& reads_;
  WritePath& writes_;
  std::vector<Waiting> waiting_;
  std::uint64_t seen_version_ = 0;
};

}  // namespace pando::node

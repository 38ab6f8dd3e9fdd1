// node/read_path.h — clients' reads on one namespace, answered from its cells in the step they arrive in.
//
// A read that saw a change whose record is not durable yet waits until it is: what was read once can never
// be taken back by a crash. One thread.
#pragma once

#include <vector>

#include "engine/read.h"
#include "engine/typed_payload.h"
#include "node/replica.h"

namespace pando::node {

class ReadPath {
 public:
  explicit ReadPath(Replica& replica) : replica_(replica) {}

  // True for reads that a merge group, if there is one, has a say in.
  static bool looks_across(const Request& request);

  // `group` are the members of the namespace's merge group that this node holds, the namespace among them;
  // empty outside of groups.
  void handle(RequestId id, const GetRequest& request, const std::vector<Replica*>& group, Time now, Outputs& out);
  void handle(RequestId id, const GetMergedRequest& request, const std::vector<Replica*>& group, Time now,
              Outputs& out);
  // What the cells of this namespace alone can answer.
  template <engine::Readable Asked>
  void answer_from_cells(RequestId id, const Asked& request, Time now, Outputs& out) {
    engine::View view = replica_.view(now);
    Result<ReplyBody> body = engine::read(view, request);
    if (!body) return answer(id, fail(body.error()), out);
    answer(id, Answer{*std::move(body), view.touched()}, out);
  }
  void handle(RequestId id, const OffsetRequest& request, Outputs& out);
  void handle(RequestId id, const CheckpointRequest& request, Outputs& out);
  void handle(RequestId id, const DigestRequest& request, Outputs& out);

 private:
  struct Answer {
    ReplyBody body;
    LogPos touched;
  };

  Result<Answer> digest();
  // Nothing when no member of the group has a well-formed payload for the key.
  Result<std::optional<MergedReply>> merged(ByteSpan key, const std::vector<Replica*>& group,
                                            std::vector<Dependency>& dependencies);
  std::uint64_t segment_of(LogPos pos) const;
  void answer(RequestId id, Result<Answer> found, Outputs& out);

  Replica& replica_;
  engine::TypedPayloadParser parser_;
};

}  // namespace pando::node

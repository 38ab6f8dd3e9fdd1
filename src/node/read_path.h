// node/read_path.h — clients' reads on one namespace, answered from its cells in the step they arrive in.
//
// A read that saw a change whose record is not durable yet waits until it is: what was read once can never
// be taken back by a crash. One thread.
#pragma once

#include <vector>

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
  void handle(RequestId id, const GetRequest& request, const std::vector<Replica*>& group, Outputs& out);
  void handle(RequestId id, const GetMergedRequest& request, const std::vector<Replica*>& group, Outputs& out);
  void handle(RequestId id, const GetRowRequest& request, Outputs& out);
  void handle(RequestId id, const GetCounterRequest& request, Outputs& out);
  void handle(RequestId id, const ListMembersRequest& request, Outputs& out);
  void handle(RequestId id, const HasMemberRequest& request, Outputs& out);
  void handle(RequestId id, const CountMembersRequest& request, Outputs& out);
  void handle(RequestId id, const GetFlagRequest& request, Outputs& out);
  void handle(RequestId id, const ListRequest& request, Outputs& out);
  void handle(RequestId id, const LobStatRequest& request, Outputs& out);
  void handle(RequestId id, const LobChunkRequest& request, Outputs& out);
  void handle(RequestId id, const OffsetRequest& request, Outputs& out);
  void handle(RequestId id, const CheckpointRequest& request, Outputs& out);
  void handle(RequestId id, const DigestRequest& request, Outputs& out);

 private:
  struct Answer {
    ReplyBody body;
    LogPos touched;
  };

  Result<Answer> value(const GetRequest& request);
  Result<Answer> row(const GetRowRequest& request);
  Result<Answer> counter(const GetCounterRequest& request);
  Result<Answer> members(const ListMembersRequest& request);
  Result<Answer> has_member(const HasMemberRequest& request);
  Result<Answer> count_members(const CountMembersRequest& request);
  Result<Answer> flag(const GetFlagRequest& request);
  // kWrongType when the key reads as something that stands above `asked` (model/path.h). Otherwise the last
  // record that this answer depends on.
  Result<LogPos> check_above(std::string_view table, ByteSpan key, CellKind asked);
  Result<Answer> list(const ListRequest& request);
  Result<Answer> lob_stat(const LobStatRequest& request);
  Result<Answer> lob_chunk(const LobChunkRequest& request);
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

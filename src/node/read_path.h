// node/read_path.h — clients' reads on one namespace, answered from its cells in the step they arrive in.
//
// A read that saw a change whose record is not durable yet waits until it is: what was read once can never
// be taken back by a crash. Where the namespace's writes wait for less by default, so do its reads. Terms may ask for
// more than the answer: what the client has seen by it, and the ETag of the key. One thread.
#pragma once

#include <vector>

#include "engine/etag.h"
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
  void handle(RequestId id, const GetRequest& request, const std::vector<Replica*>& group, const Terms& terms, Time now,
              Outputs& out);
  void handle(RequestId id, const GetMergedRequest& request, const std::vector<Replica*>& group, const Terms& terms,
              Time now, Outputs& out);
  struct Answer {
    ReplyBody body;
    LogPos touched;
    std::string etag = {};
  };
  // What the cells of this namespace alone can answer, for somebody who adds to it and then calls answer().
  template <engine::Readable Asked>
  Result<Answer> look_up(const Asked& request, const Terms& terms, Time now) {
    engine::View view = replica_.view(now);
    Result<ReplyBody> body = engine::read(view, request);
    if (!body) return fail(body.error());
    Result<std::string> etag = etag_if_asked(view, request, terms);
    if (!etag) return fail(etag.error());
    return Answer{*std::move(body), view.touched(), *std::move(etag)};
  }
  void answer(RequestId id, const Terms& terms, Result<Answer> found, Outputs& out);
  // The same at once.
  template <engine::Readable Asked>
  void answer_from_cells(RequestId id, const Asked& request, const Terms& terms, Time now, Outputs& out) {
    answer(id, terms, look_up(request, terms, now), out);
  }
  // The same, from what an open transaction sees; `depends_on` is what that waits for.
  template <engine::Readable Asked>
  void answer_from(engine::View view, LogPos depends_on, RequestId id, const Asked& request, const Terms& terms,
                   Outputs& out) {
    Result<ReplyBody> body = engine::read(view, request);
    if (!body) return answer(id, terms, fail(body.error()), out);
    Result<std::string> etag = etag_if_asked(view, request, terms);
    if (!etag) return answer(id, terms, fail(etag.error()), out);
    answer(id, terms, Answer{*std::move(body), depends_on, *std::move(etag)}, out);
  }
  void handle(RequestId id, const OffsetRequest& request, Outputs& out);
  void handle(RequestId id, const CheckpointRequest& request, Outputs& out);
  void handle(RequestId id, const DigestRequest& request, Time now, Outputs& out);

 private:
  // Reads of one key tell its ETag: those that have seen all of it anyway always, the others when asked.
  template <typename Asked>
  static Result<std::string> etag_if_asked(engine::View& view, const Asked& request, const Terms& terms) {
    constexpr bool kSeenWhole = std::is_same_v<Asked, GetRequest> || std::is_same_v<Asked, GetCounterRequest> ||
                                std::is_same_v<Asked, GetFlagRequest> || std::is_same_v<Asked, GetRowRequest> ||
                                std::is_same_v<Asked, LobStatRequest>;
    if ((!kSeenWhole || terms.spares_etag) && !terms.wants_etag) return std::string();
    if constexpr (std::is_same_v<Asked, GetRowRequest>) {
      if (request.columns && !terms.wants_etag) return std::string();
      return engine::etag_of(view, kTableRow, request.key);
    } else if constexpr (std::is_same_v<Asked, LobStatRequest>) {
      return engine::etag_of(view, kTableLob, request.key);
    } else if constexpr (requires { engine::etag_of(view, request.table, request.key); }) {
      return engine::etag_of(view, request.table, request.key);
    } else {
      return std::string();
    }
  }

  Result<Answer> digest(std::int64_t as_of_ms);
  // Nothing when no member of the group has a well-formed payload for the key.
  Result<std::optional<MergedReply>> merged(ByteSpan key, const std::vector<Replica*>& group,
                                            std::vector<Dependency>& dependencies);
  std::uint64_t segment_of(LogPos pos) const;
  // With what it depends on in several namespaces.
  void answer_across(RequestId id, const Terms& terms, ReplyBody body, std::vector<Dependency> dependencies,
                     Outputs& out);
  // Into `reply` what its client has seen by it, when it asks; what the answer depends on then.
  Result<LogPos> add_token(const Terms& terms, LogPos touched, Reply& reply) const;

  Replica& replica_;
  engine::TypedPayloadParser parser_;
};

}  // namespace pando::node

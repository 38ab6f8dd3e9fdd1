#include "node/read_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/merge_group.h"
#include "node/session_path.h"

namespace pando::node {

void ReadPath::answer(RequestId id, const Terms& terms, Result<Answer> found, Outputs& out) {
  if (!found) {
    out.replies.push_back({id, Reply::failure(found.error())});
    return;
  }
  Reply reply{{}, std::move(found->body), {}};
  reply.etag = std::move(found->etag);
  const Result<LogPos> depends = add_token(terms, found->touched, reply);
  if (!depends) {
    out.replies.push_back({id, Reply::failure(depends.error())});
    return;
  }
  // What writes that say nothing wait for is enough for reads.
  replica_.reply_when(replica_.config().durability.level, {id, std::move(reply)}, *depends, out);
}

Result<LogPos> ReadPath::add_token(const Terms& terms, LogPos touched, Reply& reply) const {
  if (!terms.wants_token && !terms.after) return touched;
  const auto& durable = replica_.durable_context().entries();
  if (touched <= replica_.durable() && replica_.durable() < replica_.appended() &&
      durable.size() <= limits::kTokenDotsMax) {
    // Nothing to wait for, so the token names only what cannot be lost any more.
    CausalToken token;
    for (const auto& [origin, seq] : durable) token.push_back({origin, seq});
    reply.token = std::move(token);
  } else {
    Result<CausalToken> token = token_of(replica_);
    if (!token) return fail(token.error());
    reply.token = *std::move(token);
    touched = replica_.appended();
  }
  if (terms.after) merge(*reply.token, *terms.after);
  return touched;
}

bool ReadPath::looks_across(const Request& request) {
  if (const auto* get = std::get_if<GetRequest>(&request)) {
    return !get->raw && get->table == kTableKv && engine::typed_key(get->key) == engine::TypedKey::kLww;
  }
  return std::holds_alternative<GetMergedRequest>(request);
}

void ReadPath::handle(RequestId id, const GetRequest& request, const std::vector<Replica*>& group, const Terms& terms,
                      Time now, Outputs& out) {
  if (!group.empty()) {
    std::vector<Dependency> dependencies;
    Result<std::optional<MergedReply>> winner = merged(request.key, group, dependencies);
    if (!winner) {
      out.replies.push_back({id, Reply::failure(winner.error())});
      return;
    }
    if (*winner) {
      ValueReply reply;
      reply.found = true;
      reply.value = std::move((*winner)->value);
      answer_across(id, terms, std::move(reply), std::move(dependencies), out);
      return;
    }
  }
  answer_from_cells(id, request, terms, now, out);
}

// Merge groups. --------------------------------------------------------------------------------------------

Result<std::optional<MergedReply>> ReadPath::merged(ByteSpan key, const std::vector<Replica*>& group,
                                                    std::vector<Dependency>& dependencies) {
  PANDO_RETURN_IF_ERROR(validate_key(key));
  std::vector<store::Cells*> members;
  for (Replica* member : group) {
    // A winner that lacks a member's part could be the wrong one.
    PANDO_RETURN_IF_ERROR(member->serving());
    members.push_back(&member->cells());
  }
  Result<engine::MergedRead> read = engine::read_merged(key, members, parser_);
  if (!read) return fail(read.error());
  for (std::size_t i = 0; i < group.size(); ++i) dependencies.push_back({group[i], read->touched[i]});
  if (!read->reply.found) return std::nullopt;
  return std::move(read->reply);
}

void ReadPath::handle(RequestId id, const GetMergedRequest& request, const std::vector<Replica*>& group,
                      const Terms& terms, Time, Outputs& out) {
  std::vector<Dependency> dependencies;
  const std::vector<Replica*> alone{&replica_};
  Result<std::optional<MergedReply>> found = merged(request.key, group.empty() ? alone : group, dependencies);
  if (!found) {
    out.replies.push_back({id, Reply::failure(found.error())});
    return;
  }
  MergedReply reply;
  if (*found) {
    reply = std::move(**found);
  } else if (engine::typed_key(request.key) == engine::TypedKey::kCounter) {
    reply.kind = MergedReply::Kind::kCounter;
  }
  answer_across(id, terms, std::move(reply), std::move(dependencies), out);
}

void ReadPath::answer_across(RequestId id, const Terms& terms, ReplyBody body, std::vector<Dependency> dependencies,
                             Outputs& out) {
  Reply reply{{}, std::move(body), {}};
  const Result<LogPos> depends = add_token(terms, LogPos(0), reply);
  if (!depends) {
    out.replies.push_back({id, Reply::failure(depends.error())});
    return;
  }
  dependencies.push_back({&replica_, *depends});
  replica_.reply_when_durable({id, std::move(reply)}, std::move(dependencies), out);
}

// About the namespace. -----------------------------------------------------------------------------------------

void ReadPath::handle(RequestId id, const OffsetRequest&, Outputs& out) {
  OffsetReply reply;
  reply.durable = replica_.durable();
  reply.context = replica_.durable_context();
  if (!replica_.index().segments().empty()) {
    const log::Index::Segment& last = replica_.index().segments().back();
    reply.segment_id = last.header.segment_id;
    reply.segment_offset = last.bytes;
  }
  out.replies.push_back({id, Reply{{}, std::move(reply), {}}});
}

std::uint64_t ReadPath::segment_of(LogPos pos) const {
  const log::Index& index = replica_.index();
  if (pos < index.first() || pos > index.last()) return 0;
  return index.segment_of(pos).header.segment_id;
}

void ReadPath::handle(RequestId id, const CheckpointRequest&, Outputs& out) {
  CheckpointReply reply;
  reply.covered = replica_.cells().checkpointed();
  reply.segment_id = segment_of(reply.covered);
  reply.context = replica_.cells().checkpointed_context();
  out.replies.push_back({id, Reply{{}, std::move(reply), {}}});
}

void ReadPath::handle(RequestId id, const DigestRequest& request, Time now, Outputs& out) {
  answer(id, {}, digest(request.as_of_ms.value_or(replica_.view(now).now_ms())), out);
}

Result<ReadPath::Answer> ReadPath::digest(std::int64_t as_of_ms) {
  Result<store::Cells::Digest> digest = replica_.cells().digest(as_of_ms);
  if (!digest) return fail(digest.error());
  DigestReply reply{std::move(digest->fingerprint), digest->cells, replica_.cells().context()};
  // The context it speaks for must be durable too.
  return Answer{std::move(reply), replica_.appended()};
}

}  // namespace pando::node

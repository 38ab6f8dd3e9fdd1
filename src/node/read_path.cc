#include "node/read_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/merge_group.h"

namespace pando::node {
void ReadPath::answer(RequestId id, Result<Answer> found, Outputs& out) {
  if (!found) {
    out.replies.push_back({id, Reply::failure(found.error())});
  } else {
    replica_.reply_when_durable({id, Reply{{}, std::move(found->body), {}}}, found->touched, out);
  }
}

bool ReadPath::looks_across(const Request& request) {
  if (const auto* get = std::get_if<GetRequest>(&request)) {
    return !get->raw && get->table == kTableKv && engine::typed_key(get->key) == engine::TypedKey::kLww;
  }
  return std::holds_alternative<GetMergedRequest>(request);
}

void ReadPath::handle(RequestId id, const GetRequest& request, const std::vector<Replica*>& group, Time now,
                      Outputs& out) {
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
      replica_.reply_when_durable({id, Reply{{}, std::move(reply), {}}}, std::move(dependencies), out);
      return;
    }
  }
  answer_from_cells(id, request, now, out);
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

void ReadPath::handle(RequestId id, const GetMergedRequest& request, const std::vector<Replica*>& group, Time,
                      Outputs& out) {
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
  replica_.reply_when_durable({id, Reply{{}, std::move(reply), {}}}, std::move(dependencies), out);
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

void ReadPath::handle(RequestId id, const DigestRequest&, Outputs& out) { answer(id, digest(), out); }

Result<ReadPath::Answer> ReadPath::digest() {
  Result<store::Cells::Digest> digest = replica_.cells().digest();
  if (!digest) return fail(digest.error());
  DigestReply reply{std::move(digest->fingerprint), digest->cells, replica_.cells().context()};
  // The context it speaks for must be durable too.
  return Answer{std::move(reply), replica_.appended()};
}

}  // namespace pando::node

#include "node/read_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/draft.h"
#include "engine/merge_group.h"
#include "model/lob_manifest.h"
#include "store/cell_cursor.h"

namespace pando::node {
namespace {

CellPath path_of(std::string_view table, ByteSpan key, CellKind kind) {
  return {std::string(table), Bytes(key), kind, {}};
}

ValueReply value_of(const crdt::Counter& counter) {
  ValueReply reply;
  reply.found = true;
  reply.kind = CellKind::kCounter;
  reply.value = std::to_string(counter.value());
  return reply;
}

Status checked(std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(validate_table_name(table));
  return validate_key(key);
}

}  // namespace

void ReadPath::answer(RequestId id, Result<Answer> found, Outputs& out) {
  if (!found) {
    out.replies.push_back({id, Reply::failure(found.error())});
  } else {
    replica_.reply_when_durable({id, Reply{{}, std::move(found->body), {}}}, found->touched, out);
  }
}

// Point reads. ---------------------------------------------------------------------------------------------

bool ReadPath::looks_across(const Request& request) {
  if (const auto* get = std::get_if<GetRequest>(&request)) {
    return !get->raw && get->table == kTableKv && engine::typed_key(get->key) == engine::TypedKey::kLww;
  }
  return std::holds_alternative<GetMergedRequest>(request);
}

void ReadPath::handle(RequestId id, const GetRequest& request, const std::vector<Replica*>& group, Outputs& out) {
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
  answer(id, value(request), out);
}

Result<ReadPath::Answer> ReadPath::value(const GetRequest& request) {
  PANDO_RETURN_IF_ERROR(checked(request.table, request.key));
  const CellPath counter_path = path_of(request.table, request.key, CellKind::kCounter);
  const CellPath register_path = path_of(request.table, request.key, CellKind::kRegister);
  store::Cells& cells = replica_.cells();
  LogPos touched = std::max(cells.touched(counter_path), cells.touched(register_path));
  const Result<const crdt::Counter*> counter = cells.find_counter(counter_path);
  if (!counter) return fail(counter.error());
  if (*counter != nullptr && !(*counter)->absent()) return Answer{value_of(**counter), touched};
  const Result<const crdt::Register*> found = cells.find_register(register_path);
  if (!found) return fail(found.error());
  ValueReply reply;
  if (*found == nullptr) {
    const store::CellCursor other = cells.scan_kinds(request.table, request.key, CellKind::kMember);
    PANDO_RETURN_IF_ERROR(other.status());
    if (other.valid()) return fail(engine::wrong_type(request.key, other.path().kind, CellKind::kRegister));
    touched = std::max(touched, other.touched());
  } else {
    const crdt::Register::Entry& entry = *(*found)->resolve();
    reply.found = true;
    reply.value = entry.value;
    reply.hlc = entry.hlc;
    reply.dot = entry.dot;
  }
  return Answer{std::move(reply), touched};
}

void ReadPath::handle(RequestId id, const GetRowRequest& request, Outputs& out) { answer(id, row(request), out); }

Result<ReadPath::Answer> ReadPath::row(const GetRowRequest& request) {
  PANDO_RETURN_IF_ERROR(checked(kTableRow, request.key));
  RowReply reply;
  store::CellCursor at = replica_.cells().scan_key(kTableRow, request.key);
  for (; at.valid(); at.next()) {
    if (at.path().kind != CellKind::kField) continue;
    const crdt::Register::Entry* entry = at.cell().reg().resolve();
    if (entry == nullptr) continue;
    reply.found = true;
    const Bytes& column = at.path().element;
    const bool wanted = !request.columns ||
                        std::find(request.columns->begin(), request.columns->end(), column) != request.columns->end();
    if (wanted) reply.columns.emplace_back(column, entry->value);
  }
  PANDO_RETURN_IF_ERROR(at.status());
  return Answer{std::move(reply), at.touched()};
}

void ReadPath::handle(RequestId id, const GetCounterRequest& request, Outputs& out) {
  answer(id, counter(request), out);
}

Result<ReadPath::Answer> ReadPath::counter(const GetCounterRequest& request) {
  PANDO_RETURN_IF_ERROR(checked(request.table, request.key));
  const CellPath path = path_of(request.table, request.key, CellKind::kCounter);
  store::Cells& cells = replica_.cells();
  // Only a key without a counter is searched for what else it may be.
  Result<store::KeyKinds> kinds = cells.kinds(request.table, request.key, {.fields = false, .members = false});
  if (kinds && !kinds->any()) kinds = cells.kinds(request.table, request.key, {.fields = false});
  if (!kinds) return fail(kinds.error());
  if (!kinds->has_counter && kinds->any()) {
    return fail(engine::wrong_type(request.key, kinds->reads_as(), CellKind::kCounter));
  }
  const Result<const crdt::Counter*> found = cells.find_counter(path);
  if (!found) return fail(found.error());
  CounterReply reply;
  if (*found != nullptr && !(*found)->absent()) {
    reply.found = true;
    reply.value = (*found)->value();
    for (const auto& slot : (*found)->slots()) {
      if (reply.slots.empty() || reply.slots.back().origin != slot.origin) {
        reply.slots.push_back({slot.origin, (*found)->value_of(slot.origin)});
      }
    }
  }
  return Answer{std::move(reply), kinds->touched};
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

void ReadPath::handle(RequestId id, const GetMergedRequest& request, const std::vector<Replica*>& group, Outputs& out) {
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

// Ranges and large objects. ----------------------------------------------------------------------------------

void ReadPath::handle(RequestId id, const ListRequest& request, Outputs& out) { answer(id, list(request), out); }

Result<ReadPath::Answer> ReadPath::list(const ListRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_table_name(request.table));
  ListReply reply;
  store::CellCursor at = replica_.cells().scan(request.table, request.prefix, request.after);
  while (at.valid()) {
    if (!at.visible()) {
      at.next();
      continue;
    }
    if (reply.keys.size() == request.count_max) {
      reply.more = true;
      break;
    }
    reply.keys.push_back(at.key());
    at.skip_key();
  }
  PANDO_RETURN_IF_ERROR(at.status());
  return Answer{std::move(reply), at.touched()};
}

void ReadPath::handle(RequestId id, const LobStatRequest& request, Outputs& out) { answer(id, lob_stat(request), out); }

Result<ReadPath::Answer> ReadPath::lob_stat(const LobStatRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_key(request.key));
  const CellPath path = path_of(kTableLob, request.key, CellKind::kRegister);
  store::Cells& cells = replica_.cells();
  const LogPos touched = cells.touched(path);
  const Result<const crdt::Register*> found = cells.find_register(path);
  if (!found) return fail(found.error());
  LobStatReply reply;
  if (*found != nullptr && !(*found)->empty()) {
    Result<LobManifest> manifest = decode_lob_manifest((*found)->resolve()->value);
    if (!manifest) return fail(manifest.error().with_context(fmt::format("object \"{}\"", request.key)));
    reply = {true, manifest->size_bytes, manifest->chunk_count, manifest->crc32, std::move(manifest->upload)};
  }
  return Answer{std::move(reply), touched};
}

void ReadPath::handle(RequestId id, const LobChunkRequest& request, Outputs& out) {
  answer(id, lob_chunk(request), out);
}

Result<ReadPath::Answer> ReadPath::lob_chunk(const LobChunkRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_key(request.key));
  const CellPath path = chunk_path(request.upload, request.index);
  Result<std::optional<crdt::Register>> chunk = replica_.cells().fetch_register(path);
  if (!chunk) return fail(chunk.error());
  if (!*chunk || (*chunk)->empty()) {
    return fail(StatusCode::kGone, fmt::format("object \"{}\" was replaced while it was read", request.key));
  }
  return Answer{LobChunkReply{(*chunk)->resolve()->value}, replica_.cells().touched(path)};
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

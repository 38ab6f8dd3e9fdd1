#include "store/checkpoint_meta.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/crc32c.h"
#include "base/limits.h"

namespace pando::store {
namespace {

constexpr std::uint8_t kMetaVersion = 1;
constexpr std::uint8_t kMetaVersionRelaxed = 2;
constexpr std::uint8_t kMetaVersionTables = 3;
constexpr std::uint8_t kMetaVersionCluster = 4;
constexpr std::uint8_t kMetaVersionGrowth = 5;

template <typename Chains>
auto place_of(Chains& chains, const Origin& origin) {
  return std::lower_bound(chains.begin(), chains.end(), origin,
                          [](const auto& entry, const Origin& o) { return entry.first < o; });
}

// A node that has no name yet writes an empty one, which is not a valid Origin.
Origin decode_self(Reader& in) {
  Origin self;
  self.node = std::string(in.bytes("checkpoint.self", limits::kNodeNameBytesMax));
  self.epoch = in.varint("checkpoint.self");
  if (in.ok() && !self.node.empty()) {
    if (const Status status = validate_node_name(self.node); !status.ok()) {
      in.refuse("checkpoint.self", status.message());
    }
  }
  return self;
}

}  // namespace

std::uint64_t CheckpointMeta::chain(const Origin& origin) const {
  const auto at = place_of(chains, origin);
  return at != chains.end() && at->first == origin ? at->second : 0;
}

void CheckpointMeta::set_chain(const Origin& origin, std::uint64_t chain) {
  const auto at = place_of(chains, origin);
  if (at != chains.end() && at->first == origin) {
    at->second = chain;
  } else {
    chains.insert(at, {origin, chain});
  }
}

Bytes encode_checkpoint_meta(const CheckpointMeta& meta) {
  Bytes fields;
  Writer body(fields);
  body.varint(meta.covered.value);
  body.varint(meta.replay_segment);
  encode(meta.self, body);
  encode(meta.context, body);
  body.varint(meta.chains.size());
  for (const auto& [origin, chain] : meta.chains) {
    encode(origin, body);
    body.u64(chain);
  }
  body.u64(meta.hlc_floor.bits);
  body.varint(meta.changes);
  const bool grown = meta.growth != TableGrowth::none(meta.tables);
  const bool of_clone = !meta.cluster.empty() || grown;
  const bool of_parts = !meta.tables.whole() || of_clone;
  if (meta.relaxed || of_parts) body.u8(meta.relaxed ? 1 : 0);
  if (of_parts) encode(meta.tables, body);
  if (of_clone) body.bytes(meta.cluster);
  if (grown) encode(meta.growth, body);

  Bytes bytes;
  Writer out(bytes);
  out.u8(grown          ? kMetaVersionGrowth
         : of_clone     ? kMetaVersionCluster
         : of_parts     ? kMetaVersionTables
         : meta.relaxed ? kMetaVersionRelaxed
                        : kMetaVersion);
  out.u32(crc32c(fields));
  out.raw(fields);
  return bytes;
}

Result<CheckpointMeta> decode_checkpoint_meta(ByteSpan bytes) {
  Reader in(bytes);
  const std::uint8_t version = in.u8("checkpoint.version");
  if (in.ok() && version > kMetaVersionGrowth) {
    return fail(
        StatusCode::kUnimplemented,
        fmt::format("checkpoint: the store has format {}, this program reads up to {}", version, kMetaVersionGrowth));
  }
  if (version < kMetaVersion) in.refuse("checkpoint.version", fmt::format("{} is not known", version));
  const std::uint32_t sum = in.u32("checkpoint.crc32c");
  if (in.ok() && crc32c(bytes.substr(in.offset())) != sum) in.refuse("checkpoint.crc32c", "does not match");

  CheckpointMeta meta;
  meta.covered = LogPos(in.varint("checkpoint.covered"));
  meta.replay_segment = in.varint("checkpoint.replay_segment");
  meta.self = decode_self(in);
  meta.context = decode_version_vector(in);
  const std::uint64_t count = in.varint_max("checkpoint.chains", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Origin origin = decode_origin(in);
    const std::uint64_t chain = in.u64("checkpoint.chain");
    if (in.ok() && i > 0 && origin <= meta.chains.back().first) {
      in.refuse("checkpoint.chains", "are not in ascending order");
    }
    meta.chains.emplace_back(std::move(origin), chain);
  }
  meta.hlc_floor = Hlc{in.u64("checkpoint.hlc_floor")};
  meta.changes = in.varint("checkpoint.changes");
  if (in.ok() && version >= kMetaVersionRelaxed) {
    const std::uint8_t relaxed = in.u8("checkpoint.relaxed");
    if (in.ok() && relaxed > 1) in.refuse("checkpoint.relaxed", "is neither 0 nor 1");
    if (in.ok() && relaxed == 0 && version == kMetaVersionRelaxed) in.refuse("checkpoint.relaxed", "is not 1");
    meta.relaxed = relaxed == 1;
  }
  if (in.ok() && version >= kMetaVersionTables) {
    meta.set_tables(decode_table_scope(in));
    const bool needed = version == kMetaVersionTables;
    if (in.ok() && needed && meta.tables.whole()) in.refuse("checkpoint.tables", "leaves out nothing");
  }
  if (in.ok() && version >= kMetaVersionCluster) {
    meta.cluster = Bytes(in.bytes("checkpoint.cluster", limits::kClusterBytesMax));
    if (in.ok() && meta.cluster.empty() && version == kMetaVersionCluster) in.refuse("checkpoint.cluster", "is empty");
  }
  if (in.ok() && version == kMetaVersionGrowth) {
    meta.growth = decode_table_growth(in);
    if (in.ok() && !meta.tables.subscribe.includes(meta.growth.holds)) {
      in.refuse("checkpoint.growth", "holds what is not taken");
    }
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("checkpoint"));
  return meta;
}

}  // namespace pando::store

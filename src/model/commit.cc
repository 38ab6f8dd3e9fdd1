#include "model/commit.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <cstring>

#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint8_t kCommitVersion = 1;
constexpr std::uint8_t kHasIdempotencyKey = 1;

// `chain_offset` receives where the chain word lies.
Bytes encode_with(const Commit& commit, std::uint64_t chain, std::size_t* chain_offset = nullptr) {
  constexpr std::size_t kUsualBytes = 256;
  Bytes bytes;
  bytes.reserve(kUsualBytes);
  Writer out(bytes);
  out.u8(kCommitVersion);
  encode(commit.dot, out);
  out.u64(commit.hlc.bits);
  if (chain_offset != nullptr) *chain_offset = out.size();
  out.u64(chain);
  out.u8(commit.idempotency_key ? kHasIdempotencyKey : 0);
  if (commit.idempotency_key) out.bytes(*commit.idempotency_key);
  out.varint(commit.ops.size());
  for (const Op& op : commit.ops) encode(op, out);
  return bytes;
}

Dot decode_head(Reader& in) {
  const std::uint8_t version = in.u8("commit.version");
  if (in.ok() && version != kCommitVersion) in.refuse("commit.version", fmt::format("{} is not known", version));
  return decode_dot(in);
}

}  // namespace

Bytes encode_commit(const Commit& commit) { return encode_with(commit, commit.chain); }

Result<Commit> decode_commit(ByteSpan bytes) {
  Reader in(bytes);
  Commit commit;
  commit.dot = decode_head(in);
  commit.hlc = Hlc{in.u64("commit.hlc")};
  commit.chain = in.u64("commit.chain");
  const std::uint8_t flags = in.u8("commit.flags");
  if (flags > kHasIdempotencyKey) in.refuse("commit.flags", fmt::format("{} is not known", flags));
  if (in.ok() && flags == kHasIdempotencyKey) {
    commit.idempotency_key = Bytes(in.bytes("commit.idempotency_key", limits::kIdempotencyKeyBytesMax));
  }
  const std::uint64_t count = in.varint_max("commit.ops", limits::kCommitOpsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) commit.ops.push_back(decode_op(in));
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("commit"));
  return commit;
}

Result<Dot> peek_dot(ByteSpan bytes) {
  Reader in(bytes);
  Dot dot = decode_head(in);
  if (Status status = in.status(); !status.ok()) return fail(status.with_context("commit"));
  return dot;
}

Bytes seal_commit(std::uint64_t previous_chain, Commit& commit) {
  std::size_t chain_offset = 0;
  Bytes bytes = encode_with(commit, 0, &chain_offset);
  commit.chain = XXH3_64bits_withSeed(bytes.data(), bytes.size(), previous_chain);
  std::memcpy(bytes.data() + chain_offset, &commit.chain, sizeof commit.chain);
  return bytes;
}

std::uint64_t chain_after(std::uint64_t previous, const Commit& commit) {
  const Bytes bytes = encode_with(commit, 0);
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), previous);
}

}  // namespace pando

// fuzz/commit_fuzz.cc — decode_commit on anything: refused with a place, or one form only; and so is every part of it.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "model/commit_parts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pando::ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  const pando::Result<pando::Dot> dot = pando::peek_dot(bytes);
  const pando::Result<pando::Commit> commit = pando::decode_commit(bytes);
  if (!commit) {
    CHECK(commit.error().code() == pando::StatusCode::kDataLoss);
    CHECK(!commit.error().message().empty());
    return 0;
  }
  CHECK(dot && *dot == commit->dot);
  CHECK(pando::encode_commit(*commit) == bytes);
  const pando::Result<pando::CommitHead> head = pando::peek_head(bytes);
  CHECK(head && head->dot == commit->dot && head->first == commit->first_seq());
  for (const pando::Op& op : commit->ops) CHECK(!pando::key_of(op).empty());
  const pando::Result<pando::CommitPart> part = pando::part_for(bytes, pando::TableSet::of({"kv"}));
  CHECK(part && part->whole != part->rest.has_value());
  if (part->whole) return 0;
  CHECK(pando::decode_commit(pando::encode_commit(*part->rest)) == *part->rest);
  if (!part->rest->skips_from && !commit->sections.empty()) {
    CHECK(pando::chain_after(1, *part->rest) == pando::chain_after(1, *commit));
  }
  return 0;
}

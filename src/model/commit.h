// model/commit.h — the one noun that changes state, whoever made it.
//
// A commit is applied whole or not at all, at every site. `seq` is dense per (namespace, origin), `hlc`
// strictly increases per origin, and `chain` is a running hash over the origin's commits so far, so two
// different commits under one number are told apart at first contact.
#pragma once

#include <optional>
#include <vector>

#include "base/hlc.h"
#include "model/op.h"

namespace pando {

struct Commit {
  Dot dot;
  Hlc hlc;
  std::uint64_t chain = 0;  // chain_after(previous commit's chain, this)
  std::optional<Bytes> idempotency_key;
  std::vector<Op> ops;  // may be empty: then it only takes up its number

  friend bool operator==(const Commit&, const Commit&) = default;
};

// u8(version = 1) origin varint(seq) u64(hlc) u64(chain) u8(flags) [bytes(idempotency key)] varint(count) ops
// Golden bytes and the field table: docs/formats/commit.md.
Bytes encode_commit(const Commit& commit);
// kDataLoss naming the offset and the field. Never throws, allocates at most about the input's size.
Result<Commit> decode_commit(ByteSpan bytes);
// Just the dot, for routing and logs; the rest is not looked at.
Result<Dot> peek_dot(ByteSpan bytes);

// Fills in `chain` and returns the encoded commit: what its origin does, once.
Bytes seal_commit(std::uint64_t previous_chain, Commit& commit);

// XXH3-64, seeded with the previous chain, over the commit's bytes with chain = 0.
std::uint64_t chain_after(std::uint64_t previous, const Commit& commit);

}  // namespace pando

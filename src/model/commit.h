// model/commit.h — the one noun that changes state, whoever made it.
//
// A commit is applied whole or not at all, at every site. `seq` is dense per (namespace, origin), `hlc`
// strictly increases per origin, and `chain` is a running hash over the origin's commits so far, so two
// different commits under one number are told apart at first contact.
//
// Not every node holds every table (model/table_scope.h). A commit of several tables is hashed by sections, so that one
// of which a section was left out can still be checked; of a run of commits in which nothing is left a skip stands in
// the log (model/commit_parts.h). Both take up their numbers: what a node has seen of an origin has no holes.
#pragma once

#include <optional>
#include <vector>

#include "base/hlc.h"
#include "model/op.h"

namespace pando {

// Ops that are next to each other and of tables with one ruling table.
struct CommitSection {
  enum class Kind : std::uint8_t {
    kOps = 0,      // so many of the ops
    kLocal = 1,    // the same, and they never leave the node that made them
    kLeftOut = 2,  // were not sent here: what is left of them is what they are hashed by
  };
  Kind kind = Kind::kOps;
  std::uint64_t ops = 0;     // how many, unless left out
  std::uint64_t digest = 0;  // XXH3-64 of the section's bytes, when left out
  friend bool operator==(const CommitSection&, const CommitSection&) = default;
};

struct Commit {
  Dot dot;
  Hlc hlc;
  std::uint64_t chain = 0;  // chain_after(previous commit's chain, this)
  std::optional<Bytes> idempotency_key;
  std::vector<Op> ops;  // may be empty: then it only takes up its number
  // In the order of `ops`. Empty: all of it is public and hashed as one.
  std::vector<CommitSection> sections = {};
  // Stands for all commits of the origin from here up to `dot`, of which nothing is left: no ops, no sections, stamp
  // and chain hash are those of the last one.
  std::optional<Seq> skips_from = {};

  // The first number it takes up.
  Seq first_seq() const { return skips_from.value_or(dot.seq); }

  friend bool operator==(const Commit&, const Commit&) = default;
};

// u8(version = 1) origin varint(seq) u64(hlc) u64(chain) u8(flags) [bytes(idempotency key)] varint(count) ops
// or sections in the place of ops, or varint(skips_from) alone behind the flags.
// Golden bytes and the field table: docs/formats/commit.md.
Bytes encode_commit(const Commit& commit);
// kDataLoss naming the offset and the field. Never throws, allocates at most about the input's size.
Result<Commit> decode_commit(ByteSpan bytes);
// Just the dot, for routing and logs; the rest is not looked at.
Result<Dot> peek_dot(ByteSpan bytes);
// The numbers it takes up, and whether it is of sections.
struct CommitHead {
  Dot dot;
  Seq first;
  bool divided = false;
};
Result<CommitHead> peek_head(ByteSpan bytes);

// CommitSection::digest of `count` ops from there on.
std::uint64_t digest_of_section(const std::vector<Op>& ops, std::size_t from, std::uint64_t count);

// Fills in `chain` and returns the encoded commit: what its origin does, once.
Bytes seal_commit(std::uint64_t previous_chain, Commit& commit);

// XXH3-64, seeded with the previous chain, over the commit's bytes with chain = 0; of one with sections over the bytes
// before them, varint(count) and a u64 digest of each. Not of a skip, whose chain only what follows can prove.
std::uint64_t chain_after(std::uint64_t previous, const Commit& commit);

}  // namespace pando

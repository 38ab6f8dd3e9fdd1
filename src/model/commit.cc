#include "model/commit.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <cstring>

#include "base/check.h"
#include "base/limits.h"

namespace pando {
namespace {

using Kind = CommitSection::Kind;

constexpr std::uint8_t kCommitVersion = 1;
constexpr std::uint8_t kHasIdempotencyKey = 1;
constexpr std::uint8_t kHasSections = 2;
constexpr std::uint8_t kSkips = 4;

std::uint8_t flags_of(const Commit& commit) {
  if (commit.skips_from) return kSkips;
  return static_cast<std::uint8_t>((commit.idempotency_key ? kHasIdempotencyKey : 0) |
                                   (commit.sections.empty() ? 0 : kHasSections));
}

// All before the ops. `chain_offset` receives where the chain word lies.
void encode_head(const Commit& commit, std::uint64_t chain, Writer& out, std::size_t* chain_offset = nullptr) {
  out.u8(kCommitVersion);
  encode(commit.dot, out);
  out.u64(commit.hlc.bits);
  if (chain_offset != nullptr) *chain_offset = out.size();
  out.u64(chain);
  out.u8(flags_of(commit));
  if (commit.idempotency_key && !commit.skips_from) out.bytes(*commit.idempotency_key);
}

// With room for a head, and for so many ops and values of the usual size.
Bytes new_bytes(const Commit& commit) {
  constexpr std::size_t kHeadBytes = 96;
  constexpr std::size_t kOpBytes = 80;
  std::size_t room = kHeadBytes;
  for (const Op& op : commit.ops) {
    const auto* put = std::get_if<PutOp>(&op);
    room += kOpBytes + (put == nullptr ? 0 : put->value.size());
  }
  Bytes bytes;
  bytes.reserve(room);
  return bytes;
}

// Of a commit that is no skip and has no sections.
Bytes encode_plain(const Commit& commit, std::uint64_t chain, std::size_t* chain_offset = nullptr) {
  Bytes bytes = new_bytes(commit);
  Writer out(bytes);
  encode_head(commit, chain, out, chain_offset);
  out.varint(commit.ops.size());
  encode(commit.ops, out);
  return bytes;
}

Bytes pack_section(const std::vector<Op>& ops, std::size_t from, std::uint64_t count) {
  Bytes bytes;
  Writer out(bytes);
  out.varint(count);
  for (std::uint64_t i = 0; i < count; ++i) encode(ops[from + i], out);
  return bytes;
}

// Calls visit(section, its bytes) for each; of one that was left out there are none.
template <typename Visit>
void visit_sections(const Commit& commit, Visit visit) {
  std::size_t next = 0;
  for (const CommitSection& section : commit.sections) {
    Bytes bytes;
    if (section.kind != Kind::kLeftOut) {
      CHECK(section.ops <= commit.ops.size() - next);
      bytes = pack_section(commit.ops, next, section.ops);
      next += section.ops;
    }
    visit(section, bytes);
  }
  CHECK(next == commit.ops.size());
}

Bytes encode_divided(const Commit& commit, std::uint64_t chain) {
  Bytes bytes = new_bytes(commit);
  Writer out(bytes);
  encode_head(commit, chain, out);
  out.varint(commit.sections.size());
  visit_sections(commit, [&](const CommitSection& section, ByteSpan packed) {
    out.u8(static_cast<std::uint8_t>(section.kind));
    if (section.kind == Kind::kLeftOut) {
      out.u64(section.digest);
    } else {
      out.bytes(packed);
    }
  });
  return bytes;
}

std::uint64_t hash(ByteSpan bytes, std::uint64_t previous) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), previous);
}

std::uint64_t hash_divided(std::uint64_t previous, const Commit& commit) {
  Bytes bytes = new_bytes(commit);
  Writer out(bytes);
  encode_head(commit, 0, out);
  out.varint(commit.sections.size());
  visit_sections(commit, [&](const CommitSection& section, ByteSpan packed) {
    out.u64(section.kind == Kind::kLeftOut ? section.digest : hash(packed, 0));
  });
  return hash(bytes, previous);
}

Dot decode_dot_of(Reader& in) {
  const std::uint8_t version = in.u8("commit.version");
  if (in.ok() && version != kCommitVersion) in.refuse("commit.version", fmt::format("{} is not known", version));
  return decode_dot(in);
}

std::uint8_t decode_flags(Reader& in) {
  const std::uint8_t flags = in.u8("commit.flags");
  const bool known = flags <= (kHasIdempotencyKey | kHasSections) || flags == kSkips;
  if (!known) in.refuse("commit.flags", fmt::format("{} is not known", flags));
  return flags;
}

Seq decode_skips_from(Reader& in, const Dot& dot) {
  const Seq from(in.varint("commit.skips_from"));
  if (in.ok() && (from.value == 0 || from > dot.seq)) in.refuse("commit.skips_from", "is not up to its number");
  return from;
}

void decode_ops(Reader& in, Commit& commit) {
  const std::uint64_t count = in.varint_max("commit.ops", limits::kCommitOpsMax - commit.ops.size());
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) commit.ops.push_back(decode_op(in));
}

void decode_section(Reader& in, Commit& commit) {
  CommitSection section;
  const std::uint8_t kind = in.u8("commit.section");
  if (in.ok() && kind > static_cast<std::uint8_t>(Kind::kLeftOut)) {
    return in.refuse("commit.section", fmt::format("kind {} is not known", kind));
  }
  section.kind = static_cast<Kind>(kind);
  if (section.kind == Kind::kLeftOut) {
    section.digest = in.u64("commit.section");
  } else {
    const std::size_t before = commit.ops.size();
    Reader packed(in.bytes("commit.section", limits::kCommitBytesMax));
    if (!in.ok()) return;
    decode_ops(packed, commit);
    if (const Status status = packed.finish(); !status.ok()) return in.refuse("commit.section", status.message());
    section.ops = commit.ops.size() - before;
    if (section.ops == 0) return in.refuse("commit.section", "is empty");
  }
  commit.sections.push_back(section);
}

void decode_sections(Reader& in, Commit& commit) {
  const std::uint64_t count = in.varint_max("commit.sections", limits::kCommitOpsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) decode_section(in, commit);
  const bool plain =
      commit.sections.empty() || (commit.sections.size() == 1 && commit.sections.front().kind == Kind::kOps);
  if (in.ok() && plain) in.refuse("commit.sections", "has nothing to divide");
}

}  // namespace

Bytes encode_commit(const Commit& commit) {
  if (commit.skips_from) {
    CHECK(commit.ops.empty() && commit.sections.empty());
    Bytes bytes = new_bytes(commit);
    Writer out(bytes);
    encode_head(commit, commit.chain, out);
    out.varint(commit.skips_from->value);
    return bytes;
  }
  return commit.sections.empty() ? encode_plain(commit, commit.chain) : encode_divided(commit, commit.chain);
}

Result<Commit> decode_commit(ByteSpan bytes) {
  Reader in(bytes);
  Commit commit;
  commit.dot = decode_dot_of(in);
  commit.hlc = Hlc{in.u64("commit.hlc")};
  commit.chain = in.u64("commit.chain");
  const std::uint8_t flags = decode_flags(in);
  if (in.ok() && (flags & kHasIdempotencyKey) != 0) {
    commit.idempotency_key = Bytes(in.bytes("commit.idempotency_key", limits::kIdempotencyKeyBytesMax));
  }
  if (in.ok() && flags == kSkips) {
    commit.skips_from = decode_skips_from(in, commit.dot);
  } else if (in.ok() && (flags & kHasSections) != 0) {
    decode_sections(in, commit);
  } else {
    decode_ops(in, commit);
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("commit"));
  return commit;
}

Result<Dot> peek_dot(ByteSpan bytes) {
  Reader in(bytes);
  Dot dot = decode_dot_of(in);
  if (Status status = in.status(); !status.ok()) return fail(status.with_context("commit"));
  return dot;
}

Result<CommitHead> peek_head(ByteSpan bytes) {
  Reader in(bytes);
  CommitHead head;
  head.dot = decode_dot_of(in);
  head.first = head.dot.seq;
  in.u64("commit.hlc");
  in.u64("commit.chain");
  const std::uint8_t flags = decode_flags(in);
  head.divided = in.ok() && (flags & kHasSections) != 0;
  if (in.ok() && flags == kSkips) head.first = decode_skips_from(in, head.dot);
  if (Status status = in.status(); !status.ok()) return fail(status.with_context("commit"));
  return head;
}

std::uint64_t digest_of_section(const std::vector<Op>& ops, std::size_t from, std::uint64_t count) {
  return hash(pack_section(ops, from, count), 0);
}

Bytes seal_commit(std::uint64_t previous_chain, Commit& commit) {
  if (!commit.sections.empty()) {
    commit.chain = hash_divided(previous_chain, commit);
    return encode_divided(commit, commit.chain);
  }
  std::size_t chain_offset = 0;
  Bytes bytes = encode_plain(commit, 0, &chain_offset);
  commit.chain = hash(bytes, previous_chain);
  std::memcpy(bytes.data() + chain_offset, &commit.chain, sizeof commit.chain);
  return bytes;
}

std::uint64_t chain_after(std::uint64_t previous, const Commit& commit) {
  CHECK(!commit.skips_from);
  if (!commit.sections.empty()) return hash_divided(previous, commit);
  return hash(encode_plain(commit, 0), previous);
}

}  // namespace pando

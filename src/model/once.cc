#include "model/once.h"

#include <fmt/core.h>

#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint8_t kOnceVersion = 1;
enum class Kind : std::uint8_t { kNone = 0, kDone = 1, kCounter = 2, kCommitted = 3, kTx = 4 };

void write_signed(Writer& out, std::int64_t value) { out.u64(static_cast<std::uint64_t>(value)); }
std::int64_t read_signed(Reader& in, const char* field) { return static_cast<std::int64_t>(in.u64(field)); }

Bytes encode_answer(const ReplyBody& body) {
  Bytes bytes;
  Writer out(bytes);
  if (const auto* done = std::get_if<DoneReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kDone));
    out.varint(done->processed);
    out.varint(done->results.size());
    for (const std::int64_t result : done->results) write_signed(out, result);
    out.varint(done->returned.size());
    for (const std::vector<Bytes>& given : done->returned) {
      out.varint(given.size());
      for (const Bytes& text : given) out.bytes(text);
    }
  } else if (const auto* counter = std::get_if<CounterReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kCounter));
    write_signed(out, counter->value);
  } else if (const auto* committed = std::get_if<TxCommittedReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kCommitted));
    out.varint(committed->processed);
    out.u32(committed->checksum);
  } else if (const auto* tx = std::get_if<TxReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kTx));
    out.varint(tx->items.size());
    for (const Reply& item : tx->items) {
      const Bytes answer = std::holds_alternative<TxReply>(item.body) ? Bytes() : encode_answer(item.body);
      out.raw(answer.empty() ? Bytes(1, '\0') : answer);
    }
  }
  return bytes;
}

DoneReply decode_done(Reader& in) {
  DoneReply done;
  done.processed = in.varint("once.processed");
  const std::uint64_t results = in.varint_max("once.results", limits::kOnceAnswerBytesMax);
  for (std::uint64_t i = 0; i < results && in.ok(); ++i) done.results.push_back(read_signed(in, "once.result"));
  const std::uint64_t returned = in.varint_max("once.returned", limits::kOnceAnswerBytesMax);
  for (std::uint64_t i = 0; i < returned && in.ok(); ++i) {
    std::vector<Bytes>& given = done.returned.emplace_back();
    const std::uint64_t count = in.varint_max("once.returned", limits::kOnceAnswerBytesMax);
    for (std::uint64_t k = 0; k < count && in.ok(); ++k) {
      given.emplace_back(in.bytes("once.returned", limits::kOnceAnswerBytesMax));
    }
  }
  return done;
}

std::optional<ReplyBody> decode_answer(Reader& in, bool nested = false);

TxReply decode_tx(Reader& in) {
  TxReply tx;
  const std::uint64_t count = in.varint_max("once.items", limits::kOnceAnswerBytesMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::optional<ReplyBody> answer = decode_answer(in, /*nested=*/true);
    tx.items.push_back(answer ? Reply{{}, *std::move(answer), {}}
                              : Reply::failure(Status(StatusCode::kGone, "this answer was not kept")));
  }
  return tx;
}

std::optional<ReplyBody> decode_answer(Reader& in, bool nested) {
  switch (const std::uint8_t kind = in.u8("once.answer"); static_cast<Kind>(kind)) {
    case Kind::kNone: return std::nullopt;
    case Kind::kDone: return decode_done(in);
    case Kind::kCounter: return CounterReply{true, read_signed(in, "once.value"), {}};
    case Kind::kCommitted: {
      TxCommittedReply committed;
      committed.processed = in.varint("once.processed");
      committed.checksum = in.u32("once.checksum");
      return committed;
    }
    case Kind::kTx:
      if (!nested) return decode_tx(in);
      in.refuse("once.answer", "a transaction within another");
      return std::nullopt;
    default: in.refuse("once.answer", fmt::format("kind {} is not known", kind)); return std::nullopt;
  }
}

}  // namespace

Bytes encode_once(const Once& once) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kOnceVersion);
  out.u64(once.fingerprint);
  const Bytes answer = once.answer ? encode_answer(*once.answer) : Bytes();
  if (answer.empty() || answer.size() > limits::kOnceAnswerBytesMax) {
    out.u8(static_cast<std::uint8_t>(Kind::kNone));
  } else {
    out.raw(answer);
  }
  out.varint(once.counted.size());
  for (const Once::Counted& counted : once.counted) {
    encode(counted.path, out);
    out.varint(counted.birth.value);
    out.varint128(counted.added);
    out.varint128(counted.removed);
    out.varint128(counted.added_to);
    out.varint128(counted.removed_to);
  }
  return bytes;
}

Result<Once> decode_once(ByteSpan bytes) {
  Reader in(bytes);
  Once once;
  const std::uint8_t version = in.u8("once.version");
  if (in.ok() && version > kOnceVersion) {
    return fail(StatusCode::kUnimplemented, fmt::format("idempotency record of version {} is not known", version));
  }
  if (in.ok() && version != kOnceVersion) in.refuse("once.version", fmt::format("{} is not known", version));
  once.fingerprint = in.u64("once.fingerprint");
  once.answer = decode_answer(in);
  const std::uint64_t count = in.varint_max("once.counted", limits::kCommitOpsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Once::Counted& counted = once.counted.emplace_back();
    counted.path = decode_cell_path(in);
    counted.birth = Seq(in.varint("once.birth"));
    counted.added = in.varint128("once.added");
    counted.removed = in.varint128("once.removed");
    counted.added_to = in.varint128("once.added_to");
    counted.removed_to = in.varint128("once.removed_to");
    if (in.ok() && !is_counter(counted.path.kind)) in.refuse("once.counted", "names a cell that is no counter");
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("idempotency record"));
  return once;
}

}  // namespace pando

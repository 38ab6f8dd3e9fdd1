#include "model/once.h"

#include <fmt/core.h>

#include "base/limits.h"

namespace pando {
namespace {

// 2 has what lists, pops, bounded counters, leases and limiters need.
constexpr std::uint8_t kOnceVersion = 2;
enum class Kind : std::uint8_t {
  kNone = 0,
  kDone = 1,
  kCounter = 2,
  kCommitted = 3,
  kTx = 4,
  kBounded = 5,
  kRenewed = 6,
  kLimiter = 7
};
constexpr std::uint8_t kChangedStands = 1;
constexpr std::uint8_t kChangedBefore = 2;

void write_signed(Writer& out, std::int64_t value) { out.u64(static_cast<std::uint64_t>(value)); }
std::int64_t read_signed(Reader& in, const char* field) { return static_cast<std::int64_t>(in.u64(field)); }

void encode_bounded(const BoundedDoneReply& bounded, Writer& out) {
  write_signed(out, bounded.value);
  for (const std::optional<std::uint64_t>& rights : bounded.here) {
    out.u8(rights ? 1 : 0);
    if (rights) out.u64(*rights);
  }
  out.bytes(bounded.reservation);
  write_signed(out, bounded.expires_at_ms);
}

BoundedDoneReply decode_bounded(Reader& in) {
  BoundedDoneReply bounded;
  bounded.value = read_signed(in, "once.value");
  for (std::optional<std::uint64_t>& rights : bounded.here) {
    if (in.u8("once.rights") != 0) rights = in.u64("once.rights");
  }
  bounded.reservation = Bytes(in.bytes("once.reservation", limits::kOnceAnswerBytesMax));
  bounded.expires_at_ms = read_signed(in, "once.expires");
  return bounded;
}

// What an answer to a client tells of it, and no more.
void encode_limiter(const LimiterReply& limiter, Writer& out) {
  out.u8(limiter.allowed ? 1 : 0);
  out.u64(limiter.terms.limit);
  out.u64(limiter.remaining);
  write_signed(out, limiter.retry_after_ms);
}

LimiterReply decode_limiter(Reader& in) {
  LimiterReply limiter;
  limiter.allowed = in.u8("once.allowed") != 0;
  limiter.terms.limit = in.u64("once.limit");
  limiter.remaining = in.u64("once.remaining");
  limiter.retry_after_ms = read_signed(in, "once.retry_after");
  return limiter;
}

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
    for (const ItemReply& item : tx->items) {
      const Bytes answer = std::holds_alternative<TxReply>(item.body) ? Bytes() : encode_answer(item.body);
      out.raw(answer.empty() ? Bytes(1, '\0') : answer);
    }
  } else if (const auto* bounded = std::get_if<BoundedDoneReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kBounded));
    encode_bounded(*bounded, out);
  } else if (const auto* renewed = std::get_if<RenewedReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kRenewed));
    write_signed(out, renewed->ends_at_ms);
    out.varint(renewed->joined);
  } else if (const auto* limiter = std::get_if<LimiterReply>(&body)) {
    out.u8(static_cast<std::uint8_t>(Kind::kLimiter));
    encode_limiter(*limiter, out);
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
    tx.items.push_back(answer ? ItemReply{{}, *std::move(answer)}
                              : ItemReply{Status(StatusCode::kGone, "this answer was not kept")});
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
    case Kind::kBounded: return decode_bounded(in);
    case Kind::kRenewed: {
      RenewedReply renewed;
      renewed.ends_at_ms = read_signed(in, "once.until");
      renewed.joined = in.varint("once.joined");
      return renewed;
    }
    case Kind::kLimiter: return decode_limiter(in);
    default: in.refuse("once.answer", fmt::format("kind {} is not known", kind)); return std::nullopt;
  }
}

void encode_counted(const Once::Counted& counted, Writer& out) {
  encode(counted.path, out);
  out.varint(counted.birth.value);
  out.varint128(counted.added);
  out.varint128(counted.removed);
  out.varint128(counted.added_to);
  out.varint128(counted.removed_to);
}

Once::Counted decode_counted(Reader& in) {
  Once::Counted counted;
  counted.path = decode_cell_path(in);
  counted.birth = Seq(in.varint("once.birth"));
  counted.added = in.varint128("once.added");
  counted.removed = in.varint128("once.removed");
  counted.added_to = in.varint128("once.added_to");
  counted.removed_to = in.varint128("once.removed_to");
  if (in.ok() && !is_counter(counted.path.kind)) in.refuse("once.counted", "names a cell that is no counter");
  return counted;
}

Bytes encode_changed(const std::vector<Once::Changed>& all) {
  Bytes bytes;
  Writer out(bytes);
  for (const Once::Changed& changed : all) {
    encode(changed.path, out);
    out.bytes(changed.item);
    out.u8((changed.stands ? kChangedStands : 0) | (changed.before ? kChangedBefore : 0));
    if (changed.before) out.bytes(*changed.before);
  }
  return bytes;
}

Once::Changed decode_changed(Reader& in) {
  Once::Changed changed;
  changed.path = decode_cell_path(in);
  changed.item = Bytes(in.bytes("once.item", limits::kOnceChangedBytesMax));
  const std::uint8_t flags = in.u8("once.changed");
  changed.stands = (flags & kChangedStands) != 0;
  if ((flags & kChangedBefore) != 0) changed.before = Bytes(in.bytes("once.before", limits::kOnceChangedBytesMax));
  const CellKind kind = changed.path.kind;
  const bool known = kind == CellKind::kItem || kind == CellKind::kScore || kind == CellKind::kMember ||
                     kind == CellKind::kGuardedMember;
  if (in.ok() && (!known || flags == 0 || flags > (kChangedStands | kChangedBefore)))
    in.refuse("once.changed", "names a cell that is no item and no member, or says nothing of it");
  return changed;
}

void encode_used(const Once::Used& used, Writer& out) {
  out.bytes(used.table);
  out.bytes(used.key);
  encode(used.incarnation, out);
  out.u8(static_cast<std::uint8_t>(used.way));
  out.varint(used.amount);
  out.bytes(used.reservation);
}

Once::Used decode_used(Reader& in) {
  Once::Used used;
  used.table = std::string(in.bytes("once.table", limits::kKeyBytesMax));
  used.key = Bytes(in.bytes("once.key", limits::kKeyBytesMax));
  used.incarnation = decode_dot(in);
  const std::uint8_t way = in.u8("once.way");
  if (in.ok() && way >= kWays) in.refuse("once.way", fmt::format("{} is not known", way));
  used.way = static_cast<Way>(way);
  used.amount = in.varint("once.amount");
  used.reservation = Bytes(in.bytes("once.reservation", limits::kOnceAnswerBytesMax));
  return used;
}

// Whether a program of version 1 would not understand it.
bool is_new(const Once& once, ByteSpan answer) {
  return !once.changed.empty() || !once.used.empty() ||
         (!answer.empty() && static_cast<std::uint8_t>(answer.front()) > static_cast<std::uint8_t>(Kind::kTx)) ||
         (once.answer && std::holds_alternative<TxReply>(*once.answer));
}

}  // namespace

Bytes encode_once(const Once& once) {
  Bytes bytes;
  Writer out(bytes);
  Bytes answer = once.answer ? encode_answer(*once.answer) : Bytes();
  if (answer.empty() || answer.size() > limits::kOnceAnswerBytesMax) {
    answer.assign(1, static_cast<char>(Kind::kNone));
  }
  const bool second = is_new(once, answer);
  out.u8(second ? kOnceVersion : 1);
  out.u64(once.fingerprint);
  out.raw(answer);
  out.varint(once.counted.size());
  for (const Once::Counted& counted : once.counted) encode_counted(counted, out);
  if (!second) return bytes;
  const Bytes changed = encode_changed(once.changed);
  const bool kept = changed.size() <= limits::kOnceChangedBytesMax;
  out.varint(kept ? once.changed.size() : 0);
  if (kept) out.raw(changed);
  out.varint(once.used.size());
  for (const Once::Used& used : once.used) encode_used(used, out);
  return bytes;
}

Result<Once> decode_once(ByteSpan bytes) {
  Reader in(bytes);
  Once once;
  const std::uint8_t version = in.u8("once.version");
  if (in.ok() && version > kOnceVersion) {
    return fail(StatusCode::kUnimplemented, fmt::format("idempotency record of version {} is not known", version));
  }
  if (in.ok() && version == 0) in.refuse("once.version", fmt::format("{} is not known", version));
  once.fingerprint = in.u64("once.fingerprint");
  once.answer = decode_answer(in);
  const std::uint64_t counted = in.varint_max("once.counted", limits::kCommitOpsMax);
  for (std::uint64_t i = 0; i < counted && in.ok(); ++i) once.counted.push_back(decode_counted(in));
  if (version > 1) {
    const std::uint64_t changed = in.varint_max("once.changed", limits::kCommitOpsMax);
    for (std::uint64_t i = 0; i < changed && in.ok(); ++i) once.changed.push_back(decode_changed(in));
    const std::uint64_t used = in.varint_max("once.used", limits::kCommitOpsMax);
    for (std::uint64_t i = 0; i < used && in.ok(); ++i) once.used.push_back(decode_used(in));
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("idempotency record"));
  return once;
}

}  // namespace pando

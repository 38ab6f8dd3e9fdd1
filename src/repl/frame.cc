#include "repl/frame.h"

#include <fmt/core.h>

#include <array>
#include <limits>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "repl/packing.h"

namespace pando::repl {
namespace {

constexpr std::uint8_t kHelloPublish = 1;
constexpr std::uint8_t kHelloSubscribe = 2;
constexpr std::uint64_t kOptionHeads = 1;
constexpr std::uint64_t kOptionAccepts = 2;
constexpr std::uint64_t kOptionTables = 3;
constexpr std::uint64_t kOptionCluster = 4;
constexpr std::uint64_t kOptionPatchy = 5;
constexpr std::uint64_t kOptionMet = 6;
constexpr std::uint64_t kOptionFrontier = 1;  // of a heartbeat
constexpr std::uint64_t kOptionsMax = 64;
constexpr std::size_t kStatusWordBytesMax = 64;
constexpr std::size_t kCommitBytesMin = 16;  // no encoded commit is shorter: smaller lengths are free for other items
constexpr std::uint64_t kItemHave = 0;
constexpr std::uint64_t kItemAnswer = 1;
constexpr std::uint64_t kItemPacked = 2;
constexpr std::uint64_t kBodyItemsMax = 65'536;  // far more than a sender gathers before it closes a body

// Begins a frame in `out`; finish() fills in the checksum.
Writer begin(FrameKind kind, Bytes& out) {
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u8(0);
  writer.u32(0);
  return writer;
}

std::uint32_t checksum(ByteSpan frame) { return crc32c(frame.substr(kFrameHeaderBytes), crc32c(frame.substr(0, 2))); }

Bytes finish(Bytes frame) {
  Bytes word;
  Writer(word).u32(checksum(frame));
  return frame.replace(2, word.size(), word);
}

bool says_met(const Hello& hello) { return hello.incarnation != 0 || !hello.met.empty(); }

Bytes encode_heads(const std::vector<ChainHead>& heads) {
  Bytes value;
  Writer out(value);
  out.varint(heads.size());
  for (const ChainHead& head : heads) {
    encode(head.dot, out);
    out.u64(head.chain);
  }
  return value;
}

std::vector<ChainHead> decode_heads(Reader& in) {
  std::vector<ChainHead> heads;
  const std::uint64_t count = in.varint_max("hello.heads", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    ChainHead head;
    head.dot = decode_dot(in);
    head.chain = in.u64("hello.heads.chain");
    if (in.ok() && i > 0 && head.dot.origin <= heads.back().dot.origin) {
      in.refuse("hello.heads", "is not in ascending order");
    }
    heads.push_back(std::move(head));
  }
  return heads;
}

Bytes encode_frontier(const Heartbeat& heartbeat) {
  Bytes value;
  Writer out(value);
  out.u64(heartbeat.frontier.bits);
  out.varint(heartbeat.claims.size());
  for (const Claim& claim : heartbeat.claims) {
    encode(claim.origin, out);
    out.varint(claim.seq.value);
    out.u64(claim.upto.bits);
  }
  return value;
}

void decode_frontier(Reader& in, Heartbeat& heartbeat) {
  heartbeat.frontier = Hlc{in.u64("heartbeat.frontier")};
  const std::uint64_t count = in.varint_max("heartbeat.claims", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Claim claim;
    claim.origin = decode_origin(in);
    claim.seq = Seq(in.varint("heartbeat.claims.seq"));
    claim.upto = Hlc{in.u64("heartbeat.claims.upto")};
    if (in.ok() && i > 0 && claim.origin <= heartbeat.claims.back().origin) {
      in.refuse("heartbeat.claims", "is not in ascending order");
    }
    heartbeat.claims.push_back(std::move(claim));
  }
}

// varint(count) then varint(tag) bytes(value) each, tags ascending. `take` reads the ones it knows.
template <typename Take>
void decode_options(Reader& in, const char* field, Take take) {
  const std::uint64_t count = in.varint_max(field, kOptionsMax);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t tag = in.varint(field);
    if (in.ok() && tag <= last) in.refuse(field, "tags are not in ascending order");
    last = tag;
    const ByteSpan value = in.bytes(field, limits::kFrameBytesMax);
    if (!in.ok()) return;
    Reader inner(value);
    if (take(tag, inner)) {
      if (const Status status = inner.finish(); !status.ok()) in.refuse(field, status.message());
    }
  }
}

Hello decode_hello_body(Reader& in) {
  Hello hello;
  hello.version = in.varint("hello.version");
  hello.version_min = in.varint("hello.version_min");
  hello.features = in.u64("hello.features");
  hello.origin = decode_origin(in);
  hello.ns = Bytes(in.bytes("hello.namespace", limits::kNamespaceBytesMax));
  const std::uint8_t role = in.u8("hello.role");
  if (in.ok() && (role < 1 || role > 2)) in.refuse("hello.role", fmt::format("{} is not known", role));
  hello.role = static_cast<Role>(role);
  const std::uint8_t flags = in.u8("hello.flags");
  if (flags > (kHelloPublish | kHelloSubscribe)) in.refuse("hello.flags", fmt::format("{} is not known", flags));
  hello.publish = (flags & kHelloPublish) != 0;
  hello.subscribe = (flags & kHelloSubscribe) != 0;
  hello.context = decode_version_vector(in);
  decode_options(in, "hello.options", [&hello](std::uint64_t tag, Reader& value) {
    if (tag == kOptionHeads) {
      hello.heads = decode_heads(value);
    } else if (tag == kOptionAccepts) {
      hello.unacked_bytes_max = value.varint("hello.unacked_bytes_max");
      hello.bytes_per_s_max = value.varint("hello.bytes_per_s_max");
    } else if (tag == kOptionTables) {
      hello.tables = decode_table_set(value);
    } else if (tag == kOptionCluster) {
      hello.cluster = Bytes(value.bytes("hello.cluster", limits::kClusterBytesMax));
    } else if (tag == kOptionPatchy) {
      PatchyLog patchy;
      patchy.holds = decode_table_set(value);
      patchy.before = decode_table_set(value);
      patchy.upto = decode_version_vector(value);
      hello.patchy = std::move(patchy);
    } else if (tag == kOptionMet) {
      hello.incarnation = value.u64("hello.incarnation");
      const std::uint64_t count = value.varint_max("hello.met", limits::kOriginsMax);
      for (std::uint64_t i = 0; i < count && value.ok(); ++i) {
        const Origin origin = decode_origin(value);
        if (value.ok() && i > 0 && origin <= hello.met.back().origin) {
          value.refuse("hello.met", "is not in ascending order");
        }
        hello.met.push_back({origin, value.u64("hello.met.incarnation")});
      }
    }
    return tag >= kOptionHeads && tag <= kOptionMet;
  });
  return hello;
}

void read_items(Reader& in, Body& body, bool may_be_packed);

// u8… of a packed run: its size, then the bytes; inside, count and items as if they stood here.
void read_packed(Reader& in, Body& body) {
  const std::uint64_t size = in.varint_max("body.packed", limits::kFrameBytesMax);
  const ByteSpan packed = in.bytes("body.packed", limits::kFrameBytesMax);
  if (!in.ok()) return;
  Result<Bytes> bytes = unpack_bytes(packed, static_cast<std::size_t>(size));
  if (!bytes) return in.refuse("body.packed", bytes.error().message());
  body.unpacked = std::make_shared<const Bytes>(std::move(*bytes));
  Reader inner(*body.unpacked);
  read_items(inner, body, false);
  if (const Status status = inner.finish(); !status.ok()) in.refuse("body.packed", status.message());
}

void read_items(Reader& in, Body& body, bool may_be_packed) {
  const std::uint64_t count = in.varint_max("body.count", kBodyItemsMax);
  if (in.ok() && count == 0) in.refuse("body.count", "is zero");
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t size = in.varint_max("body.commit", limits::kCommitBytesMax);
    if (size == kItemPacked && may_be_packed && count == 1) return read_packed(in, body);
    if (size == kItemHave) {
      Have have{decode_version_vector(in)};
      if (in.ok() && have.upto.empty()) in.refuse("body.have", "is empty");
      body.items.emplace_back(std::move(have));
      continue;
    }
    const bool answer = size == kItemAnswer;
    const ByteSpan commit = answer ? in.bytes("body.answer", limits::kCommitBytesMax)
                                   : in.raw("body.commit", static_cast<std::size_t>(size));
    if (in.ok() && commit.size() < kCommitBytesMin) in.refuse("body.commit", "is too short to be a commit");
    body.items.push_back(answer ? BodyItem(Answer{commit}) : BodyItem(commit));
  }
}

Body read_body_content(Reader& in) {
  Body body;
  body.sender_pos = LogPos(in.varint("body.pos"));
  read_items(in, body, true);
  return body;
}

Body decode_body(Reader& in) {
  const std::uint64_t number = in.varint("body.number");
  Body body = read_body_content(in);
  body.number = number;
  return body;
}

BodyPart decode_body_part(Reader& in) {
  BodyPart part;
  part.number = in.varint("body_part.number");
  part.size = in.varint_max("body_part.size", limits::kFrameBytesMax);
  part.offset = in.varint_max("body_part.offset", part.size);
  part.bytes = in.rest();
  if (in.ok() && part.bytes.empty()) in.refuse("body_part.bytes", "is empty");
  if (in.ok() && part.bytes.size() > part.size - part.offset) in.refuse("body_part.bytes", "reaches beyond the body");
  return part;
}

Heartbeat decode_heartbeat(Reader& in) {
  Heartbeat heartbeat;
  heartbeat.context = decode_version_vector(in);
  const std::uint64_t wall_ms = in.u64("heartbeat.wall_ms");
  if (wall_ms > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 1000)) {
    in.refuse("heartbeat.wall_ms", "is not a time");
  }
  heartbeat.wall_ms = static_cast<std::int64_t>(wall_ms);
  heartbeat.frames_before = in.varint("heartbeat.frames_before");
  decode_options(in, "heartbeat.options", [&heartbeat](std::uint64_t tag, Reader& value) {
    if (tag != kOptionFrontier) return false;
    decode_frontier(value, heartbeat);
    return true;
  });
  return heartbeat;
}

Route decode_route(Reader& in) {
  Route route;
  const std::uint64_t count = in.varint_max("route.count", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Origin origin = decode_origin(in);
    if (in.ok() && i > 0 && origin <= route.have_only.back()) in.refuse("route", "is not in ascending order");
    route.have_only.push_back(std::move(origin));
  }
  return route;
}

Want decode_want(Reader& in) {
  Want want;
  const std::uint64_t count = in.varint_max("want.count", limits::kOriginsMax);
  if (in.ok() && count == 0) in.refuse("want.count", "is zero");
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Want::Range range;
    range.origin = decode_origin(in);
    range.after = Seq(in.varint("want.after"));
    range.upto = Seq(in.varint("want.upto"));
    if (in.ok() && range.after >= range.upto) in.refuse("want", "asks for nothing");
    if (in.ok() && i > 0 && range.origin <= want.ranges.back().origin) in.refuse("want", "is not in ascending order");
    want.ranges.push_back(std::move(range));
  }
  return want;
}

// A word this node does not know still refuses the link: as kUnavailable, which promises nothing.
StatusCode code_of(std::string_view word) {
  for (int i = 1; i <= static_cast<int>(StatusCode::kInternal); ++i) {
    const auto code = static_cast<StatusCode>(i);
    if (code_name(code) == word) return code;
  }
  return StatusCode::kUnavailable;
}

Status decode_reason(Reader& in, const char* code_field, const char* message_field) {
  const ByteSpan word = in.bytes(code_field, kStatusWordBytesMax);
  const ByteSpan message = in.bytes(message_field, limits::kRefuseMessageBytesMax);
  return Status(code_of(word), std::string(message));
}

void encode_reason(const Status& reason, Writer& out) {
  out.bytes(code_name(reason.code()));
  out.bytes(ByteSpan(reason.message()).substr(0, limits::kRefuseMessageBytesMax));
}

Quarantined decode_quarantined(Reader& in) {
  Dot dot = decode_dot(in);
  return Quarantined{std::move(dot), decode_reason(in, "quarantine.code", "quarantine.message")};
}

Frame decode_body_of(FrameKind kind, Reader& in) {
  switch (kind) {
    case FrameKind::kHello: return decode_hello_body(in);
    case FrameKind::kBody: return decode_body(in);
    case FrameKind::kAck: return Ack{decode_version_vector(in)};
    case FrameKind::kHeartbeat: return decode_heartbeat(in);
    case FrameKind::kRefuse: return Refuse{decode_reason(in, "refuse.code", "refuse.message")};
    case FrameKind::kRoute: return decode_route(in);
    case FrameKind::kWant: return decode_want(in);
    case FrameKind::kBodyPart: return decode_body_part(in);
    case FrameKind::kQuarantine: return decode_quarantined(in);
  }
  CHECK(false);
  return Skipped{};
}

bool is_resync(std::uint8_t kind) { return kind >= kResyncKindFirst && kind <= kResyncKindLast; }

bool spoken(std::uint8_t kind) {
  return is_resync(kind) ||
         (kind >= static_cast<std::uint8_t>(FrameKind::kHello) &&
          kind <= static_cast<std::uint8_t>(FrameKind::kRoute)) ||
         kind == static_cast<std::uint8_t>(FrameKind::kWant) ||
         kind == static_cast<std::uint8_t>(FrameKind::kBodyPart) ||
         kind == static_cast<std::uint8_t>(FrameKind::kQuarantine);
}

Result<Frame> unknown_kind(std::uint8_t kind) {
  if (kind >= kOptionalKindMin) return Frame(Skipped{kind});
  return fail(StatusCode::kUnimplemented,
              fmt::format("frame kind {} ({}) is not spoken by this node", kind, frame_kind_name(kind)));
}

}  // namespace

std::string_view frame_kind_name(std::uint8_t kind) {
  constexpr std::array<std::string_view, 12> kNames = {"",      "hello", "body", "ack",    "heartbeat", "refuse",
                                                       "route", "skip",  "want", "credit", "subscribe", "body part"};
  if (kind > 0 && kind < kNames.size()) return kNames[kind];
  if (kind >= 16 && kind <= 31) return "resync";
  if (kind == static_cast<std::uint8_t>(FrameKind::kQuarantine)) return "quarantine";
  return "unknown";
}

std::string_view role_name(Role role) { return role == Role::kReplicator ? "replicator" : "relayer"; }

Bytes encode_frame(const Hello& hello) {
  Bytes bytes;
  Writer out = begin(FrameKind::kHello, bytes);
  out.varint(hello.version);
  out.varint(hello.version_min);
  out.u64(hello.features);
  encode(hello.origin, out);
  out.bytes(hello.ns);
  out.u8(static_cast<std::uint8_t>(hello.role));
  out.u8(static_cast<std::uint8_t>((hello.publish ? kHelloPublish : 0) | (hello.subscribe ? kHelloSubscribe : 0)));
  encode(hello.context, out);
  const bool accepts = hello.unacked_bytes_max != 0 || hello.bytes_per_s_max != 0;
  out.varint((hello.heads.empty() ? 0 : 1) + (accepts ? 1 : 0) + (hello.tables.all ? 0 : 1) +
             (hello.cluster.empty() ? 0 : 1) + (hello.patchy ? 1 : 0) + (says_met(hello) ? 1 : 0));
  if (!hello.heads.empty()) {
    out.varint(kOptionHeads);
    out.bytes(encode_heads(hello.heads));
  }
  if (accepts) {
    Bytes value;
    Writer words(value);
    words.varint(hello.unacked_bytes_max);
    words.varint(hello.bytes_per_s_max);
    out.varint(kOptionAccepts);
    out.bytes(value);
  }
  if (!hello.tables.all) {
    Bytes value;
    Writer words(value);
    encode(hello.tables, words);
    out.varint(kOptionTables);
    out.bytes(value);
  }
  if (!hello.cluster.empty()) {
    Bytes value;
    Writer(value).bytes(hello.cluster);
    out.varint(kOptionCluster);
    out.bytes(value);
  }
  if (hello.patchy) {
    Bytes value;
    Writer words(value);
    encode(hello.patchy->holds, words);
    encode(hello.patchy->before, words);
    encode(hello.patchy->upto, words);
    out.varint(kOptionPatchy);
    out.bytes(value);
  }
  if (says_met(hello)) {
    Bytes value;
    Writer words(value);
    words.u64(hello.incarnation);
    words.varint(hello.met.size());
    for (const Met& met : hello.met) {
      encode(met.origin, words);
      words.u64(met.incarnation);
    }
    out.varint(kOptionMet);
    out.bytes(value);
  }
  return finish(std::move(bytes));
}

Bytes encode_frame(const ResyncFrame& frame) {
  Bytes bytes;
  Writer out = begin(static_cast<FrameKind>(kind_of(frame)), bytes);
  encode_resync(frame, out);
  return finish(std::move(bytes));
}

Bytes encode_frame(const Body& body) {
  CHECK(!body.items.empty());
  Bytes bytes;
  Writer out = begin(FrameKind::kBody, bytes);
  out.varint(body.number);
  out.varint(body.sender_pos.value);
  out.varint(body.items.size());
  for (const BodyItem& item : body.items) encode_item(item, out);
  return finish(std::move(bytes));
}

void encode_item(const BodyItem& item, Writer& out) {
  if (const Have* have = std::get_if<Have>(&item)) {
    CHECK(!have->upto.empty());
    out.varint(kItemHave);
    encode(have->upto, out);
  } else {
    if (std::holds_alternative<Answer>(item)) out.varint(kItemAnswer);
    out.bytes(commit_of(item));
  }
}

ByteSpan commit_of(const BodyItem& item) {
  if (const auto* commit = std::get_if<ByteSpan>(&item)) return *commit;
  if (const auto* answer = std::get_if<Answer>(&item)) return answer->commit;
  return {};
}

std::optional<Bytes> encode_packed(std::uint64_t count, ByteSpan packed) {
  Bytes items;
  Writer all(items);
  all.varint(count);
  all.raw(packed);
  const std::optional<Bytes> small = pack_bytes(items);
  if (!small) return std::nullopt;
  Bytes item;
  Writer out(item);
  out.varint(kItemPacked);
  out.varint(items.size());
  out.bytes(*small);
  return item;
}

Bytes encode_body_content(LogPos sender_pos, std::uint64_t count, ByteSpan packed) {
  CHECK(count > 0);
  Bytes bytes;
  bytes.reserve(packed.size() + 32);
  Writer out(bytes);
  out.varint(sender_pos.value);
  out.varint(count);
  out.raw(packed);
  return bytes;
}

Bytes encode_body(std::uint64_t number, ByteSpan content) {
  Bytes bytes;
  bytes.reserve(content.size() + 32);
  Writer out = begin(FrameKind::kBody, bytes);
  out.varint(number);
  out.raw(content);
  return finish(std::move(bytes));
}

Bytes encode_frame(const BodyPart& part) {
  CHECK(!part.bytes.empty());
  CHECK(part.offset + part.bytes.size() <= part.size);
  Bytes bytes;
  bytes.reserve(part.bytes.size() + 32);
  Writer out = begin(FrameKind::kBodyPart, bytes);
  out.varint(part.number);
  out.varint(part.size);
  out.varint(part.offset);
  out.raw(part.bytes);
  return finish(std::move(bytes));
}

Bytes encode_frame(const Ack& ack) {
  Bytes bytes;
  Writer out = begin(FrameKind::kAck, bytes);
  encode(ack.context, out);
  return finish(std::move(bytes));
}

Bytes encode_frame(const Heartbeat& heartbeat) {
  Bytes bytes;
  Writer out = begin(FrameKind::kHeartbeat, bytes);
  encode(heartbeat.context, out);
  out.u64(static_cast<std::uint64_t>(heartbeat.wall_ms));
  out.varint(heartbeat.frames_before);
  const bool says = heartbeat.frontier != Hlc{} || !heartbeat.claims.empty();
  out.varint(says ? 1 : 0);  // options
  if (says) {
    out.varint(kOptionFrontier);
    out.bytes(encode_frontier(heartbeat));
  }
  return finish(std::move(bytes));
}

Bytes encode_frame(const Route& route) {
  Bytes bytes;
  Writer out = begin(FrameKind::kRoute, bytes);
  out.varint(route.have_only.size());
  for (const Origin& origin : route.have_only) encode(origin, out);
  return finish(std::move(bytes));
}

Bytes encode_frame(const Want& want) {
  CHECK(!want.ranges.empty());
  Bytes bytes;
  Writer out = begin(FrameKind::kWant, bytes);
  out.varint(want.ranges.size());
  for (const Want::Range& range : want.ranges) {
    encode(range.origin, out);
    out.varint(range.after.value);
    out.varint(range.upto.value);
  }
  return finish(std::move(bytes));
}

Bytes encode_frame(const Quarantined& quarantined) {
  Bytes bytes;
  Writer out = begin(FrameKind::kQuarantine, bytes);
  encode(quarantined.dot, out);
  encode_reason(quarantined.reason, out);
  return finish(std::move(bytes));
}

Bytes encode_frame(const Refuse& refuse) {
  Bytes bytes;
  Writer out = begin(FrameKind::kRefuse, bytes);
  encode_reason(refuse.reason, out);
  return finish(std::move(bytes));
}

Result<Frame> decode_frame(ByteSpan frame) {
  if (frame.size() > limits::kFrameBytesMax) {
    return fail(StatusCode::kTooLarge,
                fmt::format("frame has {} bytes, the limit is {}", frame.size(), limits::kFrameBytesMax));
  }
  Reader in(frame);
  const std::uint8_t kind = in.u8("frame.kind");
  const std::uint8_t flags = in.u8("frame.flags");
  const std::uint32_t crc = in.u32("frame.crc");
  if (in.ok() && crc != checksum(frame)) in.refuse("frame.crc", "bad checksum");
  if (const Status status = in.status(); !status.ok()) return fail(status.with_context("frame"));
  if (!spoken(kind)) return unknown_kind(kind);
  if (flags != 0) {
    return fail(StatusCode::kUnimplemented,
                fmt::format("frame flags {} of {} are not spoken by this node", flags, frame_kind_name(kind)));
  }
  Frame decoded;
  if (is_resync(kind)) {
    decoded = decode_resync(kind, in);
  } else {
    decoded = decode_body_of(static_cast<FrameKind>(kind), in);
  }
  if (const Status status = in.finish(); !status.ok()) return fail(status.with_context("frame"));
  return decoded;
}

Result<Body> decode_body_content(ByteSpan content) {
  Reader in(content);
  Body body = read_body_content(in);
  if (const Status status = in.finish(); !status.ok()) return fail(status.with_context("joined parts"));
  return body;
}

Result<Hello> decode_hello(ByteSpan frame) {
  Result<Frame> decoded = decode_frame(frame);
  if (!decoded) return fail(decoded.error());
  if (Hello* hello = std::get_if<Hello>(&*decoded)) return std::move(*hello);
  return fail(StatusCode::kInvalidArgument, fmt::format("a link begins with hello, not with {}",
                                                        frame_kind_name(static_cast<std::uint8_t>(frame.front()))));
}

}  // namespace pando::repl

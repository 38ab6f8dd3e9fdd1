#include "notify/cursor.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/base64.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace pando::notify {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 4;

auto find_partial(const Cursor& cursor, const Dot& dot) {
  return std::lower_bound(cursor.partial.begin(), cursor.partial.end(), dot,
                          [](const Cursor::Partial& partial, const Dot& d) { return partial.dot < d; });
}

std::uint32_t checksum(std::string_view ns, ByteSpan body) { return crc32c(body, crc32c(ns)); }

tl::unexpected<Status> bad(std::string_view why) {
  return fail(StatusCode::kInvalidArgument, fmt::format("bad cursor: {}", why));
}

Cursor decode_body(Reader& in) {
  Cursor cursor;
  cursor.node = decode_origin(in);
  cursor.pos = LogPos(in.varint("cursor.pos"));
  cursor.seen = decode_version_vector(in);
  const std::uint64_t count = in.varint_max("cursor.partials", limits::kCursorPartialsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Cursor::Partial partial;
    partial.dot = decode_dot(in);
    partial.changes = static_cast<std::uint32_t>(in.varint_max("partial.changes", UINT32_MAX));
    if (!in.ok()) break;
    if (partial.changes == 0) in.refuse("partial.changes", "is zero");
    if (cursor.seen.covers(partial.dot)) in.refuse("partial.dot", "is a commit that was read whole");
    if (i > 0 && partial.dot <= cursor.partial.back().dot) in.refuse("partial.dot", "is not in ascending order");
    cursor.partial.push_back(std::move(partial));
  }
  return cursor;
}

}  // namespace

std::uint32_t changes_read(const Cursor& cursor, const Dot& dot) {
  if (cursor.seen.covers(dot)) return UINT32_MAX;
  const auto at = find_partial(cursor, dot);
  return at != cursor.partial.end() && at->dot == dot ? at->changes : 0;
}

void pass_record(Cursor& cursor, LogPos pos, const std::optional<Dot>& dot) {
  CHECK(pos == cursor.pos.next());
  cursor.pos = pos;
  if (!dot) return;
  cursor.seen.raise(dot->origin, dot->seq);
  std::erase_if(cursor.partial, [&](const Cursor::Partial& partial) { return cursor.seen.covers(partial.dot); });
}

void pass_changes(Cursor& cursor, const Dot& dot, std::uint32_t changes) {
  CHECK(changes > 0);
  CHECK(!cursor.seen.covers(dot));
  const auto at = find_partial(cursor, dot);
  if (at != cursor.partial.end() && at->dot == dot) {
    const auto index = at - cursor.partial.begin();
    CHECK(cursor.partial[static_cast<std::size_t>(index)].changes <= changes);
    cursor.partial[static_cast<std::size_t>(index)].changes = changes;
  } else {
    cursor.partial.insert(at, Cursor::Partial{dot, changes});
  }
}

Cursor cursor_at_end(const LogState& log) { return Cursor{log.node, log.durable, log.seen, {}}; }

bool resumes_by_position(const Cursor& cursor, const LogState& log) {
  return cursor.node == log.node && cursor.pos <= log.durable && log.seen.covers(cursor.seen);
}

Cursor rebase(Cursor cursor, const LogState& log, LogPos first) {
  CHECK(first.value > 0);
  cursor.node = log.node;
  cursor.pos = std::min(log.durable, LogPos(first.value - 1));
  return cursor;
}

std::string cursor_text(std::string_view ns, const Cursor& cursor) {
  Bytes body;
  Writer out(body);
  out.u8(kVersion);
  encode(cursor.node, out);
  out.varint(cursor.pos.value);
  encode(cursor.seen, out);
  out.varint(cursor.partial.size());
  for (const Cursor::Partial& partial : cursor.partial) {
    encode(partial.dot, out);
    out.varint(partial.changes);
  }
  out.u32(checksum(ns, body));
  return base64url_encode(body);
}

Result<Cursor> parse_cursor(std::string_view ns, std::string_view text) {
  if (text.size() > limits::kCursorTextBytesMax) {
    return bad(fmt::format("{} characters, the limit is {}", text.size(), limits::kCursorTextBytesMax));
  }
  const Result<Bytes> bytes = base64url_decode(text);
  if (!bytes) return bad(bytes.error().message());
  if (bytes->size() <= kChecksumBytes) return bad("cut short");
  const ByteSpan body = ByteSpan(*bytes).substr(0, bytes->size() - kChecksumBytes);
  Reader tail(ByteSpan(*bytes).substr(body.size()));
  if (tail.u32("checksum") != checksum(ns, body)) {
    return bad("its checksum does not match: it was damaged, or belongs to another namespace");
  }
  Reader in(body);
  if (const std::uint8_t version = in.u8("version"); version != kVersion) {
    return bad(fmt::format("version {} is not known here", version));
  }
  Cursor cursor = decode_body(in);
  if (const Status whole = in.finish(); !whole.ok()) return bad(whole.message());
  return cursor;
}

}  // namespace pando::notify

// fuzz/cursor_fuzz.cc — cursors come from clients: parsing refuses with a reason or has one form only, and a watch
// that starts at whatever parses goes through a log without harm.
//
// Even first byte: the rest is the text. Odd: the rest is the encoding without its checksum, which is mended.
#include <cstddef>
#include <cstdint>

#include "base/base64.h"
#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "notify/watch.h"

namespace {

using namespace pando;

constexpr std::string_view kNs = "ns";

std::string text_of(ByteSpan input) {
  if ((static_cast<std::uint8_t>(input.front()) & 1) == 0) return std::string(input.substr(1));
  Bytes body(input.substr(1));
  const std::uint32_t sum = crc32c(body, crc32c(kNs));
  Writer(body).u32(sum);
  return base64url_encode(body);
}

void read_log_from(notify::Cursor cursor) {
  const notify::LogState log{Origin{"n", 1}, LogPos(0), {}};
  notify::Watch watch({}, notify::rebase(std::move(cursor), log, LogPos(1)), {.bytes_max = 500, .events_max = 2});
  const std::optional<Dot> dots[] = {Dot{Origin{"dc1", 1}, Seq(1)}, std::nullopt, Dot{Origin{"dc2", 1}, Seq(5)}};
  for (int round = 0; round < 8; ++round) {
    const std::optional<LogPos> pos = watch.next_read();
    if (!pos) {
      for (const notify::Event& event : watch.take()) CHECK(notify::parse_cursor(kNs, event.cursor).has_value());
      watch.ready();
      continue;
    }
    if (pos->value > 3) return;
    const std::optional<Dot>& dot = dots[pos->value - 1];
    const std::vector<Change> changes(dot ? 4 : 0);
    const notify::Record record{*pos, dot, changes};
    notify::RecordCursors cursors(kNs, record);
    watch.offer(record, cursors);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text = text_of({reinterpret_cast<const char*>(data), size});
  const Result<notify::Cursor> cursor = notify::parse_cursor(kNs, text);
  if (!cursor) {
    CHECK(cursor.error().code() == StatusCode::kInvalidArgument);
    CHECK(cursor.error().message().starts_with("bad cursor: "));
    return 0;
  }
  CHECK(notify::cursor_text(kNs, *cursor) == text);
  read_log_from(*cursor);
  return 0;
}

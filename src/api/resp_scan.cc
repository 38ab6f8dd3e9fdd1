#include "api/resp_scan.h"

#include <algorithm>
#include <charconv>

#include "api/resp_command.h"
#include "api/resp_glob.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {

std::optional<RespScan> read_scan(RespCall& call, std::size_t at, ByteSpan of) {
  const auto refuse = [&](std::string_view text) {
    call.fail(text);
    return std::nullopt;
  };
  RespScan scan;
  std::uint64_t cursor = 0;
  const ByteSpan word = call[at];
  if (const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), cursor);
      error != std::errc() || stop != word.data() + word.size()) {
    return refuse("ERR invalid cursor");
  }
  if (cursor != 0) {
    const RespCursors::Place* known = call.session.host().cursors().find(cursor);
    if (known == nullptr || known->of != of) return refuse("ERR invalid cursor");
    scan.after = known->after;
  }
  for (std::size_t i = at + 1; i < call.size(); i += 2) {
    if (i + 1 == call.size()) return refuse("ERR syntax error");
    if (call.is(i, "match")) {
      scan.pattern = call[i + 1];
    } else if (call.is(i, "count")) {
      const auto count = call.integer(i + 1);
      if (!count) return std::nullopt;
      if (*count < 1) return refuse("ERR syntax error");
      scan.count = static_cast<std::uint32_t>(std::min<std::int64_t>(*count, limits::kListKeysMax));
    } else if (call.is(i, "type") && of.empty()) {
      scan.type = Bytes(call[i + 1]);
    } else {
      return refuse("ERR syntax error");
    }
  }
  return scan;
}

std::vector<Bytes> scan_names(const RespScan& scan, ByteSpan of) { return {scan.pattern, Bytes(of)}; }

void append_scan_head(const RespReplies& got, const Bytes* last, RespWriter& to) {
  to.array(2);
  to.bulk(std::to_string(last == nullptr ? 0 : got.cursors().remember({got.names()[1], *last})));
}

bool scan_matches(const RespReplies& got, ByteSpan name) { return glob_match(got.names()[0], name); }

}  // namespace pando::api

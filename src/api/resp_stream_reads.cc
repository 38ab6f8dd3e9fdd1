// What streams hold: XLEN, XRANGE, XREVRANGE and XREAD.
#include <fmt/format.h>

#include <algorithm>

#include "api/resp_blocking.h"
#include "api/resp_command.h"
#include "api/resp_session.h"
#include "api/resp_stream_words.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr std::string_view kTooMany = "ERR the range has too many entries for one answer, ask for less";

RangeEntriesRequest entries_of(ByteSpan key) {
  RangeEntriesRequest made;
  made.key = key;
  made.count_max = limits::kRespElementsMax;
  return made;
}

void append_entries(const EntriesReply& got, RespWriter& to) {
  to.array(got.entries.size());
  for (const EntriesReply::Entry& entry : got.entries) {
    to.array(2);
    to.bulk(to_string(entry.id));
    to.array(2 * entry.fields.size());
    for (const auto& [name, value] : entry.fields) {
      to.bulk(name);
      to.bulk(value);
    }
  }
}

void answer_length(const RespReplies& got, RespWriter& to) {
  to.integer(static_cast<std::int64_t>(got.get<EntriesReply>().count));
}
void length(RespCall& call) {
  RangeEntriesRequest asked = entries_of(call[1]);
  asked.count_max = 0;
  call.ask(std::move(asked), answer_length);
}

// One end of a range: "-", "+", "5", "5-1", "(5-1". False: failed. `empty`: nothing lies behind it.
bool read_end(RespCall& call, std::size_t i, bool first, StreamId& id, bool& empty) {
  const ByteSpan text = call[i];
  if (text == "-" || text == "+") {
    id = text == "-" ? StreamId{} : kStreamIdMax;
    return true;
  }
  const bool open = !text.empty() && text.front() == '(';
  const auto read = stream_id_of(open ? text.substr(1) : text, first ? 0 : UINT64_MAX);
  if (!read) {
    call.fail("ERR Invalid stream ID specified as stream command argument");
    return false;
  }
  const auto moved = !open ? read : first ? read->next() : read->previous();
  if (!moved) call.fail(first ? "ERR invalid start ID for the interval" : "ERR invalid end ID for the interval");
  id = moved.value_or(StreamId{});
  empty = empty || !moved;
  return moved.has_value();
}

// `number`: 1 when it was limited to what was asked.
void answer_range(const RespReplies& got, RespWriter& to) {
  const auto& found = got.get<EntriesReply>();
  if (found.more && got.number() == 0) return to.error(kTooMany);
  append_entries(found, to);
}
// COUNT 0.
void answer_no_range(const RespReplies& got, RespWriter& to) {
  if (!got.get<EntriesReply>().found) return to.array(0);
  to.null_array();
}
void range(RespCall& call) {
  const bool reverse = call.command.name == "xrevrange";
  RangeEntriesRequest asked = entries_of(call[1]);
  asked.reverse = reverse;
  bool empty = false;
  if (!read_end(call, reverse ? 3 : 2, true, asked.first, empty)) return;
  if (!read_end(call, reverse ? 2 : 3, false, asked.last, empty)) return;
  bool limited = false;
  for (std::size_t i = 4; i < call.size(); i += 2) {
    if (!call.is(i, "count") || i + 1 == call.size()) return call.fail_syntax();
    const auto most = call.integer(i + 1);
    if (!most) return;
    limited = true;
    asked.count_max = static_cast<std::uint64_t>(std::clamp<std::int64_t>(*most, 0, limits::kRespElementsMax));
  }
  const bool none = asked.count_max == 0;
  call.ask(std::move(asked), none ? answer_no_range : answer_range).number = limited ? 1 : 0;
}

// XREAD. ---------------------------------------------------------------------------------------------------

// `names`: the keys, one per reply.
void answer_read(const RespReplies& got, RespWriter& to) {
  std::size_t streams = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    streams += got.get<EntriesReply>(i).entries.empty() ? 0 : 1;
    if (got.get<EntriesReply>(i).more && got.number() == 0) return to.error(kTooMany);
  }
  if (streams == 0) return to.null_array();
  if (to.version() == 3) {
    to.map(streams);
  } else {
    to.array(streams);
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto& found = got.get<EntriesReply>(i);
    if (found.entries.empty()) continue;
    if (to.version() != 3) to.array(2);
    to.bulk(got.names()[i]);
    append_entries(found, to);
  }
}

// What comes after an id, or after all there is ("$").
bool read_after(RespCall& call, std::size_t i, RangeEntriesRequest& asked) {
  if (call[i] == ">") {
    call.fail("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
    return false;
  }
  const auto after = call[i] == "$" ? std::optional(kStreamIdMax) : read_stream_id(call, i);
  if (!after) return false;
  const auto first = after->next();
  if (first) asked.first = *first;
  // Nothing comes after the highest id.
  if (!first) asked.last = {};
  if (!first) asked.first = kStreamIdMax;
  return true;
}

void read(RespCall& call) {
  std::uint64_t most = limits::kRespElementsMax;
  bool limited = false;
  std::int64_t block_ms = -1;
  std::size_t i = 1;
  for (; i < call.size() && !call.is(i, "streams"); i += 2) {
    const bool count = call.is(i, "count");
    if ((!count && !call.is(i, "block")) || i + 1 == call.size()) return call.fail_syntax();
    if (count) {
      const auto given = call.integer(i + 1);
      if (!given) return;
      limited = *given > 0;
      if (limited) most = static_cast<std::uint64_t>(std::min<std::int64_t>(*given, limits::kRespElementsMax));
    } else {
      const auto wait = call.integer(i + 1, "ERR timeout is not an integer or out of range");
      if (!wait) return;
      if (*wait < 0) return call.fail("ERR timeout is negative");
      block_ms = *wait;
    }
  }
  if (i == call.size()) return call.fail_syntax();
  const std::size_t words = call.size() - i - 1;
  if (words == 0) return call.fail_syntax();
  if (words % 2 != 0) {
    return call.fail("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
  }
  if (!call.may_read(words / 2)) return;
  for (std::size_t at = i + 1; at <= i + words / 2; ++at) {
    RangeEntriesRequest asked = entries_of(call[at]);
    asked.count_max = most;
    if (!read_after(call, at + words / 2, asked)) return;
    RespPending& made = call.ask(std::move(asked), answer_read);
    made.names.emplace_back(call[at]);
    made.number = limited ? 1 : 0;
  }
  if (block_ms < 0) return;
  wait_for_keys(call, block_ms);
}

}  // namespace

RespFamily resp_stream_read_commands() {
  return {
      {"xlen", 2, C::kRead | C::kFast, 1, 1, 1, "stream", "Counts the entries of a stream.", length},
      {"xrange", -4, C::kRead, 1, 1, 1, "stream", "Lists entries by id.", range},
      {"xread", -4, C::kRead, 0, 0, 0, "stream", "Lists what came after ids, of some streams.", read},
      {"xrevrange", -4, C::kRead, 1, 1, 1, "stream", "Lists entries by id, the last first.", range},
  };
}

}  // namespace pando::api

// Streams: XADD and what takes entries out again. Reads: resp_stream_reads.cc.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/resp_command.h"
#include "api/resp_session.h"
#include "api/resp_stream_words.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

// With `~` a trim may leave more: then it is done on one of so many additions, by chance.
constexpr std::uint64_t kSometimes = 64;

std::optional<std::uint64_t> unsigned_of(ByteSpan text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

struct TrimWords {
  std::optional<StreamTrim> trim;
  bool about = false;  // `~`
  bool limited = false;
};

// MAXLEN, MINID and LIMIT at `i`, which moves on to the last word of it. False: failed. `known`: it was one of them.
bool read_trim(RespCall& call, std::size_t& i, TrimWords& words, bool& known) {
  const std::size_t left = call.size() - i - 1;
  const bool length = call.is(i, "maxlen");
  known = left > 0 && (length || call.is(i, "minid") || call.is(i, "limit"));
  if (!known) return true;
  if (call.is(i, "limit")) {
    const auto most = call.integer(++i);
    if (!most) return false;
    if (*most < 0) return call.fail("ERR The LIMIT argument must be >= 0."), false;
    if (!words.trim) words.trim.emplace();
    words.trim->remove_max = *most == 0 ? UINT64_MAX : static_cast<std::uint64_t>(*most);
    words.limited = true;
    return true;
  }
  if (words.trim && (words.trim->count_max || words.trim->from)) {
    return call.fail("ERR syntax error, MAXLEN and MINID options at the same time are not compatible"), false;
  }
  words.about = left >= 2 && call[i + 1] == "~";
  if (words.about || (left >= 2 && call[i + 1] == "=")) ++i;
  if (!words.trim) words.trim.emplace();
  if (length) {
    const auto most = call.integer(++i);
    if (!most) return false;
    if (*most < 0) return call.fail("ERR The MAXLEN argument must be >= 0."), false;
    words.trim->count_max = static_cast<std::uint64_t>(*most);
  } else {
    words.trim->from = read_stream_id(call, ++i);
    if (!words.trim->from) return false;
  }
  return true;
}

// False: failed.
bool check_trim(RespCall& call, const TrimWords& words) {
  if (!words.limited) return true;
  if (!words.trim->count_max && !words.trim->from) {
    call.fail("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  if (!words.about) call.fail("ERR syntax error, LIMIT cannot be used without the special ~ option");
  return words.about;
}

// `*`, "5-*" or an id. False: failed.
bool read_new_id(RespCall& call, std::size_t i, AddEntry& add) {
  const ByteSpan text = call[i];
  if (text == "*") return true;
  if (text.ends_with("-*")) {
    const auto ms = unsigned_of(text.substr(0, text.size() - 2));
    add.how = AddEntry::Id::kOfTime;
    add.id.ms = ms.value_or(0);
    if (!ms) call.fail("ERR Invalid stream ID specified as stream command argument");
    return ms.has_value();
  }
  const auto id = read_stream_id(call, i);
  if (!id) return false;
  add.how = AddEntry::Id::kGiven;
  add.id = *id;
  return true;
}

constexpr RespError kNotAdded[] = {
    {StatusCode::kPreconditionFailed,
     "ERR The ID specified in XADD is equal or smaller than the target stream top item"},
    {StatusCode::kOutOfRange, "ERR The stream has exhausted the last possible ID, unable to add more items"},
};

void add(RespCall& call) {
  AddEntry made;
  TrimWords words;
  std::size_t i = 2;
  for (; i < call.size() && call[i] != "*"; ++i) {
    bool known = false;
    if (!read_trim(call, i, words, known)) return;
    if (known) continue;
    if (!call.is(i, "nomkstream")) break;
    made.if_exists = true;
  }
  if (i < call.size() && !read_new_id(call, i, made)) return;
  if (!check_trim(call, words)) return;
  if (i + 2 >= call.size() || (call.size() - i) % 2 == 0) return call.fail_arity();
  if (made.how == AddEntry::Id::kGiven && made.id == StreamId{}) {
    return call.fail("ERR The ID specified in XADD must be greater than 0-0");
  }
  for (++i; i + 1 < call.size(); i += 2) made.fields.emplace_back(call[i], call[i + 1]);
  if (!words.about || call.session.chance() % kSometimes == 0) made.trim = words.trim;
  call.write(call.change(call[1], std::move(made)), answer_returned).errors = kNotAdded;
}

void remove(RespCall& call) {
  if (!call.may_read(call.size() - 2)) return;
  RemoveEntries made;
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto id = read_stream_id(call, i);
    if (!id) return;
    made.ids.push_back(*id);
  }
  call.write(call.change(call[1], std::move(made)), answer_integer);
}

void trim(RespCall& call) {
  TrimWords words;
  for (std::size_t i = 2; i < call.size(); ++i) {
    bool known = false;
    if (!read_trim(call, i, words, known)) return;
    if (!known) return call.fail_syntax();
  }
  if (!check_trim(call, words)) return;
  call.write(call.change(call[1], TrimStream{*words.trim}), answer_integer);
}

}  // namespace

std::optional<StreamId> stream_id_of(ByteSpan text, std::uint64_t number) {
  const std::size_t dash = text.find('-');
  const auto ms = unsigned_of(text.substr(0, dash));
  const auto behind = dash == ByteSpan::npos ? number : unsigned_of(text.substr(dash + 1));
  if (!ms || !behind) return std::nullopt;
  return StreamId{*ms, *behind};
}

std::optional<StreamId> read_stream_id(RespCall& call, std::size_t i, std::uint64_t number) {
  const auto id = stream_id_of(call[i], number);
  if (!id) call.fail("ERR Invalid stream ID specified as stream command argument");
  return id;
}

RespFamily resp_stream_commands() {
  return {
      {"xadd", -5, C::kWrite | C::kFast, 1, 1, 1, "stream", "Adds an entry to a stream.", add},
      {"xdel", -3, C::kWrite | C::kFast, 1, 1, 1, "stream", "Takes entries out.", remove},
      {"xtrim", -4, C::kWrite, 1, 1, 1, "stream", "Takes the oldest entries out.", trim},
  };
}

}  // namespace pando::api

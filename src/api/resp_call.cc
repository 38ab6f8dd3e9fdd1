// deterministic: floating point, as text of one client's words.
#include "api/resp_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/resp_command.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

void begin(Mutation& made, ByteSpan key, Mutation::Kind kind) {
  made.kind = kind;
  made.key = key;
  made.convert = true;
}

}  // namespace

bool resp_word_is(ByteSpan word, std::string_view lower_case) {
  return word.size() == lower_case.size() &&
         std::equal(word.begin(), word.end(), lower_case.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::optional<std::int64_t> resp_integer(ByteSpan text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  const ByteSpan digits = text.front() == '-' ? text.substr(1) : text;
  if (digits.front() == '0' && text.size() > 1) return std::nullopt;
  return value;
}

std::optional<Int128> resp_decimal(ByteSpan text) {
  std::string plain(text);
  std::int64_t exponent = 0;
  if (const std::size_t at = plain.find_first_of("eE"); at != std::string::npos) {
    const char* from = plain.data() + at + 1;
    if (*from == '+') ++from;
    const char* end = plain.data() + plain.size();
    const auto [stop, error] = std::from_chars(from, end, exponent);
    if (error != std::errc() || stop != end || exponent < -40 || exponent > 40) return std::nullopt;
    plain.resize(at);
  }
  const bool minus = !plain.empty() && plain.front() == '-';
  if (minus || (!plain.empty() && plain.front() == '+')) plain.erase(0, 1);
  std::size_t point = plain.find('.');
  if (point == std::string::npos) point = plain.size();
  std::string digits = plain.substr(0, point) + (point < plain.size() ? plain.substr(point + 1) : "");
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  // The point moves, with zeros on the side it moves to.
  std::int64_t whole = static_cast<std::int64_t>(point) + exponent;
  if (whole <= 0) {
    digits.insert(0, static_cast<std::size_t>(1 - whole), '0');
    whole = 1;
  }
  if (whole > static_cast<std::int64_t>(digits.size())) digits.resize(static_cast<std::size_t>(whole), '0');
  std::string made = digits.substr(0, static_cast<std::size_t>(whole));
  std::string behind = digits.substr(static_cast<std::size_t>(whole));
  behind.erase(behind.find_last_not_of('0') + 1);
  made.erase(0, std::min(made.find_first_not_of('0'), made.size() - 1));
  if (!behind.empty()) made += "." + behind;
  return parse_decimal(minus ? "-" + made : made);
}

bool RespCall::is(std::size_t i, std::string_view lower_case) const { return resp_word_is(args[i], lower_case); }

RespPending& RespCall::ask(Request request, RespAnswer answer) {
  plan.requests.push_back(std::move(request));
  ++plan.pending.parts;
  plan.pending.answer = answer;
  return plan.pending;
}

RespPending& RespCall::write(Mutation&& one, RespAnswer answer) {
  add_write(answer).mutations.push_back(std::move(one));
  return plan.pending;
}

Mutation& RespCall::write(ByteSpan key, Mutation::Kind kind, RespAnswer answer, std::span<const RespError> errors) {
  WriteRequest& request = add_write(answer);
  request.mutations = session.host().spare().take();
  Mutation& made = request.mutations.front();
  plan.pending.errors = errors;
  begin(made, key, kind);
  return made;
}

// In place: a write is made for every command.
WriteRequest& RespCall::add_write(RespAnswer answer) {
  plan.requests.emplace_back(std::in_place_type<WriteRequest>);
  auto& request = std::get<WriteRequest>(plan.requests.back());
  request.results = true;
  ++plan.pending.parts;
  plan.pending.answer = answer;
  return request;
}

RespPending& RespCall::write(std::vector<Mutation> mutations, RespAnswer answer) {
  add_write(answer).mutations = std::move(mutations);
  return plan.pending;
}

Mutation RespCall::mutation(ByteSpan key, Mutation::Kind kind) const {
  Mutation made;
  begin(made, key, kind);
  return made;
}

RespWriter RespCall::writer() { return RespWriter(plan.text, session.version()); }

void RespCall::fail(std::string_view text) {
  plan.requests.clear();
  plan.pending = {};
  plan.text.clear();
  plan.failed = true;
  writer().error(text);
}

void RespCall::fail_arity() { fail(fmt::format("ERR wrong number of arguments for '{}' command", command.name)); }

std::optional<std::int64_t> RespCall::integer(std::size_t i, std::string_view text) {
  const auto value = resp_integer(args[i]);
  if (!value) fail(text);
  return value;
}

std::optional<double> RespCall::score(std::size_t i, std::string_view text) {
  const Result<double> value = parse_score(args[i]);
  if (value) return *value;
  fail(text);
  return std::nullopt;
}

bool RespCall::may_read(std::size_t count) {
  if (count <= limits::kRespReadsMax) return true;
  fail(fmt::format("ERR more than {} keys or fields in one command", limits::kRespReadsMax));
  return false;
}

// Shared answers. ----------------------------------------------------------------------------------------------

void answer_ok(const RespReplies&, RespWriter& to) { to.simple("OK"); }
void answer_integer(const RespReplies& got, RespWriter& to) { to.integer(got.result()); }
void answer_last_integer(const RespReplies& got, RespWriter& to) { to.integer(got.result(got.mutations() - 1)); }

void answer_returned(const RespReplies& got, RespWriter& to) {
  if (got.returned().empty()) return to.null();
  to.bulk(got.returned().front());
}

void answer_all_returned(const RespReplies& got, RespWriter& to) {
  to.array(got.returned().size());
  for (const Bytes& one : got.returned()) to.bulk(one);
}

void answer_value(const RespReplies& got, RespWriter& to) {
  const auto& value = got.get<ValueReply>();
  if (!value.found) return to.null();
  to.bulk(value.value);
}

void answer_count(const RespReplies& got, RespWriter& to) {
  to.integer(static_cast<std::int64_t>(got.get<MemberCountReply>().count));
}

void answer_members(const RespReplies& got, RespWriter& to) {
  const auto& members = got.get<MembersReply>().members;
  to.set(members.size());
  for (const Bytes& member : members) to.bulk(member);
}

}  // namespace pando::api

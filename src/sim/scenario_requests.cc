#include "sim/scenario_requests.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace pando::sim {
namespace {

using Words = std::vector<std::string>;

tl::unexpected<Status> usage(std::string_view text) {
  return fail(StatusCode::kInvalidArgument, fmt::format("usage: {}", text));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::int64_t> parse_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// name=value words.
Result<Columns> parse_columns(Words::const_iterator from, Words::const_iterator to, bool values) {
  Columns columns;
  for (; from != to; ++from) {
    const std::size_t equals = from->find('=');
    if (values != (equals != std::string::npos)) return usage(values ? "columns are name=value" : "columns are names");
    columns.emplace_back(from->substr(0, equals), values ? from->substr(equals + 1) : Bytes());
  }
  return columns;
}

// `… FIELD f` and `… TABLE t` at the end of EXPIRE or PERSIST, which has at least `words_min` words: taken off.
void take_field(Words::const_iterator from, Words::const_iterator& to, std::ptrdiff_t words_min, Mutation& mutation,
                ExpireChange& change) {
  for (; to - from >= words_min + 2; to -= 2) {
    const std::string& option = *(to - 2);
    if (option != "FIELD" && option != "TABLE") return;
    (option == "FIELD" ? change.field : mutation.table) = *(to - 1);
  }
}

// `… TTL 5s` and `… TABLE t` at the end of a mutation of at least `words_min` words: taken off.
Status take_options(Words::const_iterator from, Words::const_iterator& to, std::ptrdiff_t words_min,
                    Mutation& mutation) {
  while (to - from >= words_min + 2) {
    const std::string& option = *(to - 2);
    if (option == "TTL") {
      const Result<std::int64_t> span = parse_span_ms(*(to - 1));
      if (!span) return span.error();
      mutation.ttl = TimeToLive{TimeToLive::Kind::kFor, *span};
    } else if (option == "TABLE") {
      mutation.table = *(to - 1);
    } else {
      break;
    }
    to -= 2;
  }
  return {};
}

// Those between two of `separator`.
template <typename Take>
Status each_part(Words::const_iterator from, Words::const_iterator to, std::string_view separator, Take&& take) {
  while (from != to) {
    const auto end = std::find(from, to, separator);
    PANDO_RETURN_IF_ERROR(take(Words(from, end)));
    from = end == to ? to : end + 1;
  }
  return {};
}

}  // namespace

Result<Mutation> parse_mutation(Words::const_iterator from, Words::const_iterator to) {
  if (to - from < 2) return usage("VERB key …");
  const std::string& verb = *from;
  Mutation mutation;
  mutation.key = from[1];
  if (verb == "PUT" || verb == "DEL" || verb == "INCR" || verb == "DECR") {
    PANDO_RETURN_IF_ERROR(take_options(from, to, verb == "PUT" ? 3 : 2, mutation));
  }
  ExpireChange change;
  if (verb == "EXPIRE" || verb == "PERSIST") take_field(from, to, verb == "EXPIRE" ? 3 : 2, mutation, change);
  const auto count = to - from;
  if (verb == "PUT" && count == 3) {
    mutation.value = from[2];
  } else if (verb == "DEL" && count == 2) {
    mutation.kind = Mutation::Kind::kDelete;
  } else if ((verb == "INCR" || verb == "DECR") && count <= 3) {
    const auto step = count == 3 ? parse_integer(from[2]) : 1;
    if (!step) return usage("INCR key [integer]");
    mutation.kind = Mutation::Kind::kAdd;
    mutation.delta = verb == "INCR" ? *step : -*step;
  } else if (verb == "RESET" && count == 2) {
    mutation.kind = Mutation::Kind::kReset;
  } else if (verb == "SADD" || verb == "SREM") {
    mutation.kind = verb == "SADD" ? Mutation::Kind::kAddMembers : Mutation::Kind::kRemoveMembers;
    mutation.members.assign(from + 2, to);
  } else if (verb == "SDEL" && count == 2) {
    mutation.kind = Mutation::Kind::kDeleteSet;
  } else if ((verb == "ENABLE" || verb == "DISABLE") && count == 2) {
    mutation.kind = verb == "ENABLE" ? Mutation::Kind::kEnable : Mutation::Kind::kDisable;
  } else if ((verb == "EXPIRE" && count == 3) || (verb == "PERSIST" && count == 2)) {
    if (verb == "EXPIRE") {
      const Result<std::int64_t> span = parse_span_ms(from[2]);
      if (!span) return fail(span.error());
      change.ttl = TimeToLive{TimeToLive::Kind::kFor, *span};
    }
    mutation.kind = Mutation::Kind::kDetail;
    mutation.detail = std::move(change);
  } else if (verb == "ROWPUT" || verb == "ROWDEL") {
    Result<Columns> columns = parse_columns(from + 2, to, verb == "ROWPUT");
    if (!columns) return fail(columns.error());
    mutation.table = std::string(kTableRow);
    mutation.columns = std::move(*columns);
    mutation.kind = verb == "ROWPUT"           ? Mutation::Kind::kPutColumns
                    : mutation.columns.empty() ? Mutation::Kind::kDeleteRow
                                               : Mutation::Kind::kDeleteColumns;
  } else {
    return fail(StatusCode::kInvalidArgument, fmt::format("{} with {} words is not a mutation", verb, count));
  }
  return mutation;
}

namespace {

Result<Request> parse_write(const Words& words) {
  WriteRequest write;
  auto from = words.cbegin();
  if (*from == "BATCH") ++from;
  while (from != words.cend()) {
    const auto to = std::find(from, words.cend(), ";");
    Result<Mutation> mutation = parse_mutation(from, to);
    if (!mutation) return fail(mutation.error());
    write.mutations.push_back(std::move(*mutation));
    from = to == words.cend() ? to : to + 1;
  }
  return Request(std::move(write));
}

Result<Request> parse_list(const Words& words) {
  ListRequest list;
  std::size_t at = 1;
  if (at < words.size() && words[at] != "TABLE") list.prefix = words[at++];
  if (at + 1 < words.size() && words[at] == "TABLE") list.table = words[at + 1];
  return Request(std::move(list));
}

// SMEMBERS k [AFTER m] [LIMIT n]
Result<Request> parse_members(const Words& words) {
  ListMembersRequest list;
  list.key = words[1];
  for (std::size_t at = 2; at + 1 < words.size(); at += 2) {
    if (words[at] == "AFTER") list.after = words[at + 1];
    if (words[at] == "LIMIT") list.count_max = static_cast<std::uint32_t>(parse_integer(words[at + 1]).value_or(1));
  }
  return Request(std::move(list));
}

// PIPE INCR a | BATCH PUT b 1 ; DEL c | COUNTER d, and TOGETHER of the same.
template <typename Several>
Result<Request> parse_several(const Words& words) {
  Several several;
  const Status status = each_part(words.cbegin() + 1, words.cend(), "|", [&](const Words& part) -> Status {
    if (part.empty()) return Status(StatusCode::kInvalidArgument, "nothing between two |");
    Result<Request> request = parse_request(part);
    if (!request) return request.error();
    several.items.push_back({std::move(*request)});
    return {};
  });
  if (!status.ok()) return fail(status);
  return Request(std::move(several));
}

}  // namespace

Result<Words> split_words(std::string_view line) {
  Words words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (quote == '\0' && (c == ' ' || c == '\t')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else {
      if (c == '\\' && i + 3 < line.size() && line[i + 1] == 'x' && hex_digit(line[i + 2]) >= 0 &&
          hex_digit(line[i + 3]) >= 0) {
        c = static_cast<char>(hex_digit(line[i + 2]) * 16 + hex_digit(line[i + 3]));
        i += 3;
      }
      words.back().push_back(c);
    }
  }
  if (quote != '\0') return fail(StatusCode::kInvalidArgument, "a quote is not closed");
  return words;
}

Result<Request> parse_request(const Words& words) {
  const std::string& verb = words.at(0);
  const std::size_t count = words.size();
  if (verb == "GET" && (count == 2 || (count == 3 && words[2] == "RAW"))) {
    return Request(GetRequest{std::string(kTableKv), words[1], count == 3});
  }
  if (verb == "ROWGET" && count >= 2) {
    GetRowRequest get{words[1], std::nullopt};
    if (count > 2) get.columns.emplace(words.begin() + 2, words.end());
    return Request(std::move(get));
  }
  if (verb == "COUNTER" && count == 2) return Request(GetCounterRequest{std::string(kTableKv), words[1]});
  if (verb == "SMEMBERS" && count >= 2) return parse_members(words);
  if (verb == "SHAS" && count == 3) return Request(HasMemberRequest{std::string(kTableKv), words[1], words[2]});
  if (verb == "SSIZE" && count == 2) {
    return Request(CountMembersRequest{std::string(kTableKv), words[1], limits::kSetCountMax});
  }
  if (verb == "FLAG" && count == 2) return Request(GetFlagRequest{std::string(kTableKv), words[1]});
  if (verb == "MERGED" && count == 2) return Request(GetMergedRequest{words[1]});
  if (verb == "LIST") return parse_list(words);
  if (verb == "LOBSTAT" && count == 2) return Request(LobStatRequest{words[1]});
  if (verb == "OFFSET") return Request(OffsetRequest{});
  if (verb == "STATS") return Request(StatsRequest{});
  if (verb == "CHECKPOINT") return Request(CheckpointRequest{});
  if (verb == "DIGEST" && count == 2 && words[1] == "ALL") return Request(DigestRequest{0});
  if (verb == "DIGEST") return Request(DigestRequest{});
  if (verb == "RETIRE" && count == 2) return Request(RetireNodeRequest{words[1]});
  if (verb == "RETIRE" && count == 3 && words[2] == "LOST") return Request(RetireNodeRequest{words[1], false, true});
  if (verb == "DRAIN" && count == 1) return Request(DrainRequest{DrainRequest::Change::kBegin});
  if (verb == "PIPE") return parse_several<PipelineRequest>(words);
  if (verb == "TOGETHER") return parse_several<TxRequest>(words);
  return parse_write(words);
}

Result<Terms> take_terms(Words& words) {
  Terms terms;
  // Taken off first, so that the order of the two does not matter to what the words mean.
  std::optional<std::string> once;
  while (words.size() >= 3) {
    const std::string& option = words[words.size() - 2];
    if (option == "IDEMPOTENT") {
      once = words.back();
    } else if (option == "SAFE") {
      Result<Durability> durability = parse_durability(words.back());
      if (!durability) return fail(durability.error());
      terms.durability = std::move(*durability);
    } else if (option == "WITHIN") {
      const Result<std::int64_t> span = parse_span_ms(words.back());
      if (!span) return fail(span.error());
      terms.durability_wait = Duration::millis(*span);
    } else {
      break;
    }
    words.resize(words.size() - 2);
  }
  if (once) {
    terms.idempotency_key = *once;
    terms.fingerprint = fingerprint_of(fmt::format("{}", fmt::join(words, " ")));
  }
  return terms;
}

}  // namespace pando::sim

#include "sim/scenario_client.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace pando::sim {
namespace {

using Words = std::vector<std::string>;
using Lines = std::vector<std::string>;

constexpr std::size_t kLobAppendBytes = 64 * 1024;
constexpr std::size_t kLobShownBytesMax = 80;

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

// The words of one mutation: PUT k v, DEL k, INCR k [n], DECR k [n], RESET k, ROWPUT r a=1, ROWDEL r [a],
// SADD k m…, SREM k m…, SDEL k, ENABLE k, DISABLE k.
Result<Mutation> parse_mutation(Words::const_iterator from, Words::const_iterator to) {
  const auto count = to - from;
  if (count < 2) return usage("VERB key …");
  const std::string& verb = *from;
  Mutation mutation;
  mutation.key = from[1];
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

// The same for every object, and nothing that packs: links are to carry all of it.
Bytes pattern(std::size_t size) {
  Bytes bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

struct Formatter {
  // Types that are scripted over HTTP alone.
  template <typename Other>
  Lines operator()(const Other&) const {
    return {"(said over HTTP)"};
  }
  Lines operator()(const DoneReply&) const { return {"ok"}; }
  Lines operator()(const ValueReply& r) const { return {r.found ? printable(r.value) : "(none)"}; }
  Lines operator()(const RowReply& r) const {
    std::string line;
    for (const auto& [name, value] : r.columns) {
      line += fmt::format("{}{}={}", line.empty() ? "" : " ", printable(name), printable(value));
    }
    return {r.found ? line : "(none)"};
  }
  Lines operator()(const CounterReply& r) const {
    if (!r.found) return {"(none)"};
    std::string line = fmt::format("{}", r.value);
    for (const auto& slot : r.slots) line += fmt::format(" {}:{}", to_string(slot.origin), slot.value);
    return {line};
  }
  Lines operator()(const MergedReply& r) const {
    if (!r.found) return {"(none)"};
    if (r.kind == MergedReply::Kind::kRegister) return {printable(r.value)};
    std::string line = fmt::format("{}", r.total);
    for (const auto& count : r.counts) line += fmt::format(" {}:{}", printable(count.replica), count.count);
    return {line};
  }
  Lines operator()(const MembersReply& r) const {
    Lines lines;
    for (const Bytes& member : r.members) lines.push_back(printable(member));
    if (r.more) lines.push_back("…");
    if (lines.empty()) lines.push_back("(none)");
    return lines;
  }
  Lines operator()(const MemberCountReply& r) const { return {fmt::format("{}{}", r.count, r.more ? " or more" : "")}; }
  Lines operator()(const PresenceReply& r) const { return {r.present ? "yes" : "no"}; }
  Lines operator()(const ListReply& r) const {
    Lines lines;
    for (const Bytes& key : r.keys) lines.push_back(printable(key));
    if (r.more) lines.push_back("…");
    if (lines.empty()) lines.push_back("(none)");
    return lines;
  }
  Lines operator()(const LobStatReply& r) const {
    if (!r.found) return {"(none)"};
    return {fmt::format("{} bytes in {} chunks, crc32 {:08x}", r.size_bytes, r.chunk_count, r.crc32)};
  }
  Lines operator()(const LobChunkReply& r) const { return {fmt::format("{} bytes", r.chunk.size())}; }
  Lines operator()(const TxBegunReply&) const { return {"ok"}; }
  Lines operator()(const TxCommittedReply& r) const {
    return {fmt::format("ok {} crc32 {:08x}", r.processed, r.checksum)};
  }
  Lines operator()(const TxReply& r) const { return {fmt::format("ok {}", r.items.size())}; }
  Lines operator()(const OffsetReply& r) const {
    return {fmt::format("durable {} segment {} context {}", r.durable.value, r.segment_id, to_string(r.context))};
  }
  Lines operator()(const StatsReply& r) const {
    return {fmt::format("origin {} context {} commits {} changes {} durable {} open transactions {} malformed {}",
                        to_string(r.origin), to_string(r.context), r.commits, r.changes, r.durable.value,
                        r.open_transactions, r.malformed_payloads)};
  }
  Lines operator()(const CheckpointReply& r) const {
    return {fmt::format("covered {} context {}", r.covered.value, to_string(r.context))};
  }
  Lines operator()(const DigestReply& r) const {
    return {fmt::format("{} cells {}", r.cells, to_string(r.context))};  // `same` compares fingerprints
  }
  Lines operator()(const BackupReply& r) const {
    return {fmt::format("{} files, last segment {}", r.files.size(), r.last_segment_id)};
  }
};

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

Lines format_reply(const Reply& reply) {
  if (!reply.status.ok()) return {fmt::format("! {}", reply.status.to_string())};
  Lines lines = std::visit(Formatter{}, reply.body);
  return lines;
}

Result<Request> ScenarioClient::parse(const Words& words) const {
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
  return parse_write(words);
}

namespace {

// `… IDEMPOTENT id`: taken off the end of the words.
Terms take_terms(Words& words) {
  Terms terms;
  if (words.size() < 3 || words[words.size() - 2] != "IDEMPOTENT") return terms;
  terms.idempotency_key = words.back();
  words.resize(words.size() - 2);
  terms.fingerprint = fingerprint_of(fmt::format("{}", fmt::join(words, " ")));
  return terms;
}

}  // namespace

Lines ScenarioClient::run(Machine& machine, const std::string& ns, const Words& words) {
  if (words.empty()) return {"! nothing to do"};
  if (words[0] == "TX") return run_transaction(machine, ns, words);
  if (words[0] == "HTTP") return http_.run(machine, ns, words);
  if (words[0] == "LOB" && words.size() == 2) return read_lob(machine, ns, words[1]);
  Words asked = words;
  const Terms terms = take_terms(asked);
  Result<Request> request = parse(asked);
  if (!request) return {"! " + request.error().to_string()};
  const Reply reply = ask_and_wait(world_, machine, ns, std::move(*request), Duration::seconds(60), terms).reply;
  Lines lines = format_reply(reply);
  if (reply.replayed) lines.back() += " (again)";
  return lines;
}

Lines ScenarioClient::run_async(Machine& machine, const std::string& ns, const Words& words) {
  if (words.empty()) return {"! nothing to do"};
  Words asked = words;
  const Terms terms = take_terms(asked);
  Result<Request> request = parse(asked);
  if (!request) return {"! " + request.error().to_string()};
  machine.ask(
      ns, std::move(*request), [](const Answer&) {}, terms);
  return {};
}

Lines ScenarioClient::run_transaction(Machine& machine, const std::string& ns, const Words& words) {
  if (words.size() < 3) return {"! usage: TX name VERB …"};
  const std::string& name = words[1];
  const std::string& verb = words[2];
  const auto ask = [&](Request request) { return ask_and_wait(world_, machine, ns, std::move(request)).reply; };
  if (verb == "BEGIN") {
    TxBeginRequest begin;
    for (std::size_t i = 3; i < words.size(); ++i) {
      if (words[i] == "put") begin.operation = TxOperation::kPut;
      if (words[i] == "delete") begin.operation = TxOperation::kDelete;
      if (words[i] == "kv") begin.entry_type = TxEntryType::kKv;
      if (words[i] == "row") begin.entry_type = TxEntryType::kRow;
      if (words[i] == "lob") begin.entry_type = TxEntryType::kLob;
    }
    const Reply reply = ask(begin);
    if (const auto* begun = std::get_if<TxBegunReply>(&reply.body); reply.status.ok() && begun != nullptr) {
      transactions_[name] = begun->id;
    }
    return format_reply(reply);
  }
  const auto known = transactions_.find(name);
  const Bytes id = known == transactions_.end() ? name : known->second;
  const auto hide_id = [&](Lines lines) {
    for (std::string& line : lines) {
      if (const std::size_t at = line.find(id); at != std::string::npos && id != name)
        line.replace(at, id.size(), name);
    }
    return lines;
  };
  if (verb == "COMMIT") return hide_id(format_reply(ask(TxCommitRequest{id})));
  if (verb == "ABORT") return hide_id(format_reply(ask(TxAbortRequest{id})));
  if (verb == "LOBDEL" && words.size() == 4) return hide_id(format_reply(ask(TxDeleteLobRequest{id, words[3]})));
  if (verb == "LOB" && words.size() >= 5) {
    const Bytes content = words[4] == "SIZE" && words.size() == 6
                              ? pattern(static_cast<std::size_t>(parse_integer(words[5]).value_or(0)))
                              : words[4];
    for (std::size_t at = 0; at < content.size() || at == 0; at += kLobAppendBytes) {
      const Reply reply = ask(TxAppendLobRequest{id, words[3], content.substr(at, kLobAppendBytes)});
      if (!reply.status.ok()) return hide_id(format_reply(reply));
    }
    return {"ok"};
  }
  Result<Mutation> mutation = parse_mutation(words.cbegin() + 2, words.cend());
  if (!mutation) return {"! " + mutation.error().to_string()};
  return hide_id(format_reply(ask(TxAppendRequest{id, std::move(*mutation)})));
}

Lines ScenarioClient::read_lob(Machine& machine, const std::string& ns, const Bytes& key) {
  const Result<Bytes> content = read_object(world_, machine, ns, key);
  if (!content && content.error().code() == StatusCode::kNotFound) return {"(none)"};
  if (!content) return {"! " + content.error().to_string()};
  if (content->size() <= kLobShownBytesMax) return {printable(*content)};
  return {fmt::format("{} bytes, {}", content->size(),
                      *content == pattern(content->size()) ? "as written" : "NOT as written")};
}

}  // namespace pando::sim

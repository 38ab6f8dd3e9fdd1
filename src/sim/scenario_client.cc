#include "sim/scenario_client.h"

#include <fmt/core.h>

#include <cstdlib>

#include "base/limits.h"
#include "sim/scenario_requests.h"

namespace pando::sim {
namespace {

using Words = std::vector<std::string>;
using Lines = std::vector<std::string>;

constexpr std::size_t kLobAppendBytes = 64 * 1024;
constexpr std::size_t kLobShownBytesMax = 80;

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

// `TX t LOB k text`, or `TX t LOB k SIZE n`.
Bytes object_of(const Words& words) {
  if (words[4] != "SIZE" || words.size() != 6) return words[4];
  return pattern(static_cast<std::size_t>(std::strtoull(words[5].c_str(), nullptr, 10)));
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
  Lines operator()(const PipelineReply& r) const {
    Lines lines;
    for (const ItemReply& item : r.items) {
      for (std::string& line : format_reply(Reply{item.status, item.body, {}})) lines.push_back(std::move(line));
    }
    return lines;
  }
  Lines operator()(const OffsetReply& r) const {
    return {fmt::format("durable {} segment {} context {}", r.durable.value, r.segment_id, to_string(r.context))};
  }
  Lines operator()(const Boxed<StatsReply>& r) const {
    return {fmt::format("origin {} context {} commits {} changes {} durable {} open transactions {} malformed {}",
                        to_string(r->origin), to_string(r->context), r->commits, r->changes, r->durable.value,
                        r->open_transactions, r->malformed_payloads)};
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

Lines format_reply(const Reply& reply) {
  if (!reply.status.ok()) return {fmt::format("! {}", reply.status.to_string())};
  Lines lines = std::visit(Formatter{}, reply.body);
  return lines;
}

Lines ScenarioClient::run(Machine& machine, const std::string& ns, const Words& words) {
  if (words.empty()) return {"! nothing to do"};
  if (words[0] == "TX") return run_transaction(machine, ns, words);
  if (words[0] == "HTTP") return http_.run(machine, ns, words);
  if (words[0] == "LOB" && words.size() == 2) return read_lob(machine, ns, words[1]);
  Words asked = words;
  const Result<Terms> terms = take_terms(asked);
  if (!terms) return {"! " + terms.error().to_string()};
  Result<Request> request = parse_request(asked);
  if (!request) return {"! " + request.error().to_string()};
  const Reply reply = ask_and_wait(world_, machine, ns, std::move(*request), Duration::seconds(60), *terms).reply;
  Lines lines = format_reply(reply);
  if (reply.replayed) lines.back() += " (again)";
  return lines;
}

Lines ScenarioClient::run_async(Machine& machine, const std::string& ns, const Words& words) {
  if (words.empty()) return {"! nothing to do"};
  Words asked = words;
  const Result<Terms> terms = take_terms(asked);
  if (!terms) return {"! " + terms.error().to_string()};
  if (asked[0] == "TX") return begin_or_go_on(machine, ns, asked, *terms);
  Result<Request> request = parse_request(asked);
  if (!request) return {"! " + request.error().to_string()};
  machine.ask(
      ns, std::move(*request), [](const Answer&) {}, *terms);
  return {};
}

// What an answer would be needed for is left out while there is none: the transaction was not begun, or not yet.
Lines ScenarioClient::begin_or_go_on(Machine& machine, const std::string& ns, const Words& words, Terms terms) {
  if (words.size() < 3) return {"! usage: TX name VERB …"};
  if (words[2] == "BEGIN") {
    machine.ask(ns, begin_of(words), [this, name = words[1]](const Answer& answer) { learn(name, answer.reply); });
    return {};
  }
  const auto known = transactions_.find(words[1]);
  if (known == transactions_.end()) return {};
  Result<Request> request = part_of(known->second, words);
  if (!request) return {"! " + request.error().to_string()};
  if (std::holds_alternative<GetRequest>(*request)) terms.transaction = known->second;
  machine.ask(
      ns, std::move(*request), [](const Answer&) {}, std::move(terms));
  return {};
}

Request ScenarioClient::begin_of(const Words& words) {
  TxBeginRequest begin;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "put") begin.operation = TxOperation::kPut;
    if (words[i] == "delete") begin.operation = TxOperation::kDelete;
    if (words[i] == "kv") begin.entry_type = TxEntryType::kKv;
    if (words[i] == "row") begin.entry_type = TxEntryType::kRow;
    if (words[i] == "lob") begin.entry_type = TxEntryType::kLob;
  }
  return begin;
}

// A step that is one request; of a large object its first bytes.
Result<Request> ScenarioClient::part_of(const Bytes& id, const Words& words) {
  const std::string& verb = words[2];
  if (verb == "COMMIT") return Request(TxCommitRequest{id});
  if (verb == "ABORT") return Request(TxAbortRequest{id});
  if (verb == "GET" && words.size() == 4) return Request(GetRequest{std::string(kTableKv), words[3]});
  if (verb == "LOBDEL" && words.size() == 4) return Request(TxDeleteLobRequest{id, words[3]});
  if (verb == "LOB" && words.size() >= 5) {
    return Request(TxAppendLobRequest{id, words[3], object_of(words).substr(0, kLobAppendBytes)});
  }
  Result<Mutation> mutation = parse_mutation(words.cbegin() + 2, words.cend());
  if (!mutation) return fail(mutation.error());
  return Request(TxAppendRequest{id, std::move(*mutation)});
}

void ScenarioClient::learn(const std::string& name, const Reply& reply) {
  if (!reply.status.ok()) return;
  if (const auto* begun = std::get_if<TxBegunReply>(&reply.body)) transactions_[name] = begun->id;
}

Lines ScenarioClient::run_transaction(Machine& machine, const std::string& ns, const Words& words) {
  if (words.size() < 3) return {"! usage: TX name VERB …"};
  const std::string& name = words[1];
  const std::string& verb = words[2];
  const auto ask = [&](Request request, Terms terms = {}) {
    return ask_and_wait(world_, machine, ns, std::move(request), Duration::seconds(60), std::move(terms)).reply;
  };
  if (verb == "BEGIN") {
    const Reply reply = ask(begin_of(words));
    learn(name, reply);
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
  if (verb == "LOB" && words.size() >= 5) {
    const Bytes content = object_of(words);
    for (std::size_t at = 0; at < content.size() || at == 0; at += kLobAppendBytes) {
      const Reply reply = ask(TxAppendLobRequest{id, words[3], content.substr(at, kLobAppendBytes)});
      if (!reply.status.ok()) return hide_id(format_reply(reply));
    }
    return {"ok"};
  }
  Result<Request> request = part_of(id, words);
  if (!request) return {"! " + request.error().to_string()};
  Terms terms;
  if (verb == "GET") terms.transaction = id;
  return hide_id(format_reply(ask(std::move(*request), std::move(terms))));
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

// What a client asks for, written as a scenario writes it.

#include <fmt/core.h>

#include <algorithm>

#include "sim/ask.h"
#include "sim/scenario_requests.h"

namespace pando::sim {
namespace {

bool stands_bare(char c) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:,/+={}<>!#";
  return kPlain.find(c) != std::string_view::npos;
}

std::string span(std::int64_t ms) { return fmt::format("{}ms", ms); }

std::string joined(std::string_view verb, const Bytes& key, const std::vector<Bytes>& more) {
  std::string text = fmt::format("{} {}", verb, quoted(key));
  for (const Bytes& word : more) text += " " + quoted(word);
  return text;
}

std::vector<Bytes> column_words(const Columns& columns, bool values) {
  std::vector<Bytes> words;
  for (const auto& [name, value] : columns) words.push_back(values ? name + "=" + value : name);
  return words;
}

// Several parts with a separator between them; nothing when one of them has no words.
template <typename Items, typename Words>
std::optional<std::string> listed(std::string_view verb, std::string_view separator, const Items& items,
                                  Words&& words) {
  std::string text(verb);
  bool first = true;
  for (const auto& item : items) {
    const std::optional<std::string> part = words(item);
    if (!part) return std::nullopt;
    text += first ? " " : fmt::format(" {} ", separator);
    text += *part;
    first = false;
  }
  return text;
}

std::optional<std::string> of_write(const WriteRequest& write) {
  if (write.mutations.size() == 1) return words_of(write.mutations.front());
  return listed("BATCH", ";", write.mutations, [](const Mutation& one) { return words_of(one); });
}

struct RequestWords {
  using Text = std::optional<std::string>;
  template <typename Other>
  Text operator()(const Other&) const {
    return std::nullopt;
  }
  Text operator()(const WriteRequest& r) const { return of_write(r); }
  Text operator()(const RetireNodeRequest& r) const { return "RETIRE " + r.node + (r.disk_lost ? " LOST" : ""); }
  Text operator()(const DrainRequest&) const { return "DRAIN"; }
  Text operator()(const PipelineRequest& r) const {
    return listed("PIPE", "|", r.items, [](const PipelineItem& item) { return words_of(item.request); });
  }
  Text operator()(const TxRequest& r) const {
    return listed("TOGETHER", "|", r.items, [](const TxItem& item) { return words_of(item.request); });
  }
  Text operator()(const GetRequest& r) const {
    if (r.table != kTableKv) return std::nullopt;
    return joined("GET", r.key, {});
  }
  Text operator()(const GetRowRequest& r) const {
    std::vector<Bytes> columns;
    if (r.columns) columns.assign(r.columns->begin(), r.columns->end());
    return joined("ROWGET", r.key, columns);
  }
  Text operator()(const GetCounterRequest& r) const { return joined("COUNTER", r.key, {}); }
  Text operator()(const ListMembersRequest& r) const { return joined("SMEMBERS", r.key, {}); }
  Text operator()(const GetFlagRequest& r) const { return joined("FLAG", r.key, {}); }
  Text operator()(const ListRequest& r) const {
    return r.prefix.empty() ? std::string("LIST") : fmt::format("LIST {}", quoted(r.prefix));
  }
};

}  // namespace

std::string quoted(ByteSpan word) {
  if (word.empty()) return "''";
  if (std::all_of(word.begin(), word.end(), stands_bare)) return std::string(word);
  const auto quotes = [](char c) { return c >= ' ' && c <= '~' && c != '\'' && c != '\\'; };
  if (std::all_of(word.begin(), word.end(), quotes)) return fmt::format("'{}'", std::string_view(word));
  std::string text;
  for (const char c : word) {
    text += stands_bare(c) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::optional<std::string> words_of(const Mutation& m) {
  std::string options;
  if (m.ttl) {
    if (m.ttl->kind != TimeToLive::Kind::kFor) return std::nullopt;
    options += " TTL " + span(m.ttl->ms);
  }
  const bool plain_table = m.kind == Mutation::Kind::kPut || m.kind == Mutation::Kind::kDelete;
  if (plain_table && m.table != kTableKv) options += " TABLE " + quoted(m.table);
  switch (m.kind) {
    case Mutation::Kind::kPut: return joined("PUT", m.key, {m.value}) + options;
    case Mutation::Kind::kDelete: return joined("DEL", m.key, {}) + options;
    case Mutation::Kind::kAdd: return fmt::format("INCR {} {}{}", quoted(m.key), m.delta, options);
    case Mutation::Kind::kReset: return joined("RESET", m.key, {});
    case Mutation::Kind::kPutColumns: return joined("ROWPUT", m.key, column_words(m.columns, true));
    case Mutation::Kind::kDeleteColumns: return joined("ROWDEL", m.key, column_words(m.columns, false));
    case Mutation::Kind::kDeleteRow: return joined("ROWDEL", m.key, {});
    case Mutation::Kind::kAddMembers: return joined("SADD", m.key, m.members);
    case Mutation::Kind::kRemoveMembers: return joined("SREM", m.key, m.members);
    case Mutation::Kind::kDeleteSet: return joined("SDEL", m.key, {});
    case Mutation::Kind::kEnable: return joined("ENABLE", m.key, {});
    case Mutation::Kind::kDisable: return joined("DISABLE", m.key, {});
    default: break;
  }
  const auto* change = std::get_if<ExpireChange>(&m.detail);
  if (change == nullptr || change->when != ExpireChange::When::kAlways) return std::nullopt;
  if (!change->field.empty()) options += " FIELD " + quoted(change->field);
  if (m.table != kTableKv) options += " TABLE " + quoted(m.table);
  if (change->ttl.kind == TimeToLive::Kind::kForever) return joined("PERSIST", m.key, {}) + options;
  if (change->ttl.kind == TimeToLive::Kind::kFor) return joined("EXPIRE", m.key, {span(change->ttl.ms)}) + options;
  return std::nullopt;
}

std::optional<std::string> words_of(const Request& request) { return std::visit(RequestWords{}, request); }

std::string words_of(const Terms& terms) {
  std::string text;
  if (terms.idempotency_key) text += " IDEMPOTENT " + quoted(*terms.idempotency_key);
  if (terms.durability) {
    text += " SAFE " + to_string(*terms.durability);
    text += " WITHIN " + span(std::max<std::int64_t>(1, terms.durability_wait.millis()));
  }
  return text;
}

}  // namespace pando::sim

// From the node's replies to the text of one command's answer.
#include <fmt/format.h>

#include <algorithm>

#include "api/resp_glob.h"
#include "api/resp_session.h"
#include "base/check.h"
#include "base/limits.h"

namespace pando::api {
namespace {

// `results` are those of one writing command.
void append_written(RespShape shape, const std::int64_t* results, std::size_t count, RespWriter& to) {
  switch (shape) {
    case RespShape::kOk: return to.simple("OK");
    case RespShape::kOkOrNull:
      if (results[0] != 0) return to.simple("OK");
      return to.null();
    case RespShape::kInteger:
    case RespShape::kIncrement: return to.integer(results[0]);
    case RespShape::kPairs: {
      std::int64_t keys = 0;
      for (std::size_t i = 0; i + 1 < count; i += 2) keys += results[i] != 0 || results[i + 1] != 0 ? 1 : 0;
      return to.integer(keys);
    }
    default: CHECK(false && "not a write");
  }
}

void append_failure(RespShape shape, const Status& status, RespWriter& to) {
  if (shape == RespShape::kIncrement && status.code() == StatusCode::kPreconditionFailed) {
    return to.error("ERR value is not an integer or out of range");
  }
  if (shape == RespShape::kIncrement && status.code() == StatusCode::kOutOfRange) {
    return to.error("ERR increment or decrement would overflow");
  }
  if (shape == RespShape::kExec && status.code() != StatusCode::kReadOnly) {
    return to.error("EXECABORT Transaction discarded, nothing was changed: " + status.message());
  }
  to.error(status);
}

const Bytes* find_column(const RowReply& row, ByteSpan name) {
  const auto at = std::lower_bound(row.columns.begin(), row.columns.end(), name,
                                   [](const auto& column, ByteSpan wanted) { return column.first < wanted; });
  return at != row.columns.end() && at->first == name ? &at->second : nullptr;
}

bool lists(const Reply& reply, ByteSpan key) {
  const auto& keys = std::get<ListReply>(reply.body).keys;
  return !keys.empty() && keys.front() == key;
}

// A key of another type is there too.
bool has_value(const Reply& reply) { return !reply.status.ok() || std::get<ValueReply>(reply.body).found; }

void append_value(const Reply& reply, RespWriter& to) {
  if (!reply.status.ok()) return to.null();
  const auto& value = std::get<ValueReply>(reply.body);
  if (!value.found) return to.null();
  to.bulk(value.value);
}

void append_row(RespShape shape, const std::vector<Bytes>& names, const RowReply& row, RespWriter& to) {
  const auto& columns = row.columns;
  switch (shape) {
    case RespShape::kField:
      if (columns.empty()) return to.null();
      return to.bulk(columns.front().second);
    case RespShape::kFieldLength:
      return to.integer(columns.empty() ? 0 : static_cast<std::int64_t>(columns.front().second.size()));
    case RespShape::kHashExists: return to.integer(columns.empty() ? 0 : 1);
    case RespShape::kHashCount: return to.integer(static_cast<std::int64_t>(columns.size()));
    case RespShape::kFields:
      to.array(names.size());
      for (const Bytes& name : names) {
        const Bytes* value = find_column(row, name);
        if (value != nullptr) {
          to.bulk(*value);
        } else {
          to.null();
        }
      }
      return;
    case RespShape::kHash:
      to.map(columns.size());
      for (const auto& [name, value] : columns) {
        to.bulk(name);
        to.bulk(value);
      }
      return;
    default:
      to.array(columns.size());
      for (const auto& [name, value] : columns) to.bulk(shape == RespShape::kHashKeys ? name : value);
  }
}

}  // namespace

void RespSession::append_answer(const RespPlan& plan, const Reply* replies, Bytes& out) {
  RespWriter to(out, plan.version);
  for (std::size_t i = 0; i < plan.parts; ++i) {
    const bool other_type = replies[i].status.code() == StatusCode::kWrongType;
    // EXISTS counts a key of any type, MGET has nil for it.
    if (other_type && (plan.shape == RespShape::kExists || plan.shape == RespShape::kValues)) continue;
    if (!replies[i].status.ok()) return append_failure(plan.shape, replies[i].status, to);
  }
  switch (plan.shape) {
    case RespShape::kNone: CHECK(false && "nothing was asked"); return;
    case RespShape::kExec: {
      const auto& results = std::get<DoneReply>(replies[0].body).results;
      to.array(plan.queued.size());
      std::size_t at = 0;
      for (const RespPlan::Queued& one : plan.queued) {
        CHECK(at + one.mutations <= results.size());
        append_written(one.shape, results.data() + at, one.mutations, to);
        at += one.mutations;
      }
      return;
    }
    case RespShape::kOk:
    case RespShape::kOkOrNull:
    case RespShape::kInteger:
    case RespShape::kIncrement:
    case RespShape::kPairs: {
      const auto& results = std::get<DoneReply>(replies[0].body).results;
      CHECK(!results.empty());
      return append_written(plan.shape, results.data(), results.size(), to);
    }
    case RespShape::kValue: return append_value(replies[0], to);
    case RespShape::kValues:
      to.array(plan.parts);
      for (std::size_t i = 0; i < plan.parts; ++i) append_value(replies[i], to);
      return;
    case RespShape::kLength:
      return to.integer(static_cast<std::int64_t>(std::get<ValueReply>(replies[0].body).value.size()));
    case RespShape::kExists: {
      std::int64_t found = 0;
      for (std::size_t i = 0; i < plan.names.size(); ++i) {
        found += has_value(replies[2 * i]) || lists(replies[2 * i + 1], plan.names[i]) ? 1 : 0;
      }
      return to.integer(found);
    }
    case RespShape::kType:
      return to.simple(has_value(replies[0]) ? "string" : lists(replies[1], plan.names[0]) ? "hash" : "none");
    case RespShape::kScan: return append_scan(plan, replies, to);
    case RespShape::kKeys: return append_keys(plan, replies, to);
    default: return append_row(plan.shape, plan.names, std::get<RowReply>(replies[0].body), to);
  }
}

void RespSession::append_scan(const RespPlan& plan, const Reply* replies, RespWriter& to) {
  const auto& list = std::get<ListReply>(replies[0].body);
  const bool rows = plan.rows;
  const bool hashes = !plan.names[1].empty();
  std::uint64_t cursor = 0;
  if (list.more) {
    cursor = host_.cursors().remember({rows, list.keys.back()});
  } else if (!rows && hashes) {
    cursor = host_.cursors().remember({true, {}});
  }
  std::vector<const Bytes*> matching;
  for (const Bytes& key : list.keys) {
    if (glob_match(plan.names[0], key)) matching.push_back(&key);
  }
  to.array(2);
  to.bulk(std::to_string(cursor));
  to.array(matching.size());
  for (const Bytes* key : matching) to.bulk(*key);
}

void RespSession::append_keys(const RespPlan& plan, const Reply* replies, RespWriter& to) {
  const auto& strings = std::get<ListReply>(replies[0].body);
  const auto& hashes = std::get<ListReply>(replies[1].body);
  if (strings.more || hashes.more) {
    return to.error(fmt::format("ERR more than {} keys to look at, use SCAN", limits::kListKeysMax));
  }
  // A name that is both is listed once.
  std::vector<Bytes> all;
  std::set_union(strings.keys.begin(), strings.keys.end(), hashes.keys.begin(), hashes.keys.end(),
                 std::back_inserter(all));
  all.erase(std::remove_if(all.begin(), all.end(), [&](const Bytes& key) { return !glob_match(plan.names[0], key); }),
            all.end());
  to.array(all.size());
  for (const Bytes& key : all) to.bulk(key);
}

}  // namespace pando::api

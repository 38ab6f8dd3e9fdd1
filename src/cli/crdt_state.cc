#include "cli/crdt_state.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>

#include "api/json_text.h"
#include "base/base64.h"

namespace pando::cli {
namespace {

using simdjson::dom::element;

// A sum of counts, each below 2^63.
__extension__ using Total = unsigned __int128;

// One line whatever the bytes are, and nothing a terminal would obey.
std::string printable(ByteSpan text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> text_field(element object, std::string_view name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

std::optional<std::int64_t> integer_field(element object, std::string_view name) {
  std::int64_t number = 0;
  if (object[name].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::string counts_json(const std::map<Bytes, std::uint64_t>& counts) {
  std::string out = "{";
  for (const auto& [replica, count] : counts) {
    if (out.size() > 1) out += ',';
    api::append_json_string(out, replica);
    out += fmt::format(":{}", count);
  }
  return out + "}";
}

}  // namespace

struct CrdtState::Parser {
  simdjson::dom::parser parser;

  // Valid until the next parse.
  std::optional<element> parse_object(ByteSpan text) {
    element root;
    if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || !root.is_object()) return std::nullopt;
    return root;
  }
};

CrdtState::CrdtState() : parser_(std::make_unique<Parser>()) {}
CrdtState::~CrdtState() = default;

std::string CrdtState::on_message(const std::vector<Bytes>& frames) {
  const auto malformed = [](std::string_view why) {
    return fmt::format("\nMalformed notification ignored: {}\n", why);
  };
  if (frames.size() != 2) return malformed(fmt::format("{} frames instead of 2", frames.size()));
  const auto object = parser_->parse_object(frames[1]);
  if (!object) return malformed("not a JSON object");
  const auto key = text_field(*object, "key");
  const auto operation = text_field(*object, "operation");
  if (!key || !operation) return malformed("no key or no operation");
  const auto value = text_field(*object, "value");

  std::string out = fmt::format("\nChange notification received\n  Topic: {}\n  Key: {}\n  Operation: {}\n",
                                printable(frames[0]), printable(*key), printable(*operation));
  out += fmt::format("Processing update: {}\n", printable(*key));
  if (!value) return out + fmt::format("  Nothing to merge in a {}: {}\n", printable(*operation), printable(*key));
  const auto payload = base64_decode(*value);
  if (!payload) return out + fmt::format("  Malformed value ignored: {}\n", payload.error().message());
  if (merge(*key, *payload, out)) out += "\n" + text();
  return out;
}

bool CrdtState::merge(const std::string& key, ByteSpan payload, std::string& out) {
  const bool is_register = key.starts_with("lww:");
  if (!is_register && !key.starts_with("counter:")) {
    out += fmt::format("  Not a CRDT key, ignored: {}\n", printable(key));
    return false;
  }
  if (const auto object = parser_->parse_object(payload)) {
    const auto replica = text_field(*object, "replica");
    if (is_register) {
      const auto timestamp = integer_field(*object, "timestamp");
      element value;
      if (replica && timestamp && (*object)["value"].get(value) == simdjson::SUCCESS) {
        std::string_view text;
        const bool bare = value.get(text) == simdjson::SUCCESS;
        return merge_register(key, {*timestamp, *replica, bare ? Bytes(text) : simdjson::minify(value)}, out);
      }
    } else if (const auto count = integer_field(*object, "count"); replica && count && *count >= 0) {
      return merge_counter(key, *replica, static_cast<std::uint64_t>(*count), out);
    }
  }
  out +=
      fmt::format("  Malformed {} payload ignored: {}\n", is_register ? "LWW-Register" : "G-Counter", printable(key));
  return false;
}

bool CrdtState::merge_register(const std::string& key, Register incoming, std::string& out) {
  const auto [at, is_new] = registers_.try_emplace(key, incoming);
  Register& current = at->second;
  if (!is_new && incoming <= current) {
    out += fmt::format("  LWW-Register ignored (stale): {}\n    Incoming timestamp: {}\n    Current timestamp: {}\n",
                       printable(key), incoming.timestamp, current.timestamp);
    return false;
  }
  current = std::move(incoming);
  out += fmt::format("  LWW-Register updated: {}\n    Value: {}\n    Timestamp: {}\n    Replica: {}\n", printable(key),
                     printable(current.value), current.timestamp, printable(current.replica));
  return true;
}

bool CrdtState::merge_counter(const std::string& key, const Bytes& replica, std::uint64_t count, std::string& out) {
  const auto [at, is_new] = counters_[key].try_emplace(replica, count);
  if (!is_new && count <= at->second) {
    out += fmt::format("  G-Counter ignored (stale): {}\n    Incoming count: {}\n    Current count: {}\n",
                       printable(key), count, at->second);
    return false;
  }
  at->second = count;
  out += fmt::format("  G-Counter updated: {}\n    Replica: {}\n    Count: {}\n", printable(key), printable(replica),
                     count);
  return true;
}

std::string CrdtState::text() const {
  std::string out = "CURRENT CRDT STATE\n";
  if (!registers_.empty()) out += "LWW-Registers:\n";
  for (const auto& [key, reg] : registers_) {
    out += fmt::format("  {}:\n    Value: {}\n    Timestamp: {}\n    Replica: {}\n", printable(key),
                       printable(reg.value), reg.timestamp, printable(reg.replica));
  }
  if (!counters_.empty()) out += "G-Counters:\n";
  for (const auto& [key, counts] : counters_) {
    Total total = 0;
    for (const auto& [replica, count] : counts) total += count;
    out += fmt::format("  {}:\n    Replica Counts: {}\n    Total: {}\n", printable(key), counts_json(counts), total);
  }
  return out;
}

}  // namespace pando::cli

#include "cli/data_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "cli/node_client.h"
#include "cli/table.h"

namespace pando::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShownValueBytesMax = 120;

// False when the reader of a pipe has gone: then there is nobody to tell.
bool print_bytes(ByteSpan bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
}

Bytes read_stdin() {
  Bytes out;
  char buffer[1 << 16];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) out.append(buffer, n);
  return out;
}

// For a terminal: control bytes as \xNN, cut when long.
std::string shown(ByteSpan bytes) {
  std::string out;
  for (const char c : bytes.substr(0, kShownValueBytesMax)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  if (bytes.size() > kShownValueBytesMax) out += fmt::format("… ({} bytes)", bytes.size());
  return out;
}

// One change of the event stream as a line: "kv  put  lww:config  {…}".
std::string event_line(const json& event, bool colour) {
  const std::string operation = event.value("operation", "");
  const bool adds = operation == "put" || operation == "incr" || operation == "add" || operation == "enable";
  std::vector<TableCell> row = {{fmt::format("{:>6}", event.value("seq_num", std::uint64_t{0})), Tint::kDim},
                                {event.value("origin", ""), Tint::kDim},
                                {fmt::format("{}.{}", event.value("namespace", ""), event.value("entry_type", ""))},
                                {operation, adds ? Tint::kGood : Tint::kBad},
                                {shown(event.value("key", "")), Tint::kBold}};
  if (event.contains("value")) row.push_back({shown(base64_decode(event["value"].get<std::string>()).value_or(""))});
  return format_table({row}, colour);
}

}  // namespace

int complain(const Status& status) {
  fmt::print(stderr, "pando: {}\n", status.message());
  return status.code() == StatusCode::kInvalidArgument ? kExitUsage : kExitFailed;
}

int run_get(const GetCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  const std::string path = "/kv/" + percent_encode(command.key) + (command.raw ? "?view=raw" : "");
  const Result<Bytes> text = client->ask_text(client->ns(), "GET", path, "");
  if (!text) return complain(text.error());
  const json body = json::parse(*text, nullptr, false);
  const bool found = body.is_object() && body.value("found", false);
  if (command.json) {
    print_bytes(*text);
    return found ? kExitOk : kExitFailed;
  }
  if (!found) return complain(Status(StatusCode::kNotFound, fmt::format("no value at {}", shown(command.key))));
  const Result<Bytes> value = base64_decode(body.value("value", ""));
  if (!value) return complain(value.error());
  print_bytes(*value);
  if (::isatty(STDOUT_FILENO) == 1) print_bytes("\n");
  return kExitOk;
}

int run_put(const PutCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  const Bytes value = command.from_stdin ? read_stdin() : command.value;
  const std::string body = fmt::format("{{\"value\":\"{}\"}}", base64_encode(value));
  const auto done = client->ask("PUT", "/kv/" + percent_encode(command.key), body);
  return done ? kExitOk : complain(done.error());
}

int run_delete(const DeleteCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  const auto done = client->ask("DELETE", "/kv/" + percent_encode(command.key));
  return done ? kExitOk : complain(done.error());
}

int run_incr(const IncrCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  const std::string body = fmt::format("{{\"by\":{}}}", command.by);
  const auto done = client->ask("POST", "/counters/" + percent_encode(command.key) + "/incr", body);
  if (!done) return complain(done.error());
  print_bytes(fmt::format("{}\n", done->value("value", std::int64_t{0})));
  return kExitOk;
}

int run_watch(const WatchCommand& command) {
  Result<NodeClient> client = NodeClient::connect(command.target);
  if (!client) return complain(client.error());
  std::string path = "/watch?prefix=" + percent_encode(command.prefix);
  if (!command.cursor.empty()) path += "&cursor=" + percent_encode(command.cursor);
  const bool colour = colour_stdout();
  std::uint64_t seen = 0;
  bool ended_by_us = false;
  bool stream_end = false;
  std::string end_reason;
  const auto on_line = [&](std::string_view line) {
    if (line == "event: end") stream_end = true;
    if (line.substr(0, 6) != "data: ") return true;
    line.remove_prefix(6);
    const json event = json::parse(line, nullptr, false);
    if (stream_end) {
      end_reason = std::string(line);
      return true;
    }
    if (event.is_discarded()) return true;
    ended_by_us = !print_bytes(command.json ? std::string(line) + "\n" : event_line(event, colour));
    ++seen;
    ended_by_us = ended_by_us || seen == command.count;
    return !ended_by_us;
  };
  const Result<HttpResponse> response =
      client->http().stream({"GET", client->target(path), {}, {{"Accept", "text/event-stream"}}}, on_line);
  if (ended_by_us) return kExitOk;
  if (!response) return complain(response.error());
  if (response->status != 200) {
    const json body = json::parse(response->body, nullptr, false);
    return complain(
        Status(StatusCode::kUnavailable, body.is_object() ? body.value("error", response->body) : response->body));
  }
  return complain(Status(StatusCode::kUnavailable, end_reason.empty()
                                                       ? "the node ended the stream"
                                                       : fmt::format("the node ended the stream: {}", end_reason)));
}

}  // namespace pando::cli

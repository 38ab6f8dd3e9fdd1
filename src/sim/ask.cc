#include "sim/ask.h"

#include <fmt/core.h>

#include <memory>

namespace pando::sim {
namespace {

constexpr std::string_view kTables[] = {kTableKv, kTableRow, kTableLob};

std::string describe_key(World& world, Machine& machine, const std::string& ns, std::string_view table, const Bytes& key) {
  std::string line = fmt::format("{} {} =", table, printable(key));
  const auto add = [&](Request request, auto&& text) {
    const Answer answer = ask_and_wait(world, machine, ns, std::move(request));
    if (!answer.reply.status.ok() && answer.reply.status.code() != StatusCode::kNotFound &&
        answer.reply.status.code() != StatusCode::kWrongType) {
      line += " !" + answer.reply.status.to_string();
    } else if (answer.reply.status.ok()) {
      text(answer.reply.body);
    }
  };
  if (table == kTableRow) {
    add(GetRowRequest{key, std::nullopt}, [&](const ReplyBody& body) {
      for (const auto& [name, value] : std::get<RowReply>(body).columns) {
        line += fmt::format(" {}={}", printable(name), printable(value));
      }
    });
  } else if (table == kTableLob) {
    add(LobStatRequest{key}, [&](const ReplyBody& body) {
      const auto& stat = std::get<LobStatReply>(body);
      line += fmt::format(" {} bytes in {} chunks, crc32 {:08x}", stat.size_bytes, stat.chunk_count, stat.crc32);
    });
  } else {
    add(GetRequest{std::string(table), key, true}, [&](const ReplyBody& body) {
      const auto& value = std::get<ValueReply>(body);
      line += fmt::format(" {} by {}", value.found ? printable(value.value) : "(none)", to_string(value.dot));
    });
  }
  return line;
}

}  // namespace

Answer ask_and_wait(World& world, Machine& machine, const std::string& ns, Request request, Duration max) {
  // Shared, as the answer may come after we stopped waiting.
  const auto got = std::make_shared<std::optional<Answer>>();
  machine.ask(ns, std::move(request), [got](const Answer& answer) { *got = answer; });
  if (world.run_until([&] { return got->has_value(); }, max)) return **got;
  return Answer{false, Reply::failure(Status(StatusCode::kTimeout, fmt::format("no reply within {} s", max.us / 1'000'000)))};
}

std::vector<std::string> dump_state(World& world, Machine& machine, const std::string& ns) {
  std::vector<std::string> lines;
  for (const std::string_view table : kTables) {
    ListRequest list;
    list.table = std::string(table);
    for (bool more = true; more;) {
      const Answer answer = ask_and_wait(world, machine, ns, list);
      const auto* page = std::get_if<ListReply>(&answer.reply.body);
      if (!answer.reply.status.ok() || page == nullptr) {
        lines.push_back(fmt::format("! {}: {}", table, answer.reply.status.to_string()));
        break;
      }
      for (const Bytes& key : page->keys) lines.push_back(describe_key(world, machine, ns, table, key));
      more = page->more && !page->keys.empty();
      if (more) list.after = page->keys.back();
    }
  }
  return lines;
}

std::string printable(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      text.push_back(c);
    } else {
      text += fmt::format("\\x{:02X}", byte);
    }
  }
  return text;
}

}  // namespace pando::sim

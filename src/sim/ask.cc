#include "sim/ask.h"

#include <fmt/core.h>

#include <array>
#include <memory>

#include "base/limits.h"

namespace pando::sim {
namespace {

constexpr std::string_view kTables[] = {kTableKv, kTableRow, kTableLob};

std::string describe_key(World& world, Machine& machine, const std::string& ns, std::string_view table,
                         const Bytes& key) {
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
    const Result<Bytes> object = read_object(world, machine, ns, key);
    line += object ? fmt::format(" {} bytes, crc32 {:08x}", object->size(), crc32_ieee(*object))
                   : " !" + object.error().to_string();
  } else {
    add(ListMembersRequest{std::string(table), key, {}, {}, limits::kListKeysMax}, [&](const ReplyBody& body) {
      for (const Bytes& member : std::get<MembersReply>(body).members)
        line += fmt::format(" {{{}}}", printable(member));
    });
    add(GetFlagRequest{std::string(table), key},
        [&](const ReplyBody& body) { line += std::get<PresenceReply>(body).present ? " on" : ""; });
    add(GetRequest{std::string(table), key, true}, [&](const ReplyBody& body) {
      const auto& value = std::get<ValueReply>(body);
      // The model does not add decimals up.
      if (value.kind == CellKind::kDecimal) return;
      line += fmt::format(" {} by {}", value.found ? printable(value.value) : "(none)", to_string(value.dot));
    });
  }
  return line;
}

}  // namespace

Answer ask_and_wait(World& world, Machine& machine, const std::string& ns, Request request, Duration max, Terms terms) {
  // Shared, as the answer may come after we stopped waiting.
  const auto got = std::make_shared<std::optional<Answer>>();
  machine.ask(
      ns, std::move(request), [got](const Answer& answer) { *got = answer; }, std::move(terms));
  if (world.run_until([&] { return got->has_value(); }, max)) return **got;
  return Answer{false,
                Reply::failure(Status(StatusCode::kTimeout, fmt::format("no reply within {} s", max.us / 1'000'000)))};
}

// Eight bytes at a time: [n][byte] is what `byte` does to the checksum with n bytes behind it.
std::uint32_t crc32_ieee(ByteSpan data) {
  static constexpr auto kTables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
      tables[0][byte] = crc;
    }
    for (std::size_t n = 1; n < tables.size(); ++n) {
      for (std::uint32_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t before = tables[n - 1][byte];
        tables[n][byte] = (before >> 8) ^ tables[0][before & 0xFF];
      }
    }
    return tables;
  }();
  std::uint32_t crc = ~0u;
  for (; data.size() >= kTables.size(); data.remove_prefix(kTables.size())) {
    std::uint32_t mixed = 0;
    for (std::size_t i = 0; i < kTables.size(); ++i) {
      const std::uint32_t before = i < 4 ? (crc >> (8 * i)) & 0xFF : 0;
      mixed ^= kTables[kTables.size() - 1 - i][before ^ static_cast<unsigned char>(data[i])];
    }
    crc = mixed;
  }
  for (const char c : data) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

Result<Bytes> read_object(World& world, Machine& machine, const std::string& ns, const Bytes& key) {
  const Reply stat_reply = ask_and_wait(world, machine, ns, LobStatRequest{key}).reply;
  if (!stat_reply.status.ok()) return fail(stat_reply.status);
  const auto& stat = std::get<LobStatReply>(stat_reply.body);
  if (!stat.found) return fail(StatusCode::kNotFound, "no such object");
  Bytes content;
  for (std::uint64_t i = 0; i < stat.chunk_count; ++i) {
    const Reply reply = ask_and_wait(world, machine, ns, LobChunkRequest{key, stat.upload, i}).reply;
    if (!reply.status.ok()) return fail(reply.status);
    content += std::get<LobChunkReply>(reply.body).chunk;
  }
  if (content.size() != stat.size_bytes || crc32_ieee(content) != stat.crc32) {
    return fail(StatusCode::kDataLoss, fmt::format("{} bytes with crc32 {:08x}, should be {} with {:08x}",
                                                   content.size(), crc32_ieee(content), stat.size_bytes, stat.crc32));
  }
  return content;
}

std::vector<std::string> dump_state(World& world, Machine& machine, const std::string& ns,
                                    std::string_view another_table) {
  std::vector<std::string> lines;
  std::vector<std::string_view> tables(std::begin(kTables), std::end(kTables));
  if (!another_table.empty()) tables.push_back(another_table);
  for (const std::string_view table : tables) {
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

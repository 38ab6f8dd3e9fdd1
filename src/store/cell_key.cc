#include "store/cell_key.h"

#include <fmt/core.h>

#include <cstdint>
#include <cstring>

#include "base/limits.h"

namespace pando::store {
namespace {

constexpr char kZero = '\x00';
constexpr char kEscaped = '\xFF';     // after 0x00: a zero byte of the key
constexpr char kTerminator = '\x01';  // after 0x00: the key ends; sorts below any byte that could follow

void append_escaped(ByteSpan key, Bytes& out) {
  std::size_t from = 0;
  for (std::size_t zero = key.find(kZero); zero != ByteSpan::npos; zero = key.find(kZero, from)) {
    out.append(key.substr(from, zero - from));
    out.push_back(kZero);
    out.push_back(kEscaped);
    from = zero + 1;
  }
  out.append(key.substr(from));
}

constexpr std::size_t kAroundBytes = 4;  // the cell prefix, the table's end, the key's two

// The prefix of a key without zeros: where it ends.
char* write_plain(std::string_view table, ByteSpan key, char* at) {
  *at++ = kCellPrefix;
  at = copy_bytes(table, at);
  *at++ = kZero;
  at = copy_bytes(key, at);
  *at++ = kZero;
  *at++ = kTerminator;
  return at;
}

// The same, and room for `more` bytes behind it: where they begin.
char* append_plain(std::string_view table, ByteSpan key, std::size_t more, Bytes& out) {
  const std::size_t from = out.size();
  out.resize(from + table.size() + key.size() + kAroundBytes + more);
  return write_plain(table, key, out.data() + from);
}

// Of eight bytes at once: the lowest bit of what borrows from above (Warren, Hacker's Delight, 6-1).
bool has_zero_in_word(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return ((word - kOnes) & ~word & (kOnes << 7)) != 0;
}

bool has_zero(ByteSpan key) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (key.size() < kWord || key.size() > 4 * kWord) return key.find(kZero) != ByteSpan::npos;
  for (std::size_t at = 0; at + kWord < key.size(); at += kWord) {
    if (has_zero_in_word(key.data() + at)) return true;
  }
  return has_zero_in_word(key.data() + key.size() - kWord);
}

tl::unexpected<Status> damaged(std::size_t offset, std::string_view why) {
  return fail(StatusCode::kDataLoss, fmt::format("cell key: offset {}: {}", offset, why));
}

// Where the zero byte that ends the table name is; npos when it is not a cell key.
std::size_t table_end(ByteSpan bytes) {
  if (bytes.empty() || bytes[0] != kCellPrefix) return ByteSpan::npos;
  return bytes.find(kZero, 1);
}

// Past the terminator of the key that starts at `from`; 0 when there is none.
std::size_t key_end(ByteSpan bytes, std::size_t from) {
  for (std::size_t zero = bytes.find(kZero, from); zero != ByteSpan::npos && zero + 1 < bytes.size();
       zero = bytes.find(kZero, zero + 2)) {
    if (bytes[zero + 1] == kTerminator) return zero + 2;
    if (bytes[zero + 1] != kEscaped) return 0;
  }
  return 0;
}

Bytes unescaped(ByteSpan escaped) {
  Bytes key;
  key.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    key.push_back(escaped[i]);
    if (escaped[i] == kZero) ++i;
  }
  return key;
}

}  // namespace

void append_table_prefix(std::string_view table, Bytes& out) {
  out.push_back(kCellPrefix);
  out.append(table);
  out.push_back(kZero);
}

void append_scan_prefix(std::string_view table, ByteSpan key_prefix, Bytes& out) {
  append_table_prefix(table, out);
  append_escaped(key_prefix, out);
}

void append_key_prefix(std::string_view table, ByteSpan key, Bytes& out) {
  if (!has_zero(key)) {
    append_plain(table, key, 0, out);
    return;
  }
  append_scan_prefix(table, key, out);
  out.push_back(kZero);
  out.push_back(kTerminator);
}

void append_cell_key(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element, Bytes& out) {
  if (!has_zero(key)) {
    char* at = append_plain(table, key, 1 + element.size(), out);
    *at++ = static_cast<char>(kind);
    copy_bytes(element, at);
    return;
  }
  append_key_prefix(table, key, out);
  out.push_back(static_cast<char>(kind));
  out.append(element);
}

ByteSpan write_key_prefix(std::string_view table, ByteSpan key, Bytes& room) {
  if (has_zero(key)) {
    room.clear();
    append_key_prefix(table, key, room);
    return room;
  }
  if (const std::size_t size = table.size() + key.size() + kAroundBytes; room.size() < size) room.resize(size);
  const char* end = write_plain(table, key, room.data());
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

ByteSpan write_cell_key(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element, Bytes& room) {
  if (has_zero(key)) {
    room.clear();
    append_cell_key(table, key, kind, element, room);
    return room;
  }
  const std::size_t size = table.size() + key.size() + kAroundBytes + 1 + element.size();
  if (room.size() < size) room.resize(size);
  char* at = write_plain(table, key, room.data());
  *at++ = static_cast<char>(kind);
  copy_bytes(element, at);
  return {room.data(), size};
}

bool is_plain_key_of(const CellName& name, ByteSpan cell_key) {
  const std::size_t key_at = name.table.size() + 2;
  const std::size_t key_end = key_at + name.key.size();
  if (cell_key.size() != key_end + 3 + name.element.size()) return false;
  const char* const at = cell_key.data();
  const bool framed = at[key_end + 2] == static_cast<char>(name.kind) && at[key_end + 1] == kTerminator &&
                      at[key_end] == kZero && at[key_at - 1] == kZero && at[0] == kCellPrefix;
  return framed && same_bytes({at + key_at, name.key.size()}, name.key) &&
         same_bytes({at + key_end + 3, name.element.size()}, name.element) &&
         same_bytes({at + 1, name.table.size()}, name.table) && !has_zero(name.key);
}

Bytes cell_key(const CellPath& path) {
  Bytes out;
  append_cell_key(path.table, path.key, path.kind, path.element, out);
  return out;
}

Bytes prefix_end(ByteSpan prefix) {
  Bytes end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Result<CellPath> decode_cell_key(ByteSpan bytes) {
  const std::size_t table = table_end(bytes);
  if (table == ByteSpan::npos) return damaged(0, "is not in the cell space");
  CellPath path;
  path.table = std::string(bytes.substr(1, table - 1));
  if (const Status status = validate_table_name(path.table); !status.ok()) return damaged(1, status.message());
  const std::size_t end = key_end(bytes, table + 1);
  if (end == 0) return damaged(table + 1, "the key is not terminated");
  path.key = unescaped(bytes.substr(table + 1, end - table - 3));
  if (path.key.empty()) return damaged(table + 1, "the key is empty");
  if (end == bytes.size()) return damaged(end, "the kind is missing");
  const auto kind = static_cast<std::uint8_t>(bytes[end]);
  if (kind < 1 || kind > kCellKindMax) return damaged(end, fmt::format("{} is not a known kind", kind));
  path.kind = static_cast<CellKind>(kind);
  path.element = Bytes(bytes.substr(end + 1));
  return path;
}

std::size_t key_prefix_size(ByteSpan cell_key) {
  const std::size_t table = table_end(cell_key);
  return table == ByteSpan::npos ? 0 : key_end(cell_key, table + 1);
}

std::string_view table_of_cell_key(ByteSpan cell_key) {
  if (cell_key.empty() || cell_key.front() != kCellPrefix) return {};
  const std::size_t end = cell_key.find('\0', 1);
  return end == ByteSpan::npos ? std::string_view() : cell_key.substr(1, end - 1);
}

}  // namespace pando::store

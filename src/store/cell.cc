#include "store/cell.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "model/expiry.h"
#include "store/cell_key.h"

namespace pando::store {
namespace {

constexpr std::uint8_t kCellVersion = 1;
constexpr std::size_t kStateAt = 5;  // behind version and checksum

std::string printable(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      text.push_back(c);
    } else {
      text += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

}  // namespace

Cell::Cell(CellKind kind) : kind_(kind) {
  if (is_counter(kind)) state_.emplace<crdt::Counter>();
}

bool Cell::empty() const { return is_counter(kind_) ? counter().empty() : reg().empty(); }

bool Cell::shown() const {
  if (is_counter(kind_)) return !counter().absent();
  if (kind_ == CellKind::kGuard || kind_ == CellKind::kGuardedMember) return reg().all(kGuardOn);
  return !reg().empty();
}

void Cell::make_empty() {
  if (is_counter(kind_)) {
    counter() = {};
  } else {
    reg() = {};
  }
}

std::size_t Cell::heap_bytes() const { return is_counter(kind_) ? counter().heap_bytes() : reg().heap_bytes(); }

std::optional<std::int64_t> ends_at(const crdt::Register& reg) {
  std::optional<std::int64_t> last;
  for (const auto& entry : reg.entries()) {
    last = std::max(last.value_or(0), decode_expiry(entry.value).value_or(kNeverExpires));
  }
  return last;
}

std::string describe_cell(ByteSpan key) {
  const auto path = decode_cell_key(key);
  if (!path) return printable(key);
  std::string text = fmt::format("{}/{}", path->table, printable(path->key));
  if (path->kind == CellKind::kMember) return text + fmt::format("{{{}}}", printable(path->element));
  if (path->kind == CellKind::kField) return text + fmt::format("[{}]", printable(path->element));
  if (path->kind == CellKind::kRegister) return text;
  const std::optional<ValueType> type = type_of(path->kind);
  text += fmt::format(" ({})", type ? name_of(*type) : "expiry");
  if (!path->element.empty()) text += fmt::format("[{}]", printable(path->element));
  return text;
}

void encode_cell_state(const Cell& cell, Bytes& out) {
  Writer writer(out);
  if (is_counter(cell.kind())) {
    encode(cell.counter(), writer);
  } else {
    encode(cell.reg(), writer);
  }
}

Bytes encode_cell(ByteSpan key, const Cell& cell) {
  Bytes bytes;
  encode_cell(key, cell, bytes);
  return bytes;
}

void encode_cell(ByteSpan key, const Cell& cell, Bytes& out) {
  const std::size_t from = out.size();
  Writer head(out);
  head.u8(kCellVersion);
  head.u32(0);
  encode_cell_state(cell, out);
  Bytes sum;
  Writer(sum).u32(crc32c(ByteSpan(out).substr(from + kStateAt), crc32c(key)));
  out.replace(from + 1, sum.size(), sum);
}

namespace {

// The state, and what must hold of it.
Result<Cell> read_state(ByteSpan key, Cell cell, Reader& in) {
  if (in.ok()) {
    if (is_counter(cell.kind())) {
      cell.counter() = crdt::decode_counter(in);
    } else {
      cell.reg() = crdt::decode_register(in);
    }
    if (in.ok() && cell.empty()) in.refuse("cell.state", "is empty");
    if (in.ok() && is_presence(cell.kind())) {
      for (const auto& entry : cell.reg().entries()) {
        if (!entry.value.empty()) in.refuse("register.value", "is not empty");
      }
    }
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("cell " + describe_cell(key)));
  return cell;
}

Cell cell_for(ByteSpan key) {
  const std::size_t prefix = key_prefix_size(key);
  CHECK(prefix > 0 && prefix < key.size());
  return Cell(static_cast<CellKind>(key[prefix]));
}

}  // namespace

Result<Cell> decode_cell(ByteSpan key, ByteSpan value) {
  Cell cell = cell_for(key);
  Reader in(value);
  const std::uint8_t version = in.u8("cell.version");
  if (in.ok() && version != kCellVersion) in.refuse("cell.version", fmt::format("{} is not known", version));
  const std::uint32_t sum = in.u32("cell.crc32c");
  if (in.ok() && crc32c(value.substr(in.offset()), crc32c(key)) != sum) in.refuse("cell.crc32c", "does not match");
  return read_state(key, std::move(cell), in);
}

ByteSpan state_of_stored(ByteSpan value) { return value.substr(kStateAt); }

Result<Cell> decode_cell_state(ByteSpan key, ByteSpan state) {
  Cell cell = cell_for(key);
  Reader in(state);
  return read_state(key, std::move(cell), in);
}

}  // namespace pando::store

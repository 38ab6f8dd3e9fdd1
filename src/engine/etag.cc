#include "engine/etag.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace pando::engine {
namespace {

// What of a cell readers see, in bytes. A dot stands for the value that was written under it.
void write_state(const crdt::Register& reg, Writer& out) {
  for (const crdt::Register::Entry& entry : reg.entries()) encode(entry.dot, out);
}
void write_state(const crdt::Counter& counter, Writer& out) { encode(counter, out); }

std::string named(ByteSpan state) { return fmt::format("{:016x}", fingerprint_of(state)); }

Result<std::string> etag_of_cells(View& view, std::string_view table, ByteSpan key, ValueType type) {
  Bytes state;
  Writer out(state);
  std::size_t cells = 0;
  store::CellCursor at = view.cells().scan_key(table, key);
  for (; at.valid(); at.next()) {
    const CellKind kind = at.path().kind;
    if (pando::type_of(kind) != type) continue;
    const Result<bool> there = view.shows(at.path(), at.cell());
    if (!there) return fail(there.error());
    if (!*there) continue;
    if (++cells > limits::kEtagCellsMax) {
      return fail(StatusCode::kTooLarge,
                  fmt::format("key \"{}\" has more than {} parts: too many for an ETag", key, limits::kEtagCellsMax));
    }
    out.u8(static_cast<std::uint8_t>(kind));
    out.bytes(at.path().element);
    if (is_counter(kind)) {
      write_state(at.cell().counter(), out);
    } else {
      write_state(at.cell().reg(), out);
    }
    // One number stands for all before it, so that a large key needs no large buffer.
    if (state.size() > 64 * 1024) {
      const std::uint64_t so_far = fingerprint_of(state);
      state.clear();
      out.u64(so_far);
    }
  }
  PANDO_RETURN_IF_ERROR(view.note(at));
  return named(state);
}

bool names(const Condition& condition, const std::string& etag) {
  if (etag.empty()) return false;
  return condition.any || std::find(condition.etags.begin(), condition.etags.end(), etag) != condition.etags.end();
}

}  // namespace

Result<std::string> etag_of(View& view, std::string_view table, ByteSpan key) {
  const Result<std::optional<ValueType>> type = view.type_of(table, key);
  if (!type) return fail(type.error());
  if (!*type) return std::string();
  Bytes state;
  Writer out(state);
  out.u8(static_cast<std::uint8_t>(**type));
  if (**type == ValueType::kCounter) {
    const auto counter = view.find_counter({std::string(table), Bytes(key), CellKind::kCounter, {}});
    if (!counter) return fail(counter.error());
    write_state(**counter, out);
    return named(state);
  }
  if (**type == ValueType::kValue) {
    const auto reg = view.find_register({std::string(table), Bytes(key), CellKind::kRegister, {}});
    if (!reg) return fail(reg.error());
    write_state(**reg, out);
    return named(state);
  }
  return etag_of_cells(view, table, key, **type);
}

Status check_conditions(View& view, const std::optional<Condition>& if_match,
                        const std::optional<Condition>& if_none_match, std::string_view table, ByteSpan key) {
  if (!if_match && !if_none_match) return {};
  const Result<std::string> etag = etag_of(view, table, key);
  if (!etag) return etag.error();
  const auto failed = [&](std::string_view header) {
    return Status(StatusCode::kPreconditionFailed,
                  etag->empty() ? fmt::format("{}: key \"{}\" is not there at this site", header, key)
                                : fmt::format("{}: key \"{}\" is in state \"{}\" at this site", header, key, *etag));
  };
  if (if_match && !names(*if_match, *etag)) return failed("If-Match");
  if (if_none_match && names(*if_none_match, *etag)) return failed("If-None-Match");
  return {};
}

}  // namespace pando::engine

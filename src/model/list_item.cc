#include "model/list_item.h"

#include "base/codec.h"
#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint8_t kHasName = 1;
constexpr std::uint8_t kHasMovedAt = 2;
constexpr std::uint8_t kHasWrittenAt = 4;

}  // namespace

Bytes encode_list_item(const ListItem& item) {
  Bytes bytes;
  Writer out(bytes);
  const bool named = !item.name.empty();
  out.u8(static_cast<std::uint8_t>((named ? kHasName : 0) | (named && item.moved_at ? kHasMovedAt : 0) |
                                   (named && item.written_at ? kHasWrittenAt : 0)));
  if (named) {
    out.bytes(item.name);
    if (item.moved_at) out.u64(item.moved_at->bits);
    if (item.written_at) out.u64(item.written_at->bits);
  }
  out.raw(item.value);
  return bytes;
}

Bytes encode_list_item(ByteSpan value) {
  Bytes bytes;
  bytes.reserve(1 + value.size());
  bytes.push_back('\0');
  bytes += value;
  return bytes;
}

Result<ListItem> decode_list_item(ByteSpan bytes) {
  const Result<ListItemView> item = view_list_item(bytes);
  if (!item) return fail(item.error());
  return ListItem{Bytes(item->name), item->moved_at, item->written_at, Bytes(item->value)};
}

Result<ListItemView> view_list_item(ByteSpan bytes) {
  // As most are: inserted and never moved.
  if (!bytes.empty() && bytes.front() == '\0') return ListItemView{{}, {}, {}, bytes.substr(1)};
  Reader in(bytes);
  ListItemView item;
  const std::uint8_t flags = in.u8("list_item.flags");
  if (in.ok() && (flags > (kHasName | kHasMovedAt | kHasWrittenAt) || (flags != 0 && (flags & kHasName) == 0))) {
    in.refuse("list_item.flags", "is not known");
  }
  if ((flags & kHasName) != 0) {
    item.name = in.bytes("list_item.name", limits::kElementBytesMax);
    if (in.ok() && item.name.empty()) in.refuse("list_item.name", "is empty");
  }
  if ((flags & kHasMovedAt) != 0) item.moved_at = Hlc{in.u64("list_item.moved_at")};
  if ((flags & kHasWrittenAt) != 0) item.written_at = Hlc{in.u64("list_item.written_at")};
  item.value = in.rest();
  if (Status status = in.finish(); !status.ok()) return fail(std::move(status));
  return item;
}

}  // namespace pando

// model/stream.h — streams: entries of fields in the order of their ids, as redis-server has them.
//
// One cell of kind kEntry per entry; its element is the id, so entries of all sites lie in one order. Entries are
// added and removed one by one: what a removal or a trim did not see stays. The cell without an element holds the
// highest id that was ever taken out, where that is above all entries: ids never go back.
//
// An id is milliseconds and a number. In one that a site makes (`*`) the lowest 24 bits of the number tell the site
// (a hash of its origin), so two sites do not make the same; the bits above count. Two sites that are told the same
// id are two writes of one cell: the later stands, the other is in the conflict ledger.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/path.h"

namespace pando {

struct StreamId {
  std::uint64_t ms = 0;
  std::uint64_t number = 0;
  friend auto operator<=>(const StreamId&, const StreamId&) = default;

  // The next and the one before; nothing at the ends.
  std::optional<StreamId> next() const;
  std::optional<StreamId> previous() const;
};
inline constexpr StreamId kStreamIdMax{UINT64_MAX, UINT64_MAX};

// "1526919030474-55".
std::string to_string(const StreamId& id);
// 16 bytes, big-endian: their order is that of the ids. The element of its cell.
Bytes encode_stream_id(const StreamId& id);
// Nothing when the bytes are no id (a peer may write anything).
std::optional<StreamId> decode_stream_id(ByteSpan bytes);

using StreamFields = std::vector<std::pair<Bytes, Bytes>>;
// varint(count), then per field bytes(name) bytes(value). The value of its cell.
Bytes encode_stream_fields(const StreamFields& fields);
std::optional<StreamFields> decode_stream_fields(ByteSpan bytes);

// Mutations. -----------------------------------------------------------------------------------------------

// Which entries go: those but the last `count_max`, or those below `from`; at most `remove_max`.
struct StreamTrim {
  std::optional<std::uint64_t> count_max;
  std::optional<StreamId> from;
  std::uint64_t remove_max = UINT64_MAX;
};
// Gives back the text of the id; nothing with `if_exists` and no stream. kPreconditionFailed for an id that is not
// above all that ever were, kOutOfRange when there is none above.
struct AddEntry {
  enum class Id : std::uint8_t { kMade, kOfTime, kGiven };  // kOfTime: `id.ms`, and the next number of it
  Id how = Id::kMade;
  StreamId id;
  StreamFields fields;  // 1 at least
  bool if_exists = false;
  std::optional<StreamTrim> trim;
};
// Result: how many were there.
struct RemoveEntries {
  std::vector<StreamId> ids;
};
// Result: how many went.
struct TrimStream {
  StreamTrim trim;
};

// Answers. -------------------------------------------------------------------------------------------------

// Entries `first` to `last`, both included. With `count_max` 0 only their number is told.
struct RangeEntriesRequest {
  std::string table{kTableKv};
  Bytes key;
  StreamId first = {};
  StreamId last = kStreamIdMax;
  bool reverse = false;
  std::uint64_t count_max = 0;
};
struct EntriesReply {
  bool found = false;  // there is such a stream
  struct Entry {
    StreamId id;
    StreamFields fields;
  };
  std::vector<Entry> entries;
  std::uint64_t count = 0;  // how many lie in the range, where only that was asked; else of `entries`
  StreamId top;             // the highest id that ever was
  bool more = false;        // than limits::kRespElementsMax
};

}  // namespace pando

// model/presence.h — presence: members that are there while they hold a lease.
//
// A member joins for a time and renews before it is over; when it stops, it is gone at every site at the same instant,
// and nothing is sent for it. Its lease is one cell of kind kLease, a register: a renewal takes the place of what its
// site had seen, also where that ended later. Of leases that sites gave at once the longest counts. Leaving takes away
// what its site had seen; a renewal elsewhere that it had not seen keeps the member.
//
//   dc1 renews ada until 12:00:30, dc2 until 12:00:50, neither having seen the other     there until 12:00:50
//   dc1 lets ada go, dc2 renews her until 12:00:50 meanwhile                             there until 12:00:50
//
// A presence ends as a whole kClockGraceMs after the last of its leases, as a key with a time to live does
// (docs/design/011-limiters-and-presence.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/path.h"

namespace pando {

// The value of a kLease cell.
struct Lease {
  std::int64_t ends_at_ms = 0;  // the first instant at which it is over
  Bytes about;                  // what the member says of itself, as JSON; "" for nothing
  friend bool operator==(const Lease&, const Lease&) = default;
};
// u64(ends_at_ms, little-endian) and the rest is `about`. docs/formats/cells.md.
Bytes encode_lease(const Lease& lease);
// Nothing when the bytes are no lease (a peer may write anything).
std::optional<Lease> decode_lease(ByteSpan bytes);

// Mutations. DoneReply::results: how many came that were not there, and how many went that were. ------------------

struct RenewLeases {
  struct Entry {
    Bytes member;
    std::optional<Bytes> about = {};  // as it was when absent
  };
  std::vector<Entry> entries;  // 1 to limits::kBatchItemsMax
  std::int64_t ttl_ms = 0;     // 1 to limits::kLeaseMsMax
};
struct EndLeases {
  std::vector<Bytes> members;  // 1 to limits::kBatchItemsMax; those not there are fine
};

// Answers. -------------------------------------------------------------------------------------------------

struct GetLeaseRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes member;
};
// Members that are present, in byte order, strictly after `after` and starting with `prefix`.
struct ListLeasesRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes prefix;
  Bytes after;
  std::uint32_t count_max = 100;
};
// How many are present, counted up to `count_max`: MemberCountReply.
struct CountLeasesRequest {
  std::string table{kTableKv};
  Bytes key;
  std::uint32_t count_max = 0;
};

struct LeaseReply {
  bool present = false;
  Lease lease;
  std::int64_t remaining_ms = 0;  // more than 0
};
struct LeasesReply {
  struct Entry {
    Bytes member;
    Lease lease;
    std::int64_t remaining_ms = 0;
  };
  std::vector<Entry> entries;
  bool more = false;
};
// Of RenewLeases.
struct RenewedReply {
  std::int64_t ends_at_ms = 0;
  std::uint64_t joined = 0;  // were not present here before
};

}  // namespace pando

// Parts of bounded counters and limiters, and the leases of a presence, come from peers: decoding them, their elements
// and the names of reservations never crashes, and what is taken is canonical: encoding it again gives the same bytes.

#include <cstdint>

#include "canonical.h"
#include "engine/escrow_part.h"
#include "model/presence.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pando::ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  const auto again = [](const auto& value) { return pando::engine::encode(value); };
  pando::fuzz::check_whole(bytes, pando::engine::decode_escrow_declaration, again);
  pando::fuzz::check_whole(bytes, pando::engine::decode_escrow_part, again);
  pando::fuzz::check_whole(bytes, pando::engine::decode_escrow_hold, again);
  if (const auto part = pando::engine::parse_part(bytes)) {
    CHECK(pando::engine::part_element(part->subject, part->incarnation, part->origin) == bytes);
  }
  if (const auto hold = pando::engine::parse_hold(bytes)) {
    CHECK(pando::engine::hold_element(hold->incarnation, hold->reservation) == bytes);
  }
  if (const auto admission = pando::engine::parse_admission(bytes)) {
    CHECK(pando::engine::admission_element(admission->first, admission->second) == bytes);
  }
  if (const auto lease = pando::decode_lease(bytes)) CHECK(pando::encode_lease(*lease) == bytes);
  if (const auto name = pando::parse_reservation(bytes)) CHECK(pando::to_string(*name) == bytes);
  return 0;
}

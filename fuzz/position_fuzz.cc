// fuzz/position_fuzz.cc — positions of list items: a peer may write any, and there is room between every two of them.
//
// Input: a byte that says how long the first position is, two positions, and what is left is the name of the node that
// inserts between them. Any bytes that are no position are told as such.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/limits.h"
#include "model/list_position.h"

namespace {

using namespace pando;

Bytes place_between(ByteSpan before, ByteSpan after, const ListPlace& place) {
  const Result<Bytes> between = list_position_between(before, after, place);
  if (!between) {
    CHECK(between.error().code() == StatusCode::kTooLarge);
    return {};
  }
  CHECK(is_list_position(*between));
  CHECK(between->size() <= limits::kElementBytesMax);
  CHECK(before.empty() || before < *between);
  CHECK(after.empty() || *between < after);
  return *between;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  ByteSpan rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto take = [&rest](std::size_t bytes) {
    const ByteSpan part = rest.substr(0, std::min(bytes, rest.size()));
    rest.remove_prefix(part.size());
    return part;
  };
  ByteSpan before = take(data[0] & 15);
  ByteSpan after = take(data[0] >> 4);
  if (!before.empty() && !is_list_position(before)) before = {};
  if (!after.empty() && !is_list_position(after)) after = {};
  if (!before.empty() && !after.empty() && before >= after) {
    std::swap(before, after);
    if (before == after) after = {};
  }
  const std::string node = validate_node_name(rest).ok() ? std::string(rest) : "dc1";
  const ListPlace place{{node, 1 + size % 3}, Seq(1'000'000 + size), 7};
  const Bytes middle = place_between(before, after, place);
  if (middle.empty()) return 0;
  const ListPlace next{place.origin, Seq(place.seq.value + 1), 0};
  place_between(before, middle, next);
  place_between(middle, after, next);
  return 0;
}

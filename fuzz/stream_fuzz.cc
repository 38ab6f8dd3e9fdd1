// Entries of streams and parts of sketches come from peers: decoding them never crashes; what is taken as an entry is
// canonical, and what is taken as a part raises the ranks to some that it can be made from again.

#include <cstdint>

#include "base/check.h"
#include "model/sketch.h"
#include "model/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pando;
  const ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  if (const auto id = decode_stream_id(bytes)) CHECK(encode_stream_id(*id) == bytes);
  if (const auto fields = decode_stream_fields(bytes)) CHECK(encode_stream_fields(*fields) == bytes);
  SketchRanks ranks(kSketchPartRegisters);
  if (raise_to_sketch_part(bytes, ranks.data())) {
    SketchRanks again(kSketchPartRegisters);
    CHECK(raise_to_sketch_part(encode_sketch_part(ranks.data()), again.data()));
    CHECK(again == ranks);
    for (const std::uint8_t rank : ranks) CHECK(rank <= kSketchRankMax);
  } else {
    for (const std::uint8_t rank : ranks) CHECK(rank == 0);
  }
  return 0;
}
